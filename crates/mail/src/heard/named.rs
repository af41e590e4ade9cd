//! Whom a notice names: on lines of their own, behind a label, in the talk with the other server, or in a sentence that says what is
//! wrong with them.

use super::{
    addresses,
    meaning::{Cause, meaning},
    open::Opened,
    words::List,
};

/// More of what is said of one recipient is not read.
pub(super) const MOST_OF_ONE: usize = 4 * 1024;
/// More recipients of one notice are not read.
pub(super) const MOST_RECIPIENTS: usize = 100;

/// One recipient, and what is said of them.
#[derive(Debug)]
pub(super) struct Block {
    pub address: String,
    pub words: String,
}

/// How surely a line names a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sureness {
    /// In a sentence.
    Said,
    /// In the talk between servers.
    Asked,
    /// Set apart: on a line of its own, or behind a label.
    Named,
}

/// The recipients that a notice names in the surest way it has, each with the words up to the next.
pub(super) fn blocks(opened: &Opened, text: &str) -> Vec<Block> {
    let own = own_addresses(opened);
    let is_own = |address: &str| own.iter().any(|known| known.eq_ignore_ascii_case(address));
    let all: Vec<&str> = text.lines().collect();
    let is_of_a_head =
        |at: usize| is_to(all[at]) && all[at + 1..].iter().take(3).any(|next| is_subject(next));
    let named = |at: usize| if is_of_a_head(at) { Vec::new() } else { named_in(all[at]) };
    let lines: Vec<(&str, Vec<(Sureness, String)>)> = (0..all.len()).map(|at| (all[at], named(at))).collect();
    let with = |skip_own: bool| -> Vec<Block> {
        let fits = |address: &String| !(skip_own && is_own(address));
        let all = lines.iter().flat_map(|(_, named)| named).filter(|(_, address)| fits(address));
        let Some(surest) = all.map(|(sureness, _)| *sureness).max() else { return Vec::new() };
        let mut blocks: Vec<Block> = Vec::new();
        let mut at = None;
        for (line, named) in &lines {
            for (_, address) in
                named.iter().filter(|(sureness, address)| *sureness == surest && fits(address))
            {
                let known = blocks.iter().position(|block| block.address.eq_ignore_ascii_case(address));
                at = known.or_else(|| {
                    if blocks.len() == MOST_RECIPIENTS {
                        return None;
                    }
                    blocks.push(Block { address: address.clone(), words: String::new() });
                    Some(blocks.len() - 1)
                });
            }
            if let Some(at) = at.filter(|at| blocks[*at].words.len() < MOST_OF_ONE) {
                blocks[at].words.push_str(line);
                blocks[at].words.push('\n');
            }
        }
        blocks
    };
    let others = with(true);
    if others.is_empty() { with(false) } else { others }
}

/// "To:" is a label, and it is a line of a head, of which the subject is the next.
fn is_to(line: &str) -> bool {
    List::HeadTo.begins(&line.trim().to_lowercase())
}

fn is_subject(line: &str) -> bool {
    List::HeadSubject.begins(&line.trim().to_lowercase())
}

fn named_in(line: &str) -> Vec<(Sureness, String)> {
    if !line.contains('@') {
        return Vec::new();
    }
    let small = line.trim_matches(|c: char| c.is_whitespace() || "*-•>|".contains(c)).to_lowercase();
    let is_talk = small.contains("rcpt to");
    if !is_talk && List::OfOthers.begins(&small) {
        return Vec::new();
    }
    let all = addresses::of(line);
    let one = |sureness| all.first().map(|address| vec![(sureness, address.clone())]).unwrap_or_default();
    if is_talk {
        return one(Sureness::Asked);
    }
    // An alias stands behind what became of it, and is all there is where that is kept secret.
    if small.contains("generated from") || small.starts_with("(expanded from") {
        return one(Sureness::Said);
    }
    if line.contains("SMTP=") {
        return one(Sureness::Named);
    }
    if let Some((address, behind)) = addresses::at_start(line) {
        // "kim@acme.test, lee@acme.test": a list; "kim@acme.test (forwarded to …)": one.
        let is_list = all.len() > 1 && only_addresses(line, &all);
        return match (is_list, is_sentence(behind)) {
            (true, _) => all.into_iter().map(|address| (Sureness::Named, address)).collect(),
            (false, false) => vec![(Sureness::Named, address)],
            (false, true) => vec![(Sureness::Said, address)],
        };
    }
    let label =
        all.first().and_then(|address| small.split(&address.to_lowercase()).next()).unwrap_or_default();
    let is_edge = |c: char| !c.is_alphanumeric() && c != ')';
    let label = label
        .trim_end_matches(is_edge)
        .trim_end_matches("rfc822")
        .trim_end_matches("smtp")
        .trim_matches(is_edge);
    if List::Labels.has(label) && all.len() == 1 {
        return one(Sureness::Named);
    }
    let all = all.into_iter().filter(|address| !is_of_sender(line, address));
    let named = all.filter(|address| !List::Helpers.begins(&address.to_lowercase()));
    let says = List::Failed.stands_in(&small)
        || meaning(None, &small).cause != Cause::Unclear
        || [" to ", "recipient", "address"].iter().any(|word| small.contains(word));
    if says { named.take(1).map(|address| (Sureness::Said, address)).collect() } else { Vec::new() }
}

/// "not accepting mail from us@acme.test".
fn is_of_sender(line: &str, address: &str) -> bool {
    let before = line
        .split(address)
        .next()
        .unwrap_or_default()
        .trim_end_matches(['<', '[', '"', '\''])
        .trim_end()
        .to_lowercase();
    before.ends_with(" from")
        || before.ends_with(" sender")
        || before.ends_with(" by")
        || before.ends_with("from:")
}

fn only_addresses(line: &str, all: &[String]) -> bool {
    let rest = all.iter().fold(line.to_owned(), |rest, address| rest.replace(address.as_str(), ""));
    !rest.chars().any(char::is_alphanumeric)
}

/// "kim@acme.test wrote to us that" goes on like a sentence that speaks of somebody; "kim@acme.test: 550 no" does not.
fn is_sentence(behind: &str) -> bool {
    let small = behind.trim().to_lowercase();
    ["for ", "if ", "and ", "or ", "with ", "wrote"].iter().any(|start| small.starts_with(start))
}

/// Addresses of the notice's own head: who wrote it, and whom it came to.
fn own_addresses(opened: &Opened) -> Vec<String> {
    let fields = [
        "from",
        "to",
        "reply-to",
        "sender",
        "return-path",
        "delivered-to",
        "x-original-to",
        "envelope-to",
        "cc",
        "errors-to",
    ];
    fields.iter().flat_map(|field| opened.head.all(field)).flat_map(addresses::of).collect()
}
