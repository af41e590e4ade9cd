//! Learning and predicting: from the outcomes that are known to a model, and from the model in force to what each lead is predicted.

use rekindle_core::{
    freemail::is_free,
    ids::LeadId,
    prediction::{
        Example, Features, Needed, Prediction, Stood, Trained, absent, features, group_of, seen_at, spoken,
    },
    time::Moment,
};
use rekindle_predict::{FORMAT, Model, Row, Table, fit, judged};
use rekindle_storage::{Result, Store, StoreError, models::New};
use std::collections::BTreeMap;

/// Outcomes that are learnt from, at most: the last ones, for the world changes.
const MOST: u64 = 10_000;
/// Leads whose activities are looked at in one go.
const PAGE: usize = 500;
/// Columns of what leads did, at most: those that most of them did.
const DEEDS: usize = 80;
/// Columns of what was told of them, at most: those that most of them have.
const TOLD: usize = 40;
/// A column that fewer leads have says nothing.
const RARE: usize = 5;

/// What came of a training.
#[derive(Debug, Clone, PartialEq)]
pub enum Training {
    /// A model was trained and kept; whether it is shown stands in it.
    Kept(Trained),
    /// Too little is known to learn from, in words that end a sentence.
    TooLittle(String),
}

/// Learns from the outcomes that are known, and keeps the model. `told` hears how many of so many parts are done.
///
/// # Errors
/// As the database says.
pub async fn train(
    store: &Store,
    needed: &Needed,
    by: &str,
    told: impl Fn(usize, usize) + Send + 'static,
) -> Result<Training> {
    let examples = store.predictions().examples(MOST).await?;
    let Some(since) = examples.iter().map(|example| example.asked_at).min() else {
        return Ok(Training::TooLittle(lacks(needed, 0, 0)));
    };
    let table = table(store, &examples).await?;
    let (won, all) = (table.won() as u64, table.rows.len() as u64);
    // Learning takes seconds of a core: other work of this process goes on meanwhile.
    let learnt = tokio::task::spawn_blocking(move || {
        let judgement = judged(&table, |done, of| told(done, of + 1))?;
        let model = fit(&table)?;
        told(1, 1);
        Ok::<_, rekindle_predict::NotLearnt>((judgement, model))
    });
    let learnt = learnt.await.map_err(|error| StoreError::Unusable(format!("learning broke: {error}")))?;
    let Ok((judgement, model)) = learnt else {
        return Ok(Training::TooLittle(lacks(needed, won, all - won)));
    };
    let why_not = needed.refuses(&judgement);
    let json = serde_json::to_string(&model).map_err(|error| StoreError::Unusable(error.to_string()))?;
    let new = New { by, since, judged: &judgement, why_not: why_not.as_deref(), learnt: &json };
    store.models().keep(new).await.map(Training::Kept)
}

fn lacks(needed: &Needed, won: u64, lost: u64) -> String {
    let few = needed.lacks(won, lost);
    few.unwrap_or_else(|| format!("{won} won and {lost} lost are too few to learn from"))
}

/// The examples as a table: what is known of all leads, and what enough of them did.
async fn table(store: &Store, examples: &[Example]) -> Result<Table> {
    let mut seen: Vec<Features> = Vec::with_capacity(examples.len());
    for page in examples.chunks(PAGE) {
        let leads: Vec<LeadId> = page.iter().map(|example| example.lead).collect();
        let deeds = store.predictions().deeds(&leads).await?;
        seen.extend(page.iter().map(|example| {
            let deeds = deeds.get(&example.lead).map(Vec::as_slice).unwrap_or_default();
            features(example.stood.as_ref(), example.colleagues, deeds, example.asked_at)
        }));
    }
    let columns = columns(&seen);
    let row = |(example, features): (&Example, &Features)| Row {
        values: values(columns.iter().map(String::as_str), features),
        won: example.won,
        group: Some(group_of(example)),
    };
    let rows = examples.iter().zip(&seen).map(row).collect();
    Ok(Table { columns, rows })
}

fn values<'a>(
    columns: impl Iterator<Item = &'a str>,
    features: &Features,
) -> Vec<rekindle_core::prediction::Value> {
    columns.map(|column| features.get(column).cloned().unwrap_or_else(|| absent(column))).collect()
}

/// The columns worth learning from, in order.
fn columns(seen: &[Features]) -> Vec<String> {
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for column in seen.iter().flat_map(Features::keys) {
        *counted.entry(column).or_default() += 1;
    }
    let mut common: Vec<(&str, usize)> = counted.into_iter().filter(|(_, leads)| *leads >= RARE).collect();
    common.sort_by_key(|(_, leads)| std::cmp::Reverse(*leads));
    // Each of its own: of forty fields that a CRM fills in for everybody none may push out what few did, and mattered.
    let (told, others): (Vec<_>, Vec<_>) =
        common.into_iter().partition(|(column, _)| column.starts_with("trait "));
    let (deeds, always): (Vec<_>, Vec<_>) = others.into_iter().partition(|(column, _)| column.contains(' '));
    let kept = always.into_iter().chain(told.into_iter().take(TOLD)).chain(deeds.into_iter().take(DEEDS));
    kept.map(|(column, _)| column.to_owned()).collect()
}

/// A model that predicts.
#[derive(Debug)]
pub(crate) struct Predicting {
    pub(crate) version: i64,
    model: Model,
}

impl Predicting {
    /// The model of this version; none where a program of another version has written it.
    pub(crate) async fn with(store: &Store, version: i64) -> Result<Option<Self>> {
        let Some(json) = store.models().learnt(version).await? else { return Ok(None) };
        let model: Option<Model> = serde_json::from_str(&json).ok();
        Ok(model.filter(|model| model.format == FORMAT).map(|model| Self { version, model }))
    }

    /// Predicts a page of leads as they stand, and keeps it; how many.
    pub(crate) async fn page(&self, store: &Store, ids: &[LeadId]) -> Result<usize> {
        let now = store.clock().calendar();
        let leads = store.leads().by_ids(ids).await?;
        let deeds = store.predictions().deeds(ids).await?;
        let did = |lead: LeadId| deeds.get(&lead).map(Vec::as_slice).unwrap_or_default();
        let stood = leads.iter().map(|lead| {
            let at = seen_at(did(lead.id), now);
            // What changes the lead after it was read is later than this.
            let as_of = lead.last_human_at.map_or(lead.points.at, |at| at.max(lead.points.at));
            (lead.id, at, Stood::of(lead), as_of)
        });
        let stood: Vec<(LeadId, Moment, Stood, Moment)> = stood.collect();
        let domain = |stood: &Stood| stood.domain.clone().filter(|domain| !is_free(domain));
        let mut domains: Vec<String> = stood.iter().filter_map(|(_, _, stood, _)| domain(stood)).collect();
        domains.sort_unstable();
        domains.dedup();
        let people = store.predictions().people_of(&domains).await?;
        let predicted = stood.iter().map(|(lead, at, stood, as_of)| {
            let colleagues = stood.domain.as_ref().and_then(|domain| people.get(domain).copied());
            self.prediction(*lead, &features(Some(stood), colleagues, did(*lead), *at), *as_of)
        });
        let predicted: Vec<Prediction> = predicted.collect();
        store.predictions().keep(&predicted).await?;
        Ok(predicted.len())
    }

    fn prediction(&self, lead: LeadId, features: &Features, as_of: Moment) -> Prediction {
        let values = values(self.model.columns(), features);
        let shares = self.model.shares(&values);
        let named = self.model.columns().zip(shares.iter().map(|share| share.adds));
        Prediction {
            lead,
            chance: self.model.chance(&values),
            reasons: spoken(named, features),
            version: self.version,
            at: as_of,
        }
    }
}
