//! A campaign is previewed, launched once, held, resumed and stopped.

use std::collections::HashSet;

use chrono::TimeDelta;
use rekindle_core::{
    activity::{Kind, names},
    arrival::Arrival,
    campaign::{Campaign, CampaignState, Caution, FirstOnes, Forecast, Subjects, Wave},
    enrollment::{Ended, RunState},
    ids::LeadId,
    time::Moment,
};
use rekindle_storage::campaigns::{Previewed, Reason, Whom};
use rekindle_tests::{on_both, stores::Home};
use tokio::task::JoinSet;

use crate::{
    house::{House, member},
    told::unsubscribe,
};

on_both!(
    a_preview_launches_nothing,
    two_launches_at_once_are_one,
    nobody_is_twice_in_one_sequence,
    hold_resume_and_stop,
    the_first_begin_the_rest_after_the_look_and_nobody_twice,
    keila_273_the_exact_remainder_after_hold_and_restart,
    who_comes_to_match_begins_what_follows_the_segment,
    every_count_has_its_list,
    what_came_of_it_is_counted_by_people,
    a_preview_that_nobody_confirms_is_forgotten,
    what_was_typed_for_a_campaign_goes_with_its_mails_and_no_others,
);

async fn leads(house: &House, count: usize) -> Vec<LeadId> {
    let mut leads = Vec::new();
    for _ in 0..count {
        leads.push(house.lead().await);
    }
    leads
}

async fn previewed(house: &House, audience: Vec<(LeadId, Option<String>)>) -> Campaign {
    let mut preview = house.store.campaigns().begin_preview();
    preview.add(audience).await.unwrap();
    preview.keep(at_everyone()).await.unwrap()
}

fn at_everyone() -> Previewed {
    Previewed {
        sequence: "plain".to_owned(),
        segment: "everyone".to_owned(),
        follows: false,
        subjects: Subjects::default(),
        version: 1,
        by: member("mia").handle,
        forecast: Forecast::default(),
    }
}

async fn a_preview_launches_nothing(home: Home) {
    let house = House::of(home).await;
    let leads = leads(&house, 5).await;
    let out = |lead, why: &str| (lead, Some(why.to_owned()));
    let audience = vec![
        (leads[0], None),
        (leads[1], None),
        out(leads[2], "archived"),
        out(leads[3], "no e-mail address"),
        out(leads[4], "archived"),
    ];
    let draft = previewed(&house, audience).await;
    assert_eq!((draft.counted_in, draft.counted_out, draft.state), (2, 3, CampaignState::Draft));
    let campaigns = house.store.campaigns();
    let reason = |why: &str, count| Reason { why: why.to_owned(), count };
    let reasons = campaigns.reasons_out(draft.id).await.unwrap();
    assert_eq!(reasons, [reason("archived", 2), reason("no e-mail address", 1)]);
    assert_eq!(campaigns.launched(10).await.unwrap(), []);
    assert!(campaigns.named("plain").await.is_err(), "a preview is not yet a campaign");
    assert!(house.store.runs().due(house.now(), 10).await.unwrap().is_empty());
    assert!(
        house.store.cards().campaigns_behind("console", Moment::UNIX_EPOCH, 10).await.unwrap().is_empty()
    );

    let mia = member("mia").handle;
    let launched = campaigns.launch(draft.id, &mia, &Caution::NONE).await.unwrap();
    assert_eq!(campaigns.named("plain").await.unwrap(), launched);
    assert_eq!(campaigns.named(&draft.id.to_string()).await.unwrap(), launched);
    let due: HashSet<LeadId> = house.store.runs().due(house.now(), 10).await.unwrap().into_iter().collect();
    assert_eq!(due, leads[..2].iter().copied().collect());
    let (_, runs) = campaigns.progress(draft.id).await.unwrap();
    assert_eq!(runs, [reason("due", 2)]);
    assert_eq!(
        house.store.cards().campaigns_behind("console", Moment::UNIX_EPOCH, 10).await.unwrap().len(),
        1
    );
    assert!(campaigns.finished().await.unwrap().is_empty());

    let old = previewed(&house, vec![(leads[3], None)]).await;
    house.clock().forward(TimeDelta::hours(25));
    let refused = campaigns.launch(old.id, &mia, &Caution::NONE).await.unwrap_err();
    assert_eq!(refused.refusal().unwrap().code(), "preview_too_old");
}

async fn two_launches_at_once_are_one(home: Home) {
    let house = House::of(home).await;
    let stores = [house.store.clone(), house.home.open().await];
    let leads = leads(&house, 3).await;
    for _ in 0..10 {
        let draft = previewed(&house, leads.iter().map(|lead| (*lead, None)).collect()).await;
        let mut launching = JoinSet::new();
        for store in stores.clone() {
            launching.spawn(async move {
                store.campaigns().launch(draft.id, &member("mia").handle, &Caution::NONE).await
            });
        }
        let (won, lost): (Vec<_>, Vec<_>) = launching.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1, "{lost:?}");
        assert_eq!(lost[0].as_ref().unwrap_err().refusal().unwrap().code(), "already_launched");
        assert_eq!(house.store.runs().live_in(draft.id).await.unwrap(), 3);
        house.store.campaigns().moved(draft.id, Campaign::stop).await.unwrap();
    }
}

/// Two campaigns of one sequence, launched at once at the same leads.
async fn nobody_is_twice_in_one_sequence(home: Home) {
    let house = House::of(home).await;
    let stores = [house.store.clone(), house.home.open().await];
    let leads = leads(&house, 40).await;
    for round in 0..6 {
        let everybody = || leads.iter().map(|lead| (*lead, None)).collect();
        let drafts = [previewed(&house, everybody()).await, previewed(&house, everybody()).await];
        let mut launching = JoinSet::new();
        for (store, draft) in stores.clone().into_iter().zip(&drafts) {
            let id = draft.id;
            launching.spawn(async move {
                store.campaigns().launch(id, &member("mia").handle, &Caution::NONE).await.unwrap();
            });
        }
        launching.join_all().await;
        let mut live = 0;
        for draft in &drafts {
            live += house.store.runs().live_in(draft.id).await.unwrap();
            house.store.campaigns().moved(draft.id, Campaign::stop).await.unwrap();
        }
        assert_eq!(live, 40, "round {round}");
    }
}

async fn hold_resume_and_stop(home: Home) {
    let house = House::of(home).await;
    let leads = leads(&house, 2).await;
    let draft = previewed(&house, leads.iter().map(|lead| (*lead, None)).collect()).await;
    let campaigns = house.store.campaigns();
    campaigns.launch(draft.id, &member("mia").handle, &Caution::NONE).await.unwrap();
    // The mail of the first is in the outbox, the second's run looks again in an hour.
    house.step(leads[0]).await;
    let held = campaigns.moved(draft.id, Campaign::hold).await.unwrap();
    assert_eq!(held.state, CampaignState::Held);
    assert_eq!(
        campaigns.moved(draft.id, Campaign::hold).await.unwrap_err().refusal().unwrap().code(),
        "wrong_state"
    );
    house.step(leads[1]).await;
    let run = house.run(leads[1], "plain").await;
    assert_eq!(run.state, RunState::Due { at: house.now() + TimeDelta::hours(1) });
    assert_eq!(run.reason.as_deref(), Some("the campaign is held"));
    house.clock().forward(TimeDelta::minutes(5));
    let resumed = campaigns.moved(draft.id, Campaign::resume).await.unwrap();
    assert_eq!((resumed.state, resumed.revision), (CampaignState::Running, held.revision + 1));
    assert_eq!(house.run(leads[1], "plain").await.state, RunState::Due { at: house.now() });
    // Stopped: all its runs are over, and nobody is due.
    campaigns.moved(draft.id, Campaign::stop).await.unwrap();
    for lead in leads {
        let run = house.run(lead, "plain").await;
        assert_eq!((run.state.word(), run.reason.as_deref()), ("stopped", Some("the campaign was stopped")));
        let ended_now = |at| at == house.now();
        assert!(matches!(run.state, RunState::Ended { how: Ended::Stopped, at, .. } if ended_now(at)));
    }
    assert!(house.store.runs().due(house.now(), 10).await.unwrap().is_empty());
    assert_eq!(house.store.runs().next_due().await.unwrap(), None);
    // One that has nothing left to do is finished.
    let lead = house.lead().await;
    let short = previewed(&house, vec![(lead, None)]).await;
    campaigns.launch(short.id, &member("mia").handle, &Caution::NONE).await.unwrap();
    house
        .decide(lead, |scene, now| Ok(rekindle_core::desk::stop(scene, &member("ana").handle, false, now)))
        .await
        .unwrap();
    assert_eq!(campaigns.finished().await.unwrap(), [short.id]);
    assert_eq!(campaigns.moved(short.id, |c| Ok(c.done())).await.unwrap().state, CampaignState::Done);
    assert!(campaigns.finished().await.unwrap().is_empty());
}

const FEW: Caution = Caution { second_person_above: 0, first: 3, pause: TimeDelta::minutes(10) };

fn everybody(leads: &[LeadId]) -> Vec<(LeadId, Option<String>)> {
    leads.iter().map(|lead| (*lead, None)).collect()
}

async fn the_first_begin_the_rest_after_the_look_and_nobody_twice(home: Home) {
    let house = House::of(home).await;
    let leads = leads(&house, 10).await;
    let campaigns = house.store.campaigns();
    let draft = previewed(&house, everybody(&leads)).await;
    let launched = campaigns.launch(draft.id, &member("mia").handle, &FEW).await.unwrap();
    assert_eq!((launched.wave, launched.first), (Wave::First, 3));
    assert_eq!(house.store.runs().live_in(draft.id).await.unwrap(), 3);
    assert!(!campaigns.begin_rest(draft.id).await.unwrap(), "the rest waits for the look");
    assert!(campaigns.finished().await.unwrap().is_empty());
    // Like the rest: not the first three who became known.
    let first = house.store.runs().due(house.now(), 100).await.unwrap();
    let mut order = leads.clone();
    order.sort_unstable();
    assert_eq!(first, [order[2], order[5], order[8]]);
    assert_eq!(campaigns.first_ones(draft.id, house.now()).await.unwrap(), (FirstOnes::default(), false));
    // One of them is gone before the rest begins: nobody begins anew.
    house
        .decide(first[0], |scene, now| {
            Ok(rekindle_core::desk::stop(scene, &member("ana").handle, false, now))
        })
        .await
        .unwrap();
    campaigns.moved(draft.id, Campaign::send_rest).await.unwrap();
    assert_eq!(house.store.runs().live_in(draft.id).await.unwrap(), 9);
    let (_, runs) = campaigns.progress(draft.id).await.unwrap();
    assert_eq!(runs.iter().map(|run| run.count).sum::<i64>(), 10, "each once: {runs:?}");
    assert_eq!(campaigns.named(&draft.id.to_string()).await.unwrap().wave, Wave::All);
}

/// More than one batch, held in between, and gone on with by another process.
async fn keila_273_the_exact_remainder_after_hold_and_restart(home: Home) {
    let house = House::of(home).await;
    let lead = house.lead().await;
    let shoulder = house.shoulder().await;
    // So many that three batches are needed: copies of one lead, by ids of their own.
    let (id, from) = match shoulder.is_postgres() {
        true => ("gen_random_uuid()", "generate_series(1, 4999)"),
        false => (
            "randomblob(16)",
            "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4999) SELECT i FROM n)",
        ),
    };
    let columns: Vec<String> = match shoulder.is_postgres() {
        true => shoulder.column("SELECT column_name::text FROM information_schema.columns WHERE table_name = 'lead' AND column_name <> 'id'").await,
        false => shoulder.column("SELECT name FROM pragma_table_info('lead') WHERE name <> 'id'").await,
    };
    let columns = columns.join(", ");
    shoulder
        .run(&format!(
            "INSERT INTO lead (id, {columns}) SELECT {id}, {columns} FROM lead CROSS JOIN {from} AS many"
        ))
        .await;
    let mut audience = Vec::new();
    let mut after = None;
    while let Some(last) = house.store.leads().page(after, 1000).await.unwrap().last() {
        audience.extend(
            house.store.leads().page(after, 1000).await.unwrap().into_iter().map(|lead| (lead.id, None)),
        );
        after = Some(last.id);
    }
    assert_eq!(audience.len(), 5_000);
    assert!(audience.iter().any(|(one, _)| *one == lead));
    let draft = previewed(&house, audience).await;
    let campaigns = house.store.campaigns();
    campaigns.launch(draft.id, &member("mia").handle, &Caution::NONE).await.unwrap();
    assert_eq!(house.store.runs().live_in(draft.id).await.unwrap(), 2_000, "a batch begins with the launch");
    campaigns.moved(draft.id, Campaign::hold).await.unwrap();
    let another = house.home.open().await;
    assert!(!another.campaigns().begin_rest(draft.id).await.unwrap(), "a held one stands still");
    assert_eq!(house.store.runs().live_in(draft.id).await.unwrap(), 2_000);
    // Resumed in another process, which begins a batch with it; two go on at once.
    another.campaigns().moved(draft.id, Campaign::resume).await.unwrap();
    assert_eq!(house.store.runs().live_in(draft.id).await.unwrap(), 4_000);
    let there = another.campaigns();
    let (one, other) = tokio::join!(there.begin_rest(draft.id), campaigns.begin_rest(draft.id));
    assert!(!one.unwrap() && !other.unwrap(), "that was all");
    assert_eq!(house.store.runs().live_in(draft.id).await.unwrap(), 5_000);
    assert_eq!(shoulder.number("SELECT count(DISTINCT lead_id) FROM enrollment").await, 5_000);
    assert_eq!(shoulder.number("SELECT count(DISTINCT id) FROM enrollment").await, 5_000);
    // Stopped, batch by batch; nothing is left.
    campaigns.moved(draft.id, Campaign::stop).await.unwrap();
    assert_eq!(house.store.runs().live_in(draft.id).await.unwrap(), 0);
    assert!(campaigns.to_end().await.unwrap().is_empty());
}

async fn who_comes_to_match_begins_what_follows_the_segment(home: Home) {
    let house = House::of(home).await;
    let mut leads = leads(&house, 5).await;
    leads.sort_unstable();
    let campaigns = house.store.campaigns();
    let previewed = Previewed { follows: true, ..at_everyone() };
    let mut preview = campaigns.begin_preview();
    preview.add(vec![(leads[0], None), (leads[1], Some("claimed by Ana".to_owned()))]).await.unwrap();
    let draft = preview.keep(previewed).await.unwrap();
    assert_eq!(campaigns.join(draft.id, &[(leads[2], None)]).await.unwrap(), 0, "it is not launched");
    campaigns.launch(draft.id, &member("mia").handle, &Caution::NONE).await.unwrap();
    assert_eq!(campaigns.following().await.unwrap().len(), 1);
    let everyone = rekindle_core::segment::Predicate::Everyone;
    let newcomers = async || {
        let playbook = house.playbooks.current();
        house.store.segments().newcomers(draft.id, &everyone, playbook, house.now()).await.unwrap()
    };
    assert_eq!(newcomers().await, leads[1..]);
    // One is new, one was out and is in now; who is in already stays as they are.
    let joining = [(leads[0], None), (leads[1], None), (leads[2], None)];
    assert_eq!(campaigns.join(draft.id, &joining).await.unwrap(), 2);
    assert_eq!(campaigns.join(draft.id, &joining).await.unwrap(), 0);
    let stands = campaigns.named(&draft.id.to_string()).await.unwrap();
    assert_eq!((stands.counted_in, stands.counted_out), (3, 0));
    // Who is held out goes through the plan for the reports, and is asked no more; who may not be written to is not asked.
    assert_eq!(newcomers().await, leads[3..]);
    campaigns.join(draft.id, &[(leads[3], Some("held out".to_owned()))]).await.unwrap();
    assert_eq!(newcomers().await, &leads[4..]);
    house.tell(crate::told::unsubscribe("no", leads[4], house.now())).await;
    assert_eq!(newcomers().await, &[]);
    campaigns.moved(draft.id, Campaign::hold).await.unwrap();
    assert_eq!(campaigns.join(draft.id, &[(leads[4], None)]).await.unwrap(), 0, "nobody joins a held one");
    campaigns.moved(draft.id, Campaign::resume).await.unwrap();
    for lead in &leads {
        house
            .decide(*lead, |scene, now| {
                Ok(rekindle_core::desk::stop(scene, &member("ana").handle, false, now))
            })
            .await
            .unwrap();
    }
    assert!(campaigns.finished().await.unwrap().is_empty(), "somebody may still come");
}

async fn every_count_has_its_list(home: Home) {
    let house = House::of(home).await;
    let mut leads = leads(&house, 5).await;
    leads.sort_unstable();
    let out = |lead, why: &str| (lead, Some(why.to_owned()));
    let audience = vec![
        (leads[0], None),
        out(leads[1], "archived"),
        out(leads[2], "held out"),
        out(leads[3], "archived"),
    ];
    let draft = previewed(&house, audience).await;
    let listed = async |whom: Whom, offset| {
        let listed = house.store.campaigns().audience(draft.id, &whom, offset, 2).await.unwrap();
        (listed.leads.into_iter().map(|(lead, _)| lead.id).collect::<Vec<_>>(), listed.count)
    };
    assert_eq!(listed(Whom::Matched, 0).await, (leads[..2].to_vec(), 4));
    assert_eq!(listed(Whom::Matched, 2).await, (leads[2..4].to_vec(), 4));
    assert_eq!(listed(Whom::In, 0).await, (vec![leads[0]], 1));
    assert_eq!(listed(Whom::Out(None), 0).await, (leads[1..3].to_vec(), 3));
    assert_eq!(listed(Whom::Out(Some("archived".to_owned())), 0).await, (vec![leads[1], leads[3]], 2));
}

async fn what_came_of_it_is_counted_by_people(home: Home) {
    let house = House::of(home).await;
    let leads = leads(&house, 3).await;
    let draft = previewed(&house, everybody(&leads)).await;
    let campaigns = house.store.campaigns();
    campaigns.launch(draft.id, &member("mia").handle, &Caution::NONE).await.unwrap();
    assert_eq!(campaigns.to_tally().await.unwrap(), [draft.id]);
    let mut mails = Vec::new();
    for lead in &leads {
        house.step(*lead).await;
        mails.push(house.store.leads().dossier(*lead).await.unwrap().deliveries[0].id);
    }
    let shoulder = house.shoulder().await;
    shoulder
        .run(&format!(
            "UPDATE delivery SET state = 'sent', committed_at = {}",
            house.now().timestamp_micros()
        ))
        .await;
    shoulder.run("UPDATE delivery SET state = 'failed' WHERE id = (SELECT id FROM delivery ORDER BY id DESC LIMIT 1)").await;
    // Two clicks of one person are one person; a click in a mail of another campaign is none of it.
    let clicked = |id: &str, lead, mail: &str| Arrival {
        name: names::CLICKED.to_owned(),
        kind: Kind::Mail,
        properties: serde_json::Map::from_iter([("delivery".to_owned(), serde_json::json!(mail))]),
        ..unsubscribe(id, lead, house.now())
    };
    house.tell(clicked("one", leads[0], &mails[0].to_string())).await;
    house.tell(clicked("two", leads[0], &mails[0].to_string())).await;
    house.tell(clicked("three", leads[1], "delivery_0195f7c2a0e87b6e8d0c5a1b2c3d4e5f")).await;
    assert!(campaigns.tally(draft.id).await.unwrap());
    assert!(!campaigns.tally(draft.id).await.unwrap(), "nothing is new");
    let figures = campaigns.named(&draft.id.to_string()).await.unwrap().figures;
    assert_eq!((figures.begun, figures.sent, figures.bounced, figures.clicked), (3, 3, 1, 1), "{figures:?}");
    assert_eq!((figures.delivered(), figures.replied, figures.won), (2, 0, 0));
}

async fn a_preview_that_nobody_confirms_is_forgotten(home: Home) {
    let house = House::of(home).await;
    let leads = leads(&house, 2).await;
    let draft = previewed(&house, everybody(&leads)).await;
    let launched = previewed(&house, everybody(&leads)).await;
    let campaigns = house.store.campaigns();
    campaigns.launch(launched.id, &member("mia").handle, &Caution::NONE).await.unwrap();
    assert_eq!(campaigns.forget_drafts().await.unwrap(), 0);
    house.clock().forward(TimeDelta::hours(49));
    assert_eq!(campaigns.forget_drafts().await.unwrap(), 2, "its audience first");
    assert_eq!(campaigns.forget_drafts().await.unwrap(), 1);
    assert_eq!(campaigns.forget_drafts().await.unwrap(), 0);
    assert!(campaigns.named(&draft.id.to_string()).await.is_err());
    assert_eq!(campaigns.audience(launched.id, &Whom::In, 0, 10).await.unwrap().count, 2);
}

async fn what_was_typed_for_a_campaign_goes_with_its_mails_and_no_others(home: Home) {
    let house = House::of(home).await;
    let leads = leads(&house, 2).await;
    let campaigns = house.store.campaigns();
    let written = previewed(&house, everybody(&leads[..1])).await;
    let subjects = Subjects::of(["One “more”", "Ünd zwei"]).unwrap();
    let mut preview = campaigns.begin_preview();
    preview.add(everybody(&leads[1..])).await.unwrap();
    let typed = preview.keep(Previewed { subjects: subjects.clone(), ..at_everyone() }).await.unwrap();
    assert!(campaigns.trying().await.unwrap().is_empty(), "a preview tries nothing");
    for draft in [&written, &typed] {
        campaigns.launch(draft.id, &member("mia").handle, &Caution::NONE).await.unwrap();
    }
    let trying: Vec<_> =
        campaigns.trying().await.unwrap().into_iter().map(|one| (one.id, one.subjects)).collect();
    assert_eq!(trying, [(typed.id, subjects.clone())]);
    for lead in &leads {
        house.step(*lead).await;
    }
    let claimed = house.claimed(&house.sender().await).await;
    let of = |lead: LeadId| claimed.iter().find(|one| one.ticket.lead == lead).expect("a mail");
    assert_eq!((&of(leads[0]).subjects, of(leads[0]).variant), (&Subjects::default(), None));
    assert_eq!((&of(leads[1]).subjects, of(leads[1]).variant.is_some()), (&subjects, true));
}
