//! The checker: what the relay accepted, held against what the rows say, for people who were owed one mail each.
//!
//! It knows nothing of how the mails were sent, so that any sender can be judged by it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;

use rekindle_tests::smtp::Accepted;

/// One mail, as the sender's database has it at the end.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) message_id: String,
    pub(crate) to: String,
    pub(crate) state: String,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    /// Acceptances beyond the first, of one message or for one person.
    pub(crate) twice: usize,
    /// People who got nothing, while no row says that this is so or may be so.
    pub(crate) lost_in_silence: usize,
    /// Accepted mails that no row owns up to.
    pub(crate) unflagged: usize,
    /// Mails of which the rows say that nobody knows.
    pub(crate) unknown: usize,
    /// How many of the unknown the relay had accepted.
    pub(crate) unknown_accepted: usize,
    /// Mails that the rows call sent, and the relay accepted.
    pub(crate) sent: usize,
    crashes: usize,
    sessions: usize,
}

/// Judges a run of so many `crashes` of a sender with so many `sessions`; every one of `owed` was to get exactly one mail.
pub(crate) fn verdict(
    owed: &BTreeSet<String>,
    accepted: &[Accepted],
    rows: &[Row],
    crashes: usize,
    sessions: usize,
) -> Report {
    let (mut messages, mut people) = (HashSet::new(), HashSet::new());
    let mut twice = 0;
    for mail in accepted {
        let new_message = messages.insert(own_part(&mail.message_id));
        let new_person = people.insert(mail.rcpt.as_str());
        twice += usize::from(!(new_message && new_person));
    }

    let states: HashMap<&str, &str> =
        rows.iter().map(|row| (own_part(&row.message_id), row.state.as_str())).collect();
    let owns_up = |mail: &&Accepted| states.get(own_part(&mail.message_id)).is_some_and(|s| is_owned_up(s));
    let unflagged = accepted.iter().filter(|mail| !owns_up(mail)).count();

    let flagged: HashSet<&str> =
        rows.iter().filter(|row| is_unknown(&row.state)).map(|row| row.to.as_str()).collect();
    let is_lost = |person: &&String| !people.contains(person.as_str()) && !flagged.contains(person.as_str());
    let lost_in_silence = owed.iter().filter(is_lost).count();

    let of = |wanted: fn(&str) -> bool| rows.iter().filter(move |row| wanted(&row.state));
    let got = |row: &&Row| messages.contains(own_part(&row.message_id));
    Report {
        twice,
        lost_in_silence,
        unflagged,
        unknown: of(is_unknown).count(),
        unknown_accepted: of(is_unknown).filter(got).count(),
        sent: of(|state| state == "sent").filter(got).count(),
        crashes,
        sessions,
    }
}

/// What a Message-ID has to the left of its domain: it is unique by itself, and a row may hold it alone.
fn own_part(message_id: &str) -> &str {
    message_id.split('@').next().unwrap_or(message_id)
}

/// Whether a row in this state tells a person that its fate is not known.
fn is_unknown(state: &str) -> bool {
    matches!(state, "unknown" | "sent_assumed")
}

/// Whether a row in this state admits that the mail may have arrived.
fn is_owned_up(state: &str) -> bool {
    state == "sent" || is_unknown(state)
}

impl Report {
    /// What is wrong, in words; nothing, when mail went at most once and nothing was lost in silence.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut fault = |count: usize, what: &str| {
            if count > 0 {
                faults.push(format!("{count} {what}"));
            }
        };
        fault(self.twice, "sent twice");
        fault(self.lost_in_silence, "lost in silence");
        fault(self.unflagged, "accepted, and no row owns up to it");
        let most = self.crashes * self.sessions;
        fault(
            self.unknown.saturating_sub(most),
            &format!("unknown more than crashes times sessions ({most})"),
        );
        faults
    }

    /// Fails with what is wrong.
    #[track_caller]
    pub(crate) fn must_hold(&self) {
        assert!(self.faults().is_empty(), "{}\n{self}", self.faults().join("; "));
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { twice, lost_in_silence, unflagged, unknown, unknown_accepted, sent, crashes, sessions } =
            self;
        write!(
            f,
            "{crashes} crashes of {sessions} sessions: {sent} sent, {twice} twice, {lost_in_silence} lost in silence, \
             {unflagged} unflagged, {unknown} unknown (of which {unknown_accepted} accepted)"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(who: &str) -> Accepted {
        Accepted {
            message_id: format!("{who}@ours"),
            parameters: Default::default(),
            mail_from: String::new(),
            rcpt: who.to_owned(),
            session: 1,
            at: 0,
            begun: 0,
            bytes: 0,
            hash: String::new(),
        }
    }

    fn row(who: &str, state: &str) -> Row {
        Row { message_id: format!("{who}@ours"), to: who.to_owned(), state: state.to_owned() }
    }

    fn judge(owed: &[&str], taken: &[&str], rows: &[(&str, &str)], crashes: usize) -> Report {
        let owed = owed.iter().map(|who| (*who).to_owned()).collect();
        let taken: Vec<_> = taken.iter().map(|who| accepted(who)).collect();
        let rows: Vec<_> = rows.iter().map(|(who, state)| row(who, state)).collect();
        verdict(&owed, &taken, &rows, crashes, 1)
    }

    #[test]
    fn sent_once_and_known_to_be_unknown_is_right() {
        let rows = [("kim", "sent"), ("lee", "unknown"), ("ana", "unknown")];
        let report = judge(&["kim", "lee", "ana"], &["kim", "lee"], &rows, 2);
        assert_eq!(report.faults(), Vec::<String>::new());
        assert_eq!((report.sent, report.unknown, report.unknown_accepted), (1, 2, 1));
    }

    #[test]
    fn each_fault_is_seen() {
        let twice = judge(&["kim"], &["kim", "kim"], &[("kim", "sent")], 0);
        assert_eq!(twice.faults(), ["1 sent twice"]);

        let mut one_more = accepted("kim");
        one_more.message_id = "another@ours".to_owned();
        let rows =
            [row("kim", "sent"), Row { message_id: one_more.message_id.clone(), ..row("kim", "sent") }];
        let owed = BTreeSet::from(["kim".to_owned()]);
        let twice = verdict(&owed, &[accepted("kim"), one_more], &rows, 0, 1);
        assert_eq!(twice.faults(), ["1 sent twice"], "another message to the same person");

        let lost = judge(&["kim", "lee", "ana"], &[], &[("kim", "sent"), ("lee", "pending")], 0);
        assert_eq!(lost.faults(), ["3 lost in silence"], "called sent, still waiting, and without a row");

        let unflagged = judge(&["kim", "lee"], &["kim", "lee"], &[("kim", "pending")], 0);
        assert_eq!(unflagged.faults(), ["2 accepted, and no row owns up to it"]);

        let unknown = judge(&["kim", "lee"], &[], &[("kim", "unknown"), ("lee", "sent_assumed")], 1);
        assert_eq!(unknown.faults(), ["1 unknown more than crashes times sessions (1)"]);
    }
}
