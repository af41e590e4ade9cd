//! A Slack and a Discord beside the program, and what members do there.

use super::{SOON, Seat, Stage};
use rekindle_tests::{
    discord::{APPLICATION, FakeDiscord, GUILD, Person, TOKEN},
    program::{Running, within},
    slack::{APP_TOKEN, BOT_TOKEN, FakeSlack, Message, SIGNING_SECRET, TEAM, payloads},
};
use serde_json::{Value, json};

/// The channel of hot leads in Slack.
pub(crate) const HOT: &str = "C0HOT";
/// The channel of campaigns in Slack.
const CAMPAIGNS: &str = "C0CAMP";
/// The channel of hot leads on Discord.
pub(crate) const HOT_LEADS: u64 = 44_444;
/// The channel of campaigns on Discord.
const CAMPAIGNS_THERE: u64 = 55_555;

/// A Slack and a Discord.
#[derive(Debug)]
pub(crate) struct Chats {
    pub(crate) slack: FakeSlack,
    pub(crate) discord: FakeDiscord,
}

/// A platform of the team's talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Platform {
    Console,
    Slack,
    Discord,
}

impl Platform {
    pub(crate) const ALL: [Self; 3] = [Self::Console, Self::Slack, Self::Discord];
}

/// What a card is about, and so in which channel it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Lead,
    Campaign,
}

/// A member of the team who is known on every platform, by the same number.
#[derive(Debug, Clone)]
pub(crate) struct Player {
    number: u64,
    pub(crate) console: Seat,
}

impl Chats {
    pub(crate) async fn start() -> Self {
        Self { slack: FakeSlack::start(&[HOT, CAMPAIGNS]).await, discord: FakeDiscord::start().await }
    }

    /// A stage whose program speaks with both, through connections that it opens.
    pub(crate) fn beside(&self, stage: Stage) -> Stage {
        stage
            .env("REKINDLE__SLACK__BOT_TOKEN", BOT_TOKEN)
            .env("REKINDLE__SLACK__APP_TOKEN", APP_TOKEN)
            .env("REKINDLE__SLACK__SIGNING_SECRET", SIGNING_SECRET)
            .env("REKINDLE__SLACK__WORKSPACES", format!("[{TEAM:?}]"))
            .env("REKINDLE__SLACK__CHANNELS", format!("{{ hot-leads = {HOT:?}, campaigns = {CAMPAIGNS:?} }}"))
            .env("REKINDLE__SLACK__API_URL", self.slack.url())
            .env("REKINDLE__DISCORD__TOKEN", TOKEN)
            .env("REKINDLE__DISCORD__APPLICATION_ID", APPLICATION.to_string())
            .env("REKINDLE__DISCORD__PUBLIC_KEY", self.discord.public_key())
            .env("REKINDLE__DISCORD__GUILDS", format!("[\"{GUILD}\"]"))
            .env(
                "REKINDLE__DISCORD__CHANNELS",
                format!("{{ hot-leads = \"{HOT_LEADS}\", campaigns = \"{CAMPAIGNS_THERE}\" }}"),
            )
            .env("REKINDLE__DISCORD__API_URL", self.discord.url())
    }

    /// Waits until the program listens to both, for the so-manieth time.
    pub(crate) async fn heard(&self, time: usize) {
        self.slack.heard().await;
        self.discord.until_sessions(time, 0).await;
    }

    /// The one card of a kind, as people on a platform read it; none before it is there.
    pub(crate) async fn card(&self, on: Platform, of: Of, eyes: &Seat) -> Option<String> {
        let one = |mut cards: Vec<String>| {
            assert!(cards.len() <= 1, "{on:?} shows it once: {cards:?}");
            cards.pop()
        };
        match (on, of) {
            (Platform::Console, _) => {
                let card = console_card(eyes, of).await?;
                Some(format!("{} {}", card["status"], card["facts"]))
            }
            (Platform::Slack, of) => {
                one(self.slack_cards(of).iter().map(|one| one.body.to_string()).collect())
            }
            (Platform::Discord, of) => {
                let told = |one: &Value| unescaped(&one["embeds"].to_string());
                one(self.discord_cards(of).iter().map(told).collect())
            }
        }
    }

    fn slack_cards(&self, of: Of) -> Vec<Message> {
        self.slack.messages(if of == Of::Lead { HOT } else { CAMPAIGNS })
    }

    fn discord_cards(&self, of: Of) -> Vec<Value> {
        self.discord.messages(if of == Of::Lead { HOT_LEADS } else { CAMPAIGNS_THERE })
    }

    /// Presses the button of a card.
    pub(crate) async fn press(&self, on: Platform, who: &Player, of: Of, intent: &str) {
        match on {
            Platform::Console => {
                let card = console_card(&who.console, of).await.expect("a card");
                let pressed = who.console.press(card["id"].as_str().expect("an id"), intent, None).await;
                assert_eq!(pressed["ok"], true, "{pressed}");
            }
            Platform::Slack => self.press_in_slack(who, &self.slack_cards(of).remove(0), intent).await,
            Platform::Discord => self.press_on_discord(who, &self.discord_cards(of).remove(0), intent).await,
        }
    }

    /// Presses the button of a lead's card that asks for a value, and gives it; what is answered in private.
    pub(crate) async fn press_with(&self, on: Platform, who: &Player, intent: &str, value: &str) -> String {
        match on {
            Platform::Console => {
                let card = console_card(&who.console, Of::Lead).await.expect("a card");
                let id = card["id"].as_str().expect("an id");
                who.console.press(id, intent, Some(value)).await["text"].to_string()
            }
            Platform::Slack => {
                let (card, forms) = (self.slack_cards(Of::Lead).remove(0), self.slack.views().len());
                let press = payloads::press(&self.slack, &who.slack(), &card, intent, None);
                self.slack.deliver("interactive", press).await;
                let form = within(SOON, "the form", async || self.slack.views().get(forms).cloned()).await;
                let filled_in = payloads::submission(&who.slack(), &form, Some(value));
                self.whispered("interactive", filled_in).await["text"].to_string()
            }
            Platform::Discord => {
                let card = self.discord_cards(Of::Lead).remove(0);
                let press = who.discord().presses(self.discord.id(), &custom_id(&card, intent), &card);
                self.discord.dispatch(&press);
                let form = self.discord.answer(&press).await["data"]["custom_id"].clone();
                let form = form.as_str().expect("a form");
                let filled_in = who.discord().submits(self.discord.id(), form, value);
                self.discord.dispatch(&filled_in);
                unescaped(&self.discord.words(&filled_in).await)
            }
        }
    }

    /// Types a line; what is answered in private.
    pub(crate) async fn say(&self, on: Platform, who: &Player, line: &str) -> Private {
        match on {
            Platform::Console => Private::Console(who.console.say(line).await),
            Platform::Slack => {
                let (command, text) = line.split_once(' ').expect("a command and its words");
                let payload = payloads::command(&self.slack, &who.slack(), command, text);
                Private::Slack(self.whispered("slash_commands", payload).await)
            }
            Platform::Discord => {
                let registered = self.discord.commands(&GUILD.to_string());
                let given = who.discord().fills_in(self.discord.id(), line, &registered);
                self.discord.dispatch(&given);
                self.discord.words(&given).await;
                Private::Discord(self.discord.answer(&given).await["data"].clone())
            }
        }
    }

    /// Presses a button of the card in a private answer.
    pub(crate) async fn press_in(&self, who: &Player, answer: Private, intent: &str) {
        match answer {
            Private::Console(answer) => {
                let id = answer["card"]["id"].as_str().expect("a card").to_owned();
                let pressed = who.console.press(&id, intent, None).await;
                assert_eq!(pressed["ok"], true, "{pressed}");
            }
            Private::Slack(body) => {
                let message = Message { ts: "1.000001".to_owned(), body, edits: 0 };
                self.press_in_slack(who, &message, intent).await;
            }
            Private::Discord(told) => {
                // Whatever else stands in a message, as in any other of this bot.
                let mut message = self.discord_cards(Of::Lead).remove(0);
                for field in ["content", "embeds", "components"] {
                    message[field] = told[field].clone();
                }
                message["flags"] = json!(64);
                self.press_on_discord(who, &message, intent).await;
            }
        }
    }

    async fn press_in_slack(&self, who: &Player, card: &Message, intent: &str) {
        let press = payloads::press(&self.slack, &who.slack(), card, intent, None);
        self.slack.deliver("interactive", press).await;
    }

    async fn press_on_discord(&self, who: &Player, card: &Value, intent: &str) {
        let press = who.discord().presses(self.discord.id(), &custom_id(card, intent), card);
        self.discord.dispatch(&press);
        self.discord.answer(&press).await;
    }

    /// What is whispered in Slack behind this.
    async fn whispered(&self, kind: &str, payload: Value) -> Value {
        let before = self.slack.whispers().len();
        self.slack.deliver(kind, payload).await;
        within(SOON, "a whisper", async || self.slack.whispers().get(before).cloned()).await
    }
}

/// What was answered in private.
#[derive(Debug)]
pub(crate) enum Private {
    Console(Value),
    Slack(Value),
    Discord(Value),
}

impl Private {
    /// In words.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Console(answer) | Self::Slack(answer) => answer["text"].to_string(),
            Self::Discord(message) => message["content"].to_string(),
        }
    }
}

impl Player {
    /// Joins the team; an admin says who they are on the platforms.
    pub(crate) async fn join(
        stage: &Stage,
        at: &Running,
        admin: &Seat,
        name: &str,
        role: &str,
        number: u64,
    ) -> Self {
        let console = stage.seat(at, name, role).await;
        let handle = console.state().await["me"]["handle"].as_str().expect("a handle").to_owned();
        for user in [format!("slack:{TEAM}/U{number}"), format!("discord:{GUILD}/{number}")] {
            let linked = admin.say(&format!("/rekindle team link {handle} {user}")).await;
            assert_eq!(linked["ok"], true, "{linked}");
        }
        Self { number, console }
    }

    /// Who they are in Slack.
    pub(crate) fn slack(&self) -> String {
        format!("U{}", self.number)
    }

    /// Who they are on Discord.
    pub(crate) fn discord(&self) -> Person {
        Person::in_our_guild(self.number, HOT_LEADS)
    }
}

/// The `custom_id` of the button of a message of Discord that asks this.
pub(crate) fn custom_id(message: &Value, intent: &str) -> String {
    let rows = message["components"].as_array().into_iter().flatten();
    let buttons = rows.flat_map(|row| row["components"].as_array().into_iter().flatten());
    let mut ids = buttons.filter_map(|button| button["custom_id"].as_str());
    let wanted = format!("v1:{intent}:");
    ids.find(|id| id.starts_with(&wanted)).unwrap_or_else(|| panic!("no {intent} in {message:#}")).to_owned()
}

/// What Discord shows of words: without the backslashes that keep names from being markup.
fn unescaped(words: &str) -> String {
    words.replace('\\', "")
}

async fn console_card(seat: &Seat, of: Of) -> Option<Value> {
    let kind = if of == Of::Lead { "alert" } else { "campaign" };
    let state = seat.state().await;
    let cards = state["messages"].as_array()?.iter().map(|message| message["card"].clone());
    let mut cards: Vec<Value> = cards.filter(|card| card["kind"] == kind).collect();
    assert!(cards.len() <= 1, "the console shows it once: {cards:?}");
    cards.pop()
}

/// Slack posts a press to a program that is reached over HTTP; how it was answered.
pub(crate) async fn post_to_slack_door(to: &Running, payload: &Value) {
    let body = payloads::body(payload);
    let stamp = now(to).await.to_string();
    let request = to.http().post(to.at("/slack/interactions"));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let request = request.header("x-slack-signature", payloads::signature(&stamp, body.as_bytes()));
    let answer = request.header("x-slack-request-timestamp", stamp).body(body).send().await;
    assert_eq!(answer.expect("the program answers").status(), 200);
}

/// What time it is at a program, in seconds: its own answers say so.
pub(crate) async fn now(at: &Running) -> i64 {
    let health = at.http().get(at.at("/healthz")).send().await.expect("it is healthy");
    let date = health.headers()["date"].to_str().expect("a date");
    chrono::DateTime::parse_from_rfc2822(date).expect("a date").timestamp()
}
