//! Whoever said no to another system is not written to by ours: an export with its columns of refusal, and a year of every plan.

use chrono::TimeDelta;
use rekindle::import::{Import, Options, Row};
use rekindle_core::{
    arrival::{Arrival, Received},
    desk,
    ids::LeadId,
    time::Clock,
};
use rekindle_mail::{memory::Memory, templates::Templates, transport::Transport};
use rekindle_storage::Store;
use rekindle_tests::{clock::ManualClock, indoors};
use rekindle_worker::Worker;
use std::{collections::HashSet, fmt::Write, sync::Arc};

/// How many rows of X Education's file say no, and in which column (mail-rules L7).
const REFUSING: [(&str, &str, usize); 4] = [
    ("Yes", "Page Visited on Website", 734),
    ("No", "Unsubscribed", 61),
    ("No", "Email Bounced", 326),
    ("No", "Email Marked Spam", 2),
];

/// An export as X Education makes it: its columns, its counts of refusals (a tenth of them, in a short run), and some who
/// did not refuse.
fn export() -> (String, usize) {
    let share = if std::env::var_os("REKINDLE_LONG").is_some() { 1 } else { 10 };
    let mut text =
        "Prospect ID,Lead Number,Lead Origin,Do Not Email,Do Not Call,Converted,Last Activity,Country\n"
            .to_owned();
    let (mut number, mut refusing) = (0, 0);
    let mut row = |email: &str, activity: &str| {
        number += 1;
        writeln!(text, "p{number},{number},API,{email},No,0,{activity},India").unwrap();
    };
    for (email, activity, count) in REFUSING {
        for _ in 0..count.div_ceil(share) {
            refusing += 1;
            row(email, activity);
        }
    }
    (0..20).for_each(|_| row("No", "Email Opened"));
    (text, refusing)
}

#[tokio::test(flavor = "multi_thread")]
async fn l7_who_refused_elsewhere_gets_no_mail_in_a_year_of_every_plan() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at("2026-11-02T09:00:00Z".parse().unwrap()));
    let url = format!("sqlite://{}/r.db", folder.path().display());
    let store = Store::open(&url, clock.clone()).await.unwrap();
    let nowhere = std::path::Path::new("/nowhere");
    let playbook = rekindle::files::playbook_files(nowhere).unwrap();
    store.apply_playbook(&playbook).await.unwrap();
    let playbooks = store.playbooks().await.unwrap();
    let templates = || Templates::load(&rekindle::files::template_files(nowhere).unwrap()).unwrap();

    let (text, refusing) = export();
    let file = folder.path().join("leads.csv");
    std::fs::write(&file, &text).unwrap();
    let options = Options {
        email_from: Some("row{n}@leads.test".to_owned()),
        basis: Some("X Education sign-up".to_owned()),
        ..Options::default()
    };
    let rows = |options: &Options| -> Vec<Arrival> {
        let rows = Import::open(&file, options, clock.calendar()).unwrap();
        rows.map(|row| match row.unwrap() {
            Row::Lead(arrival) => *arrival,
            Row::Bad(bad) => panic!("{bad:?}"),
        })
        .collect()
    };
    let arrivals = rows(&options);
    let received = store.leads().observe(&arrivals, &playbooks).await.unwrap();
    let leads: Vec<LeadId> = received
        .into_iter()
        .map(|one| match one {
            Received::Stored(lead) => lead,
            other => panic!("{other:?}"),
        })
        .collect();
    // A later import that says nothing of refusals, with another basis, takes none back.
    std::fs::write(
        &file,
        (1..=leads.len()).fold("Email\n".to_owned(), |all, n| format!("{all}row{n}@leads.test\n")),
    )
    .unwrap();
    let again = Options { basis: Some("a list that was bought".to_owned()), ..Options::default() };
    store.leads().observe(&rows(&again), &playbooks).await.unwrap();

    let memory = Memory::default();
    let settings = indoors::settings(Transport::Memory(memory.clone()));
    let mut worker = Worker::new(store.clone(), settings, templates());
    for month in 0..12 {
        for name in playbooks.current().sequences.keys() {
            let enroll =
                |scene: &rekindle_core::scene::Scene, now| desk::enroll(scene, name, &playbooks, now).ok();
            store.leads().decide_all(&leads, &playbooks, enroll).await.unwrap();
        }
        for _ in 0..if month == 0 { 30 } else { 3 } {
            clock.forward(TimeDelta::days(if month == 0 { 1 } else { 10 }));
            worker.tick().await.unwrap();
        }
    }
    let mailed: HashSet<String> = memory.kept().into_iter().map(|mail| mail.rcpt).collect();
    let refused: Vec<String> = (1..=refusing).map(|n| format!("row{n}@leads.test")).collect();
    assert!(refused.iter().all(|address| !mailed.contains(address)));
    let others =
        (refusing + 1..=leads.len()).filter(|n| mailed.contains(&format!("row{n}@leads.test"))).count();
    assert_eq!(others, 20, "those who did not refuse were written to: {mailed:?}");
}
