//! A notice is told where its member can be reached, once on each platform, for a day.

use chrono::TimeDelta;
use rekindle_core::{
    chat::{ChatUser, How, Platform},
    desk,
    notice::Topic,
    team::Role,
};
use rekindle_storage::new_alert_id;
use rekindle_tests::{on_both, stores::Home};

use crate::house::House;

on_both!(a_notice_is_told_once_on_each_platform_where_its_member_is);

async fn a_notice_is_told_once_on_each_platform_where_its_member_is(home: Home) {
    let house = House::of(home).await;
    let store = &house.store;
    let kim = house.lead_at("kim@acme.test").await;
    let ana = store.team().add("Ana", Role::Sales).await.unwrap();
    let ben = store.team().add("Ben", Role::Sales).await.unwrap();
    let user = |id: &str| ChatUser { platform: Platform::Slack, workspace: "T1".into(), id: id.into() };
    let notices = store.notices();

    let (new, wall) = (new_alert_id(), store.clock().wall());
    let pass = |scene: &_, _| desk::pass(scene, &ana, &ben, Some("call at 3"), new, wall);
    house.decide(kim, pass).await.unwrap();

    let console = notices.untold(Platform::Console, 10).await.unwrap();
    assert_eq!(console.len(), 1);
    assert_eq!((&console[0].notice.to, console[0].notice.topic), (&ben.handle, Topic::Passed));
    assert_eq!((console[0].notice.lead, &console[0].user), (kim, &None));
    assert!(notices.untold(Platform::Slack, 10).await.unwrap().is_empty(), "nobody knows Ben there");

    store.chat().link(&user("U1"), &ben, How::Admin).await.unwrap();
    house.clock().forward(TimeDelta::seconds(5));
    store.chat().link(&user("U2"), &ben, How::Link).await.unwrap();
    let slack = notices.untold(Platform::Slack, 10).await.unwrap();
    assert_eq!(slack.iter().map(|one| one.user.clone().unwrap()).collect::<Vec<_>>(), [user("U1")]);
    assert_eq!(slack[0].id, console[0].id, "the same notice");

    notices.told(console[0].id, Platform::Console).await.unwrap();
    notices.told(console[0].id, Platform::Console).await.unwrap();
    assert!(notices.untold(Platform::Console, 10).await.unwrap().is_empty());
    assert_eq!(notices.untold(Platform::Slack, 10).await.unwrap().len(), 1, "each platform by itself");

    notices.mute(&ben, Topic::Passed, true).await.unwrap();
    assert!(notices.untold(Platform::Slack, 10).await.unwrap().is_empty());
    assert_eq!(notices.muted(&ben).await.unwrap(), [Topic::Passed]);
    notices.mute(&ben, Topic::Passed, false).await.unwrap();
    assert_eq!(notices.untold(Platform::Slack, 10).await.unwrap().len(), 1);
    house.clock().forward(TimeDelta::hours(25));
    assert!(notices.untold(Platform::Slack, 10).await.unwrap().is_empty(), "yesterday's news");
}
