//! Eight people claim one lead at the same moment, through every door that there is: the console of two processes, Slack by
//! socket and over HTTP, Discord by its gateway and over HTTP. One wins, a thousand times; each loser hears who it was.

use crate::stage::{
    On, SOON, Sender, Stage,
    chats::{Chats, HOT, HOT_LEADS, Of, Platform, Player, custom_id, now, post_to_slack_door},
    on_both_databases,
};
use futures_util::future::join_all;
use rekindle_tests::{
    program::{Running, free_port, within},
    slack::{Message, payloads},
};
use serde_json::{Value, json};

const MEMBERS: u64 = 8;

on_both_databases!(of_eight_who_claim_at_once_exactly_one_wins_a_thousand_times);

/// Where everybody stands.
struct Race {
    chats: Chats,
    /// Speaks with Slack through a socket, and with Discord through its gateway.
    one: Running,
    /// Is spoken with over HTTP by both.
    other: Running,
    /// The card as it was when nobody had her yet, as some still see it.
    in_slack: Message,
    on_discord: Value,
    on_console: String,
}

/// What somebody heard who claimed.
#[derive(Debug)]
enum Heard {
    /// In words.
    Told(String),
    /// It is whispered in Slack.
    Elsewhere,
    /// Discord says nothing beside the card of what was done; of what was not, it says so at this interaction.
    Silence(Value),
}

async fn of_eight_who_claim_at_once_exactly_one_wins_a_thousand_times(on: On) {
    // All thousand with `./check --long`.
    let rounds = if std::env::var_os("REKINDLE_LONG").is_some() { 1_000_usize } else { 60 };
    let chats = Chats::start().await;
    let stage = chats.beside(Stage::new(on));
    let web = stage.program.start(&["web"]).await;
    let one = stage.program.start(&["bot"]).await;
    let over_http = stage.program.clone().env("REKINDLE__SLACK__TRANSPORT", "http");
    let over_http = over_http.env("REKINDLE__DISCORD__TRANSPORT", "http");
    let other = over_http.start(&["bot", "--listen", &format!("127.0.0.1:{}", free_port())]).await;
    chats.heard(1).await;
    let kim = Sender::new(&web, &stage.key("crm", None).await);
    let admin = stage.seat(&one, "Ada", "admin").await;
    let mut reps = Vec::new();
    for n in 0..MEMBERS {
        let process = if n % 2 == 0 { &one } else { &other };
        reps.push(Player::join(&stage, process, &admin, &format!("Rep {n}"), "sales", 500 + n).await);
    }
    kim.warm_kim().await;
    kim.track("kim", "Demo Requested").await;
    let in_slack =
        within(SOON, "the card in Slack", async || chats.slack.messages(HOT).first().cloned()).await;
    let on_discord = chats.discord.message_once(HOT_LEADS, |_| true).await;
    let on_console = stage.lead("kim@acme.test").await["alerts"][0]["id"].as_str().unwrap().to_owned();
    let race = Race { chats, one, other, in_slack, on_discord, on_console };

    let began = tokio::time::Instant::now();
    let mut wins = vec![0; reps.len()];
    for round in 0..rounds {
        let winner = race.run(&reps, round).await;
        wins[winner] += 1;
        if round + 1 < rounds {
            // Only who has her may give her back.
            let released = reps[winner].console.press(&race.on_console, "release", None).await;
            assert_eq!(released["ok"], true, "round {round}: {released}");
        }
    }
    println!("took {:?}; wins by member: {wins:?}", began.elapsed());
    assert!(wins.iter().filter(|wins| **wins > 0).count() > 1, "it was a race: {wins:?}");

    // Every copy says the same in the end.
    let lead = stage.lead("kim@acme.test").await;
    assert_eq!(lead["alerts"].as_array().unwrap().len(), 1);
    let owner = lead["owner"].as_str().unwrap().replace("rep-", "Rep ");
    assert_eq!((&lead["alerts"][0]["by"], &lead["alerts"][0]["state"]), (&lead["owner"], &json!("claimed")));
    for on in Platform::ALL {
        let words = format!("Claimed by {owner}");
        let card = async || race.chats.card(on, Of::Lead, &admin).await.filter(|card| card.contains(&words));
        within(SOON, &format!("{words} on {on:?}"), card).await;
    }
    race.chats.slack.no_offences();
}

impl Race {
    /// All claim at once; who won.
    async fn run(&self, reps: &[Player], round: usize) -> usize {
        let whispers = self.chats.slack.whispers().len();
        // Everybody takes each door in turn.
        let doors = (0..reps.len()).map(|n| (n + round) % reps.len());
        let claims = reps.iter().zip(doors).map(|(rep, door)| self.claim(rep, door));
        let mut heard: Vec<Heard> = join_all(claims).await;
        // Three of them asked in Slack, which says to each alone what came of it.
        let whispered = within(SOON, "three whispers", async || {
            let all = self.chats.slack.whispers();
            assert!(all.len() <= whispers + 3, "{all:?}");
            (all.len() == whispers + 3).then(|| all[whispers..].to_vec())
        });
        heard.extend(whispered.await.iter().map(|one| Heard::Told(one["text"].to_string())));
        let told: Vec<&String> = heard
            .iter()
            .filter_map(|one| match one {
                Heard::Told(words) => Some(words),
                Heard::Elsewhere | Heard::Silence(_) => None,
            })
            .collect();
        let had =
            |n: &usize| told.iter().any(|words| words.contains(&format!("Rep {n} has had this lead since")));
        let named: Vec<usize> = (0..reps.len()).filter(had).collect();
        let [winner] = named[..] else { panic!("round {round}: {named:?} won: {told:?}") };
        let mut won = told.iter().filter(|words| words.contains("Kim Park is yours")).count();
        let losses = told.iter().filter(|words| words.contains("has had this lead since")).count();
        assert_eq!(won + losses, told.len(), "round {round}: {told:?}");
        for press in heard.iter().filter_map(|one| match one {
            Heard::Silence(press) => Some(press),
            Heard::Told(_) | Heard::Elsewhere => None,
        }) {
            match press["member"]["user"]["id"] == json!((500 + winner).to_string()) {
                true => won += 1,
                false => {
                    let words = self.chats.discord.words(press).await;
                    assert!(
                        words.contains(&format!("Rep {winner} has had this lead since")),
                        "round {round}: {words}"
                    );
                }
            }
        }
        assert_eq!(won, 1, "round {round}: {heard:?}");
        winner
    }

    /// Somebody claims at one of eight doors: two on the console, three in Slack, three on Discord.
    async fn claim(&self, rep: &Player, door: usize) -> Heard {
        let in_slack = || payloads::press(&self.chats.slack, &rep.slack(), &self.in_slack, "claim", None);
        let on_discord = || {
            let id = custom_id(&self.on_discord, "claim");
            rep.discord().presses(self.chats.discord.id(), &id, &self.on_discord)
        };
        match door {
            0 => Heard::Told(rep.console.press(&self.on_console, "claim", None).await["text"].to_string()),
            1 => Heard::Told(rep.console.say("/lead claim kim@acme.test").await["text"].to_string()),
            2 | 3 => {
                self.chats.slack.deliver("interactive", in_slack()).await;
                Heard::Elsewhere
            }
            4 => {
                post_to_slack_door(&self.other, &in_slack()).await;
                Heard::Elsewhere
            }
            5 | 6 => {
                let press = on_discord();
                self.chats.discord.dispatch(&press);
                self.chats.discord.answer(&press).await;
                Heard::Silence(press)
            }
            _ => {
                let press = on_discord();
                let at = now(&self.one).await;
                let (status, _) =
                    self.chats.discord.post(&self.other.at("/discord/interactions"), &press, at).await;
                assert_eq!(status, 200);
                Heard::Silence(press)
            }
        }
    }
}
