//! A campaign is previewed, launched once, held, resumed and stopped.

use std::collections::HashSet;

use chrono::TimeDelta;
use rekindle_core::{
    campaign::{Campaign, CampaignState},
    enrollment::RunState,
    ids::LeadId,
    time::Moment,
};
use rekindle_storage::campaigns::{Previewed, Reason};
use rekindle_tests::{on_both, stores::Home};
use tokio::task::JoinSet;

use crate::house::{House, member};

on_both!(
    a_preview_launches_nothing,
    two_launches_at_once_are_one,
    nobody_is_twice_in_one_sequence,
    hold_resume_and_stop,
);

async fn leads(house: &House, count: usize) -> Vec<LeadId> {
    let mut leads = Vec::new();
    for _ in 0..count {
        leads.push(house.lead().await);
    }
    leads
}

async fn previewed(house: &House, audience: Vec<(LeadId, Option<String>)>) -> Campaign {
    let previewed = Previewed {
        sequence: "plain".to_owned(),
        segment: "everyone".to_owned(),
        version: 1,
        by: member("mia").handle,
        audience,
    };
    house.store.campaigns().preview(previewed).await.unwrap()
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
    let launched = campaigns.launch(draft.id, &mia).await.unwrap();
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
    let refused = campaigns.launch(old.id, &mia).await.unwrap_err();
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
            launching.spawn(async move { store.campaigns().launch(draft.id, &member("mia").handle).await });
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
                store.campaigns().launch(id, &member("mia").handle).await.unwrap();
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
    campaigns.launch(draft.id, &member("mia").handle).await.unwrap();
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
        assert_eq!(
            run.state,
            RunState::Ended { how: rekindle_core::enrollment::Ended::Stopped, at: house.now() }
        );
    }
    assert!(house.store.runs().due(house.now(), 10).await.unwrap().is_empty());
    assert_eq!(house.store.runs().next_due().await.unwrap(), None);
    // One that has nothing left to do is finished.
    let lead = house.lead().await;
    let short = previewed(&house, vec![(lead, None)]).await;
    campaigns.launch(short.id, &member("mia").handle).await.unwrap();
    house
        .decide(lead, |scene, now| Ok(rekindle_core::desk::stop(scene, &member("ana").handle, false, now)))
        .await
        .unwrap();
    assert_eq!(campaigns.finished().await.unwrap(), [short.id]);
    assert_eq!(campaigns.moved(short.id, |c| Ok(c.done())).await.unwrap().state, CampaignState::Done);
    assert!(campaigns.finished().await.unwrap().is_empty());
}
