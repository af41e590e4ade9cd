//! `score`: one arm a verb; and `score train`, `score models`, `score rollback`, what predicts who will be won.

use crate::{
    args,
    exit::{self, Doing, Done, Halt, say},
    house::House,
    progress, rules, tell,
};
use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};
use rekindle_core::{prediction::Trained, time::Moment};
use rekindle_report::calibration;
use rekindle_worker::learning::{Training, train};
use serde_json::{Value, json};

/// Runs one of them.
///
/// # Errors
/// What is refused, and as the database says.
pub async fn run(house: &House, asked: &args::Score) -> Done {
    match asked {
        args::Score::Explain(of) => tell::score(house, &of.email, of.json).await,
        args::Score::Backtest(asked) => rules::backtest(house, asked).await,
        args::Score::Publish(asked) => rules::publish(house, asked).await,
        args::Score::History { json } => rules::history(house, *json).await,
        args::Score::Train { json } => learn(house, *json).await,
        args::Score::Models { json } => models(house, *json).await,
        args::Score::Rollback { to } => {
            let model = house.store.models().roll_back(*to).await;
            let model = model.map_err(|error| tell::refused(error, house))?;
            say(format_args!(
                "Model {} is in force again. Cards follow within seconds, other leads by night; the next training replaces it.",
                model.version
            ));
            Ok(())
        }
    }
}

async fn learn(house: &House, as_json: bool) -> Done {
    let bar = progress::bar(6, "learns {bar:40} {pos}/{len}, {eta} left", as_json);
    let moved = bar.clone();
    let told = move |done: usize, _: usize| moved.set_position(done as u64);
    let trained = train(&house.store, &house.config.prediction.needed(), "terminal", told).await;
    bar.finish_and_clear();
    let model = match trained.doing("learn")? {
        Training::TooLittle(why) => {
            return Err(Halt::refused(format!("nothing can be learnt yet: {why}")));
        }
        Training::Kept(model) => model,
    };
    if as_json {
        return exit::json(&as_data(&model));
    }
    exit::data(calibration::words(&model, house.config.team.zone).join("\n"))?;
    exit::data(format_args!("\n{}", calibration::letters(&model.judged.bands).join("\n")))?;
    match &model.why_not {
        None => say(format_args!(
            "Model {} is in force: cards show its predictions within seconds.",
            model.version
        )),
        Some(why) => say(format_args!("Model {} is kept, and nothing is shown: {why}.", model.version)),
    }
    Ok(())
}

async fn models(house: &House, as_json: bool) -> Done {
    let models = house.store.models().all().await.doing("read the models")?;
    if as_json {
        return exit::json(&models.iter().map(as_data).collect::<Vec<_>>());
    }
    if models.is_empty() {
        let (won, lost) = house.store.predictions().outcomes().await.doing("count the outcomes")?;
        let why = house.config.prediction.needed().lacks(won, lost);
        let why = why.unwrap_or_else(|| "enough outcomes are known: rekindle score train".to_owned());
        say(format_args!("No model was trained yet; {why}."));
        return Ok(());
    }
    let zone = house.config.team.zone;
    let date = |at: Moment| at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string();
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_header(["Model", "Trained", "By", "Outcomes", "Won", "AUC", "Brier", "Stands"]);
    for model in &models {
        table.add_row([
            model.version.to_string(),
            date(model.at),
            model.by.clone(),
            model.judged.outcomes.to_string(),
            model.judged.won.to_string(),
            format!("{:.3}", model.judged.auc),
            format!("{:.3}", model.judged.brier),
            match (&model.why_not, model.in_force) {
                (Some(why), _) => format!("not shown: {why}"),
                (None, true) => "in force".to_owned(),
                (None, false) => "good, replaced".to_owned(),
            },
        ]);
    }
    exit::data(table)
}

fn as_data(model: &Trained) -> Value {
    json!({
        "version": model.version,
        "at": model.at,
        "by": model.by,
        "since": model.since,
        "outcomes": model.judged.outcomes,
        "won": model.judged.won,
        "auc": model.judged.auc,
        "brier": model.judged.brier,
        "bands": model.judged.bands,
        "why_not": model.why_not,
        "in_force": model.in_force,
    })
}
