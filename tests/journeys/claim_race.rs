//! Eight people claim one lead at the same moment, through two processes and two doors, a thousand times: one wins.

use crate::stage::{On, SOON, Seat, Sender, Stage, on_both_databases};
use futures_util::future::join_all;
use rekindle_tests::program::{free_port, within};
use serde_json::{Value, json};

const MEMBERS: usize = 8;

on_both_databases!(of_eight_who_claim_at_once_exactly_one_wins_a_thousand_times);

async fn of_eight_who_claim_at_once_exactly_one_wins_a_thousand_times(on: On) {
    // All thousand with `./check --long`.
    let rounds = if std::env::var_os("REKINDLE_LONG").is_some() { 1_000_i64 } else { 150 };
    let stage = Stage::new(on);
    let web = stage.program.start(&["web"]).await;
    let one = stage.program.start(&["bot"]).await;
    let other = stage.program.start(&["bot", "--listen", &format!("127.0.0.1:{}", free_port())]).await;
    assert_ne!(one.url, other.url);
    let kim = Sender::new(&web, &stage.key("crm", None).await);
    kim.warm_kim().await;
    kim.track("kim", "Demo Requested").await;
    let mut seats = Vec::new();
    for n in 0..MEMBERS {
        let process = if n % 2 == 0 { &one } else { &other };
        seats.push((format!("rep-{n}"), stage.seat(process, &format!("Rep {n}"), "sales").await));
    }
    let lead = stage.lead("kim@acme.test").await;
    let card = lead["alerts"][0]["id"].as_str().unwrap().to_owned();

    let began = tokio::time::Instant::now();
    let mut wins = [0; MEMBERS];
    for round in 0..rounds {
        // Two at each process press the button, two type the command.
        let claims = seats
            .iter()
            .enumerate()
            .map(|(n, (_, seat))| claim(seat, &card, (n as i64 / 2 + round) % 2 == 0));
        let answers = join_all(claims).await;
        let winners: Vec<usize> = (0..MEMBERS).filter(|n| answers[*n]["ok"] == true).collect();
        let [winner] = winners[..] else { panic!("round {round}: {winners:?} won: {answers:#?}") };
        let (handle, seat) = &seats[winner];
        for (loser, answer) in answers.iter().enumerate().filter(|(n, _)| *n != winner) {
            let told = (answer["code"].as_str(), answer["by"].as_str());
            assert_eq!(
                told,
                (Some("already_claimed"), Some(handle.as_str())),
                "round {round}, {loser}: {answer}"
            );
        }
        wins[winner] += 1;
        if round + 1 < rounds {
            let released = seat.press(&card, "release", None).await;
            assert_eq!(released["ok"], true, "round {round}: {released}");
        }
    }
    println!("took {:?}", began.elapsed());
    println!("wins by member: {wins:?}");
    assert!(wins.iter().filter(|wins| **wins > 0).count() > 1, "it was a race: {wins:?}");

    let lead = stage.lead("kim@acme.test").await;
    assert_eq!(lead["alerts"].as_array().unwrap().len(), 1);
    let owner = lead["owner"].clone();
    assert_eq!((&lead["alerts"][0]["by"], &lead["alerts"][0]["state"]), (&owner, &json!("claimed")));
    // Every copy in both processes says the same in the end.
    for (handle, seat) in &seats {
        let what = format!("{handle} sees that {owner} has her");
        within(SOON, &what, async || card_of(seat).await.filter(|card| is_settled(card, &owner, rounds)))
            .await;
    }
}

async fn claim(seat: &Seat, card: &str, by_button: bool) -> Value {
    match by_button {
        true => seat.press(card, "claim", None).await,
        false => seat.say("/lead claim kim@acme.test").await,
    }
}

async fn card_of(seat: &Seat) -> Option<Value> {
    let state = seat.state().await;
    let messages = state["messages"].as_array()?.iter();
    messages.rev().map(|message| message["card"].clone()).find(|card| card["email"] == "kim@acme.test")
}

/// Claimed once and released in each round but the last: the card has seen every change.
fn is_settled(card: &Value, owner: &Value, rounds: i64) -> bool {
    let name = owner.as_str().unwrap_or_default().replace("rep-", "Rep ");
    let revisions = 1 + 2 * rounds - 1;
    card["state"] == "claimed"
        && card["status"].as_str().unwrap_or_default().contains(&name)
        && card["revision"].as_i64().unwrap_or_default() >= revisions
}
