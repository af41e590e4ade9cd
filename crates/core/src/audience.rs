//! An audience: a list of leads that an advertising platform is kept in step with, by calls to the operator's own program.
//!
//! A lead on one carries the tag `audience:NAME`, so that segments can ask for it. Who may not be written to is put on none, and who
//! says no, buys, or is taken by a rep is taken off all. The address leaves as its SHA-256, which is how the platforms match it.
//! Source: Google Ads API, "Customer Match: format and hash"; Meta, "Custom Audience: hashing and normalization".

use crate::{
    lead::{Lead, Lifecycle},
    scene::{Change, Effect},
    time::Moment,
    webhook::events,
};
use serde_json::json;
use sha2::{Digest, Sha256};

const PREFIX: &str = "audience:";

/// Puts the lead on a list.
pub(crate) fn add(change: &mut Change, list: &str, now: Moment) {
    let tag = format!("{PREFIX}{list}");
    if change.lead.tags.contains(&tag) || unwanted(&change.lead, now).is_some() {
        return;
    }
    change.lead.tags.push(tag);
    tell(change, events::JOINED, list, None);
}

/// Takes the lead off a list.
pub(crate) fn remove(change: &mut Change, list: &str, why: &str) {
    let tag = format!("{PREFIX}{list}");
    let before = change.lead.tags.len();
    change.lead.tags.retain(|carried| *carried != tag);
    if change.lead.tags.len() < before {
        tell(change, events::LEFT, list, Some(why));
    }
}

/// Takes the lead off all lists that it must not be on any more.
pub(crate) fn keep_in_step(change: &mut Change, now: Moment) {
    let lists: Vec<String> =
        change.lead.tags.iter().filter_map(|tag| tag.strip_prefix(PREFIX)).map(str::to_owned).collect();
    if lists.is_empty() {
        return;
    }
    if let Some(why) = unwanted(&change.lead, now) {
        for list in lists {
            remove(change, &list, &why);
        }
    }
}

/// Why a lead is on no list, if so.
fn unwanted(lead: &Lead, now: Moment) -> Option<String> {
    if lead.owner.is_some() {
        return Some("taken by sales".to_owned());
    }
    if lead.lifecycle == Lifecycle::Customer {
        return Some("a customer".to_owned());
    }
    lead.may_be_mailed(now).err()
}

fn tell(change: &mut Change, event: &str, list: &str, why: Option<&str>) {
    let address = change.lead.email.as_ref().map(|email| email.as_str().to_lowercase());
    let sum = address.map(|address| {
        Sha256::digest(address.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    });
    let data = json!({"audience": list, "lead": change.lead.id, "email_sha256": sum, "why": why});
    change.effects.push(Effect::Call { event: event.to_owned(), data });
}
