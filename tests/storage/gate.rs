//! At the gate everything is asked again: what may go, what waits, what never goes.

use std::collections::HashSet;

use chrono::TimeDelta;
use rekindle_core::{
    campaign::{Campaign, Caution},
    delivery::DeliveryState,
    desk,
    enrollment::{Ended, RunState},
    ids::{DeliveryId, LeadId},
    lead::Nurture,
};
use rekindle_storage::{
    campaigns::Previewed,
    outbox::{Claimed, Passage, Sender},
    settings::Pause,
};
use rekindle_tests::{on_both, stores::Home};
use serde_json::json;

use crate::house::{House, member};
use crate::told::{identify, unsubscribe};

on_both!(
    two_senders_never_claim_the_same,
    what_may_go_goes_once,
    what_never_goes,
    what_waits,
    one_mail_a_day,
    a_claim_that_is_over_is_lost,
);

async fn two_senders_never_claim_the_same(home: Home) {
    let house = House::of(home).await;
    let other = house.home.open().await;
    let mut mails = HashSet::new();
    for _ in 0..30 {
        let lead = house.lead().await;
        mails.insert(house.mail(lead, "plain").await);
    }
    let (ana, ben) = (house.sender().await, other.outbox().enlist().await.unwrap());
    let mut claimed: Vec<Claimed> = Vec::new();
    for _ in 0..5 {
        let (outbox, others) = (house.store.outbox(), other.outbox());
        let (mine, theirs) = tokio::join!(outbox.claim(&ana, 4), others.claim(&ben, 4));
        for batch in [mine.unwrap(), theirs.unwrap()] {
            assert!(batch.len() <= 4);
            claimed.extend(batch);
        }
    }
    let ids: HashSet<DeliveryId> = claimed.iter().map(|one| one.ticket.id).collect();
    assert_eq!(claimed.len(), 30, "all are claimed, each once");
    assert_eq!(ids, mails);
    for one in &claimed {
        assert_eq!((one.ticket.generation, one.ticket.attempt), (1, 1));
        assert_eq!(house.state(one.ticket.id).await, DeliveryState::Claimed);
        assert_eq!(one.plan, Some(("plain".to_owned(), 1)));
        assert_eq!(house.row(one.ticket.lead).await.email, one.to.email);
        assert_eq!(one.frozen, None);
    }
    assert_eq!(house.claimed(&ana).await.len(), 0);
    assert_eq!(house.store.outbox().next_due().await.unwrap(), None);
}

async fn what_may_go_goes_once(home: Home) {
    let house = House::of(home).await;
    let kim = house.lead().await;
    let mail = house.mail(kim, "plain").await;
    let sender = house.sender().await;
    let ticket = house.ticket(&sender).await;
    // A first, cheap look commits nothing.
    let look = house.store.outbox().look(&sender, &[ticket], house.rules()).await.unwrap();
    assert_eq!(look, [Passage::Clear]);
    assert_eq!(house.state(mail).await, DeliveryState::Claimed);
    assert_eq!(house.pass(&sender, &[ticket]).await, [Passage::Go]);
    let row = house.delivery(mail).await;
    assert_eq!((row.state, row.moved_at), (DeliveryState::Committing, house.now()));
    assert_eq!(house.pass(&sender, &[ticket]).await, [Passage::Lost], "an intent is committed once");
    assert_eq!(house.state(mail).await, DeliveryState::Committing);
}

/// A new lead with a mail that is claimed.
async fn ready(house: &House, sender: &Sender, sequence: &str) -> (LeadId, DeliveryId, Claimed) {
    let lead = house.lead().await;
    let mail = house.mail(lead, sequence).await;
    let mut claimed = house.claimed(sender).await;
    claimed.retain(|one| one.ticket.id == mail);
    assert_eq!(claimed.len(), 1, "the mail is due");
    (lead, mail, claimed.remove(0))
}

async fn campaign(house: &House, leads: &[LeadId]) -> Campaign {
    let previewed = Previewed {
        sequence: "other".to_owned(),
        segment: "everyone".to_owned(),
        follows: false,
        subjects: Default::default(),
        version: 1,
        by: member("mia").handle,
        forecast: Default::default(),
    };
    let mut preview = house.store.campaigns().begin_preview();
    preview.add(leads.iter().map(|lead| (*lead, None)).collect()).await.unwrap();
    let draft = preview.keep(previewed).await.unwrap();
    house.store.campaigns().launch(draft.id, &member("mia").handle, &Caution::NONE).await.unwrap()
}

async fn what_never_goes(home: Home) {
    let house = House::of(home).await;
    let shoulder = house.shoulder().await;
    let sender = house.sender().await;
    for no in ["unsubscribed", "same mailbox", "consent", "archived", "stopped", "campaign", "expired"] {
        let email = format!("kim.{}@gmail.com", house.name());
        let kim = house.lead_at(&email).await;
        let launched = match no {
            "campaign" => Some(campaign(&house, &[kim]).await),
            _ => None,
        };
        let sequence = if launched.is_some() { "other" } else { "plain" };
        let mail = match launched {
            Some(_) => {
                house.step(kim).await;
                house.awaited(kim, sequence).await
            }
            None => house.mail(kim, sequence).await,
        };
        let ticket = house.ticket(&sender).await;
        match no {
            "unsubscribed" => {
                house.tell(unsubscribe(&house.name(), kim, house.now())).await;
            }
            "same mailbox" => {
                let twin = house.lead_at(&email.replacen("kim.", "k.i.m", 1)).await;
                assert_ne!(twin, kim);
                house.tell(unsubscribe(&house.name(), twin, house.now())).await;
            }
            "consent" => {
                shoulder.run("UPDATE lead SET consent = 'unknown' WHERE consent = 'subscribed'").await;
            }
            "archived" => {
                let archive = |scene: &rekindle_core::scene::Scene, now| {
                    let mut change = scene.unchanged();
                    change.lead.move_nurture(Nurture::Archived, "for the test", now);
                    Ok(change)
                };
                house.decide(kim, archive).await.unwrap();
            }
            "stopped" => {
                let ana = member("ana").handle;
                house.decide(kim, |scene, now| Ok(desk::stop(scene, &ana, false, now))).await.unwrap();
            }
            "campaign" => {
                let id = launched.as_ref().unwrap().id;
                house.store.campaigns().moved(id, Campaign::stop).await.unwrap();
            }
            _ => house.clock().forward(TimeDelta::hours(72)),
        }
        assert_eq!(house.pass(&sender, &[ticket]).await, [Passage::Stopped], "{no}");
        let row = house.delivery(mail).await;
        let (state, why) = match no {
            "unsubscribed" | "same mailbox" => (DeliveryState::Suppressed, "the address is suppressed"),
            "consent" => (DeliveryState::Suppressed, "consent is unknown"),
            "archived" => (DeliveryState::Canceled, "archived"),
            "stopped" => (DeliveryState::Canceled, "stopped by Ana"),
            "campaign" => (DeliveryState::Canceled, "the campaign was stopped"),
            _ => (DeliveryState::Expired, "it became too late for it"),
        };
        assert_eq!((row.state, row.reason.as_deref()), (state, Some(why)), "{no}");
        let run = house.run(kim, sequence).await;
        if state == DeliveryState::Expired {
            assert_eq!(
                (run.step, run.state),
                (2, RunState::Due { at: house.now() + TimeDelta::days(2) }),
                "the run goes on"
            );
        } else {
            let RunState::Ended { how, .. } = run.state else { panic!("{no}: {run:?}") };
            assert_eq!(how, Ended::Stopped, "{no}");
        }
        assert_eq!(house.pass(&sender, &[ticket]).await, [Passage::Lost], "{no}: final");
    }
}

async fn what_waits(home: Home) {
    let house = House::of(home).await;
    let sender = house.sender().await;
    let mia = member("mia").handle;
    for hold in ["claimed", "held", "paused", "window"] {
        let sequence = match hold {
            "held" => "other",
            "window" => "daytime",
            _ => "plain",
        };
        let mut launched = None;
        let (kim, mail, claimed) = match hold {
            "held" => {
                let kim = house.lead().await;
                launched = Some(campaign(&house, &[kim]).await.id);
                house.step(kim).await;
                let mail = house.awaited(kim, sequence).await;
                (kim, mail, house.claimed(&sender).await.remove(0))
            }
            _ => ready(&house, &sender, sequence).await,
        };
        let expires = house.delivery(mail).await.expires_at;
        let pressed = Pause { by: mia.clone(), at: house.now() };
        match hold {
            "claimed" => house.claim(kim, "ana").await,
            "held" => {
                house.store.campaigns().moved(launched.unwrap(), Campaign::hold).await.unwrap();
            }
            "paused" => house.store.set_pause(Some(pressed), "news").await.unwrap(),
            _ => {}
        }
        assert_eq!(house.pass(&sender, &[claimed.ticket]).await, [Passage::Stopped], "{hold}");
        let row = house.delivery(mail).await;
        let (why, until) = match hold {
            "claimed" => ("claimed by Ana", house.now() + TimeDelta::hours(1)),
            "held" => ("the campaign is held", house.now() + TimeDelta::hours(1)),
            "paused" => ("all mail is paused by Mia", house.now() + TimeDelta::hours(1)),
            _ => (
                "outside its send window in UTC",
                house.now().date_naive().and_hms_opt(12, 0, 0).unwrap().and_utc(),
            ),
        };
        assert_eq!((row.state, row.reason.as_deref()), (DeliveryState::Pending, Some(why)), "{hold}");
        assert_eq!((row.not_before, row.attempt, row.generation), (until, 0, 1), "{hold}");
        // What is held does not age meanwhile, whether the team holds it or the hour.
        assert_eq!(row.expires_at, expires + (until - house.now()), "{hold}");
        assert_eq!(house.store.outbox().next_due().await.unwrap(), Some(until));
        assert_eq!(house.claimed(&sender).await.len(), 0, "{hold}: not before its time");
        // The end of the hold wakes it at once; the window opens by itself.
        match hold {
            "claimed" => house.release(kim, "ana").await,
            "held" => {
                house.store.campaigns().moved(launched.unwrap(), Campaign::resume).await.unwrap();
            }
            "paused" => house.store.set_pause(None, "news").await.unwrap(),
            _ => house.clock().set_calendar(until),
        }
        let again = house.ticket(&sender).await;
        assert_eq!((again.id, again.generation, again.attempt), (mail, 2, 1), "{hold}");
        assert_eq!(house.pass(&sender, &[claimed.ticket]).await, [Passage::Lost], "{hold}: an old claim");
        assert_eq!(house.pass(&sender, &[again]).await, [Passage::Go], "{hold}");
    }
    assert_eq!(house.store.pause().await.unwrap(), None);
}

async fn one_mail_a_day(home: Home) {
    let house = House::of(home).await;
    let sender = house.sender().await;
    let kim = house.lead().await;
    let mails = [house.mail(kim, "plain").await, house.mail(kim, "other").await];
    let service = house.mail(kim, "service").await;
    let claimed = house.claimed(&sender).await;
    let ticket = |id| claimed.iter().find(|one| one.ticket.id == id).unwrap().ticket;
    // Two of one lead in one group: one goes. A mail that serves a customer is no marketing.
    let passed = house.pass(&sender, &[ticket(mails[0]), ticket(mails[1]), ticket(service)]).await;
    assert_eq!(passed, [Passage::Go, Passage::Stopped, Passage::Go]);
    let row = house.delivery(mails[1]).await;
    assert_eq!(row.reason.as_deref(), Some("the lead got another mail in the last 1d"));
    let sent_at = house.now();
    assert_eq!(row.not_before, sent_at + TimeDelta::hours(24));
    house.fate(&sender, ticket(mails[0]), rekindle_core::delivery::Event::Accepted).await;
    house.fate(&sender, ticket(service), rekindle_core::delivery::Event::Accepted).await;
    // Across groups too, and to the hour.
    let told = identify("wake", json!({}), house.now());
    house
        .tell(rekindle_core::arrival::Arrival {
            who: rekindle_core::arrival::Who { lead: Some(kim), ..Default::default() },
            ..told
        })
        .await;
    house.claim(kim, "ana").await;
    house.clock().forward(TimeDelta::hours(23));
    house.release(kim, "ana").await;
    let early = house.ticket(&sender).await;
    assert_eq!(house.pass(&sender, &[early]).await, [Passage::Stopped]);
    assert_eq!(house.delivery(mails[1]).await.not_before, sent_at + TimeDelta::hours(24));
    house.clock().set_calendar(sent_at + TimeDelta::hours(24));
    let due = house.ticket(&sender).await;
    assert_eq!(house.pass(&sender, &[due]).await, [Passage::Go]);
}

async fn a_claim_that_is_over_is_lost(home: Home) {
    let house = House::of(home).await;
    let (ana, ben) = (house.sender().await, house.sender().await);
    let (_, mail, claimed) = ready(&house, &ana, "plain").await;
    let ticket = claimed.ticket;
    let mut older = ticket;
    older.generation -= 1;
    assert_eq!(house.pass(&ana, &[older]).await, [Passage::Lost], "another claim");
    assert_eq!(house.pass(&ben, &[ticket]).await, [Passage::Lost], "another sender");
    assert_eq!(house.state(mail).await, DeliveryState::Claimed);
    assert_eq!(house.pass(&ana, &[ticket]).await, [Passage::Go]);
}
