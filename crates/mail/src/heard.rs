//! What comes back: the bytes of a message become a verdict that says what it is (rules B1 to B8).
//!
//! Whatever arrives was written by a stranger: any bytes have a verdict, none has a panic, and a verdict alone changes nothing. It
//! counts only for the delivery whose token [`Traces`] carries under our MAC (`mark`), so that a forged bounce suppresses nobody.
//!
//! In reading order: `open` (bytes to parts), `report` (RFC 3464, 5965 and 8098), `notice` and `named` (bounces in free text), `meaning`
//! (what a mail server meant), `automatic` (who answered is a machine), `reply` (what a person wrote), `traces` (whose it is).

mod addresses;
mod automatic;
mod meaning;
mod named;
mod notice;
mod open;
mod reply;
mod report;
mod traces;
mod words;

pub use meaning::{Cause, Status};
pub use rekindle_core::heard::Fate;
pub use traces::Traces;

use meaning::Meaning;
use open::Opened;
use sha2::{Digest, Sha256};

/// What was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// What it is.
    pub what: What,
    /// By which it may be ours.
    pub traces: Traces,
    /// Who wrote, as the message claims.
    pub from: Option<String>,
    /// Its subject, decoded, on one line.
    pub subject: String,
    /// The same for the same message, however often it is read, and by whom; holds nothing personal.
    pub id: String,
}

/// What a message that came back is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A mail server tells the fate of our mail; at least one recipient.
    Fates(Vec<Told>),
    /// A recipient complained, and their provider passes it on (B5).
    Complaint(Complaint),
    /// A mail program says that our mail was shown or deleted; that is no engagement (B8).
    Receipt,
    /// A machine answered: neither a reply nor a sign of life (B6).
    AutoReply,
    /// A person wants no more mail, and says nothing else (B7).
    Stop,
    /// A person answered (B7): what they wrote anew, without what they quoted, at most 2,000 characters.
    Reply(String),
}

/// What is told of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The recipient, where it is named.
    pub address: Option<String>,
    /// What became of the mail.
    pub fate: Fate,
    /// Why.
    pub cause: Cause,
    /// The status code, where there is one (RFC 3463).
    pub status: Option<Status>,
    /// The words of the mail server, on one line, cut.
    pub diagnostic: String,
}

/// What a complaint says (RFC 5965).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Its kind.
    pub kind: ComplaintKind,
    /// Who complained, where the provider tells.
    pub addresses: Vec<String>,
}

/// The kinds of complaints (RFC 5965 section 7.3, RFC 6430 and the registry of IANA).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ComplaintKind {
    /// "This is spam."
    Abuse,
    /// They want no more of it.
    OptOut,
    /// It poses as somebody else.
    Fraud,
    /// It carries a virus.
    Virus,
    /// "This is no spam."
    NotSpam,
    /// Anything else: a failed check of a signature, say.
    Other,
}

impl ComplaintKind {
    /// Whether it stops all mail to who complained (B5).
    pub fn stops(self) -> bool {
        matches!(self, Self::Abuse | Self::OptOut | Self::Fraud | Self::Virus)
    }
}

/// The longest diagnostic that is kept.
const LONGEST_DIAGNOSTIC: usize = 500;

impl Told {
    /// A recipient whose mail failed, for the reason that `meaning` found.
    fn failed(address: Option<String>, meaning: Meaning, diagnostic: &str) -> Self {
        let fate = if meaning.is_dead() { Fate::Hard } else { Fate::Soft };
        Self::of(address, fate, meaning, diagnostic)
    }

    /// What a provider tells: its fate where it names one, and the cause that it implies where its words name none.
    pub(crate) fn by_a_provider(
        address: Option<String>,
        fate: Option<Fate>,
        status: Option<&str>,
        words: &str,
        implied: Option<Cause>,
    ) -> Self {
        let mut meant = meaning::meaning(status.and_then(Status::find), words);
        if let (Cause::Unclear, Some(cause)) = (meant.cause, implied) {
            meant.cause = cause;
        }
        match fate {
            Some(fate) => Self::of(address, fate, meant, words),
            None => Self::failed(address, meant, words),
        }
    }

    fn of(address: Option<String>, fate: Fate, meaning: Meaning, diagnostic: &str) -> Self {
        let Meaning { cause, status, .. } = meaning;
        let diagnostic = crate::compose::clean(diagnostic, LONGEST_DIAGNOSTIC);
        Self { address, fate, cause, status, diagnostic }
    }
}

/// Reads a message that came back. Any bytes are read; of more than 5 MB, the rest is not looked at.
pub fn hear(raw: &[u8]) -> Heard {
    let opened = open::open(raw);
    let what = if let Some(complaint) = report::complaint(&opened) {
        What::Complaint(complaint)
    } else if let Some(fates) = fates(&opened) {
        What::Fates(fates)
    } else if report::is_receipt(&opened) {
        What::Receipt
    } else if reply::is_unsubscribe(&opened) {
        What::Stop
    } else if automatic::is_automatic(&opened) {
        What::AutoReply
    } else {
        match reply::said(&opened) {
            said if reply::means_stop(&said) => What::Stop,
            said => What::Reply(said),
        }
    };
    // However its lines end, it is the same message.
    let letters = || raw.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect::<Vec<_>>();
    let id = match opened.head.first("message-id") {
        Some(id) => fingerprint(id.as_bytes()),
        None => fingerprint(&letters()),
    };
    Heard { what, traces: traces::of(&opened), from: opened.from(), subject: opened.subject().to_owned(), id }
}

/// A hash in hex, cut to 128 bits.
pub(crate) fn fingerprint(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// What a mail server tells, as a report or in free text.
fn fates(opened: &Opened) -> Option<Vec<Told>> {
    let told = report::fates(opened);
    if !told.is_empty() {
        return Some(told);
    }
    // A gateway may have wrapped the report of another server.
    let is_wrapped = |inner: &&Opened| notice::is_by_a_server(opened) && notice::is_by_a_server(inner);
    notice::fates(opened).or_else(|| opened.returned.iter().filter(is_wrapped).find_map(fates))
}
