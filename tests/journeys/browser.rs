//! Two people before two real browsers: a lead turns hot before both, one claims her, the other sees it at once and is told who.

mod chromium;
mod mails;
mod pictures;

use crate::stage::{On, SOON, Sender, Stage};
use chromium::Chromium;
use rekindle_tests::program::within;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// How soon both see the same, the drawing included.
const TWO_SECONDS: Duration = Duration::from_secs(2);

const OPEN: &str = "[data-card][data-state='open']";
const CLAIMED: &str = "[data-card][data-state='claimed']";

#[tokio::test(flavor = "multi_thread")]
async fn both_see_the_hot_lead_and_the_claim_and_the_loser_is_told_who() {
    let stage = Stage::new(On::Sqlite);
    let up = stage.program.start(&["up"]).await;
    let kim = Sender::new(&up, &stage.key("crm", None).await);
    kim.warm_kim().await;
    let chromium = Chromium::start(&stage.place("chromium")).await;
    let ana = chromium.tab("ana", &stage.member("Ana", "sales").await).await;
    let ben = chromium.tab("ben", &stage.member("Ben", "sales").await).await;
    for (tab, handle) in [(&ana, "ana"), (&ben, "ben")] {
        assert_eq!(tab.attribute("#me", "data-handle").await.as_deref(), Some(handle));
        assert_eq!(tab.count("[data-card]").await, 0);
    }

    kim.track("kim", "Demo Requested").await;
    let hot = Instant::now();
    for tab in [&ana, &ben] {
        tab.wait_for(OPEN).await;
        assert_eq!(tab.text("[data-card] [data-field='title']").await, "Kim Park");
        assert_eq!(tab.text("[data-card] [data-field='score']").await, "105");
    }
    assert!(hot.elapsed() < TWO_SECONDS, "both cards took {:?}", hot.elapsed());

    ana.click("[data-card] [data-intent='claim']").await;
    let pressed = Instant::now();
    for tab in [&ana, &ben] {
        tab.wait_for(CLAIMED).await;
        let status = tab.text("[data-card] [data-field='status']").await;
        assert!(status.contains("Claimed by Ana"), "{status}");
    }
    assert!(pressed.elapsed() < TWO_SECONDS, "both cards changed after {:?}", pressed.elapsed());
    assert_eq!(ben.count("[data-card] [data-intent='claim']").await, 0, "nobody can claim what is claimed");
    let card = ben.attribute("[data-card]", "data-card").await.expect("a card has an id");
    let press = format!(
        "return fetch('/console/press', {{method: 'POST', headers: {{'X-Requested-With': 'console', 'Content-Type': \
         'application/json'}}, body: JSON.stringify({{card: '{card}', intent: 'claim', value: null}})}}).then(r => r.json())"
    );
    let refused = ben.run(&press).await;
    assert_eq!((&refused["code"], &refused["by"]), (&json!("already_claimed"), &json!("ana")), "{refused}");
    ben.type_in("#composer", "/lead claim kim@acme.test\n").await;
    ben.wait_for("[data-private][data-ok='false'][data-code='already_claimed']").await;
    let told = ben.text("[data-private][data-code='already_claimed']").await;
    assert!(told.contains("Ana has had this lead since"), "{told}");
    assert_eq!(ana.count("[data-private][data-code='already_claimed']").await, 0, "it is said in private");

    // She asks for an amount by a form, and both see how it ended.
    ana.click("[data-card] [data-intent='won']").await;
    ana.type_in("[data-card] [data-ask='won'] input[name='value']", "12000").await;
    ana.click("[data-card] [data-ask='won'] button[type='submit']").await;
    for tab in [&ana, &ben] {
        tab.wait_for("[data-card][data-state='closed']").await;
    }
    for tab in [ana, ben] {
        assert_eq!(tab.complaints().await, Vec::<String>::new());
        tab.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_complete_and_pages_open_without_a_complaint_of_the_browser() {
    let stage = Stage::new(On::Sqlite);
    let up = stage.program.start(&["up"]).await;
    let kim = Sender::new(&up, &stage.key("crm", Some("form")).await);
    kim.warm_kim().await;
    let hostile = json!({
        "email": "eve@evil.test", "name": "<img src=x onerror=\"document.title='pwned'\">", "title": "CEO <script>1</script>",
    });
    kim.identify("eve", hostile, json!({})).await;
    for event in ["Demo Requested", "Webinar Attended", "E-book Downloaded", "Pricing Viewed"] {
        kim.track("eve", event).await;
    }
    let chromium = Chromium::start(&stage.place("chromium")).await;
    let ana = chromium.tab("ana", &stage.member("Ana", "admin").await).await;

    ana.wait_for(OPEN).await;
    let title = ana.text("[data-card] [data-field='title']").await;
    assert!(title.contains("<img"), "what a lead wrote is text: {title}");
    assert_eq!(ana.count("[data-card] img").await, 0);

    ana.type_in("#composer", "/lead cl").await;
    ana.wait_for("#suggestions [role='option'][data-insert^='/lead claim']").await;
    ana.type_in("#composer", "\t").await;
    let typed = ana.value("#composer").await;
    assert!(typed.starts_with("/lead claim"), "{typed}");
    ana.type_in("#composer", "kim@acme.test\n").await;
    ana.wait_for("[data-private][data-ok='true'] [data-card][data-state='claimed']").await;

    for (path, shows) in [("/", "Kim"), ("/leads", "kim@acme.test"), ("/mail", "")] {
        ana.go(&up.at(path)).await;
        let body = ana.text("body").await;
        assert!(!body.is_empty(), "{path}");
        if path != "/" {
            assert!(body.contains(shows), "{path} shows {shows}: {body}");
        }
        assert_ne!(ana.run("return document.title").await, "pwned", "{path}");
    }
    assert_eq!(ana.complaints().await, Vec::<String>::new());

    // A stop does not wait for a browser that looks on.
    ana.go(&up.at("/console")).await;
    ana.wait_for("#feed[aria-busy='false']").await;
    let asked = Instant::now();
    assert_eq!(up.terminate().await, Some(0));
    assert!(asked.elapsed() < Duration::from_secs(10), "the stop took {:?}", asked.elapsed());
    within(SOON, "the page says that it is alone", async || {
        (ana.count("#connection:not([hidden])").await == 1).then_some(())
    })
    .await;
    ana.close().await;
}
