//! Cuts a segment's text into words, quotes and signs. Never fails: what is wrong becomes a token
//! that the parser reports, with its place.

use std::ops::Range;
use winnow::{
    combinator::{alt, preceded, repeat},
    error::EmptyError,
    prelude::*,
    stream::LocatingSlice,
    token::{any, one_of, take_while},
};

/// What a piece of text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word without quotes: a keyword, a number, a short value.
    Word(String),
    /// What stood in quotes, without them.
    Quoted(String),
    /// Signs that compare, as written.
    Sign(String),
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// A quote that never ends.
    Unclosed,
    /// A character that no segment has: a control character.
    Stray(char),
    /// The end of the text.
    End,
}

/// A piece of text and where it stands, in bytes.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) at: Range<usize>,
}

type Input<'a> = LocatingSlice<&'a str>;
type Lexed<T> = winnow::Result<T, EmptyError>;

/// All tokens of a text; the last one, and only that, is [`Kind::End`].
pub(super) fn lex(text: &str) -> Vec<Token> {
    let mut input = LocatingSlice::new(text);
    let tokens: Lexed<Vec<Token>> = repeat(0.., preceded(blanks, token)).parse_next(&mut input);
    // `repeat` ends well where `token` finds no character, which is only at the end of the text.
    let mut tokens = tokens.unwrap_or_default();
    tokens.push(Token { kind: Kind::End, at: text.len()..text.len() });
    tokens
}

fn blanks(input: &mut Input<'_>) -> Lexed<()> {
    take_while(0.., is_blank).void().parse_next(input)
}

fn token(input: &mut Input<'_>) -> Lexed<Token> {
    alt((
        '('.value(Kind::Open),
        ')'.value(Kind::Close),
        ','.value(Kind::Comma),
        quoted,
        take_while(1.., is_sign).map(|signs: &str| Kind::Sign(signs.to_owned())),
        take_while(1.., is_plain).map(|word: &str| Kind::Word(word.to_owned())),
        any.map(Kind::Stray),
    ))
    .with_span()
    .map(|(kind, at)| Token { kind, at })
    .parse_next(input)
}

/// `"so"`, `'so'`, and the curly ones that phones and chat put in their place. A backslash before a
/// quote or a backslash takes its meaning away. One that never ends takes the rest of its line.
fn quoted(input: &mut Input<'_>) -> Lexed<Kind> {
    let open = one_of(['"', '\'', '“', '”', '„', '‘', '’']).parse_next(input)?;
    let ends: &[char] = match open {
        '\'' | '‘' | '’' => &['\'', '‘', '’'],
        _ => &['"', '“', '”'],
    };
    let mut text = String::new();
    loop {
        let next: Lexed<char> = any.verify(|c: &char| !c.is_control()).parse_next(input);
        let Ok(next) = next else {
            return Ok(Kind::Unclosed);
        };
        if ends.contains(&next) {
            return Ok(Kind::Quoted(text));
        }
        let escaped: Lexed<char> = match next {
            '\\' => one_of(['\\', '"', '\'', '“', '”', '‘', '’']).parse_next(input),
            _ => Err(EmptyError),
        };
        text.push(escaped.unwrap_or(next));
    }
}

fn is_sign(c: char) -> bool {
    matches!(c, '=' | '<' | '>' | '!' | '≥' | '≤' | '≠')
}

/// Blank, or without width: what pages and chat leave in a pasted text.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}')
}

fn is_plain(c: char) -> bool {
    !is_blank(c) && !is_sign(c) && !c.is_control() && !matches!(c, '(' | ')' | ',' | '"' | '“' | '”' | '„')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        lex(text).into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn a_text_is_cut_into_words_quotes_and_signs() {
        use Kind::*;
        let word = |w: &str| Word(w.to_owned());
        let said = |w: &str| Quoted(w.to_owned());
        let sign = |w: &str| Sign(w.to_owned());
        for (text, expected) in [
            ("", vec![End]),
            (" \t\n\u{feff} ", vec![End]),
            ("score>=60", vec![word("score"), sign(">="), word("60"), End]),
            ("(a,b)", vec![Open, word("a"), Comma, word("b"), Close, End]),
            (r#""a \"b\" \\ \n""#, vec![said(r#"a "b" \ \n"#), End]),
            ("“a b” ‘c’ 'd e' \"f”", vec![said("a b"), said("c"), said("d e"), said("f"), End]),
            ("O'Brien R&D a@b.c", vec![word("O'Brien"), word("R&D"), word("a@b.c"), End]),
            ("\"a\nb", vec![Unclosed, word("b"), End]),
            ("a\u{0}b", vec![word("a"), Stray('\0'), word("b"), End]),
            ("≥ ≤ ≠", vec![sign("≥"), sign("≤"), sign("≠"), End]),
        ] {
            assert_eq!(kinds(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_token_knows_its_bytes() {
        let places: Vec<_> = lex("ชื่อ = \"é\"").into_iter().map(|token| token.at).collect();
        assert_eq!(places, [0..12, 13..14, 15..19, 19..19]);
    }
}
