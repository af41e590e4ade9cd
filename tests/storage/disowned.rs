//! A click that counted, and turns out to be a machine's, is taken back: its points, whoever was hot only by it, and what the
//! card says. Nobody is asked again.

use chrono::TimeDelta;
use rekindle_core::{
    activity::{Kind, names},
    arrival::{Arrival, Received},
    ids::{DeliveryId, LeadId},
    machine::Sign,
};
use rekindle_storage::fetches::Exposed;
use rekindle_tests::{on_both, stores::Home};

use crate::house::{House, playbook};
use crate::told::track;

on_both!(mautic_16263_what_a_gateway_clicked_is_taken_back_though_it_has_counted);

const SCORING: &str = r#"
thresholds = { hot = 60, cools_below = 55 }
grades = { fit = [10, 5], engagement = [60, 25] }
engagement = [
  { activity = ["Demo Requested"], points = 50, half_life = "30d" },
  { activity = ["Mail Clicked"], points = 10, half_life = "30d" },
]
"#;

fn click(house: &House, number: u32, lead: LeadId) -> Arrival {
    let mut click = track(&format!("click:{number}"), names::CLICKED, house.now());
    (click.kind, click.source) = (Kind::Mail, "mail".to_owned());
    click.who.lead = Some(lead);
    click
}

fn exposed(number: u32) -> Exposed {
    let delivery = DeliveryId(uuid::Uuid::nil());
    Exposed { delivery, sign: Sign::Bait, message_id: format!("click:{number}") }
}

async fn mautic_16263_what_a_gateway_clicked_is_taken_back_though_it_has_counted(home: Home) {
    let mut house = House::of(home).await;
    let mut files = playbook();
    files.insert("scoring.toml".to_owned(), SCORING.to_owned());
    house.store.apply_playbook(&files).await.unwrap();
    house.playbooks = house.store.load_playbooks().await.unwrap();
    let (kim, lee) = (house.lead().await, house.lead().await);
    let demo = |lead| {
        let mut demo = track(&house.name(), "Demo Requested", house.now());
        demo.who.lead = Some(lead);
        demo
    };
    house.tell_all(&[demo(kim), demo(lee)]).await;
    let asked_at = house.now();
    house.clock().forward(TimeDelta::hours(1));
    house.tell_all(&[click(&house, 1, kim), click(&house, 2, lee)]).await;
    let alerts = async |lead| house.store.leads().dossier(lead).await.unwrap().alerts;
    assert!(house.row(kim).await.hot && house.row(lee).await.hot);
    let card = alerts(kim).await.remove(0);

    house.clock().forward(TimeDelta::minutes(20));
    // The third was held, and never counted.
    let found = [exposed(1), exposed(3)];
    assert_eq!(house.store.leads().disown(&found, &house.playbooks).await.unwrap(), 1);
    let row = house.row(kim).await;
    assert!(!row.hot && row.crosses_at.is_none(), "{row:?}");
    assert_eq!(row.last_human_at, Some(asked_at));
    let scoring = &house.playbooks.current().scoring;
    let history = house.store.leads().history(kim, &house.playbooks).await.unwrap();
    let explained = scoring.explain(&row, &history, house.now());
    assert_eq!((explained.score, scoring.standing(&row, house.now()).score), (50, 50));
    assert_eq!(explained.points, row.points, "the kept points are counted anew");
    let now = alerts(kim).await;
    assert_eq!(now.len(), 1);
    assert!(now[0].revision > card.revision && now[0].is_live());
    let said = "a machine did “Mail Clicked” (bait): its points are gone; cooled: 50 points";
    assert_eq!(now[0].news, [said]);
    assert!(house.row(lee).await.hot, "what another did stays");

    // Told again, and found again, it is known; and hot for a reason of their own they are on the same card.
    assert!(matches!(
        house.tell_all(&[click(&house, 1, kim)]).await[0],
        Received::Duplicate | Received::Conflict
    ));
    assert_eq!(house.store.leads().disown(&found, &house.playbooks).await.unwrap(), 0);
    house.tell(demo(kim)).await;
    assert!(house.row(kim).await.hot);
    let now = alerts(kim).await;
    assert_eq!(now.len(), 1);
    assert_eq!(now[0].news.last().unwrap(), "turned hot: 100 points");
}
