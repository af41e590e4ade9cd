//! What a lead answers lands on the card, counts, and is followed: "ask me again later", "I am not the right person", "stop".

use axum::http::StatusCode;
use chrono::TimeDelta;
use rekindle_core::{
    activity::names, alert::Reason, consent::ConsentState, enrollment::RunState, ids::LeadId, lead::Nurture,
};
use rekindle_tests::{
    indoors::{Ask, Indoors},
    on_both,
    stores::Home,
};

on_both!(
    the_price_brings_the_lead_back_with_its_points,
    not_now_is_a_date_on_which_one_mail_comes,
    the_wrong_person_may_name_the_right_one,
    stop_stops,
);

/// A lead who got the survey, and where each answer of its mail leads.
async fn asked(home: Home) -> (Indoors, LeadId, Vec<String>) {
    let mut house = Indoors::of(home).await;
    let kim = house.subscriber("kim@lead.test").await;
    house.live(TimeDelta::days(46)).await;
    assert_eq!(house.relay.len(), 3, "breakup, offer, survey");
    let survey = house.relay.kept().remove(2);
    let answers: Vec<String> =
        Indoors::addresses(&survey.message).into_iter().filter(|link| link.contains("/s/")).collect();
    assert_eq!(answers.len(), 5);
    (house, kim, answers)
}

/// The answer pressed in the mail is chosen on the page; the button keeps it.
async fn answer(house: &Indoors, link: &str, key: &str) -> String {
    let page = house.ask(Ask::get(link)).await;
    assert!(page.text.contains(&format!("value=\"{key}\" required checked")), "{}", page.text);
    let kept = house.ask(Ask::post(link, &format!("answer={key}"))).await;
    assert_eq!(kept.status, StatusCode::OK);
    kept.text
}

async fn the_price_brings_the_lead_back_with_its_points(home: Home) {
    let (mut house, kim, answers) = asked(home).await;
    let before = house.lead(kim).await;
    answer(&house, &answers[1], "price").await;
    answer(&house, &answers[1], "price").await;
    let lead = house.lead(kim).await;
    assert_eq!(lead.nurture, Nurture::Active);
    assert_eq!((lead.points.engagement - before.points.engagement).round() as i64, 10, "once");
    let alert = house.store.alerts().live_on(kim).await.unwrap().unwrap();
    assert_eq!(
        (alert.reason, alert.because[0].as_str()),
        (Reason::Back, "Back from the cold (cold): Survey Answered (The price)")
    );
    house.live(TimeDelta::days(90)).await;
    assert_eq!(house.lead(kim).await.nurture, Nurture::Archived, "tried less than 180 days ago");
    let explained = house.store.playbooks().await.unwrap();
    let history = house.dossier(kim).await.activities;
    let explained = explained.current().scoring.explain(&house.lead(kim).await, &history, house.home.now());
    assert_eq!(explained.score, 5, "half, ninety days later: {explained:?}");
}

async fn not_now_is_a_date_on_which_one_mail_comes(home: Home) {
    let (mut house, kim, answers) = asked(home).await;
    let page = answer(&house, &answers[0], "later").await;
    let month = (house.home.now() + TimeDelta::days(90)).format("%B %Y").to_string();
    assert!(page.contains(&format!("We write to you again in {month}, and not before.")), "{page}");
    let dossier = house.dossier(kim).await;
    let live: Vec<_> = dossier.enrollments.iter().filter(|run| run.is_live()).collect();
    assert_eq!(live.len(), 1);
    assert_eq!(live[0].sequence, "asked-later");
    assert_eq!(live[0].state, RunState::Due { at: house.home.now() + TimeDelta::days(90) });
    assert_eq!(dossier.lead.nurture, Nurture::Active);
    assert!(dossier.lead.nurture_why.as_deref().unwrap().starts_with("asked to be written to again on"));
    assert!(house.store.alerts().live_on(kim).await.unwrap().is_none(), "not now is no call for sales");
    house.live(TimeDelta::days(89)).await;
    assert_eq!(house.relay.len(), 3, "quiet until then");
    house.live(TimeDelta::days(4)).await;
    assert_eq!(house.relay.len(), 4);
    let mail = house.relay.kept().remove(3);
    let mail =
        mail_parser::MessageParser::default().parse(&mail.message).unwrap().subject().unwrap().to_owned();
    assert_eq!(mail, "You asked me to ask again, kim");
    house.live(TimeDelta::days(60)).await;
    assert_eq!(house.relay.len(), 4, "once");
}

async fn the_wrong_person_may_name_the_right_one(home: Home) {
    let (mut house, kim, answers) = asked(home).await;
    let page = answer(&house, &answers[3], "person").await;
    assert!(page.contains("Who would be the right one?"), "{page}");
    let lead = house.lead(kim).await;
    assert_eq!(
        (lead.nurture, lead.nurture_why.as_deref()),
        (Nurture::Archived, Some("not the right person"))
    );
    for (form, said) in [
        ("colleague=&email=", "A name or an address is enough."),
        ("colleague=Mo&email=nonsense", "This is no e-mail address."),
    ] {
        let page = house.ask(Ask::post(&answers[3], form)).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert!(page.text.contains(said), "{form}: {}", page.text);
    }
    let page = house.ask(Ask::post(&answers[3], "colleague=Mo+%3Cb%3EBrandt&email=Mo%40Lead.test")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("ask Mo &#60;b&#62;Brandt, mo@lead.test"), "{}", page.text);
    let alert = house.store.alerts().live_on(kim).await.unwrap().unwrap();
    assert_eq!(alert.because, ["Not the right person; they name Mo <b>Brandt, mo@lead.test"]);
    let leads = house.store.leads().named("mo@lead.test").await;
    assert!(leads.is_err(), "who has agreed to nothing is no lead");
    house.live(TimeDelta::days(300)).await;
    assert_eq!(house.relay.len(), 3, "nobody is written to");
}

async fn stop_stops(home: Home) {
    let (mut house, kim, answers) = asked(home).await;
    let page = answer(&house, &answers[4], "stop").await;
    assert!(page.contains("You get no more mails from us"), "{page}");
    let dossier = house.dossier(kim).await;
    assert_eq!(dossier.lead.consent.state, ConsentState::Unsubscribed);
    assert!(dossier.enrollments.iter().all(|run| !run.is_live()));
    assert!(dossier.activities.iter().any(|activity| activity.name == names::ANSWERED));
    house.live(TimeDelta::days(300)).await;
    assert_eq!(house.relay.len(), 3);
}
