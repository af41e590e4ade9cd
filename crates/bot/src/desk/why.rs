//! `/lead why`: why so many points, why alerted, why mailed or not; answered from rule and row.

use super::Desk;
use crate::{
    reply::Reply,
    wording::{clean, moment, timeless},
};
use rekindle_core::{delivery::DeliveryState, enrollment::RunState, lead::Lead, score::LineKind};
use rekindle_storage::Result;

/// How many lines of each kind are said.
const LINES: usize = 12;

impl Desk {
    pub(super) async fn why(&self, lead: &Lead) -> Result<Reply> {
        let zone = self.settings.zone;
        let clock = self.store.clock();
        let (now, wall) = (clock.calendar(), clock.wall());
        let explanation = self.view().explained(lead).await?;
        let dossier = self.store.leads().dossier(lead.id).await?;
        let mut said = vec![format!(
            "{}: {} points ({}), {}",
            clean(lead.called(), 80),
            explanation.score,
            explanation.grade,
            if lead.hot { "hot" } else { "not hot" }
        )];
        for line in explanation.lines.iter().take(LINES) {
            let when = line.at.map(|at| format!(", {}", moment(at, now, zone))).unwrap_or_default();
            let was = match (line.kind, line.capped) {
                (_, true) => " (over the rule's limit)".to_owned(),
                (LineKind::Engagement, _) if (f64::from(line.points) - line.now).abs() >= 0.5 => {
                    format!(" (was {:+})", line.points)
                }
                _ => String::new(),
            };
            said.push(format!("{:>+5}  {}{when}{was}", line.now.round() as i64, clean(&line.what, 80)));
        }
        if explanation.lines.len() > LINES {
            said.push(format!("       … and {} more", explanation.lines.len() - LINES));
        }
        said.push(String::new());
        match dossier.alerts.first() {
            None => said.push("Alerted: never".to_owned()),
            Some(alert) => {
                said.push(format!(
                    "Alerted: {} at {}, now {}, because of",
                    alert.reason.word(),
                    moment(alert.raised_at, wall, zone),
                    alert.state.word()
                ));
                said.extend(
                    alert
                        .because
                        .iter()
                        .take(LINES)
                        .map(|why| format!("       {}", clean(timeless(why), 100))),
                );
            }
        }
        said.push(format!("Mail: {}", self.may_be_mailed(lead).await?));
        for run in dossier.enrollments.iter().take(5) {
            let stands = match &run.state {
                RunState::Due { at } => format!("step {} at {}", run.step + 1, moment(*at, now, zone)),
                RunState::Awaiting { .. } => format!("step {}, its mail is in the outbox", run.step + 1),
                RunState::Ended { how, at } => format!("{} at {}", how.word(), moment(*at, now, zone)),
            };
            let why = run.reason.as_deref().map(|why| format!(" ({})", clean(why, 80))).unwrap_or_default();
            said.push(format!("       {}: {stands}{why}", clean(&run.sequence, 40)));
        }
        for delivery in dossier.deliveries.iter().take(8) {
            let when = match delivery.state {
                DeliveryState::Pending => format!("waits until {}", moment(delivery.not_before, now, zone)),
                state => {
                    format!("{} at {}", state.word().replace('_', " "), moment(delivery.moved_at, now, zone))
                }
            };
            let why = delivery.reason.as_deref().or(delivery.answer.as_deref());
            let why = why.map(|why| format!(" ({})", clean(why, 100))).unwrap_or_default();
            said.push(format!("       {}: {when}{why}", clean(&delivery.mail, 40)));
        }
        Ok(Reply::table(said.join("\n")).with_data(serde_json::to_value(&explanation).unwrap_or_default()))
    }

    /// What stands in the way of a marketing mail now, the strongest first.
    async fn may_be_mailed(&self, lead: &Lead) -> Result<String> {
        let suppressed = self.store.leads().suppressed(std::slice::from_ref(lead)).await?;
        let no = if suppressed.contains(&lead.id) {
            "the address is suppressed".to_owned()
        } else if let Err(why) = lead.may_be_mailed(self.store.clock().calendar()) {
            why
        } else if let Some(pause) = self.store.pause().await? {
            format!("all mail is paused by {}", pause.by.name())
        } else if let Some(owner) = &lead.owner {
            format!("it waits, claimed by {}", owner.name())
        } else {
            let basis = lead.consent.basis.as_deref().unwrap_or("no basis noted");
            return Ok(format!("may be written to (subscribed: {})", clean(basis, 80)));
        };
        Ok(format!("none now: {no}"))
    }
}
