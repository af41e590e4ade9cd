//! Reports that machines write for machines: fates (RFC 3464), complaints (RFC 5965) and receipts (RFC 8098).

use std::cell::OnceCell;

use super::{
    Complaint, ComplaintKind, Fate, Told, addresses,
    meaning::{Cause, Meaning, Status, meaning},
    notice::Notice,
    open::{Head, Opened},
};

/// More recipients of one report are not read.
const MOST_RECIPIENTS: usize = 100;

/// The fates that a report tells, one for each recipient; none where it is no report.
pub(super) fn fates(opened: &Opened) -> Vec<Told> {
    let mut told: Vec<Told> = Vec::new();
    let reports = opened.parts.iter().filter(|part| {
        matches!(part.kind.as_str(), "message/delivery-status" | "message/global-delivery-status")
            || (part.kind.starts_with("text/") && tells_fates(&part.text))
    });
    let notice = OnceCell::new();
    let notice = || notice.get_or_init(|| Notice::read(opened));
    for group in reports.flat_map(|part| groups(&part.text)) {
        let Some(one) = fate(&group, notice) else { continue };
        match told.iter().position(|known| known.address == one.address) {
            // Told twice, as by a server that reports its tries: the last word counts, unless it says less.
            Some(at) if told[at].fate == Fate::Hard => {}
            Some(at) => told[at] = one,
            None if told.len() < MOST_RECIPIENTS => told.push(one),
            None => break,
        }
    }
    told
}

/// Old servers put their report into a part of text.
fn tells_fates(text: &str) -> bool {
    let begins = |field: &str| {
        text.lines()
            .any(|line| line.get(..field.len()).is_some_and(|start| start.eq_ignore_ascii_case(field)))
    };
    begins("final-recipient:") && (begins("action:") || begins("status:"))
}

/// The groups of fields of a report: empty lines stand between them.
fn groups(text: &str) -> impl Iterator<Item = Head> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start_matches(['\n', ' ', '\t']);
            if rest.is_empty() {
                return None;
            }
            let end = rest.find("\n\n").unwrap_or(rest.len());
            let (group, behind) = rest.split_at(end);
            rest = behind;
            let fields = Head::read(group);
            if !fields.is_empty() {
                return Some(fields);
            }
        }
    })
}

fn fate<'a>(group: &Head, notice: impl Fn() -> &'a Notice) -> Option<Told> {
    let (last, first) = (group.first("final-recipient"), group.first("original-recipient"));
    let action = group.lower("action");
    let field = group.first("status").and_then(Status::find);
    if last.is_none() && first.is_none() && (action.is_empty() || group.has("reporting-mta")) {
        return None;
    }
    // The one that we wrote to; the last may be what a rule of theirs made of it.
    let whole = |value: &str| {
        address(value).filter(|address| address.split_once('@').is_some_and(|(_, host)| host.contains('.')))
    };
    let address = first.and_then(whole).or_else(|| last.and_then(address));
    let words = group.first("diagnostic-code").map(without_kind).unwrap_or_default();
    let mut meant = meaning(field, words);
    let mut diagnostic = words.to_owned();
    let fate = match action.split([' ', '(', ';']).next().unwrap_or_default() {
        "delayed" => Fate::Delayed,
        "delivered" => Fate::Delivered,
        "relayed" => Fate::Relayed,
        "expanded" => Fate::Expanded,
        "failed" => Fate::Soft,
        // Without an action, the class of the status says it.
        _ => match field.map(|status| status.0) {
            Some(2) => Fate::Delivered,
            Some(4) => Fate::Delayed,
            _ => Fate::Soft,
        },
    };
    if fate != Fate::Soft {
        return Some(Told::of(address, fate, meant, &diagnostic));
    }
    if meant.cause == Cause::Unclear || (words.is_empty() && meant.cause != Cause::Expired) {
        // The report is silent; the words for people beside it may say more.
        let (beside, text) = notice().beside(address.as_deref(), field);
        if is_clearer(beside, meant) {
            meant = Meaning { status: meant.status.or(beside.status), ..beside };
            if words.is_empty() {
                text.clone_into(&mut diagnostic);
            }
        }
    }
    Some(Told::failed(address, meant, &diagnostic))
}

fn is_clearer(beside: Meaning, meant: Meaning) -> bool {
    beside.cause != Cause::Unclear
        && (meant.cause == Cause::Unclear || beside.cause == Cause::Policy || meant.cause == Cause::System)
}

/// "smtp; 550 no" without its kind.
fn without_kind(value: &str) -> &str {
    match value.split_once(';') {
        Some((kind, words)) if kind.len() <= 20 && !kind.trim().contains(' ') => words.trim(),
        _ => value,
    }
}

/// The address of a typed field ("rfc822; kim@acme.test"), also where the type or the domain is missing.
fn address(value: &str) -> Option<String> {
    let bare = without_kind(value).trim();
    addresses::of(bare).into_iter().next().or_else(|| {
        // An address that our finder does not take ("kim...@acme.test", a bare local part) is still what was reported.
        let bare = bare.trim_matches(['<', '>', ' ']);
        (bare.contains('@') && !bare.contains(' ') && bare.len() <= 320).then(|| bare.to_owned())
    })
}

/// The complaint that a feedback report is (RFC 5965), or what Microsoft sends in its stead.
pub(super) fn complaint(opened: &Opened) -> Option<Complaint> {
    if let Some(part) = opened.parts.iter().find(|part| part.kind == "message/feedback-report") {
        let fields = Head::read(part.text.trim_start());
        let kind = match fields.lower("feedback-type").as_str() {
            // Who cannot say what it is, and sends it for complaints only, complains.
            "abuse" | "" => ComplaintKind::Abuse,
            "opt-out" | "opt-out-list" => ComplaintKind::OptOut,
            "fraud" | "phishing" => ComplaintKind::Fraud,
            "virus" => ComplaintKind::Virus,
            "not-spam" => ComplaintKind::NotSpam,
            _ => ComplaintKind::Other,
        };
        let named = ["original-rcpt-to", "removal-recipient"].into_iter().flat_map(|name| fields.all(name));
        let mut addresses: Vec<String> = named.flat_map(addresses::of).collect();
        addresses.dedup();
        return Some(Complaint { kind, addresses });
    }
    // Microsoft's Junk Mail Reporting Program forwards the mail, and names who complained in the returned head or its own.
    let names = ["x-hmxmroriginalrecipient"];
    let heads = opened.returned.iter().map(|returned| &returned.head).chain([&opened.head]);
    let addresses: Vec<String> =
        heads.flat_map(|head| names.iter().flat_map(|name| head.all(name))).flat_map(addresses::of).collect();
    let from = opened.head.lower("from");
    let is_theirs =
        from.contains("staff@hotmail.com") && opened.subject().to_lowercase().starts_with("complaint about");
    (is_theirs || !addresses.is_empty()).then_some(Complaint { kind: ComplaintKind::Abuse, addresses })
}

/// Whether it is a receipt of a mail program (RFC 8098).
pub(super) fn is_receipt(opened: &Opened) -> bool {
    let kind = opened.head.lower("content-type");
    kind.contains("disposition-notification")
        || opened.parts.iter().any(|part| part.kind.ends_with("disposition-notification"))
}
