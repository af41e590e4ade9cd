//! Leads are won and lost over months; the worker learns from it, cards say how likely the next one is, and the team sees how far that
//! is to be trusted. Nothing is learnt from what came after the team was asked.

use crate::stage::{On, Stage, on_both_databases};
use chrono::TimeDelta;
use rekindle_bot::reply::Reply;
use rekindle_core::{
    activity::{Activity, Kind, Trust},
    alert::Outcome,
    arrival::{Arrival, Who},
    consent::{ConsentState, Proof, Record},
    desk,
    email::EmailAddress,
    ids::LeadId,
    prediction::{Example, Needed, Stood, Trained, features},
    team::{Member, Role},
};
use rekindle_predict::auc;
use rekindle_storage::new_alert_id;
use rekindle_tests::{indoors::Indoors, on_both, stores::Home};
use rekindle_worker::learning::{Training, train};
use serde_json::{Map, Value, json};

on_both!(
    months_of_outcomes_become_a_chance_on_the_card,
    what_came_after_the_question_is_not_learnt_from,
    who_objected_is_neither_learnt_from_nor_predicted,
    customers_teach_nothing_more_and_a_model_holds_nothing_of_one_person,
);
on_both_databases!(the_terminal_says_what_is_missing);

/// Enough to learn from, and few enough for a test.
const NEEDED: Needed = Needed { outcomes: 120, of_each: 30, auc: 0.65 };
const LEADS: u32 = 160;

/// Numbers that look random, and are the same in every run.
fn lot(lead: u32, of: u32) -> f64 {
    let mixed = lead.wrapping_mul(0x9E37_79B9) ^ of.wrapping_mul(0x85EB_CA6B);
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x2C1B_3C6D);
    f64::from((mixed ^ (mixed >> 13)) % 10_000) / 10_000.0
}

/// A lead of the story: directors who came to the webinar buy, most of the time; free mail does not.
struct One {
    email: String,
    title: &'static str,
    webinar: bool,
    won: bool,
}

fn lead(number: u32) -> One {
    let (director, webinar, free) = (lot(number, 1) < 0.5, lot(number, 2) < 0.5, lot(number, 3) < 0.4);
    let odds = 2.0 * f64::from(u8::from(director)) + 2.0 * f64::from(u8::from(webinar))
        - 1.5 * f64::from(u8::from(free))
        - 1.6;
    let email =
        if free { format!("lead{number}@gmail.com") } else { format!("lead{number}@company{number}.test") };
    One {
        email,
        title: if director { "Director of Operations" } else { "Engineer" },
        webinar,
        won: lot(number, 4) < 1.0 / (1.0 + (-odds).exp()),
    }
}

struct Team {
    house: Indoors,
    ana: Member,
    told: u32,
}

impl Team {
    async fn of(home: Home) -> Self {
        let house = Indoors::with(home, |_| {}, |settings| settings.needed = NEEDED).await;
        let ana = house.store.team().add("Ana", Role::Sales).await.unwrap();
        Self { house, ana, told: 0 }
    }

    fn arrival(&mut self, email: &str, kind: Kind, name: &str, properties: Value) -> Arrival {
        self.told += 1;
        Arrival {
            source: "site".to_owned(),
            message_id: format!("m{}", self.told),
            fingerprint: 1,
            who: Who { email: Some(EmailAddress::parse(email).unwrap()), ..Who::default() },
            kind,
            name: name.to_owned(),
            path: None,
            at: self.house.home.now(),
            properties: properties.as_object().cloned().unwrap_or_else(Map::new),
            human: Activity::is_human(kind, name),
            trust: Trust::Server,
            basis: None,
        }
    }

    async fn tell(&self, arrivals: &[Arrival]) {
        let playbooks = self.house.store.playbooks().await.unwrap();
        self.house.store.leads().observe(arrivals, &playbooks).await.unwrap();
    }

    /// A lead turns hot, so that the team is asked.
    async fn turns_hot(&mut self, one: &One) -> LeadId {
        let traits = json!({"email": one.email, "title": one.title, "consent": true});
        let mut did = vec![self.arrival(&one.email, Kind::Identify, "Identified", traits)];
        if one.webinar {
            did.push(self.arrival(&one.email, Kind::Track, "Webinar Attended", json!({})));
        }
        for _ in 0..2 {
            did.push(self.arrival(&one.email, Kind::Track, "Demo Requested", json!({})));
        }
        self.tell(&did).await;
        self.house.store.leads().named(&one.email).await.unwrap().id
    }

    /// Ana claims a lead, and says how it went.
    async fn ends(&self, lead: LeadId, won: bool) {
        let store = &self.house.store;
        let (playbooks, wall) = (store.playbooks().await.unwrap(), store.clock().wall());
        let how = if won { Outcome::Won } else { Outcome::Lost };
        let claim = |scene: &_, _| desk::claim(scene, &self.ana, new_alert_id(), wall);
        store.leads().decide(lead, &playbooks, claim).await.unwrap();
        let outcome = |scene: &_, now| desk::outcome(scene, &self.ana, how, None, wall, now);
        store.leads().decide(lead, &playbooks, outcome).await.unwrap();
    }

    /// Months in which all of the story's leads turn hot and are won or lost.
    async fn months(&mut self) {
        for number in 0..LEADS {
            let one = lead(number);
            let id = self.turns_hot(&one).await;
            self.house.home.clock().forward(TimeDelta::hours(7));
            self.ends(id, one.won).await;
            self.house.home.clock().forward(TimeDelta::hours(7));
        }
    }

    async fn train(&self) -> Trained {
        match train(&self.house.store, &NEEDED, "terminal", |_, _| ()).await.unwrap() {
            Training::Kept(model) => model,
            Training::TooLittle(why) => panic!("too little: {why}"),
        }
    }

    async fn says(&self, line: &str) -> Reply {
        self.house.desk().run(&self.ana, "console", line).await
    }

    async fn card_line(&self, email: &str) -> String {
        let card = self.says(&format!("/lead show {email}")).await.card.expect("a card");
        card.lines.first().cloned().unwrap_or_default()
    }
}

async fn months_of_outcomes_become_a_chance_on_the_card(home: Home) {
    let mut team = Team::of(home).await;
    let said = team.says("/report score").await;
    assert!(said.text.contains("0 outcomes are known, 200 are needed"), "{}", said.text);
    team.house.worker.tick().await.unwrap();
    team.months().await;

    // The night from Saturday to Sunday comes.
    let likely = One { webinar: true, title: "Director", ..lead(1_000) };
    let likely = One { email: "kim@gmail.com".to_owned(), ..likely };
    let kim = team.turns_hot(&likely).await;
    team.house.home.clock().forward(TimeDelta::days(7));
    let tick = team.house.worker.tick().await.unwrap();
    assert_eq!(tick.swept.get("train_model"), Some(&1), "{tick:?}");
    let model = team.house.store.models().in_force().await.unwrap().expect("one is good enough");
    assert_eq!((model.version, &*model.by, model.judged.outcomes), (1, "schedule", u64::from(LEADS)));
    assert!(model.judged.auc > 0.68 && model.judged.brier < 0.24, "{model:?}");

    let line = team.card_line("kim@gmail.com").await;
    assert!(line.contains(" % likely (") && line.contains("director"), "{line}");
    assert!(line.contains("webinar attended") && line.contains("but free mail"), "{line}");
    let kims = team.house.store.predictions().of(kim).await.unwrap().unwrap();
    assert!((0.55..0.9).contains(&kims.chance), "the truth is 71 %: {kims:?}");
    let why = team.says("/lead why kim@gmail.com").await;
    assert!(why.text.contains(&format!("Predicted: {line} (model 1,")), "{}", why.text);
    // A lead of whom all speaks against is told so.
    let unlikely = One { webinar: false, title: "Engineer", email: "bob@gmail.com".to_owned(), won: false };
    let bob = team.turns_hot(&unlikely).await;
    let before = team.house.store.alerts().live_on(bob).await.unwrap().unwrap().revision;
    team.house.home.clock().forward(TimeDelta::minutes(1));
    team.house.worker.tick().await.unwrap();
    assert_eq!(team.house.store.alerts().live_on(bob).await.unwrap().unwrap().revision, before + 1);
    let chance = async |lead| team.house.store.predictions().of(lead).await.unwrap().unwrap().chance;
    assert!(chance(kim).await > chance(bob).await + 0.3);
    assert!(team.card_line("bob@gmail.com").await.contains("no webinar attended"));
    // Twice is no more than once.
    team.house.home.clock().forward(TimeDelta::minutes(1));
    let tick = team.house.worker.tick().await.unwrap();
    assert_eq!((tick.swept.get("train_model"), tick.swept.get("predict_cards")), (None, None), "{tick:?}");

    // Whoever does something more is predicted anew.
    let again = team.arrival("kim@gmail.com", Kind::Track, "Demo Requested", json!({}));
    team.tell(&[again]).await;
    team.house.home.clock().forward(TimeDelta::minutes(1));
    let tick = team.house.worker.tick().await.unwrap();
    assert_eq!(tick.swept.get("predict_cards"), Some(&1), "{tick:?}");

    let report = team.says("/report score").await;
    for part in
        ["Model 1, trained", "160 outcomes since 2 Mar 2026", "AUC 0.", "Brier 0.", "| said   o happened"]
    {
        assert!(report.text.contains(part), "{part}: {}", report.text);
    }

    // A second model, and back to the first.
    assert_eq!(team.train().await.version, 2);
    assert!(!team.card_line("kim@gmail.com").await.contains("likely"), "not predicted by the second yet");
    let models = team.house.store.models();
    assert_eq!(models.roll_back(None).await.unwrap().version, 1);
    let refused = async |to| {
        let refused = team.house.store.models().roll_back(to).await.unwrap_err();
        refused.refusal().expect("a refusal").text(chrono_tz::UTC)
    };
    assert_eq!(refused(Some(1)).await, "Model 1 is in force already.");
    assert_eq!(refused(None).await, "There is no earlier model that was good enough to be shown.");
    assert!(team.card_line("kim@gmail.com").await.contains("likely"));

    // What is not good enough is kept, and nothing is shown.
    let strict = Needed { auc: 0.99, ..NEEDED };
    let Training::Kept(third) = train(&team.house.store, &strict, "ana", |_, _| ()).await.unwrap() else {
        panic!("there is enough to learn from")
    };
    assert!(third.why_not.as_deref().unwrap().contains("0.99 is needed"), "{third:?}");
    assert_eq!(models.in_force().await.unwrap(), None);
    assert!(!team.card_line("kim@gmail.com").await.contains("likely"));
    assert!(team.says("/report score").await.text.starts_with("Nothing is shown on cards: its AUC is"));
    assert!(refused(Some(3)).await.contains("0.99 is needed"));
}

async fn what_came_after_the_question_is_not_learnt_from(home: Home) {
    let mut team = Team::of(home).await;
    let mut ids = Vec::new();
    for number in 0..LEADS {
        let one = lead(number);
        // A visitor whom nobody knows yet looks at the portal.
        let mut visit = team.arrival(&one.email, Kind::Track, "Portal Opened", json!({}));
        visit.who = Who { anonymous_id: Some(format!("device{number}")), ..Who::default() };
        team.tell(&[visit]).await;
        let id = team.turns_hot(&one).await;
        team.house.home.clock().forward(TimeDelta::hours(7));
        team.ends(id, one.won).await;
        if one.won {
            let signed = team.arrival(&one.email, Kind::Track, "Contract Signed", json!({}));
            let mut late = team.arrival(&one.email, Kind::Track, "Offer Read", json!({}));
            late.at -= TimeDelta::days(2);
            let title = json!({"email": one.email, "title": "Chief Customer Officer", "country": "CH"});
            let mut named = team.arrival(&one.email, Kind::Identify, "Identified", title);
            // ... and now it is known whose device that was.
            named.who.anonymous_id = Some(format!("device{number}"));
            team.tell(&[signed, late, named]).await;
            // Who bought brings colleagues along.
            for nth in 0..3 {
                let domain = one.email.split_once('@').map_or("", |(_, domain)| domain);
                let email = format!("colleague{nth}.of{number}@{domain}");
                let joins = team.arrival(&email, Kind::Identify, "Identified", json!({"email": email}));
                team.tell(&[joins]).await;
            }
        }
        ids.push((id, one.won));
        team.house.home.clock().forward(TimeDelta::hours(7));
    }
    let model = team.train().await;
    let learnt = team.house.store.models().learnt(model.version).await.unwrap().unwrap();
    for trace in ["Contract Signed", "Offer Read", "Portal Opened", "chief", "CH"] {
        assert!(!learnt.contains(&format!("{trace}\"")), "{trace} was learnt");
    }
    assert!(learnt.contains("Webinar Attended") && learnt.contains("director"));
    assert!((0.65..0.95).contains(&model.judged.auc), "no more than can be known: {model:?}");

    // Whoever looks at the leads as they stand today sees every outcome.
    let store = &team.house.store;
    let now = store.clock().calendar();
    let examples = store.predictions().examples(1_000).await.unwrap();
    let of_company = |example: &&Example| {
        let domain = example.stood.as_ref().and_then(|stood| stood.domain.as_deref());
        domain.is_some_and(|domain| domain.starts_with("company"))
    };
    let alone = examples.iter().filter(of_company).map(|example| example.colleagues);
    assert!(alone.clone().count() > 50 && alone.clone().all(|people| people == Some(1)), "{examples:?}");
    let leads: Vec<LeadId> = ids.iter().map(|(id, _)| *id).collect();
    let deeds = store.predictions().deeds(&leads).await.unwrap();
    for trace in ["did Contract Signed", "did Offer Read", "did Portal Opened", "country"] {
        let mut said = Vec::new();
        for (id, won) in &ids {
            let stood = Stood::of(&team.house.lead(*id).await);
            let seen = features(Some(&stood), None, &deeds[id], now);
            let has =
                seen.get(trace).is_some_and(|value| *value != rekindle_core::prediction::Value::Unknown);
            said.push((f64::from(u8::from(has)), *won));
        }
        assert_eq!(auc(&said), 1.0, "{trace} is no trace");
    }
}

async fn who_objected_is_neither_learnt_from_nor_predicted(home: Home) {
    let mut team = Team::of(home).await;
    team.months().await;
    let one = One { email: "kim@acme.test".to_owned(), ..lead(1) };
    let kim = team.turns_hot(&one).await;
    assert_eq!(team.train().await.judged.outcomes, u64::from(LEADS));
    team.house.worker.tick().await.unwrap();
    assert!(team.house.store.predictions().of(kim).await.unwrap().is_some());
    let store = &team.house.store;
    let first = store.leads().named(&lead(0).email).await.unwrap().id;
    let playbooks = store.playbooks().await.unwrap();
    for who in [kim, first] {
        let objects = |scene: &rekindle_core::scene::Scene, now| {
            let mut change = scene.unchanged();
            change.hear(scene, Record::no(ConsentState::Objected, "asked for it", now, Proof::default()));
            Ok(change)
        };
        store.leads().decide(who, &playbooks, objects).await.unwrap();
    }
    assert_eq!(store.predictions().of(kim).await.unwrap(), None);
    let papers = store.papers().export(kim).await.unwrap();
    assert!(papers.get("prediction").is_none(), "it is gone with the objection");
    team.house.home.clock().forward(TimeDelta::minutes(1));
    team.house.worker.tick().await.unwrap();
    assert_eq!(store.predictions().of(kim).await.unwrap(), None);
    let predicted = store.papers().export(kim).await.unwrap();
    assert!(predicted.get("prediction").is_none(), "nothing is kept of it");
    assert_eq!(team.train().await.judged.outcomes, u64::from(LEADS) - 1);
}

async fn customers_teach_nothing_more_and_a_model_holds_nothing_of_one_person(home: Home) {
    let mut team = Team::of(home).await;
    let mut leads = Vec::new();
    let revenue = |number: u32| 1_234_567 + 7_919 * u64::from(number);
    for number in 0..LEADS {
        let one = lead(number);
        // As a CRM exports its people.
        let told = json!({
            "email": one.email, "mobilePhone": format!("4917011{number:05}"), "Record ID": 106_310 + number,
            "Contact owner": "Erika Mustermann", "annual_revenue": revenue(number),
        });
        let told = team.arrival(&one.email, Kind::Identify, "Identified", told);
        team.tell(&[told]).await;
        let id = team.turns_hot(&one).await;
        team.house.home.clock().forward(TimeDelta::hours(14));
        team.ends(id, one.won).await;
        leads.push((id, one));
    }
    let first = team.train().await;
    let won = leads.iter().filter(|(_, one)| one.won).count() as u64;
    assert_eq!((first.judged.outcomes, first.judged.won), (u64::from(LEADS), won));
    let learnt = async |version| team.house.store.models().learnt(version).await.unwrap().unwrap();
    let model = learnt(1).await;
    assert!(model.contains("trait annual_revenue"), "{model}");
    let persons = ["mobile", "Record", "106310", "rika"].map(str::to_owned);
    let numbers = (0..LEADS).flat_map(|number| [revenue(number).to_string(), format!("4917011{number:05}")]);
    for trace in persons.into_iter().chain(numbers) {
        assert!(!model.contains(&trace), "{trace} is in the model");
    }

    // Customers use what they bought, come back, and are told as won or lost once more; so are some who were lost.
    for (id, one) in &leads {
        let used = team.arrival(&one.email, Kind::Track, "Workspace Opened", json!({}));
        team.tell(&[used]).await;
        team.ends(*id, lot(1, u32::from(one.won)) < 0.5).await;
        team.house.home.clock().forward(TimeDelta::hours(7));
    }
    let (outcomes_won, lost) = team.house.store.predictions().outcomes().await.unwrap();
    assert_eq!(outcomes_won + lost, u64::from(LEADS), "an outcome of each lead");
    let second = team.train().await;
    assert_eq!(second.judged.outcomes, u64::from(LEADS));
    let examples = team.house.store.predictions().examples(1_000).await.unwrap();
    for (id, one) in leads.iter().filter(|(_, one)| one.won) {
        let example = examples.iter().find(|example| example.lead == *id).unwrap();
        assert!(example.won && example.asked_at < first.at, "as it was before it was won: {}", one.email);
    }
    // Nobody tells sales how likely a customer is to be won.
    team.house.home.clock().forward(TimeDelta::days(1));
    team.house.worker.tick().await.unwrap();
    let customer = leads.iter().find(|(_, one)| one.won).unwrap().0;
    assert_eq!(team.house.store.predictions().of(customer).await.unwrap(), None);
}

async fn the_terminal_says_what_is_missing(on: On) {
    let stage = Stage::new(on);
    let words = refused(&stage, &["score", "train"]).await;
    assert!(words.contains("nothing can be learnt yet: 0 outcomes are known, 200 are needed"), "{words}");
    assert_eq!(stage.program.json(&["score", "models", "--json"]).await, json!([]));
    let words = refused(&stage, &["score", "rollback", "3"]).await;
    assert!(words.contains("There is no model 3: none was trained yet."), "{words}");
}

async fn refused(stage: &Stage, arguments: &[&str]) -> String {
    let output = stage.program.run(arguments).await;
    assert_eq!(output.code, Some(2), "{output:?}");
    output.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
}
