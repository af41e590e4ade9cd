//! What a person wrote anew, without what they quoted and signed with, and whether it means "stop" and nothing else (rule B7).

use super::{open::Opened, words::List};

/// More of a reply is not kept: a card in a chat shows less.
const LONGEST: usize = 2_000;

/// What was written anew, on lines of its own, at most [`LONGEST`] characters, with nothing in it that cannot be seen.
pub(super) fn said(opened: &Opened) -> String {
    new_words(&opened.text())
}

fn new_words(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut kept: Vec<&str> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let here = line.trim();
        if here.starts_with('>') {
            continue;
        }
        if begins_a_quote(&lines, at) || *line == "--" || *line == "-- " {
            break;
        }
        kept.push(line);
    }
    while kept.last().is_some_and(|line| line.trim().is_empty() || is_signed(line)) {
        kept.pop();
    }
    visible(&kept.join("\n"))
}

fn begins_a_quote(lines: &[&str], at: usize) -> bool {
    let line = lines[at].trim().to_lowercase();
    if List::Breaks.begins(&line) {
        return true;
    }
    let next =
        lines[at + 1..].iter().take(5).map(|line| line.trim().to_lowercase()).find(|line| !line.is_empty());
    let bold = |text: &str| text.trim_start_matches('*').replace("*:", ":").replace(":*", ":");
    let is_head = List::QuotedHead.begins(&bold(&line));
    if is_head && next.is_some_and(|next| List::QuotedNext.begins(&bold(&next))) {
        return true;
    }
    // "On Mon, 2 Nov 2026 at 10:00, Kim <kim@acme.test> wrote:" is folded by some programs.
    let is_end =
        |line: &str| List::Wrote.ends(line) || (line.ends_with(':') && List::WroteNames.stands_in(line));
    let folded = lines[at..].iter().take(3).map(|line| line.trim()).collect::<Vec<_>>();
    let ends = (1..=folded.len()).any(|n| is_end(&folded[..n].join(" ").to_lowercase()));
    let is_dated = line.chars().any(|c| c.is_ascii_digit());
    ends && is_dated && (is_end(&line) || List::On.begins(&line))
}

fn is_signed(line: &str) -> bool {
    let line = line.trim().to_lowercase();
    List::Signed.begins(&line)
}

/// Lines without characters that cannot be seen or turn the direction, cut.
fn visible(text: &str) -> String {
    let lines = text.lines().map(|line| crate::compose::clean(line, LONGEST));
    let mut said = String::new();
    let mut gap = false;
    for line in lines {
        if line.is_empty() {
            gap = !said.is_empty();
            continue;
        }
        if !said.is_empty() {
            said.push_str(if gap { "\n\n" } else { "\n" });
        }
        gap = false;
        said.push_str(&line);
    }
    if said.chars().count() > LONGEST {
        said = said.chars().take(LONGEST - 1).collect();
        said.push('…');
    }
    said
}

/// Whether somebody says "stop", and nothing else.
pub(super) fn means_stop(said: &str) -> bool {
    let said = said.to_lowercase().replace('’', "'");
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    List::Stop.has(words.trim_matches(|c: char| !c.is_alphanumeric()))
}

/// Whether it is what a mail program makes of the `mailto:` in List-Unsubscribe (U7): the subject says it, whatever stands below.
pub(super) fn is_unsubscribe(opened: &Opened) -> bool {
    let subject = opened.subject().trim().to_lowercase();
    subject == "unsubscribe" || (means_stop(&subject) && said(opened).is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_and_signed_is_cut() {
        for (text, wanted) in [
            (
                "Yes, call me.\n\nOn Mon, 2 Nov 2026 at 10:00, Mia <mia@acme.test> wrote:\n> Hi",
                "Yes, call me.",
            ),
            ("Yes.\n\nOn Mon, 2 Nov 2026 at 10:00, Mia Chen\n<mia@acme.test> wrote:\n\n> Hi", "Yes."),
            ("Gerne!\n\nAm 02.11.2026 um 10:00 schrieb Mia <mia@acme.test>:\nHallo", "Gerne!"),
            ("Ja\n\nVon: Mia <mia@acme.test>\nGesendet: Montag\nAn: Kim\n\nHallo", "Ja"),
            ("Ok\n\n*From:* Mia\n*Sent:* Monday\n", "Ok"),
            ("Later\n________________________________\nFrom: Mia\n", "Later"),
            ("> Could you?\n\nI could.\n\n> Would you?\n\nNo.", "I could.\n\nNo."),
            ("Fine\n-- \nKim Lee\nAcme", "Fine"),
            ("Fine\n\nSent from my iPhone", "Fine"),
            ("On it! I wrote: \"yes\"", "On it! I wrote: \"yes\""),
            ("a\u{202e}b\0c\u{7}", "a b c"),
            ("", ""),
        ] {
            assert_eq!(new_words(text), wanted, "{text:?}");
        }
        assert_eq!(new_words(&"wörd ".repeat(5_000)).chars().count(), LONGEST);
        assert_eq!(new_words(&"wörd\n".repeat(5_000)).chars().count(), LONGEST);
    }

    #[test]
    fn stop_is_stop_alone() {
        for said in [
            "STOP",
            "stop.",
            "Please unsubscribe me!",
            "  Un-subscribe ",
            "Abmelden",
            "退订",
            "Please remove me\nfrom your list.",
        ] {
            assert!(means_stop(said), "{said}");
        }
        for said in ["", "Please don't stop", "Stop by on Monday?", "I unsubscribed my colleague", "yes"] {
            assert!(!means_stop(said), "{said}");
        }
    }
}
