//! What a marketer types at the desk reaches the mails.

use chrono::TimeDelta;
use rekindle_bot::{desk::Desk, reply::Reply};
use rekindle_core::{
    activity::Kind,
    campaign::{Campaign, CampaignState},
    ids::LeadId,
    team::{Member, Role},
    trial::Decided,
};
use rekindle_tests::{
    indoors::{Ask, Indoors},
    on_both,
    stores::Home,
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

on_both!(
    the_better_of_two_typed_subjects_is_found_told_and_goes_to_the_rest,
    a_test_brings_each_mail_of_a_sequence_to_the_members_own_address,
);

/// Its own subjects are not asked for, only how the best is found.
const NEWS: &str = r#"
name = "news"
holdout = 0
goal = 'did "Plan Chosen"'
[[step]]
mail = "welcome"
subjects = ["Written", "Also written"]
winner = { by = "clicks", min_each = 20, after = "48h" }
[[step]]
wait = "3d"
"#;
/// The two that are typed.
const TYPED: [&str; 2] = ["Plain news", "Loud news"];
/// How many the campaign is for: a few more than are tried.
const LEADS: usize = 80;

/// A member at the desk of a house.
struct Seat {
    desk: Desk,
    member: Member,
}

impl Seat {
    async fn take(house: &Indoors, name: &str, role: Role) -> Self {
        Self { desk: house.desk(), member: house.store.team().add(name, role).await.unwrap() }
    }

    async fn say(&self, line: &str) -> Reply {
        let reply = self.desk.run(&self.member, "terminal", line).await;
        assert!(reply.ok, "{line}: {}", reply.text);
        reply
    }
}

/// Who got which subject.
fn sent(house: &Indoors) -> BTreeMap<String, BTreeSet<String>> {
    let mut sent: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for kept in house.relay.kept() {
        let mail = mail_parser::MessageParser::default().parse(&kept.message).unwrap();
        sent.entry(mail.subject().unwrap().to_owned()).or_default().insert(kept.rcpt);
    }
    sent
}

/// How often each will be tried: lots are drawn for each campaign anew.
async fn drawn(house: &Indoors, campaign: &Campaign, leads: &[LeadId]) -> [usize; 2] {
    let playbooks = house.store.playbooks().await.unwrap();
    let trial = campaign.trial(playbooks.current().sequence("news").unwrap()).unwrap();
    let mut drawn = [0; 2];
    for lead in leads {
        let lead = house.lead(*lead).await;
        let decided = Decided::default();
        if decided.waits(&trial, &lead, campaign.counted_in, house.home.now()).is_none() {
            drawn[decided.arm(&trial, &lead).number] += 1;
        }
    }
    drawn
}

async fn the_better_of_two_typed_subjects_is_found_told_and_goes_to_the_rest(home: Home) {
    let with = |playbook: &mut BTreeMap<String, String>| {
        playbook.insert("sequences/news.toml".to_owned(), NEWS.to_owned());
    };
    let mut house = Indoors::with(home, with, |_| {}).await;
    let mia = Seat::take(&house, "Mia", Role::Marketing).await;
    let mut leads = Vec::new();
    for number in 0..LEADS {
        leads.push(house.subscriber(&format!("lead{number}@acme.test")).await);
    }
    // Of so few by chance too few may be tried, as of real audiences hardly ever; then Mia previews again.
    let campaign = loop {
        let typed = TYPED.map(|subject| format!(" --subject \"{subject}\"")).concat();
        let preview = mia.say(&format!("/campaign preview news everyone{typed}")).await;
        let campaign = house.store.campaigns().named(&preview.confirm.unwrap()).await.unwrap();
        let drawn = drawn(&house, &campaign, &leads).await;
        if drawn.iter().all(|times| *times >= 22) && drawn.iter().sum::<usize>() <= LEADS - 15 {
            break campaign;
        }
    };
    mia.say(&format!("/campaign launch --confirm {}", campaign.id)).await;
    house.live(TimeDelta::hours(3)).await;
    let tried = sent(&house);
    assert_eq!(tried.keys().map(String::as_str).collect::<Vec<_>>(), ["Loud news", "Plain news"]);
    let first: usize = tried.values().map(BTreeSet::len).sum();
    assert!((44..=LEADS - 15).contains(&first), "the rest waits: {first}");
    for email in &tried["Loud news"] {
        house.tell(email, Kind::Mail, "Mail Clicked", json!({"mail": "welcome", "link": "x"})).await;
    }
    for email in tried["Plain news"].iter().take(3) {
        house.tell(email, Kind::Track, "Plan Chosen", json!({})).await;
    }
    let report = mia.say("/campaign report").await.text;
    assert!(report.contains(&format!("Goal reached: 3 of {LEADS} (3.8 %)")), "{report}");
    assert!(
        report.contains("news, welcome: clicks “Plain news” 0.0 % of 0"),
        "nobody had two days yet: {report}"
    );

    house.live(TimeDelta::hours(54)).await;
    let report = mia.say("/campaign report").await.text;
    assert!(report.contains("news, welcome: “Loud news” won, 100.0 % against 0.0 % clicks"), "{report}");
    assert!(report.contains("welcome, subject 1: “Plain news”: "), "{report}");
    let all = sent(&house);
    assert_eq!(all["Plain news"], tried["Plain news"], "nobody gets the worse one any more");
    assert_eq!(all["Loud news"].len() + all["Plain news"].len(), LEADS);
    house.live(TimeDelta::days(4)).await;
    let done = house.store.campaigns().named(&campaign.id.to_string()).await.unwrap();
    assert_eq!((done.state, done.figures.reached()), (CampaignState::Done, 3));
    house.worker.leave().await;
}

async fn a_test_brings_each_mail_of_a_sequence_to_the_members_own_address(home: Home) {
    let mut house = Indoors::shipped(home).await;
    let ada = Seat::take(&house, "Ada", Role::Admin).await;
    let mia = Seat::take(&house, "Mia", Role::Marketing).await;
    let nowhere = mia.desk.run(&mia.member, "terminal", "/campaign test re-engagement").await;
    assert_eq!(nowhere.code, Some("no_address"), "{}", nowhere.text);
    ada.say("/rekindle team email mia mia@acme.test").await;
    // To somebody who reads it in the middle of the night, and who never said yes to marketing.
    house.home.clock().forward(TimeDelta::hours(18));
    for times in 1..=2 {
        let said = mia.say("/campaign test re-engagement").await.text;
        let wanted = "3 mails of re-engagement on the way to mia@acme.test: breakup, offer, survey.";
        assert!(said.starts_with(wanted), "{said}");
        house.worker.tick().await.unwrap();
        let kept = house.relay.kept();
        assert_eq!(kept.len(), 3 * times, "all at once");
        assert!(kept.iter().all(|kept| kept.rcpt == "mia@acme.test"));
    }
    let subjects: Vec<String> = sent(&house).into_keys().collect();
    assert_eq!(
        subjects,
        [
            "One question, Mia, and one click answers it",
            "Should I close your file, Mia?",
            "Yours if you want it: 20 % off your first year"
        ]
    );
    let mails = house.relay.kept();
    let mut addresses = mails.iter().flat_map(|kept| Indoors::addresses(&kept.message));
    let answer = addresses.find(|address| address.contains("/s/")).expect("an answer to the survey");
    assert_eq!(house.ask(Ask::get(&answer)).await.status, 200, "links work as for a lead");
    let me = house.store.leads().named("mia@acme.test").await.unwrap().id;
    assert!(house.dossier(me).await.enrollments.is_empty(), "nobody begins a sequence by it");
    house.worker.leave().await;
}
