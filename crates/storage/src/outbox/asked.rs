//! What is asked about a claimed delivery before it may leave: one question for a group, read for each mail.

use super::{Outbox, Sender, Ticket};
use crate::{
    Result,
    rows::{Columns, micros, moment, word},
    settings::Pause,
    transaction::{list_of, rounded},
};
use rekindle_core::{
    campaign::CampaignState,
    consent::ConsentState,
    delivery::MailKind,
    enrollment::Ended,
    frequency::Cap,
    gate::Recipient,
    ids::DeliveryId,
    lead::Nurture,
    preferences::{FEWER, Preferences},
    team::Handle,
    time::Moment,
};
use sea_orm::{ConnectionTrait, QueryResult, Value, prelude::Uuid};
use std::collections::HashMap;

/// A delivery that its sender holds, with everything that is asked about it, and no column more.
pub(super) struct Asked {
    pub(super) id: Uuid,
    pub(super) generation: i64,
    pub(super) kind: MailKind,
    pub(super) in_run: bool,
    pub(super) was_committed: bool,
    pub(super) not_before: i64,
    pub(super) expires_at: i64,
    pub(super) reason: Option<String>,
    pub(super) to: Recipient,
    pub(super) suppressed: bool,
    pub(super) run: Option<Run>,
    pub(super) campaign: Option<CampaignState>,
    pub(super) last_mail_at: Option<Moment>,
    pub(super) paused_by: Option<String>,
    /// The circuit breaker that it meets, while it is not closed.
    pub(super) breaker: Option<Met>,
    /// For each cap when the mail was committed that used it up, if one did.
    pub(super) caps: Vec<(Cap, Option<Moment>)>,
    /// The mail of another sequence that leaves first, in words.
    pub(super) rival: Option<String>,
}

/// A circuit breaker that is open, or lets a few pass.
pub(super) struct Met {
    pub(super) name: String,
    pub(super) why: String,
    /// How many mails may still pass.
    pub(super) probes: i64,
}

/// The run of a delivery, as far as the gate asks.
pub(super) struct Run {
    pub(super) sequence: String,
    pub(super) version: i64,
    pub(super) awaits_this: bool,
    pub(super) goes_on: bool,
    pub(super) reason: Option<String>,
}

/// What is asked, in the order in which [`Asked::read`] takes it.
const ASKED: &str = "d.id, d.generation, d.kind, d.enrollment_id IS NOT NULL, d.committed_at IS NOT NULL, d.not_before, d.expires_at, d.reason, \
    l.email IS NOT NULL, l.nurture, l.consent, l.consent_until, l.mail_fewer, l.mail_paused_until, l.mail_only_topic, l.owner, l.zone, l.country, \
    (SELECT s.reason FROM suppression s WHERE s.address_hash = l.address_hash), \
    e.sequence, e.version, e.delivery_id = d.id, e.state, e.reason, c.state, \
    (SELECT max(m.committed_at) FROM delivery m WHERE m.lead_id = d.lead_id AND m.committed_at > ? AND m.kind = 'campaign' \
        AND m.state IN ('sent', 'sent_assumed', 'unknown', 'committing')), \
    (SELECT p.value FROM setting p WHERE p.name = 'pause'), b.name, b.why, b.probes";

/// The breaker that a mail meets: that of all mail before that of its domain.
const BREAKER: &str = "LEFT JOIN breaker b ON b.name = (SELECT x.name FROM breaker x WHERE x.state IN ('open', 'probing') \
    AND (x.name = 'all' OR l.email LIKE '%@' || x.name) ORDER BY x.name <> 'all', x.name LIMIT 1)";

/// The mail that has used a cap up: the last but so many of those in its time.
const USED_UP: &str = ", (SELECT m.committed_at FROM delivery m WHERE m.lead_id = d.lead_id AND m.committed_at > ? AND m.kind = 'campaign' \
    AND m.state IN ('sent', 'sent_assumed', 'unknown', 'committing') ORDER BY m.committed_at DESC LIMIT 1 OFFSET ?)";

impl Asked {
    fn read(row: &QueryResult, caps: &[Cap]) -> Result<Self> {
        let mut from = Columns::of(row);
        let id: Uuid = from.take()?;
        let generation = from.take()?;
        let kind = word("delivery", "kind", id, &from.take::<String>()?, MailKind::from_word)?;
        let mut asked = Self {
            id,
            generation,
            kind,
            in_run: from.take()?,
            was_committed: from.take()?,
            not_before: from.take()?,
            expires_at: from.take()?,
            reason: from.take()?,
            to: Recipient {
                has_address: from.take()?,
                nurture: word("lead", "nurture", id, &from.take::<String>()?, Nurture::from_word)?,
                consent: word("lead", "consent", id, &from.take::<String>()?, ConsentState::from_word)?,
                consent_until: from.take::<Option<i64>>()?.map(moment),
                preferences: Preferences {
                    fewer: from.take()?,
                    paused_until: from.take::<Option<i64>>()?.map(moment),
                    only_topic: from.take()?,
                },
                owner: from.take::<Option<String>>()?.as_deref().and_then(Handle::of),
                zone: from.take()?,
                country: from.take()?,
            },
            suppressed: from.take::<Option<String>>()?.is_some_and(|reason| kind.is_stopped_by(&reason)),
            run: None,
            campaign: None,
            last_mail_at: None,
            paused_by: None,
            breaker: None,
            caps: Vec::with_capacity(caps.len()),
            rival: None,
        };
        let sequence: Option<String> = from.take()?;
        let version: Option<i64> = from.take()?;
        let is_named: Option<bool> = from.take()?;
        let state: Option<String> = from.take()?;
        let reason: Option<String> = from.take()?;
        if let (Some(sequence), Some(version), Some(state)) = (sequence, version, state) {
            asked.run = Some(Run {
                sequence,
                version,
                awaits_this: state == "awaiting" && is_named == Some(true),
                // Nobody and nothing has ended it before its last step.
                goes_on: ["due", "awaiting", Ended::Finished.word()].contains(&state.as_str()),
                reason,
            });
        }
        if let Some(state) = from.take::<Option<String>>()? {
            asked.campaign = Some(word("campaign", "state", id, &state, CampaignState::from_word)?);
        }
        asked.last_mail_at = from.take::<Option<i64>>()?.map(moment);
        let pause: Option<sea_orm::JsonValue> = from.take()?;
        let pause: Option<Pause> = pause.and_then(|pause| serde_json::from_value(pause).ok()).flatten();
        asked.paused_by = pause.map(|pause| pause.by.name());
        let (name, why, probes) =
            (from.take::<Option<String>>()?, from.take::<Option<String>>()?, from.take::<Option<i64>>()?);
        asked.breaker =
            name.map(|name| Met { name, why: why.unwrap_or_default(), probes: probes.unwrap_or(0) });
        for cap in caps {
            asked.caps.push((*cap, from.take::<Option<i64>>()?.map(moment)));
        }
        Ok(asked)
    }
}

impl Outbox<'_> {
    /// Reads everything that is asked about these deliveries, as far as this sender holds them.
    pub(super) async fn ask(
        &self,
        db: &impl ConnectionTrait,
        sender: &Sender,
        tickets: &[Ticket],
        caps: &[Cap],
        now: Moment,
    ) -> Result<HashMap<DeliveryId, Asked>> {
        let ids = rounded(tickets.iter().map(|ticket| ticket.id.0).collect());
        let text = format!(
            "SELECT {ASKED}{} FROM delivery d JOIN lead l ON l.id = d.lead_id LEFT JOIN enrollment e ON e.id = d.enrollment_id \
             LEFT JOIN campaign c ON c.id = d.campaign_id {BREAKER} WHERE d.id IN ({}) AND d.state = 'claimed' AND (d.owner = ?) IS TRUE",
            USED_UP.repeat(caps.len()),
            list_of(ids.len())
        );
        let mut values: Vec<Value> = vec![micros(now - FEWER).into()];
        for cap in caps {
            let before = i64::from(cap.mails.saturating_sub(1));
            values.extend([micros(now - cap.every.delta()).into(), before.into()]);
        }
        values.extend(ids.into_iter().map(Value::from));
        values.push(sender.id().into());
        let rows = db.query_all_raw(self.0.sql(&text, values)).await?;
        let asked =
            rows.iter().map(|row| Asked::read(row, caps)).map(|asked| asked.map(|a| (DeliveryId(a.id), a)));
        asked.collect()
    }
}
