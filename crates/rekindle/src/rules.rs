//! `rekindle score backtest`, `publish` and `history`: rules of scoring are changed with confidence.
//!
//! The draft is a file: scoring.toml of the data folder, or any other. It is checked as part of the playbook in force, held against what
//! happened, and published with the reason why.

use crate::{
    args,
    exit::{self, Doing, Done, Halt, say},
    files::PLAYBOOK,
    house::House,
    progress,
};
use chrono::TimeDelta;
use comfy_table::{CellAlignment, Table, presets::UTF8_HORIZONTAL_ONLY};
use rekindle_core::{
    backtest::{Judged, Tally, past},
    consent::ConsentState,
    lead::Lead,
    playbook::{Files, Playbook, Playbooks},
    score::Scoring,
    time::Moment,
};
use rekindle_storage::playbooks::Published;
use serde_json::{Value, json};
use std::{
    fmt::Display,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

const FILE: &str = "scoring.toml";

/// How many leads are read at once.
const PAGE: u64 = 1000;

/// How many leads are named that the draft treats otherwise.
const NAMED: usize = 5;

/// The rules in force, and a draft of others.
struct Draft {
    /// Where the draft was read.
    from: String,
    /// The texts of the playbook in force, with the draft in the place of its rules.
    files: Files,
    draft: Playbook,
    present: Playbook,
    /// The text of the rules in force.
    present_text: String,
    version: i64,
}

impl Draft {
    /// Reads and checks it.
    async fn read(house: &House, file: Option<&Path>) -> Result<Self, Halt> {
        let own = house.data.join(PLAYBOOK).join(FILE);
        let path = file.unwrap_or(&own);
        let from = path.display().to_string();
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let help = match file {
                    Some(_) => "",
                    None => "; `rekindle init` writes the shipped one there, to edit",
                };
                return Err(Halt::refused(format!("there is no file {from}{help}")));
            }
            Err(error) => return Err(error).doing(format!("read {from}")),
        };
        let in_force = in_force(house).await?;
        let mut files = in_force.files.clone();
        files.insert(FILE.to_owned(), text);
        let named = |errors: Vec<rekindle_core::read::FileError>| {
            let named = errors.into_iter().map(|mut error| {
                if error.file == FILE {
                    error.file.clone_from(&from);
                }
                error
            });
            Halt::Files(named.collect())
        };
        let draft = Playbook::parse(&files).map_err(named)?;
        match draft.faults(&files) {
            faults if faults.is_empty() => {}
            faults => return Err(named(faults)),
        }
        Self::beside(&in_force, from, files, draft)
    }

    /// A draft that was read, beside what is in force.
    fn beside(in_force: &Published, from: String, files: Files, draft: Playbook) -> Result<Self, Halt> {
        let present = Playbook::parse(&in_force.files).map_err(Halt::Files)?;
        let present_text = in_force.files.get(FILE).cloned().unwrap_or_default();
        Ok(Self { from, files, draft, present, present_text, version: in_force.version })
    }

    fn changes(&self) -> Vec<String> {
        self.draft.scoring.changes_since(&self.present.scoring)
    }
}

async fn in_force(house: &House) -> Result<Published, Halt> {
    let none = || Halt::refused("no playbook is in force yet: `rekindle playbook apply`");
    house.in_force().await?.ok_or_else(none)
}

/// What both rules would have done with the leads that there are.
struct Held {
    days: i64,
    counts: (usize, usize, usize),
    present: Judged,
    draft: Judged,
    /// Who would be hot by the draft alone, and by the rules in force alone: how they are called, and how it ended.
    only_draft: Vec<String>,
    only_present: Vec<String>,
}

/// `score backtest`
///
/// # Errors
/// What is wrong with the draft, or as the database says.
pub async fn backtest(house: &House, asked: &args::Backtest) -> Done {
    let draft = Draft::read(house, asked.file.as_deref()).await?;
    let held = hold(house, &draft, i64::from(asked.days), asked.json).await?;
    if held.counts.0 == 0 {
        return Err(Halt::refused("there is no lead yet that could live through it once more"));
    }
    if asked.json {
        return exit::json(&json!({
            "days": held.days, "leads": held.counts.0, "won": held.counts.1, "lost": held.counts.2,
            "changes": draft.changes(), "present": held.present, "draft": held.draft,
        }));
    }
    exit::data(told(&draft, &held))?;
    say("Nothing was changed. Traits are those of today; what leads did is as it was.");
    Ok(())
}

async fn hold(house: &House, draft: &Draft, days: i64, quiet: bool) -> Result<Held, Halt> {
    let leads = house.store.leads();
    let until = house.store.clock().calendar();
    let from = until - TimeDelta::days(days);
    // What either looks at is loaded.
    let both =
        Playbooks::new(1, Arc::new(draft.present.clone())).with_older(0, Arc::new(draft.draft.clone()));
    let (mut present, mut other) = (Tally::default(), Tally::default());
    let (mut only_draft, mut only_present) = (Vec::new(), Vec::new());
    let size = leads.count().await.doing("count the leads")?;
    let bar = progress::bar(size, "Living it again {bar:30} {pos} of {len} leads, {eta} left", quiet);
    let day = |at: Moment| at.with_timezone(&house.config.team.zone).format("%-d %b").to_string();
    let mut after = None;
    loop {
        let page = leads.page(after, PAGE).await.doing("read the leads")?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        let ids: Vec<_> = page.iter().map(|lead| lead.id).collect();
        let histories = leads.histories(&ids, &both).await.doing("read what leads did")?;
        let ended = leads.ended(&ids, from, until).await.doing("read how it ended with leads")?;
        // Of who objected to being profiled nothing is counted.
        let counts = |lead: &&Lead| {
            lead.email.is_some() && lead.created_at <= until && lead.consent.state != ConsentState::Objected
        };
        for lead in page.iter().filter(counts) {
            let history = histories.get(&lead.id).map(Vec::as_slice).unwrap_or_default();
            let ended = ended.get(&lead.id).copied();
            let end = ended.map_or(until, |ended| ended.at);
            let live = |rules: &Scoring| past(rules, lead, history, from, end);
            let (was, would) = (live(&draft.present.scoring), live(&draft.draft.scoring));
            match (was.hot_at, would.hot_at) {
                (None, Some(at)) => name(&mut only_draft, lead, day(at), ended.map(|ended| ended.won)),
                (Some(at), None) => name(&mut only_present, lead, day(at), ended.map(|ended| ended.won)),
                _ => {}
            }
            present.add(was, ended);
            other.add(would, ended);
        }
        bar.inc(page.len() as u64);
    }
    bar.finish_and_clear();
    Ok(Held {
        days,
        counts: present.counts(),
        present: present.judge(),
        draft: other.judge(),
        only_draft,
        only_present,
    })
}

fn name(named: &mut Vec<String>, lead: &Lead, day: String, won: Option<bool>) {
    if named.len() < NAMED {
        let end = match won {
            Some(true) => ", won",
            Some(false) => ", lost",
            None => "",
        };
        let address = lead.email.as_ref().map(ToString::to_string).unwrap_or_default();
        named.push(format!("{address} ({day}{end})"));
    }
}

fn told(draft: &Draft, held: &Held) -> String {
    let (leads, won, lost) = held.counts;
    let mut said = vec![format!(
        "The last {} once more, with {}: {won} won, {lost} lost.",
        many(held.days, "day"),
        many(leads, "lead")
    )];
    let changes = draft.changes();
    match changes.is_empty() {
        true => said.push(format!("{} says the same as the rules in force.", draft.from)),
        false => {
            said.push(format!("{} against version {}, which is in force:", draft.from, draft.version));
            said.extend(changes.iter().map(|change| format!("  {change}")));
        }
    }
    said.push(figures(held).to_string());
    match won {
        0 => said
            .push("Nobody was won in this time: how well points tell who will be cannot be said.".to_owned()),
        _ => {
            said.push("Tenths of the leads, those with the most points first:".to_owned());
            said.push(tenths(held).to_string());
        }
    }
    for (what, named) in [
        ("Hot by the draft alone", &held.only_draft),
        ("Hot by the rules in force alone", &held.only_present),
    ] {
        if !named.is_empty() {
            said.push(format!("{what}, among others: {}.", named.join(", ")));
        }
    }
    said.join("\n")
}

/// "1 lead", "7 leads".
fn many<N: Display + PartialEq + From<u8>>(count: N, what: &str) -> String {
    if count == N::from(1) { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn figures(held: &Held) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header(["", "in force", "draft", ""]);
    let (one, other) = (&held.present, &held.draft);
    let mut count = |what: &str, of: fn(&Judged) -> usize| {
        let (before, after) = (of(one), of(other));
        let more = i64::try_from(after).unwrap_or(0) - i64::try_from(before).unwrap_or(0);
        let more = if more == 0 { String::new() } else { format!("{more:+}") };
        table.add_row([what.to_owned(), before.to_string(), after.to_string(), more]);
    };
    count("leads that turned hot", |judged| judged.hot);
    count("alerts for the team", |judged| judged.alerts);
    count("hot, and won after it", |judged| judged.hot_won);
    count("hot, and lost after it", |judged| judged.hot_lost);
    let mut share = |what: &str, said: fn(f64) -> String, of: fn(&Judged) -> Option<f64>| {
        let say = |judged| of(judged).map_or_else(|| "-".to_owned(), said);
        table.add_row([what.to_owned(), say(one), say(other), String::new()]);
    };
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    share("precision: won, of the hot whose end is known", percent, |judged| judged.precision);
    share("recall: hot before, of all who were won", percent, |judged| judged.recall);
    share(
        "days from hot to won, half of them at least",
        |days| format!("{days:.1}"),
        |judged| judged.days_before,
    );
    to_the_right(&mut table);
    table
}

fn tenths(held: &Held) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header(["", "won, in force", "lift", "won, draft", "lift"]);
    let lift = |lift: Option<f64>| lift.map_or_else(|| "-".to_owned(), |lift| format!("{lift:.1}x"));
    for (number, (one, other)) in held.present.deciles.iter().zip(&held.draft.deciles).enumerate() {
        table.add_row([
            format!("{}.", number + 1),
            format!("{:.1}", one.won),
            lift(one.lift),
            format!("{:.1}", other.won),
            lift(other.lift),
        ]);
    }
    to_the_right(&mut table);
    table
}

fn to_the_right(table: &mut Table) {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

/// `score publish`
///
/// # Errors
/// What is wrong with the draft, or as the database and the folder say.
pub async fn publish(house: &House, asked: &args::Publish) -> Done {
    let draft = match asked.again {
        None => Draft::read(house, asked.file.as_deref()).await?,
        Some(version) => of_version(house, version).await?,
    };
    let changes = draft.changes();
    if changes.is_empty() {
        say(format_args!("Nothing has changed: these are the rules in force, version {}.", draft.version));
        return Ok(());
    }
    // First the folder: whoever applies it later must not bring the old rules back.
    let own = house.data.join(PLAYBOOK).join(FILE);
    let text = draft.files.get(FILE).cloned().unwrap_or_default();
    fs::create_dir_all(house.data.join(PLAYBOOK)).doing("make the playbook's folder")?;
    if let Some(kept) = keep_draft(&own, &text, &draft.present_text).doing("keep the draft of the folder")? {
        say(format_args!("The draft that was in {} is kept as {}.", own.display(), kept.display()));
    }
    fs::write(&own, text).doing(format!("write {}", own.display()))?;
    let version =
        house.store.publish_playbook(&draft.files, asked.note.as_deref()).await.doing("keep the playbook")?;
    let all = house.store.segments().count_outdated(&draft.draft).await.doing("count the leads")?;
    exit::data(changes.join("\n"))?;
    say(format_args!(
        "Version {version} is in force. The worker counts {} anew, beside its work; `rekindle score history` says how far it is. \
         Nobody turns hot by new rules alone: whoever does something next is looked at by them.",
        many(all, "lead")
    ));
    Ok(())
}

/// Sets aside the folder's own draft where it says something that is neither in force nor about to be; its new name.
fn keep_draft(own: &Path, published: &str, present: &str) -> io::Result<Option<PathBuf>> {
    let draft = match fs::read_to_string(own) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        draft => draft?,
    };
    if [published, present].contains(&draft.as_str()) {
        return Ok(None);
    }
    let free = (1..).map(|number| own.with_extension(format!("toml.{number}~")));
    let Some(kept) = free.into_iter().find(|path| !path.exists()) else { return Ok(None) };
    fs::rename(own, &kept)?;
    Ok(Some(kept))
}

/// The rules of an earlier version, as a draft.
async fn of_version(house: &House, version: i64) -> Result<Draft, Halt> {
    let versions = house.store.playbook_versions().await.doing("read the playbook")?;
    let Some(meant) = versions.iter().find(|one| one.version == version) else {
        let newest = versions.first().map_or(0, |one| one.version);
        return Err(Halt::refused(format!("there is no version {version}; the newest is {newest}")));
    };
    let in_force = in_force(house).await?;
    let mut files = in_force.files.clone();
    files.extend(meant.files.get_key_value(FILE).map(|(file, text)| (file.clone(), text.clone())));
    let draft = Playbook::parse(&files).map_err(Halt::Files)?;
    Draft::beside(&in_force, format!("version {version}"), files, draft)
}

/// `score history`
///
/// # Errors
/// As the database says.
pub async fn history(house: &House, as_json: bool) -> Done {
    let versions = house.store.playbook_versions().await.doing("read the playbook")?;
    let mut entries: Vec<(&Published, Vec<String>)> = Vec::new();
    let mut before: Option<Scoring> = None;
    for version in versions.iter().rev() {
        let Ok(playbook) = Playbook::parse(&version.files) else { continue };
        let changes = before.as_ref().map(|before| playbook.scoring.changes_since(before));
        if changes.as_ref().is_none_or(|changes| !changes.is_empty()) {
            entries.push((version, changes.unwrap_or_default()));
        }
        before = Some(playbook.scoring);
    }
    entries.reverse();
    let playbooks = house.store.playbooks().await.doing("read the playbook")?;
    let behind = house.store.segments().count_outdated(playbooks.current()).await.doing("count the leads")?;
    if as_json {
        let listed: Vec<Value> = entries
            .iter()
            .map(|(version, changes)| {
                json!({"version": version.version, "at": version.at, "note": version.note, "changes": changes})
            })
            .collect();
        return exit::json(&json!({"versions": listed, "counted_by_older_rules": behind}));
    }
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header(["Version", "In force since", "Why", "What changed"]);
    let zone = house.config.team.zone;
    for (version, changes) in &entries {
        let changed = match changes.is_empty() {
            true => "the first rules".to_owned(),
            false => changes.join("\n"),
        };
        table.add_row([
            version.version.to_string(),
            version.at.with_timezone(&zone).format("%a %-d %b %Y, %H:%M").to_string(),
            version.note.clone().unwrap_or_default(),
            changed,
        ]);
    }
    exit::data(&table)?;
    match behind {
        0 => say("Every lead is counted by the rules in force."),
        1 => say("1 lead is still counted by older rules; the worker is at it."),
        many => say(format_args!("{many} leads are still counted by older rules; the worker is at it.")),
    }
    Ok(())
}
