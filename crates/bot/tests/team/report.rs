//! Who came back from the cold.

use crate::stage::Stage;
use rekindle_core::{lead::Nurture, scene::Scene, time::Moment};
use serde_json::json;

impl Stage {
    /// A lead that fell silent and was archived, and a day later shows a sign of life.
    async fn revive(&self, email: &str, name: &str) {
        let lead = self.identify(email, json!({"name": name, "consent": true})).await;
        let playbooks = self.store.playbooks().await.unwrap();
        let archive = |scene: &Scene, now: Moment| {
            let mut change = scene.unchanged();
            change.lead.move_nurture(Nurture::Archived, "silent to the end", now);
            Ok(change)
        };
        self.store.leads().decide(lead, &playbooks, archive).await.unwrap();
        self.advance(86_400);
        self.track(email, "Demo Requested").await;
    }
}

#[tokio::test]
async fn who_came_back_is_listed_with_who_has_them_and_what_was_won() {
    let stage = Stage::set().await;
    let none = stage.ask("vic", "/report revived").await;
    assert_eq!(none.text, "Nobody came back from the cold in 90 days; nobody is cold or archived.");
    stage.revive("kim@acme.test", "Kim Park").await;
    stage.revive("bo@acme.test", "Bo").await;
    stage.ask("ana", "/lead claim kim@acme.test").await;
    assert!(stage.ask("ana", "/lead outcome kim@acme.test won 5,000 EUR").await.ok);
    stage.ask("ben", "/lead claim bo@acme.test").await;
    let said = stage.ask("vic", "/report revived").await;
    let lines: Vec<&str> = said.text.lines().collect();
    assert_eq!(lines[0], "2 leads came back from the cold in 90 days, 1 deal won: 5000 EUR, page 1 of 1");
    let cells = |line: &str| {
        line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join("|")
    };
    let cells: Vec<String> = lines[1..].iter().map(|line| cells(line)).collect();
    assert_eq!(
        cells,
        [
            "lead|was|since|back|owner|won",
            "Bo|archived|09:00|Ben",
            "Kim Park|archived|Tue 24 Nov, 09:00|nobody, before Ana|5000 EUR",
        ]
    );
    let data = said.data.unwrap();
    assert_eq!((&data["revived"]["leads"], &data["revived"]["won"]), (&json!(2), &json!(1)));
    assert_eq!(
        (&data["listed"][1]["called"], &data["listed"][0]["owner"]),
        (&json!("Kim Park"), &json!("ben"))
    );
    assert!(
        stage
            .ask("vic", "/rekindle status")
            .await
            .text
            .contains("2 leads came back from the cold in 90 days, 1 deal won: 5000 EUR")
    );
    stage.advance(91 * 86_400);
    assert!(stage.ask("vic", "/report revived").await.text.starts_with("Nobody came back"), "long ago");
}

#[tokio::test]
async fn many_who_came_back_are_listed_a_page_at_a_time() {
    let stage = Stage::set().await;
    for number in 0..21 {
        stage.revive(&format!("lead{number}@acme.test"), &format!("Lead {number}.")).await;
    }
    let first = stage.ask("mia", "/report revived").await.text;
    assert!(first.contains("page 1 of 2") && first.ends_with("More: /report revived --page 2"), "{first}");
    assert!(first.contains("Lead 20.") && !first.contains("Lead 0."), "{first}");
    let second = stage.ask("mia", "/report revived --page 2").await.text;
    assert!(second.contains("Lead 0.") && second.lines().count() == 3, "{second}");
}
