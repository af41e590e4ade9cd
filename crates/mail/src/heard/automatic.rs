//! Whether a machine answered (rule B6). Sources: RFC 3834, RFC 5230, and the fields that servers set before there was one.

use super::{open::Opened, words::List};

/// Whether a machine answered.
pub(super) fn is_automatic(opened: &Opened) -> bool {
    let head = &opened.head;
    let submitted = head.lower("auto-submitted");
    if !submitted.is_empty() && submitted.split([';', ' ', '(']).next() != Some("no") {
        return true;
    }
    let is_bulk = ["precedence", "preference"].into_iter().any(|field| {
        matches!(head.lower(field).as_str(), "auto_reply" | "auto-reply" | "bulk" | "junk" | "list")
    });
    let is_report = head.lower("content-type").starts_with("multipart/report");
    let has_no_way_back = head.first("return-path").is_some_and(|path| path.trim() == "<>");
    let class = head.lower("x-post-messageclass");
    is_bulk
        || is_report
        || has_no_way_back
        || List::MachineFields.words().iter().any(|field| head.has(field))
        || class.contains("autoresponder")
        || head.lower("delivered-to").contains("autoresponder")
        || is_of_a_machine(opened)
        || says_automatic(opened.subject())
}

/// Whether its sender is a mail server.
fn is_of_a_machine(opened: &Opened) -> bool {
    let from = opened.from().unwrap_or_default().to_lowercase();
    let local = from.split('@').next().unwrap_or_default();
    matches!(
        local,
        "mailer-daemon"
            | "postmaster"
            | "mailerdaemon"
            | "mail-daemon"
            | "noreply"
            | "no-reply"
            | "donotreply"
            | "do-not-reply"
            | "autoresponder"
            | "auto-reply"
            | "autoreply"
    )
}

fn says_automatic(subject: &str) -> bool {
    let subject = subject.to_lowercase();
    let mut rest = subject.as_str();
    while let Some(shorter) =
        ["re:", "aw:", "antw:", "sv:", "r:", "rv:", "odp:", "回复:", "回复：", "返信:", "fwd:", "fw:"]
            .iter()
            .find_map(|mark| rest.trim_start().strip_prefix(mark))
    {
        rest = shorter;
    }
    let rest = rest.trim_start();
    List::AutoSubjects.begins(rest) || List::AutoWithin.stands_in(&subject)
}
