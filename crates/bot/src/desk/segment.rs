//! `/segment`: who answers a question, and questions that are kept under a name.

use super::Desk;
use crate::{
    command::Segment as Asked,
    reply::Reply,
    table::table,
    wording::{clean, count, moment},
};
use rekindle_core::{
    lead::Lead,
    nearest::did_you_mean,
    playbook::Playbook,
    refusal::Refusal,
    segment::Predicate,
    team::{Handle, Member},
};
use rekindle_storage::{Result, segments::Counted};
use serde_json::json;

/// How many are named beside a count, and how many a sample has.
const NAMED: u64 = 5;
const SAMPLED: u64 = 10;

impl Desk {
    pub(super) async fn segment(&self, member: &Member, asked: &Asked) -> Result<Reply> {
        let playbooks = self.store.load_playbooks().await?;
        let playbook = playbooks.current();
        match asked {
            Asked::Count { segment } => {
                let (name, question) = playbook.question(segment)?;
                self.counted(&name, &question, playbook).await
            }
            Asked::Show { segment } => {
                let (name, question) = playbook.question(segment)?;
                let written = match playbook.saved.get(&name) {
                    Some(kept) => kept.to_string(),
                    None => question.to_string(),
                };
                let mut said = format!("“{}” asks: {}", clean(&name, 200), clean(&written, 2000));
                if written != question.to_string() {
                    said.push_str(&format!("\nWritten out: {}", clean(&question.to_string(), 2000)));
                }
                if let Some(saved) = self.store.segments().saved().await?.iter().find(|one| one.name == name)
                {
                    let at = moment(saved.at, self.store.clock().wall(), self.settings.zone);
                    said.push_str(&format!("\nSaved by {}, {at}.", clean(&saved.by, 60)));
                }
                let counted = self.counted(&name, &question, playbook).await?;
                said.push_str(&format!("\n{}", counted.text));
                let data = counted.data.unwrap_or_default();
                Ok(Reply::done(said).with_data(data))
            }
            Asked::List => Ok(self.listed(playbook).await?),
            Asked::Sample { segment } => {
                let (name, question) = playbook.question(segment)?;
                self.sampled(&name, &question, playbook).await
            }
            Asked::Export { segment } => {
                let (name, _) = playbook.question(segment)?;
                let asked: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
                let link =
                    format!("{}/segments.csv?q={asked}", self.settings.public_url.trim_end_matches('/'));
                Ok(Reply::done(format!(
                    "The list, as a file for spreadsheets: {link}\nIt is made when it is opened, by whoever is signed in (/rekindle dashboard)."
                ))
                .with_data(json!({ "url": link })))
            }
            Asked::Save { name, question } => {
                let (name, kept) = playbook.may_save(name, question)?;
                let changed = playbook.saved.contains_key(&name);
                self.store.segments().save(&name, &kept, &member.handle).await?;
                let playbooks = self.store.playbooks().await?;
                let (_, question) = playbooks.current().question(&name)?;
                let counted = self.counted(&name, &question, playbooks.current()).await?;
                let how = if changed { "Changed" } else { "Saved" };
                let said = format!(
                    "{how}. {}\nUse it by its name: /campaign preview SEQUENCE \"{}\"",
                    counted.text,
                    clean(&name, 60)
                );
                Ok(Reply::done(said).with_data(counted.data.unwrap_or_default()))
            }
            Asked::Forget { segment } => {
                let known = playbook.saved.keys().find(|name| name.eq_ignore_ascii_case(segment.trim()));
                let unknown = || Refusal::Unknown {
                    what: "segment",
                    name: clean(segment, 80),
                    help: match playbook.segment(segment.trim()) {
                        Some(_) => " among those that were saved: it is one of the playbook's".to_owned(),
                        None => did_you_mean(segment, playbook.saved.keys().map(String::as_str)),
                    },
                };
                let name = known.ok_or_else(unknown)?;
                let needed =
                    playbook.saved.iter().find(|(_, other)| other.refers().any(|refers| refers == name));
                if let Some((other, _)) = needed {
                    let text =
                        format!("“{}” asks for it: forget or change that one first.", clean(other, 60));
                    return Err(Refusal::Not { code: "needed", text }.into());
                }
                self.store.segments().forget(name).await?;
                Ok(Reply::done(format!("“{}” is forgotten; its leads stay as they are.", clean(name, 60))))
            }
        }
    }

    async fn counted(&self, name: &str, question: &Predicate, playbook: &Playbook) -> Result<Reply> {
        let now = self.store.clock().calendar();
        let segments = self.store.segments();
        let Counted { leads, mailable } = segments.count(question, playbook, now).await?;
        let some = segments.sample(question, playbook, now, NAMED).await?;
        let named: Vec<String> = some.iter().map(|lead| clean(lead.called(), 60)).collect();
        let mut said = format!("“{}”: {}, {mailable} may be mailed.", clean(name, 200), count(leads, "lead"));
        if !named.is_empty() {
            let and_more = if leads > some.len() as i64 { ", …" } else { "" };
            said.push_str(&format!(" {}{and_more}", named.join(", ")));
        }
        if !segments.outdated(playbook, 1).await?.is_empty() {
            said.push_str("\nThe rules have changed: points are still being counted by the new ones.");
        }
        let data = json!({
            "segment": name,
            "leads": leads,
            "mailable": mailable,
            "sample": some.iter().map(|lead| lead.id.to_string()).collect::<Vec<_>>(),
        });
        Ok(Reply::done(said).with_data(data))
    }

    async fn listed(&self, playbook: &Playbook) -> Result<Reply> {
        let saved = self.store.segments().saved().await?;
        let row = |name: &str, question: String, from: String| [name.to_owned(), question, from];
        let mut rows: Vec<[String; 3]> = playbook
            .segments
            .iter()
            .map(|(name, question)| match saved.iter().find(|one| one.name == *name) {
                Some(one) if playbook.saved.contains_key(name) => {
                    row(name, one.question.clone(), format!("saved by {}", one.by))
                }
                _ => row(name, question.to_string(), "the playbook".to_owned()),
            })
            .collect();
        // What the files took over since, or what asks for a segment that is gone.
        let asked = |name: &str| playbook.saved.contains_key(name) && playbook.segment(name).is_some();
        for one in saved.iter().filter(|one| !asked(&one.name)) {
            rows.push(row(
                &one.name,
                one.question.clone(),
                format!("saved by {}, not asked any more", one.by),
            ));
        }
        let data =
            rows.iter().map(|[name, question, from]| json!({"name": name, "when": question, "from": from}));
        let data = data.collect::<Vec<_>>().into();
        Ok(Reply::table(table(["segment", "asks", "from"], &rows)).with_data(data))
    }

    async fn sampled(&self, name: &str, question: &Predicate, playbook: &Playbook) -> Result<Reply> {
        let now = self.store.clock().calendar();
        let some = self.store.segments().sample(question, playbook, now, SAMPLED).await?;
        if some.is_empty() {
            return Ok(Reply::done(format!("Nobody is in “{}”.", clean(name, 200))).with_data(json!([])));
        }
        let row = |lead: &Lead| {
            let stands = playbook.scoring.standing(lead, now);
            [
                lead.called().to_owned(),
                lead.company.clone().unwrap_or_default(),
                stands.score.to_string(),
                stands.grade.to_owned(),
                lead.owner.as_ref().map(Handle::name).unwrap_or_default(),
            ]
        };
        let rows: Vec<[String; 5]> = some.iter().map(row).collect();
        let data = some.iter().map(|lead| lead.id.to_string()).collect::<Vec<_>>();
        Ok(Reply::table(table(["lead", "company", "score", "grade", "owner"], &rows)).with_data(json!(data)))
    }
}
