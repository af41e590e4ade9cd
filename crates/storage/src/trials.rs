//! Trials: who got which of several, how they answered, and what was decided.

use crate::{
    Result, Store,
    rows::{add, micros, small},
};
use rekindle_core::{
    activity::names,
    enrollment::Ended,
    lift::Reached,
    sequence::WonBy,
    time::Moment,
    trial::{Decided, Trial, Tried},
};
use sea_orm::{EntityTrait, FromQueryResult, Value};

/// The trials.
#[derive(Debug, Clone, Copy)]
pub struct Trials<'a>(&'a Store);

impl Store {
    /// The trials.
    pub fn trials(&self) -> Trials<'_> {
        Trials(self)
    }
}

#[derive(FromQueryResult)]
struct Counted {
    number: i32,
    leads: i64,
    answered: i64,
}

#[derive(FromQueryResult)]
struct Drawn {
    held_out: bool,
    leads: i64,
    goals: i64,
}

impl Trials<'_> {
    /// The trials that are decided.
    ///
    /// # Errors
    /// As the database says.
    pub async fn decided(&self) -> Result<Decided> {
        let rows = small::trial::Entity::find().all(&self.0.db).await?;
        Ok(Decided(
            rows.into_iter().filter_map(|row| Some((row.key, usize::try_from(row.won).ok()?))).collect(),
        ))
    }

    /// How each of several has done (index `ix_arm_trial`): of the leads who had the time to answer, those who did within it.
    /// Who got a mail that never left does not count.
    ///
    /// # Errors
    /// As the database says.
    pub async fn tried(
        &self,
        trial: &Trial,
        by: WonBy,
        time: chrono::TimeDelta,
        now: Moment,
    ) -> Result<Vec<Tried>> {
        let span = time.num_microseconds().unwrap_or(i64::MAX);
        // From when a lead could answer: when the mail left, or when they went their way.
        let (left, at) = match trial.mail {
            Some(_) => (
                " JOIN delivery d ON d.enrollment_id = a.enrollment_id AND d.mail = ? AND d.variant = a.number AND d.state IN ('sent', 'sent_assumed', 'unknown')",
                "d.committed_at",
            ),
            None => ("", "a.at"),
        };
        let mut values: Vec<Value> = Vec::new();
        let answered = match by {
            WonBy::Clicks | WonBy::Replies => {
                let name = if by == WonBy::Clicks { names::CLICKED } else { names::REPLIED };
                values.push(name.into());
                let mut of_mail = "";
                if let Some(mail) = trial.mail.as_ref().filter(|_| by == WonBy::Clicks) {
                    of_mail = " AND did.properties ->> 'mail' = ?";
                    values.push(mail.clone().into());
                }
                values.push(span.into());
                format!(
                    "EXISTS (SELECT 1 FROM activity did WHERE did.lead_id = a.lead_id AND did.name = ? AND did.human{of_mail} AND did.at >= {at} AND did.at < {at} + ?)"
                )
            }
            WonBy::Goal => {
                values.extend([Ended::Goal.word().into(), span.into()]);
                format!(
                    "EXISTS (SELECT 1 FROM enrollment e WHERE e.id = a.enrollment_id AND e.state = ? AND e.ended_at >= {at} AND e.ended_at < {at} + ?)"
                )
            }
        };
        if let Some(mail) = &trial.mail {
            values.push(mail.clone().into());
        }
        values.extend([trial.key.clone().into(), (micros(now) - span).into()]);
        let text = format!(
            "SELECT number, count(*) AS leads, sum(CASE WHEN answered THEN 1 ELSE 0 END) AS answered FROM \
             (SELECT a.number AS number, {answered} AS answered FROM arm a{left} WHERE a.trial = ? AND {at} <= ?) t GROUP BY number"
        );
        let mut tried = vec![Tried::default(); trial.arms.len()];
        for row in Counted::find_by_statement(self.0.sql(&text, values)).all(&self.0.db).await? {
            let known = usize::try_from(row.number).ok().and_then(|number| tried.get_mut(number));
            if let Some(one) = known {
                let count = |number: i64| u64::try_from(number).unwrap_or(0);
                *one = Tried { leads: count(row.leads), answered: count(row.answered) };
            }
        }
        Ok(tried)
    }

    /// How many leads went through a sequence and reached its goal: of those who were written to, and of those who were held out. Who was
    /// enrolled by hand was not drawn, and is in neither.
    ///
    /// # Errors
    /// As the database says.
    pub async fn reached(&self, sequence: &str) -> Result<(Reached, Reached)> {
        let text = "SELECT held_out, count(*) AS leads, sum(CASE WHEN state = ? THEN 1 ELSE 0 END) AS goals FROM enrollment WHERE sequence = ? AND held_out IS NOT NULL GROUP BY held_out";
        let values = vec![Ended::Goal.word().into(), sequence.into()];
        let (mut written_to, mut held_out) = (Reached::default(), Reached::default());
        for row in Drawn::find_by_statement(self.0.sql(text, values)).all(&self.0.db).await? {
            let count = |number: i64| u64::try_from(number).unwrap_or(0);
            let reached = Reached { leads: count(row.leads), goals: count(row.goals) };
            *(if row.held_out { &mut held_out } else { &mut written_to }) = reached;
        }
        Ok((written_to, held_out))
    }

    /// Declares a winner, and tells the team; nothing where one was declared before. Runs that got another go on with it.
    ///
    /// # Errors
    /// As the database says.
    pub async fn decide(&self, trial: &Trial, won: usize, why: &str) -> Result<bool> {
        let tx = self.0.begin().await?;
        if small::trial::Entity::find_by_id(trial.key.clone()).one(&*tx).await?.is_some() {
            return Ok(false);
        }
        let row = small::trial::Model {
            key: trial.key.clone(),
            won: i32::try_from(won).unwrap_or(0),
            why: why.to_owned(),
            decided_at: micros(self.0.clock.calendar()),
        };
        add::<small::trial::Entity, _>(&*tx, vec![row]).await?;
        self.0.tell_the_team(&tx, why).await?;
        self.0.commit(tx, true).await?;
        Ok(true)
    }

    /// In which words a winner was declared, if one was.
    ///
    /// # Errors
    /// As the database says.
    pub async fn why(&self, trial: &Trial) -> Result<Option<String>> {
        let row = small::trial::Entity::find_by_id(trial.key.clone()).one(&self.0.db).await?;
        Ok(row.map(|row| row.why))
    }
}
