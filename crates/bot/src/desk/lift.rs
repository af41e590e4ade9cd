//! `/campaign lift`: what the sequences do. Their goals against those of the leads held out, and how what is tried stands.

use super::Desk;
use crate::{
    reply::Reply,
    wording::{clean, count},
};
use rekindle_core::{
    lift::{Reached, lift},
    sequence::{Sequence, WonBy},
    trial::{Stand, Trial, Tried, said, stand},
};
use rekindle_storage::Result;
use serde_json::json;

impl Desk {
    pub(super) async fn lift(&self, sequence: Option<&str>) -> Result<Reply> {
        let playbooks = self.store.load_playbooks().await?;
        let known = &playbooks.current().sequences;
        let asked: Vec<&Sequence> = match sequence {
            None => known.values().collect(),
            Some(name) => vec![playbooks.current().plan(&clean(name, 80))?],
        };
        let typed = self.store.campaigns().trying().await?;
        let (mut lines, mut data) = (Vec::new(), Vec::new());
        for plan in asked {
            let (written_to, held_out) = self.store.trials().reached(&plan.name).await?;
            lines.push(format!("{}: {}", plan.name, in_words(plan, written_to, held_out)));
            let mut trials = Vec::new();
            let typed = typed.iter().filter(|campaign| campaign.sequence == plan.name);
            let typed = typed.filter_map(|campaign| campaign.trial(plan));
            for trial in plan.trials().chain(typed) {
                let (tried, words) = self.stands(&trial).await?;
                lines.push(format!("    {}", clean(&words, 400)));
                trials.push(json!({"step": trial.step, "tried": trial.arms.iter().zip(&tried).map(|((words, _), tried)| {
                    json!({"words": words, "leads": tried.leads, "answered": tried.answered})
                }).collect::<Vec<_>>(), "said": words}));
            }
            let lift = lift(written_to, held_out);
            data.push(json!({
                "sequence": plan.name,
                "written_to": {"leads": written_to.leads, "goals": written_to.goals},
                "held_out": {"leads": held_out.leads, "goals": held_out.goals},
                "lift": lift.map(|lift| json!({"difference": lift.difference, "from": lift.from, "to": lift.to})),
                "trials": trials,
            }));
        }
        if lines.is_empty() {
            lines.push("The playbook has no sequence.".to_owned());
        }
        Ok(Reply::done(lines.join("\n")).with_data(data.into()))
    }

    /// How a trial stands: each with its figures, and in words.
    pub(super) async fn stands(&self, trial: &Trial) -> Result<(Vec<Tried>, String)> {
        let (by, after) = trial
            .winner
            .map_or((WonBy::Clicks, chrono::TimeDelta::days(2)), |winner| (winner.by, winner.after.delta()));
        let now = self.store.clock().calendar();
        let tried = self.store.trials().tried(trial, by, after, now).await?;
        let words = match (self.store.trials().why(trial).await?, trial.winner) {
            (Some(decided), _) => decided,
            (None, Some(winner)) => said(trial, &tried, stand(&tried, &winner)),
            (None, None) => said(trial, &tried, Stand::Open { more: None }),
        };
        Ok((tried, words))
    }
}

fn in_words(plan: &Sequence, written_to: Reached, held_out: Reached) -> String {
    if written_to.leads + held_out.leads == 0 {
        return "nobody was drawn for it yet".to_owned();
    }
    if plan.goal.is_none() {
        return format!(
            "{} written to; it names no goal, so nobody can say what that does",
            count(i64::try_from(written_to.leads).unwrap_or(i64::MAX), "lead")
        );
    }
    let part = |reached: Reached| {
        format!("{} of {} ({:.1} %)", reached.goals, reached.leads, reached.rate() * 100.0)
    };
    let said = format!("the goal was reached by {} who were written to", part(written_to));
    match lift(written_to, held_out) {
        None => format!("{said}; nobody is held out, so nobody can say how many would have anyway"),
        Some(lift) => format!(
            "{said}, and by {} who were held out: {:+.1} points (with 95 % between {:+.1} and {:+.1})",
            part(held_out),
            lift.difference * 100.0,
            lift.from * 100.0,
            lift.to * 100.0
        ),
    }
}
