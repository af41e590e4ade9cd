//! A row becomes an arrival, or a reason why not.

use super::{Column, Field, Pattern, SOURCE, errors_file};
use rekindle_core::{
    activity::{Activity, Kind, Trust, names},
    arrival::{Arrival, Who},
    consent::ConsentState,
    email::EmailAddress,
    link::digest,
    time::Moment,
};
use serde_json::{Map, Value, json};

/// How large a row may be: as large as an activity.
const LARGEST: usize = 32 * 1024;
/// How long an id may be.
const LONGEST_ID: usize = 255;

/// What all rows of an import have in common.
pub(super) struct Maker {
    /// The same for the same file read in the same way.
    pub(super) id: String,
    pub(super) email_from: Option<Pattern>,
    pub(super) basis: Option<String>,
    pub(super) now: Moment,
    /// Whether it is a file of rows that an import before did not take in.
    pub(super) ours: bool,
}

/// What a row says of being written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Say {
    /// Nothing.
    Nothing,
    /// Not that we may: what allows mail to the others does not count for this one.
    Unclear,
    /// No; later ones of [`ConsentState::ALL`] are stronger.
    No(usize),
}

impl Say {
    fn no(state: ConsentState) -> Self {
        Self::No(ConsentState::ALL.iter().position(|known| *known == state).unwrap_or_default())
    }
}

impl Maker {
    /// The arrival of a row, or why there is none.
    pub(super) fn arrival(
        &self,
        row: u64,
        columns: &[Column],
        record: &csv::StringRecord,
    ) -> Result<Arrival, String> {
        if record.len() != columns.len() {
            return Err(format!(
                "this row has {} columns and the header {}; is there a delimiter or a quotation mark too many or too few?",
                record.len(),
                columns.len()
            ));
        }
        if record.iter().any(|cell| cell.contains('\0')) {
            return Err("there is a NUL character in this row".to_owned());
        }
        let (mut who, mut properties, mut said) = (Who::default(), Map::new(), Say::Nothing);
        let as_it_was = |cell| if self.ours { errors_file::as_it_was(cell) } else { cell };
        for (column, cell) in
            columns.iter().zip(record).map(|(column, cell)| (column, as_it_was(cell).trim()))
        {
            // An empty consent column says something too: that there is none.
            if column.field == Field::Consent {
                said = said.max(consent(cell));
            }
            if cell.is_empty() {
                continue;
            }
            match &column.field {
                Field::Email => who.email = Some(EmailAddress::parse(cell).map_err(|e| e.to_string())?),
                Field::UserId if cell.len() > LONGEST_ID => {
                    return Err(format!("the user id is longer than {LONGEST_ID} bytes"));
                }
                Field::UserId => who.user_id = Some(cell.to_owned()),
                // HubSpot writes "america_slash_new_york".
                Field::Zone => {
                    properties.insert("timezone".to_owned(), cell.replace("_slash_", "/").into());
                }
                Field::Name
                | Field::FirstName
                | Field::LastName
                | Field::Title
                | Field::Company
                | Field::Country => {
                    properties.insert(column.field.to_string(), cell.into());
                }
                Field::Trait(name) => _ = properties.insert(name.clone(), cell.into()),
                Field::Refusal(state) if !says_no(cell) => said = said.max(Say::no(*state)),
                Field::Evidence => said = said.max(evidence(cell)),
                Field::LastActivity => said = said.max(last_activity(cell)),
                Field::Deleted if !says_no(cell) => said = said.max(Say::Unclear),
                Field::Refusal(_) | Field::Consent | Field::Deleted | Field::Nothing => {}
            }
            if let Some(name) = &column.kept_as {
                properties.insert(name.clone(), cell.into());
            }
        }
        if let (None, Some(pattern)) = (&who.email, &self.email_from) {
            who.email = Some(pattern.address(row).map_err(|e| e.to_string())?);
        }
        let Some(email) = &who.email else { return Err("this row has no e-mail address".to_owned()) };
        properties.insert("email".to_owned(), email.as_str().into());
        if let Some(consent) = stated(said) {
            properties.insert("consent".to_owned(), consent);
        }
        let payload = Value::Object(properties.clone()).to_string();
        if payload.len() > LARGEST {
            return Err("this row is larger than 32 KB".to_owned());
        }
        Ok(Arrival {
            source: SOURCE.to_owned(),
            message_id: format!("{}:{row}", self.id),
            fingerprint: fingerprint(&payload),
            who,
            kind: Kind::Import,
            name: names::IMPORTED.to_owned(),
            path: None,
            at: self.now,
            properties,
            human: Activity::is_human(Kind::Import, names::IMPORTED),
            trust: Trust::Server,
            basis: if said == Say::Nothing { self.basis.clone() } else { None },
        })
    }
}

/// What the lead is told of consent. A state of unknown grants nothing, whatever the basis.
fn stated(said: Say) -> Option<Value> {
    match said {
        Say::Nothing => None,
        Say::Unclear => Some(json!({"state": ConsentState::Unknown.word()})),
        Say::No(at) => Some(json!({"state": ConsentState::ALL[at].word(), "basis": "import"})),
    }
}

/// The first 60 bits of the digest.
fn fingerprint(payload: &str) -> i64 {
    digest(payload)
        .chars()
        .take(15)
        .filter_map(|c| c.to_digit(16))
        .fold(0, |sum, digit| sum << 4 | i64::from(digit))
}

/// Whether a cell says that something is not so.
fn says_no(cell: &str) -> bool {
    matches!(
        cell.to_lowercase().as_str(),
        "" | "no"
            | "n"
            | "false"
            | "f"
            | "0"
            | "0.0"
            | "off"
            | "none"
            | "null"
            | "nil"
            | "nan"
            | "n/a"
            | "-"
            | "nein"
            | "non"
    )
}

/// What a column says that says yes or no to mail, or names a state.
fn consent(cell: &str) -> Say {
    let word = cell.to_lowercase();
    match ConsentState::from_word(&word) {
        Some(ConsentState::Subscribed) => return Say::Nothing,
        Some(ConsentState::Unknown) => return Say::Unclear,
        Some(no) => return Say::no(no),
        None => {}
    }
    match word.as_str() {
        "yes" | "y" | "true" | "t" | "1" | "on" | "opted in" | "opt-in" | "granted" | "given" | "ja"
        | "oui" => Say::Nothing,
        "" | "none" | "null" | "nil" | "nan" | "n/a" | "-" => Say::Unclear,
        no if says_no(no) => Say::no(ConsentState::Unsubscribed),
        "opted out" | "opt-out" | "withdrawn" | "revoked" | "denied" | "declined" => {
            Say::no(ConsentState::Unsubscribed)
        }
        _ => Say::Unclear,
    }
}

/// What a column says that tells how an agreement came about.
fn evidence(cell: &str) -> Say {
    let words = cell.to_lowercase();
    let open = [
        "not confirmed",
        "unconfirmed",
        "pending",
        "not_confirmed",
        "withdrawn",
        "revoked",
        "declined",
        "denied",
        "no consent",
    ];
    if says_no(&words) || open.iter().any(|word| words.contains(word)) { Say::Unclear } else { Say::Nothing }
}

/// What X Education's "Last Activity" says.
fn last_activity(cell: &str) -> Say {
    match cell.to_lowercase().as_str() {
        "unsubscribed" => Say::no(ConsentState::Unsubscribed),
        "email bounced" => Say::no(ConsentState::Bounced),
        "email marked spam" => Say::no(ConsentState::Complained),
        _ => Say::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_no_is_heard_in_every_spelling_and_a_yes_only_leaves_room_for_the_basis() {
        for cell in ["", "False", "no", "0", "N/A"] {
            assert!(says_no(cell), "{cell}");
        }
        for cell in ["true", "Yes", "1", "X", "UNKNOWN_USER", "2026-01-02"] {
            assert!(!says_no(cell), "{cell}");
        }
        assert_eq!(consent("Yes"), Say::Nothing);
        assert_eq!(consent("no"), Say::no(ConsentState::Unsubscribed));
        assert_eq!(consent("Bounced"), Say::no(ConsentState::Bounced));
        assert_eq!((consent(""), consent("perhaps")), (Say::Unclear, Say::Unclear));
        assert_eq!((evidence("Pending"), evidence("Confirmed")), (Say::Unclear, Say::Nothing));
        assert!(Say::no(ConsentState::Complained) > Say::no(ConsentState::Unsubscribed));
        assert!(Say::no(ConsentState::Unsubscribed) > Say::Unclear && Say::Unclear > Say::Nothing);
    }

    #[test]
    fn the_fingerprint_is_of_the_payload_and_never_negative() {
        assert_ne!(fingerprint("a"), fingerprint("b"));
        assert_eq!(fingerprint("a"), fingerprint("a"));
        assert!((0..100).all(|n| fingerprint(&n.to_string()) > 0));
    }
}
