//! Every table takes what the program writes, and gives it back to the microsecond.

use chrono::TimeDelta;
use rekindle_core::{
    arrival::{Arrival, Quarantined, Who},
    campaign::{Forecast, Subjects},
    chat::{ChatUser, How, Platform},
    delivery::Event,
    desk,
    heard::{Reply, Report, Word},
    ids::{DeliveryId, LeadId},
    lead::{Lead, Lifecycle},
    machine::{Fetched, Sign},
    notice::{Notice, Topic},
    outflow::{Limits, Wish},
    prediction::{Band, Judgement, Prediction, Spoken},
    scene::{Change, Effect, Scene},
    sequence::WonBy,
    team::{Handle, Role},
    time::Moment,
    trial::Trial,
};
use rekindle_storage::{
    audit::Entry,
    campaigns::Previewed,
    fetches::Fetching,
    figures::Taken,
    homes::Opened,
    inbound::Arrived,
    keys::WriteKey,
    models::New,
    offers::{Offer, Redemption},
    outbox::Frozen,
    settings::Pause,
};
use rekindle_tests::{on_both, stores::Home};
use serde_json::json;

use crate::house::{House, TRIED, member};
use crate::told::{Telling, identify, track, unsubscribe};

on_both!(
    every_table_is_written_and_read,
    a_lead_comes_back_whole,
    a_name_is_found_in_any_case,
    an_offer_is_taken_once
);

async fn every_table_is_written_and_read(home: Home) {
    let house = House::of(home).await;
    let (store, now) = (&house.store, house.now());
    let kim = house.lead_at("kim@acme.test").await;
    let mail = house.mail(kim, "plain").await;
    let sender = house.sender().await;
    let ticket = house.ticket(&sender).await;
    let frozen = Frozen { recipient: "kim@acme.test".to_owned(), bytes: vec![0, 1, 2] };
    let offer = Offer {
        delivery: mail,
        lead: kim,
        code: "0ABC-1DEF-GH1K".to_owned(),
        gives: "20 % off".to_owned(),
        over_at: now + TimeDelta::days(14),
        taken_at: None,
        redeemed_at: None,
    };
    store.outbox().freeze(&[(mail, frozen)], std::slice::from_ref(&offer)).await.unwrap();
    assert_eq!(store.offers().of(mail).await.unwrap(), Some(offer));
    let wish = Wish { from: "acme.test".to_owned(), to: "acme.test".to_owned() };
    let limits = Limits { per_minute: Some(60), warm_up: vec![5], ..Limits::default() };
    assert_eq!(store.outbox().admit(&sender, &[(ticket, wish)], &limits).await.unwrap(), [true]);
    house.pass(&sender, &[ticket]).await;
    house.fate(&sender, ticket, Event::Accepted).await;

    let urls = ["https://acme.test/a".to_owned(), "https://acme.test/b".to_owned()];
    let links = store.links().destinations("first", &urls).await.unwrap();
    assert_eq!(store.links().destinations("first", &urls).await.unwrap(), links);
    assert_eq!(store.links().destination(links[&urls[1]]).await.unwrap(), Some(urls[1].clone()));
    let delivery = house.delivery(mail).await;
    let click = Fetching {
        what: Fetched::Link,
        destination: Some(links[&urls[0]]),
        head: false,
        agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned()),
        from: Some([192, 0, 2, 7].into()),
    };
    store.fetches().keep(click, &delivery).await.unwrap();
    assert_eq!(store.fetches().next_due().await.unwrap(), Some(now + TimeDelta::minutes(10)));
    let due = store.fetches().due(now + TimeDelta::minutes(10), 10).await.unwrap();
    assert_eq!((due.len(), due.people.len()), (1, 0));
    assert_eq!((due.machines[0].delivery, due.machines[0].sign), (mail, Sign::TooSoon));
    assert!(store.offers().take(mail).await.unwrap());
    assert!(matches!(
        store.offers().redeem("0ABC-1DEF-GH1K", "shop").await.unwrap(),
        Redemption::Redeemed(_)
    ));
    assert!(matches!(store.offers().redeem("0ABC-1DEF-GH1K", "shop").await.unwrap(), Redemption::Before(_)));
    let calls = store.webhooks().due(10).await.unwrap();
    assert_eq!(
        calls.iter().map(|call| call.event.as_str()).collect::<Vec<_>>(),
        ["offer.taken", "offer.redeemed"]
    );
    store.webhooks().taken(&calls[0], "200").await.unwrap();
    store.webhooks().failed(&calls[1], "500", Some(now + TimeDelta::minutes(5))).await.unwrap();
    assert!(store.webhooks().due(10).await.unwrap().is_empty());

    house.claim(kim, "ana").await;
    let until = now + TimeDelta::microseconds(1_234_567);
    house.decide(kim, |scene, _| desk::snooze(scene, &member("ana"), until, now)).await.unwrap();
    assert_eq!(store.alerts().next_wake().await.unwrap(), Some(until));
    assert_eq!(store.alerts().due_to_wake(until - TimeDelta::microseconds(1)).await.unwrap(), []);
    assert_eq!(store.alerts().due_to_wake(until).await.unwrap().len(), 1);
    assert_eq!(store.alerts().held_by(&member("ana").handle).await.unwrap().len(), 1);
    let behind = store.cards().alerts_behind("console", Moment::UNIX_EPOCH, 10).await.unwrap();
    let alert = &behind[0].subject;
    store.cards().shown(alert.id.0, "console", Some("17"), alert.revision).await.unwrap();
    assert!(store.cards().alerts_behind("console", Moment::UNIX_EPOCH, 10).await.unwrap().is_empty());
    assert_eq!(store.cards().alerts_behind("elsewhere", Moment::UNIX_EPOCH, 10).await.unwrap().len(), 1);
    house.decide(kim, |scene, _| Ok(desk::noted(scene))).await.unwrap();
    let again = store.cards().alerts_behind("console", Moment::UNIX_EPOCH, 10).await.unwrap();
    assert_eq!(again[0].message.as_deref(), Some("17"));

    let member = store.team().add("Ana", Role::Sales).await.unwrap();
    let token = store.team().link(&member).await.unwrap();
    store.team().sign_in(&token).await.unwrap().unwrap();
    store.team().link(&member).await.unwrap();
    let notice =
        Notice { to: member.handle.clone(), topic: Topic::Back, lead: kim, text: "Kim is back".to_owned() };
    let tell = |scene: &Scene, _: Moment| {
        Ok(Change { effects: vec![Effect::Tell(notice.clone())], ..scene.unchanged() })
    };
    house.decide(kim, tell).await.unwrap();
    let untold = store.notices().untold(Platform::Console, 10).await.unwrap();
    assert_eq!(untold.iter().map(|one| &one.notice).collect::<Vec<_>>(), [&notice]);
    store.notices().told(untold[0].id, Platform::Console).await.unwrap();
    store.notices().mute(&member, Topic::Back, true).await.unwrap();
    let user = ChatUser::parse("slack:T1/U1").unwrap();
    store.chat().link(&user, &member, How::Admin).await.unwrap();
    store.chat().invite(&user).await.unwrap();
    let mut home =
        Opened { user: user.clone(), shown: Some("d1".to_owned()), version: Some("v1".to_owned()) };
    store.homes().shows(&home).await.unwrap();
    assert_eq!(store.homes().all(Platform::Slack).await.unwrap(), std::slice::from_ref(&home));
    store.homes().opened(user).await.unwrap();
    (home.shown, home.version) = (None, None);
    assert_eq!(store.homes().all(Platform::Slack).await.unwrap(), [home]);
    assert!(store.homes().all(Platform::Discord).await.unwrap().is_empty());
    store.walls().hang("slack:T1/C1", Platform::Slack).await.unwrap();
    assert!(store.works_at("slack:T1/C1").await.unwrap());
    let came = Arrived {
        platform: Platform::Slack,
        workspace: "T1".to_owned(),
        id: "E1".to_owned(),
        at: now,
        kind: "command".to_owned(),
        payload: json!({"command": "/lead"}),
    };
    store.inbound().keep(&came).await.unwrap();
    assert!(store.inbound().take_over(Platform::Slack).await.unwrap().is_empty(), "it is in our own hands");
    let key = WriteKey {
        name: "shop".to_owned(),
        trust: rekindle_core::activity::Trust::Server,
        origins: vec![],
        basis: None,
    };
    store.keys().make(key).await.unwrap();
    store.set_pause(Some(Pause { by: member.handle.clone(), at: now }), "news").await.unwrap();
    let entry = Entry {
        at: now,
        actor: "ana".to_owned(),
        place: "console".to_owned(),
        deed: "/lead claim".to_owned(),
        lead: Some(kim),
        result: "ok".to_owned(),
    };
    store.audit(entry.clone()).await.unwrap();
    assert_eq!(store.audited(Some(kim), 10).await.unwrap(), std::slice::from_ref(&entry));
    assert_eq!(store.audited(None, 10).await.unwrap(), [entry]);
    let bad = Quarantined {
        source: "shop".to_owned(),
        message_id: None,
        code: "nul".to_owned(),
        reason: "a NUL".to_owned(),
        payload: "a\0b".to_owned(),
        at: now,
    };
    store.leads().quarantine(vec![bad]).await.unwrap();
    let form = rekindle_core::form::Form {
        name: "newsletter".to_owned(),
        title: "our newsletter".to_owned(),
        purpose: rekindle_core::sequence::Purpose::Marketing,
        wording: "Write to me.".to_owned(),
        version: "1".to_owned(),
        fields: Vec::new(),
        thanks: None,
        origins: Vec::new(),
    };
    assert!(store.confirmations().ask(kim, &form, &Default::default()).await.unwrap());
    store.console().post("ops", "rekindle", "hello", None).await.unwrap();
    let previewed = Previewed {
        sequence: "other".to_owned(),
        segment: "everyone".to_owned(),
        follows: true,
        subjects: Subjects::of(["Three “ways”, {{ first_name }}", "Vier Wege: äöü"]).unwrap(),
        version: 1,
        by: member.handle.clone(),
        forecast: Forecast { out: vec![("claimed by Ana".to_owned(), 1)], ..Forecast::default() },
    };
    let mut preview = store.campaigns().begin_preview();
    preview.add(vec![(kim, Some("claimed by Ana".to_owned()))]).await.unwrap();
    let draft = preview.keep(previewed).await.unwrap();
    assert_eq!(store.campaigns().named(&draft.id.to_string()).await.unwrap(), draft);
    let question = "segment everyone and hot".parse().unwrap();
    store.segments().save("hot ones", &question, &member.handle).await.unwrap();
    let saved = store.segments().saved().await.unwrap();
    assert_eq!((saved.len(), &*saved[0].question, saved[0].at), (1, "segment \"everyone\" and hot", now));
    assert_eq!(
        store.playbooks().await.unwrap().current().question("HOT ones").unwrap().1.to_string(),
        "everyone and hot"
    );
    let hot = "hot or not hot".parse().unwrap();
    store.segments().keep("all", &hot).await.unwrap();
    let playbook = house.playbooks.current();
    assert!(store.segments().ask_everybody("all", &hot, playbook, now).await.unwrap().joined > 0);
    assert_eq!(store.segments().of(kim).await.unwrap(), [("all".to_owned(), now)]);
    let answered = Report {
        mail,
        word: Word::Reply(Reply { id: "r1".to_owned(), from: None, said: "Call me".to_owned() }),
    };
    assert!(store.hear(&answered, &house.playbooks, TimeDelta::days(7)).await.unwrap());
    house.tell(unsubscribe("no", kim, now)).await;
    assert_eq!(store.leads().suppressed(&[house.row(kim).await]).await.unwrap().len(), 1);

    let shoulder = house.shoulder().await;
    shoulder
        .run("INSERT INTO breaker (name, state, since, why, probes) VALUES ('a.test', 'open', 1, 'why', 0)")
        .await;
    assert_eq!(store.breakers().await.unwrap()["a.test"].why, "why");
    house.tries(kim, "plain").await;
    let trial = Trial {
        key: TRIED.to_owned(),
        sequence: "plain".to_owned(),
        step: "first".to_owned(),
        arms: vec![("a".to_owned(), 1), ("b".to_owned(), 1)],
        winner: None,
        mail: None,
    };
    let tried = store.trials().tried(&trial, WonBy::Clicks, TimeDelta::zero(), now).await.unwrap();
    assert_eq!((tried[0].leads, tried[1].leads), (0, 1));
    assert!(store.trials().decide(&trial, 1, "b is better").await.unwrap());
    assert!(!store.trials().decide(&trial, 0, "a is better").await.unwrap(), "once is for good");
    assert_eq!(store.trials().decided().await.unwrap().0[TRIED], 1);
    let bands = vec![Band { said: 0.25, leads: 200, won: 50 }];
    let judged = Judgement { outcomes: 200, won: 50, auc: 0.75, brier: 0.125, bands };
    let new = New { by: "ana", since: now, judged: &judged, why_not: None, learnt: "{}" };
    let model = store.models().keep(new).await.unwrap();
    assert_eq!((model.version, &model.judged, model.in_force), (1, &judged, true));
    assert_eq!(store.models().all().await.unwrap(), [model]);
    let reasons = Spoken { pro: vec!["director".to_owned()], contra: vec!["free mail".to_owned()] };
    let prediction = Prediction { lead: kim, chance: 0.625, reasons, version: 1, at: now };
    store.predictions().keep(std::slice::from_ref(&prediction)).await.unwrap();
    assert_eq!(store.predictions().of(kim).await.unwrap(), Some(prediction));
    let tables = shoulder.tables().await;
    assert!(tables.len() >= 25, "{tables:?}");
    for table in tables {
        assert!(
            shoulder.number(&format!("SELECT count(*) FROM {table}")).await > 0,
            "{table} was not written"
        );
    }
    let figures = store.figures();
    assert_eq!(figures.leads_by_consent().await.unwrap(), [("unsubscribed".to_owned(), 1)]);
    assert_eq!(figures.leads_by_nurture().await.unwrap().len(), 1);
    assert_eq!(figures.leads_by_lifecycle().await.unwrap(), [("sql".to_owned(), 1)]);
    assert_eq!(figures.alerts_by_state().await.unwrap(), [("snoozed".to_owned(), 1)]);
    assert_eq!(figures.human_activities(now - TimeDelta::days(1)).await.unwrap(), [now, now]);
    let taken = Taken { lead: kim, waited: None, stage: Lifecycle::Sql };
    assert_eq!(figures.taken_by(&member.handle, now).await.unwrap(), [taken]);
    assert!(figures.taken_by(&member.handle, now + TimeDelta::seconds(1)).await.unwrap().is_empty());
    assert!(figures.waits_for_claim(now - TimeDelta::days(1)).await.unwrap().is_empty());
}

async fn a_lead_comes_back_whole(home: Home) {
    let house = House::of(home).await;
    let at = |micros| house.now() + TimeDelta::microseconds(micros);
    let traits = json!({"email": "Kim.Łuk@Bücher.example", "name": "Kim “K” Łuk 😀", "company": "Ac'me; --", "plan": {"a": [1, 2.5, null]}});
    let told = identify("m1", traits, at(0)).email("Kim.Łuk@Bücher.example");
    let kim = house.tell(told).await;
    let owner = Handle::of("ana").unwrap();
    let wanted: std::sync::Mutex<Option<Lead>> = std::sync::Mutex::new(None);
    let change_all = |scene: &rekindle_core::scene::Scene, _| {
        let mut change = scene.unchanged();
        let lead = &mut change.lead;
        lead.first_name = Some("Kim".to_owned());
        lead.title = Some("Director".to_owned());
        lead.country = Some("TH".to_owned());
        lead.zone = Some("Asia/Bangkok".to_owned());
        lead.tags = vec!["vip".to_owned(), "ünder".to_owned()];
        lead.points = rekindle_core::lead::Points { fit: -0.1, engagement: 1.0 / 3.0, at: at(1) };
        let fading = |half_life, group: Option<&str>| rekindle_core::score::Fading {
            half_life,
            group: group.map(str::to_owned),
        };
        lead.worth = rekindle_core::score::Worth {
            sums: [(fading(None, None), 1.5), (fading(Some(86_400), Some("web content")), -0.25)].into(),
            may_be_hot: true,
            rules: 7,
        };
        lead.hot = true;
        lead.crosses_at = Some(at(2));
        lead.rung_at = Some(at(5));
        lead.journey = rekindle_core::lead::Journey::Decision;
        lead.lifecycle = rekindle_core::lead::Lifecycle::Opportunity;
        lead.move_nurture(rekindle_core::lead::Nurture::Cold, "quiet", at(3));
        lead.consent = rekindle_core::consent::Consent {
            state: rekindle_core::consent::ConsentState::Subscribed,
            basis: Some("enquiry: form".to_owned()),
            at: Some(at(4)),
            until: Some(at(40)),
        };
        lead.preferences = rekindle_core::preferences::Preferences {
            fewer: true,
            paused_until: Some(at(50)),
            only_topic: Some("pricing".to_owned()),
        };
        lead.owner = Some(owner.clone());
        lead.last_owner = Some(owner.clone());
        lead.created_at = at(-5);
        lead.last_human_at = Some(at(6));
        *wanted.lock().unwrap() = Some(lead.clone());
        Ok(change)
    };
    house.decide(kim, change_all).await.unwrap();
    let wanted = wanted.into_inner().unwrap().unwrap();
    assert_eq!(house.row(kim).await, wanted);
    assert_eq!(house.store.leads().by_ids(&[kim]).await.unwrap(), [wanted]);
    // An activity too, with all that was told.
    let mut odd = track("m2", "Odd \u{202e}name", at(-7)).path("/p?q='%'");
    odd.who = Who { lead: Some(kim), ..Who::default() };
    odd.properties.insert("deep".to_owned(), json!({"n": 1e300, "s": "\\u0000 ' \" \n", "b": [true, null]}));
    let odd: Arrival = odd;
    house.tell(odd.clone()).await;
    let activities = house.store.leads().dossier(kim).await.unwrap().activities;
    let found = activities.iter().find(|activity| activity.message_id == "m2").unwrap();
    assert_eq!((found.at, &found.path, &found.name), (at(-7), &odd.path, &odd.name));
    assert_eq!(found.properties, odd.properties);
    assert_eq!(house.store.leads().owned_by(&owner).await.unwrap().len(), 1);
}

async fn a_name_is_found_in_any_case(home: Home) {
    let house = House::of(home).await;
    for (n, (name, company)) in
        [("Kim Park", "Acme 100% Ltd"), ("Lee Kimball", "Beta"), ("Ola", "Gamma")].iter().enumerate()
    {
        let email = format!("p{n}@x.test");
        house
            .tell(identify(
                &format!("m{n}"),
                json!({"email": email, "name": name, "company": company}),
                house.now(),
            ))
            .await;
    }
    for (text, count) in
        [("kim", 2), ("KIM", 2), ("acme", 1), ("P1@x", 1), ("", 3), ("100%", 1), ("%", 1), ("_", 0)]
    {
        let (leads, all) = house.store.leads().search(text, 0, 10).await.unwrap();
        assert_eq!((leads.len(), all), (count, count as u64), "“{text}”");
    }
    let (page, all) = house.store.leads().search("", 2, 2).await.unwrap();
    assert_eq!((page.len(), all), (1, 3));
}

async fn an_offer_is_taken_once(home: Home) {
    let house = House::of(home).await;
    let stores = [house.store.clone(), house.home.open().await];
    for n in 0..5 {
        let (mail, lead) = (DeliveryId(uuid::Uuid::from_u128(n + 1)), LeadId(uuid::Uuid::from_u128(n + 1)));
        let code = house.store.ring().offer_code(mail.0);
        let over_at = house.now() + TimeDelta::days(1);
        let gives = "20 % off".to_owned();
        let offer = Offer { delivery: mail, lead, code, gives, over_at, taken_at: None, redeemed_at: None };
        house.store.offers().promise(&[offer.clone(), offer]).await.unwrap();
        let mut taking = tokio::task::JoinSet::new();
        for press in 0..6 {
            let store = stores[press % 2].clone();
            taking.spawn(async move { store.offers().take(mail).await.unwrap() });
        }
        assert_eq!(taking.join_all().await.into_iter().filter(|took| *took).count(), 1);
        assert_eq!(house.store.offers().of(mail).await.unwrap().unwrap().taken_at, Some(house.now()));
    }
}
