//! Bounces in free text: mail servers that tell people, not machines, whom they could not reach and why.
//!
//! A notice comes from a mail server or says in its subject what it is, *and* says in its text that something failed. What is returned
//! below is not read for it.

use super::{
    Fate, Told, addresses,
    meaning::{Cause, Meaning, Status, meaning},
    named::{Block, MOST_OF_ONE, MOST_RECIPIENTS, blocks},
    open::Opened,
    words::List,
};

/// More of a notice is not read: no mail server says that much.
const MOST_WORDS: usize = 32 * 1024;

/// What a mail server tells in free text; nothing where it is no notice.
pub(super) fn fates(opened: &Opened) -> Option<Vec<Told>> {
    let failed_recipients: Vec<String> =
        opened.head.all("x-failed-recipients").flat_map(addresses::of).collect();
    let is_named = is_by_a_server(opened)
        || List::NoticeSubjects.stands_in(&opened.subject().to_lowercase())
        || !failed_recipients.is_empty();
    if !is_named {
        return None;
    }
    let mut notice = Notice::read(opened);
    let small = notice.text.to_lowercase();
    let tells = List::Failed.stands_in(&small)
        || List::Delayed.stands_in(&small)
        || meaning(None, &small).cause != Cause::Unclear;
    if !tells && failed_recipients.is_empty() {
        return None;
    }
    let is_warning = warns(opened.subject(), &small);
    if notice.blocks.is_empty() {
        let one = |address| Block { address, words: String::new() };
        notice.blocks = failed_recipients.into_iter().take(MOST_RECIPIENTS).map(one).collect();
    }
    let tell = |address: Option<String>, words: &str| {
        let (meant, diagnostic) = notice.clearest(words, None);
        if is_warning {
            Told::of(address, Fate::Delayed, meant, diagnostic)
        } else {
            Told::failed(address, meant, diagnostic)
        }
    };
    if notice.blocks.is_empty() {
        return Some(vec![tell(to_of_returned(opened), "")]);
    }
    Some(notice.blocks.iter().map(|block| tell(Some(block.address.clone()), &block.words)).collect())
}

/// The words for people in a message from a mail server.
pub(super) struct Notice {
    text: String,
    blocks: Vec<Block>,
    /// The clearest words of the whole text.
    whole: String,
}

impl Notice {
    pub(super) fn read(opened: &Opened) -> Self {
        let text = words_for_people(opened);
        let answers = cut(&answers(&text), MOST_OF_ONE).to_owned();
        let is_clear = meaning(None, &answers).cause != Cause::Unclear;
        let whole = if is_clear { answers } else { cut(&text, 2 * MOST_OF_ONE).to_owned() };
        Self { blocks: blocks(opened, &text), text, whole }
    }

    /// What it says of one recipient, beside a report whose status field is given.
    pub(super) fn beside(&self, address: Option<&str>, field: Option<Status>) -> (Meaning, &str) {
        let is_them =
            |block: &&Block| address.is_some_and(|address| block.address.eq_ignore_ascii_case(address));
        match self.blocks.iter().find(is_them) {
            Some(block) => self.clearest(&block.words, field),
            // Among several, what is said of all is said of none.
            None if self.blocks.len() > 1 => (meaning(field, ""), ""),
            None => self.clearest("", field),
        }
    }

    /// The meaning of the clearest words: those in which the other server answers, else all about the recipient, else the whole text.
    fn clearest<'a>(&'a self, words: &'a str, field: Option<Status>) -> (Meaning, &'a str) {
        let answered = meaning(field, &answers(words));
        let said = meaning(field, words);
        let whole = || meaning(field, &self.whole);
        let is_said = !words.trim().is_empty();
        match () {
            () if is_said && answered.cause != Cause::Unclear => (answered, words),
            () if is_said && said.cause != Cause::Unclear => (said, words),
            () => (whole(), if is_said { words } else { &self.whole }),
        }
    }
}

fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

/// The lines in which a server answers: those that carry a code, and those that go on behind them.
fn answers(text: &str) -> String {
    let mut said = String::new();
    let mut goes_on = false;
    for line in text.lines().map(str::trim) {
        let carries = Status::find_failure(line).is_some() || carries_reply(line);
        if carries || (goes_on && !line.is_empty()) {
            said.push_str(line);
            said.push(' ');
        }
        goes_on = (carries || goes_on) && !line.is_empty();
    }
    said
}

fn carries_reply(line: &str) -> bool {
    line.split(|c: char| !c.is_ascii_digit() && c != '.' && !c.is_alphabetic()).any(|word| {
        word.len() == 3
            && matches!(word.as_bytes()[0], b'4' | b'5')
            && word.bytes().all(|b| b.is_ascii_digit())
    })
}

/// Whether its sender is a mail server.
pub(super) fn is_by_a_server(opened: &Opened) -> bool {
    let from = opened.head.lower("from");
    let address = opened.from().unwrap_or_else(|| from.clone()).to_lowercase();
    let local = address.split('@').next().unwrap_or_default().trim_matches(['<', '"', ' ']);
    let is_sender = List::NoticeSenders.words().iter().any(|sender| {
        let behind = local.strip_prefix(sender.as_str());
        behind.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '+', '=', '_', '.', '3']))
    });
    is_sender
        || List::NoticeNames.stands_in(&from)
        || opened.head.lower("content-type").contains("delivery-status")
}

/// Whether the mail is still tried. Words of giving up win: "after 5 days we gave up; you were warned that it is delayed".
fn warns(subject: &str, text: &str) -> bool {
    let is_delayed =
        List::DelayedSubjects.stands_in(&subject.to_lowercase()) || List::Delayed.stands_in(text);
    is_delayed && !List::GaveUp.stands_in(text)
}

/// The notice without the mail that it returns.
fn words_for_people(opened: &Opened) -> String {
    let text = cut(&opened.text(), MOST_WORDS).to_owned();
    let mut kept = Vec::new();
    let mut has_said = false;
    for line in text.lines() {
        if has_said && begins_returned(line) {
            break;
        }
        has_said |= !line.trim().is_empty();
        kept.push(line);
    }
    let kept = kept.join("\n");
    let tells = !addresses::of(&kept).is_empty()
        || List::Failed.stands_in(&kept.to_lowercase())
        || meaning(None, &kept).cause != Cause::Unclear;
    if tells { kept } else { text }
}

fn begins_returned(line: &str) -> bool {
    let is_ruled = line.trim_start().starts_with(['-', '=', '*', '_', '~', '#', '+']);
    let bare = line.trim_matches(|c: char| c.is_whitespace() || "-=*_~#+<>|:.".contains(c)).to_lowercase();
    if line.starts_with("Received: ")
        || line.starts_with("Return-Path: ")
        || line.starts_with("Return-path: ")
    {
        return true;
    }
    let ends_open = line.trim_end().ends_with([':', '-', '=', '*', '.', '_']);
    bare.len() <= 110 && (is_ruled || ends_open) && List::Returned.begins(&bare)
}

/// To whom the returned mail was written, where that is one.
fn to_of_returned(opened: &Opened) -> Option<String> {
    let to = opened.returned.first()?.head.first("to")?;
    let [one] = addresses::of(to).try_into().ok()?;
    Some(one)
}
