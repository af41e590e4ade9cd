//! The people of a company are those with its domain, and their points are added up as they stand.

use chrono::TimeDelta;
use rekindle_tests::{on_both, stores::Home};

use crate::house::House;
use crate::told::track;

on_both!(the_people_of_a_company_are_counted_together);

async fn the_people_of_a_company_are_counted_together(home: Home) {
    let house = House::of(home).await;
    let mut leads = Vec::new();
    for email in ["kim@acme.test", "lee@ACME.test", "ana@acme.test", "joe@gmail.com", "ben@other.test"] {
        leads.push(house.lead_at(email).await);
    }
    let company = async |index: usize| {
        let lead = house.row(leads[index]).await;
        house.store.leads().company(&lead, house.playbooks.current(), house.now()).await.unwrap()
    };
    for index in [0, 0, 1, 3] {
        let mut demo = track(&house.name(), "Demo Requested", house.now());
        demo.who.lead = Some(leads[index]);
        house.tell(demo).await;
    }
    let acme = company(2).await.unwrap();
    let said = "3 people from acme.test, 2 active, 150 points together; most: kim@acme.test, 100";
    assert_eq!(acme.words(), said);
    assert_eq!(acme.hottest.lead, leads[0]);
    assert_eq!(company(0).await, Some(acme));
    assert_eq!(company(3).await, None, "anybody can have an address there");
    assert_eq!(company(4).await.unwrap().words(), "nobody else from other.test");
    house.clock().forward(TimeDelta::days(30));
    let said = "3 people from acme.test, 0 active, 75 points together; most: kim@acme.test, 50";
    assert_eq!(company(1).await.unwrap().words(), said);
}
