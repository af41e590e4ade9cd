//! A member before the console: signed in by a link, with a cookie, as a browser would be.

use super::Events;
use rekindle_tests::program::Running;
use reqwest::header::{COOKIE, SET_COOKIE};
use serde_json::{Value, json};

/// A member before the console.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    http: reqwest::Client,
    url: String,
    cookie: String,
}

impl Seat {
    /// Opens the link at a process, presses its button, and keeps the cookie.
    pub(crate) async fn sign_in(at: &Running, link: &str) -> Self {
        let http = at.http().clone();
        let token = link.rsplit('/').next().expect("a link ends in its token");
        let address = at.at(&format!("/in/{token}"));
        let page = http.get(&address).send().await.expect("the page of the link");
        assert_eq!(page.status(), 200, "the page of {link}");
        assert!(page.headers().get(SET_COOKIE).is_none(), "looking at a link signs nobody in");
        let entered = http.post(&address).send().await.expect("the button of the link");
        assert_eq!(entered.status(), 303, "the button of {link}");
        let cookie = entered.headers()[SET_COOKIE].to_str().expect("a cookie is text");
        for guard in ["HttpOnly", "SameSite=Lax"] {
            assert!(cookie.contains(guard), "{guard}: {cookie}");
        }
        let cookie = cookie.split(';').next().expect("a cookie has a value").to_owned();
        Self { http, url: at.url.clone(), cookie }
    }

    /// A page, as text, with its status.
    pub(crate) async fn page(&self, path: &str) -> (u16, String) {
        let answer = self.get(path).await;
        (answer.status().as_u16(), answer.text().await.expect("a page is text"))
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        let request = self.http.get(format!("{}{path}", self.url)).header(COOKIE, &self.cookie);
        request.send().await.expect("the console answers")
    }

    /// What the console shows at first: who is signed in, the channels, the messages.
    pub(crate) async fn state(&self) -> Value {
        self.get("/console/state").await.json().await.expect("the state is JSON")
    }

    /// What happens from now on.
    pub(crate) async fn events(&self) -> Events {
        let after = self.state().await["last"].as_i64().unwrap_or(0);
        let request = self.http.get(format!("{}/console/events?after={after}", self.url));
        let request = request.header(COOKIE, &self.cookie).timeout(std::time::Duration::from_secs(600));
        let answer = request.send().await.expect("the stream opens");
        assert_eq!(answer.status(), 200);
        Events::read(answer)
    }

    /// Presses a button of a card.
    pub(crate) async fn press(&self, card: &str, intent: &str, value: Option<&str>) -> Value {
        self.post("/console/press", json!({"card": card, "intent": intent, "value": value})).await
    }

    /// Says something in a channel.
    pub(crate) async fn say(&self, text: &str) -> Value {
        self.post("/console/say", json!({"channel": "hot-leads", "text": text})).await
    }

    /// Sends a form that was filled in.
    pub(crate) async fn fill(&self, of: &Value, filled: Value) -> Value {
        self.post("/console/fill", json!({"of": of, "filled": filled})).await
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.url)).header(COOKIE, &self.cookie);
        let request = request.header("X-Requested-With", "console").json(&body);
        let answer = request.send().await.expect("the console answers");
        let status = answer.status();
        let text = answer.text().await.expect("an answer is text");
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path} {body}: {status} {text}"))
    }
}
