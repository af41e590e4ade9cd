//! `/report`: figures of the team. Who came back from the cold, and what that was worth; other reports have files of their own.

use super::Desk;
use crate::{
    command::Report as Asked,
    reply::Reply,
    table::table,
    wording::{clean, count, moment},
};
use chrono::TimeDelta;
use rekindle_report::{
    REVIVED_DAYS,
    calibration::{self, Told},
};
use rekindle_storage::{
    Result,
    figures::{Deals, Returned, Revived},
};
use serde_json::json;

/// How many leads a page has.
const A_PAGE: u64 = 20;

impl Desk {
    pub(super) async fn report(&self, asked: &Asked) -> Result<Reply> {
        match asked {
            Asked::Score => self.how_good().await,
            Asked::Stages { days } => self.stages(*days).await,
            Asked::Revived { page } => self.who_came_back(page.unwrap_or(1).clamp(1, 1_000_000)).await,
        }
    }

    /// How far the prediction is to be trusted; and why nothing is predicted, where that is so.
    async fn how_good(&self) -> Result<Reply> {
        match calibration::told(&self.store, &self.settings.needed, self.settings.zone).await? {
            Told::Nothing { why, won, lost } => {
                Ok(Reply::done(why).with_data(json!({"model": null, "won": won, "lost": lost})))
            }
            Told::Model { model, words } => {
                let words = words.join("\n");
                let in_letters = calibration::letters(&model.judged.bands).join("\n");
                Ok(Reply::table(format!("{words}\n\n{in_letters}"))
                    .with_picture(calibration::picture(&model, words))
                    .with_data(json!({"model": model})))
            }
        }
    }

    /// A page of those who came back from the cold of late, the last first.
    async fn who_came_back(&self, page: u64) -> Result<Reply> {
        let figures = self.store.figures();
        let since = self.store.clock().wall() - TimeDelta::days(REVIVED_DAYS);
        let revived = figures.revived(since).await?;
        let data = json!({"days": REVIVED_DAYS, "revived": revived});
        if revived.leads == 0 {
            let nurture = figures.leads_by_nurture().await?;
            let away: i64 = nurture.iter().filter(|(word, _)| word != "active").map(|(_, leads)| leads).sum();
            let text = format!(
                "Nobody came back from the cold in {REVIVED_DAYS} days; {} cold or archived.",
                match away {
                    0 => "nobody is".to_owned(),
                    1 => "1 lead is".to_owned(),
                    many => format!("{many} leads are"),
                }
            );
            return Ok(Reply::done(text).with_data(data));
        }
        let listed = figures.returned(since, (page - 1) * A_PAGE, A_PAGE).await?;
        let rows: Vec<[String; 6]> = listed.iter().map(|one| self.row(one)).collect();
        let pages = u64::try_from(revived.leads).unwrap_or(0).div_ceil(A_PAGE);
        let mut said = format!(
            "{}, page {page} of {pages}\n{}",
            came_back(&revived),
            table(["lead", "was", "since", "back", "owner", "won"], &rows)
        );
        if page < pages {
            said.push_str(&format!("\nMore: /report revived --page {}", page + 1));
        }
        let mut data = data;
        data["listed"] = json!(listed);
        Ok(Reply::table(said).with_data(data))
    }

    fn row(&self, one: &Returned) -> [String; 6] {
        let (zone, clock) = (self.settings.zone, self.store.clock());
        let owner = match (&one.owner, &one.before) {
            (Some(owner), _) => owner.name(),
            (None, Some(before)) => format!("nobody, before {}", before.name()),
            (None, None) => "nobody".to_owned(),
        };
        [
            clean(&one.called, 40),
            one.was.map(|was| was.word().to_owned()).unwrap_or_default(),
            one.since.map(|at| moment(at, clock.calendar(), zone)).unwrap_or_default(),
            moment(one.back, clock.wall(), zone),
            owner,
            worth(&one.deals).unwrap_or_default(),
        ]
    }
}

/// How many came back from the cold, and what it was worth.
pub(super) fn came_back(revived: &Revived) -> String {
    let came = format!("{} came back from the cold in {REVIVED_DAYS} days", count(revived.leads, "lead"));
    match worth(&revived.deals) {
        None => came,
        Some(_) if revived.deals.revenue.is_empty() => {
            format!("{came}, {} won", count(revived.deals.won, "deal"))
        }
        Some(sums) => format!("{came}, {} won: {sums}", count(revived.deals.won, "deal")),
    }
}

/// What was won: the sums, or how many deals where nobody wrote one; none where nothing was.
fn worth(deals: &Deals) -> Option<String> {
    let sums: Vec<String> =
        deals.revenue.iter().map(|(currency, sum)| format!("{sum} {currency}").trim().to_owned()).collect();
    match (deals.won, sums.is_empty()) {
        (0, _) => None,
        (won, true) => Some(count(won, "deal")),
        (_, false) => Some(clean(&sums.join(", "), 120)),
    }
}
