//! What a mail server means: its status code (RFC 3463), its reply code (RFC 5321) and its words become one cause (rule B1).
//!
//! Words say more than codes, since many servers answer 550 5.1.1 or 5.7.1 to anything. So the words decide where they are clear (the
//! table is `phrases.txt`), and the code where they are not. Only a permanent answer buries an address.

use std::{fmt, sync::LazyLock};

/// Why a mail was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// There is no such person there.
    NoSuchUser,
    /// There is no such domain, or it takes no mail.
    NoSuchHost,
    /// The person has moved to another address.
    Moved,
    /// The mailbox is full.
    Full,
    /// The mailbox is switched off.
    Disabled,
    /// The mail is too large.
    TooLarge,
    /// We, our mail or its looks are not wanted there: reputation, spam, authentication, permission.
    Policy,
    /// Asked to come again: greylisting, too many at once.
    Busy,
    /// The mail went round in circles.
    Loop,
    /// Nobody could be reached until the time was up.
    Expired,
    /// Something is broken at their side, or on the way.
    System,
    /// Nothing is said that we understand.
    Unclear,
}

impl Cause {
    /// Whether a code that means this is used for nothing else, so that no words can bury the address.
    fn is_of_a_living_address(self) -> bool {
        matches!(self, Self::Full | Self::TooLarge | Self::Loop)
    }
}

/// A status code (RFC 3463): class, subject, detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub u8, pub u16, pub u16);

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl Status {
    /// The status code that stands first in a text.
    pub(super) fn find(text: &str) -> Option<Self> {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '.';
        text.split(|c| !word(c)).find_map(|word| Self::read(word.trim_end_matches('.')))
    }

    /// The first that tells of a failure: words also speak of versions.
    pub(super) fn find_failure(text: &str) -> Option<Self> {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '.';
        let mut codes = text.split(|c| !word(c)).filter_map(|word| Self::read(word.trim_end_matches('.')));
        codes.find(|code| code.0 != 2)
    }

    fn read(word: &str) -> Option<Self> {
        let mut parts = word.split('.');
        let mut number = |most: u16| {
            let part = parts.next().filter(|part| (1..=3).contains(&part.len()))?;
            part.parse::<u16>().ok().filter(|n| *n <= most && part.bytes().all(|b| b.is_ascii_digit()))
        };
        let (class, subject, detail) = (number(5)?, number(7)?, number(999)?);
        let class = u8::try_from(class).ok().filter(|class| matches!(class, 2 | 4 | 5))?;
        parts.next().is_none().then_some(Self(class, subject, detail))
    }

    /// Whether it says no more than its class.
    fn is_bare(self) -> bool {
        self.1 == 0 || (self.2 == 0 && self.1 != 7)
    }

    /// What the code alone means. Sources: RFC 3463, the registry of IANA, and Microsoft's list of its own codes.
    fn cause(self) -> Cause {
        match (self.1, self.2) {
            (1, 1 | 3 | 351) => Cause::NoSuchUser,
            (1, 2 | 10) | (4, 4 | 310) => Cause::NoSuchHost,
            (1, 6) => Cause::Moved,
            (1, 7 | 8 | 9 | 20 | 90) | (7, _) => Cause::Policy,
            (2, 1) => Cause::Disabled,
            (2, 2) => Cause::Full,
            (2, 3) | (3, 4) => Cause::TooLarge,
            (3, 2) | (4, 5) => Cause::Busy,
            (4, 6 | 14) => Cause::Loop,
            (4, 1 | 2 | 7 | 300 | 316) => Cause::Expired,
            (3, _) | (4, _) | (5, _) => Cause::System,
            _ => Cause::Unclear,
        }
    }
}

/// What was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meaning {
    pub cause: Cause,
    pub status: Option<Status>,
    /// Whether the server would have taken the mail later.
    pub is_transient: bool,
}

impl Meaning {
    /// Whether the address is dead (B1).
    pub(super) fn is_dead(self) -> bool {
        !self.is_transient && matches!(self.cause, Cause::NoSuchUser | Cause::NoSuchHost | Cause::Moved)
    }
}

/// What a server meant by a status field and its words.
pub(super) fn meaning(field: Option<Status>, words: &str) -> Meaning {
    let words = plain(words);
    let said = Status::find_failure(&words);
    // A field that says no more than "failed" is filled in from the words.
    let status = match (field, said) {
        (Some(field), Some(said)) if field.is_bare() && !said.is_bare() => Some(said),
        (field, said) => field.or(said),
    };
    let is_transient = match (reply_class(&words), said, field) {
        (Some(class), _, _) => class == 4,
        (None, Some(said), _) => said.0 == 4,
        (None, None, Some(field)) => field.0 == 4,
        (None, None, None) => false,
    };
    let by_code = status.map_or(Cause::Unclear, Status::cause);
    let cause = match cause_of(&without_addresses(&words)) {
        None => by_code,
        Some((by_words, Sure::Perhaps)) if by_code == Cause::Unclear => by_words,
        Some((_, Sure::Perhaps)) => by_code,
        Some((Cause::NoSuchUser | Cause::NoSuchHost | Cause::Moved, Sure::Yes))
            if by_code.is_of_a_living_address() =>
        {
            by_code
        }
        Some((by_words, Sure::Yes)) => by_words,
    };
    Meaning { cause, status, is_transient }
}

/// The class of the reply code in a server's words: the 5 of "550".
fn reply_class(words: &str) -> Option<u8> {
    let bytes = words.as_bytes();
    (0..bytes.len().saturating_sub(2)).find_map(|at| {
        let code = &bytes[at..at + 3];
        let fine =
            matches!(code[0], b'4' | b'5') && code[1..].iter().all(u8::is_ascii_digit) && code[1] <= b'5';
        let before = at.checked_sub(1).map(|i| bytes[i]);
        let after = bytes.get(at + 3).copied();
        let alone = before.is_none_or(|b| b" (:[#<>\"'-=".contains(&b))
            && matches!(after, Some(b' ' | b'-' | b'#' | b':' | b')' | b']') | None);
        // A number of seconds or bytes is followed by what it counts.
        let counts = ["sec", "min", "hour", "day", "byte", "kb", "mb", "message", "recipient"];
        let counted = words.get(at + 4..).is_some_and(|rest| counts.iter().any(|c| rest.starts_with(c)));
        (fine && alone && !counted).then(|| code[0] - b'0')
    })
}

/// Small letters, single blanks, plain quotes: how phrases are written.
fn plain(words: &str) -> String {
    let small = words.to_lowercase().replace(['’', '‘', '`'], "'").replace(['“', '”'], "\"");
    small.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An address may be called anything, and the page of an error, too: abuse@, /blocked.html.
fn without_addresses(words: &str) -> String {
    let is_named = |word: &&str| word.contains('@') || word.contains("://");
    words.split(' ').filter(|word| !is_named(word)).collect::<Vec<_>>().join(" ")
}

struct Phrase {
    cause: Cause,
    sure: Sure,
    /// What must stand there, one behind the other, near.
    pieces: Vec<&'static str>,
}

/// Whether a phrase means its cause wherever it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sure {
    Yes,
    /// Only where the code says nothing more exact.
    Perhaps,
}

/// How far apart the pieces of a phrase may stand.
const NEAR: usize = 80;

/// The table, strongest first.
static PHRASES: LazyLock<Vec<Phrase>> = LazyLock::new(|| {
    let (mut cause, mut sure) = (Cause::Unclear, Sure::Yes);
    let mut phrases = Vec::new();
    for line in include_str!("phrases.txt").lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let (name, perhaps) = name.split_once(", ").unwrap_or((name, ""));
            (cause, sure) = (cause_named(name), if perhaps.is_empty() { Sure::Yes } else { Sure::Perhaps });
        } else {
            phrases.push(Phrase { cause, sure, pieces: line.split(" * ").collect() });
        }
    }
    phrases
});

fn cause_named(name: &str) -> Cause {
    match name {
        "no such user" => Cause::NoSuchUser,
        "no such host" => Cause::NoSuchHost,
        "moved" => Cause::Moved,
        "full" => Cause::Full,
        "disabled" => Cause::Disabled,
        "too large" => Cause::TooLarge,
        "policy" => Cause::Policy,
        "busy" => Cause::Busy,
        "loop" => Cause::Loop,
        "expired" => Cause::Expired,
        "system" => Cause::System,
        _ => Cause::Unclear,
    }
}

/// What the strongest phrase of the table in the words means, which are plain.
fn cause_of(words: &str) -> Option<(Cause, Sure)> {
    PHRASES.iter().find(|phrase| stands_in(&phrase.pieces, words)).map(|phrase| (phrase.cause, phrase.sure))
}

fn stands_in(pieces: &[&str], words: &str) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return true };
    let begins_a_word = |at: usize| {
        let before = words[..at].chars().next_back();
        !first.starts_with(|c: char| c.is_ascii_alphanumeric())
            || !before.is_some_and(|c| c.is_ascii_alphanumeric())
    };
    words.match_indices(first).filter(|(at, _)| begins_a_word(*at)).any(|(at, _)| {
        let mut from = at + first.len();
        rest.iter().all(|piece| {
            let near = words[from..].char_indices().map(|(i, _)| i).nth(NEAR + piece.len());
            let window = &words[from..near.map_or(words.len(), |end| from + end)];
            window.find(piece).map(|at| from += at + piece.len()).is_some()
        })
    })
}

#[cfg(test)]
mod tests;
