//! Whatever looks at links, in any order and as often as it likes, changes nothing.

use crate::world::World;
use axum::http::{Method, StatusCode};
use proptest::prelude::*;
use rekindle_core::{
    activity::Activity, delivery::Delivery, enrollment::Enrollment, lead::Lead, link::Purpose,
};
use serde_json::Value;

type Known = (Lead, Vec<Activity>, Vec<Enrollment>, Vec<Delivery>, bool);

async fn known(world: &World, lead: &Lead) -> Known {
    let dossier = world.store().leads().dossier(lead.id).await.unwrap();
    let mut taken = false;
    for delivery in &dossier.deliveries {
        taken |= world
            .store()
            .offers()
            .of(delivery.id)
            .await
            .unwrap()
            .is_some_and(|offer| offer.taken_at.is_some());
    }
    assert!(dossier.alerts.is_empty(), "nobody turns hot by being looked at");
    (dossier.lead, dossier.activities, dossier.enrollments, dossier.deliveries, taken)
}

#[test]
fn looks_change_nothing_of_a_lead() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (world, lead, links) = runtime.block_on(async {
        let world = World::new().await;
        let lead = world.lead("kim@acme.test", Value::Null).await;
        let (breakup, offer, survey) =
            (world.mail(lead.id, 0).await, world.mail(lead.id, 2).await, world.mail(lead.id, 4).await);
        let mut links = vec![world.click(breakup, "https://www.example.com/whats-new").await];
        links.push(world.link(Purpose::Offer, offer, 0));
        for delivery in [breakup, offer, survey] {
            links.push(world.link(Purpose::Unsubscribe, delivery, 0));
        }
        links.extend((0..5).map(|answer| world.link(Purpose::Survey, survey, answer)));
        (world, lead, links)
    });
    let before = runtime.block_on(known(&world, &lead));
    let look = (
        0..links.len(),
        prop_oneof![Just(Method::GET), Just(Method::HEAD), Just(Method::OPTIONS)],
        0..900_i64,
    );
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(looks in proptest::collection::vec(look, 1..40))| {
        runtime.block_on(async {
            for (link, method, seconds) in looks {
                world.later(chrono::TimeDelta::seconds(seconds));
                let answer = world.ask(method.clone(), &links[link], "").await;
                let wanted = if method == Method::OPTIONS {
                    StatusCode::METHOD_NOT_ALLOWED
                } else if link == 0 {
                    StatusCode::FOUND
                } else if link == 1 && answer.status == StatusCode::NOT_FOUND {
                    // So much time has passed that the offer is over.
                    StatusCode::NOT_FOUND
                } else {
                    StatusCode::OK
                };
                prop_assert_eq!(answer.status, wanted, "{} {}", method, &links[link]);
            }
            prop_assert_eq!(&before, &known(&world, &lead).await);
            Ok(())
        })?;
    });
    let stopped = runtime.block_on(world.post(&links[2], "List-Unsubscribe=One-Click"));
    assert_eq!(stopped.status, StatusCode::OK);
    assert_ne!(before, runtime.block_on(known(&world, &lead)), "the button does change something");
}
