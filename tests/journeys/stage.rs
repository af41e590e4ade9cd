//! What a story plays on: a data folder, a database, the program, keys, members and leads.

pub(crate) mod chats;
mod events;
mod letters;
mod seat;

pub(crate) use events::Events;
pub(crate) use letters::{letter, link_in};
pub(crate) use seat::Seat;

use rekindle_tests::{
    indoors::plain,
    postgres,
    program::{Program, Running},
};
use serde_json::{Value, json};
use std::{path::PathBuf, time::Duration};
use tempfile::TempDir;

/// Which database a story plays on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    Sqlite,
    Postgres,
}

/// Tells each story twice, once on each database.
macro_rules! on_both_databases {
    ($($story:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                super::$story($crate::stage::On::Sqlite).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                super::$story($crate::stage::On::Postgres).await;
            })+
        }
    };
}
pub(crate) use on_both_databases;

/// The stage of one story; what is on it is gone when it is dropped.
pub(crate) struct Stage {
    pub(crate) program: Program,
    folder: TempDir,
    // Dropped behind the program's processes, which the stories hold.
    database: Option<postgres::Database>,
}

impl Stage {
    /// A program that never ran, on a database that is empty.
    pub(crate) fn new(on: On) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let program = Program::new(&folder.path().join("data"));
        match on {
            On::Sqlite => Self { program, folder, database: None },
            On::Postgres => {
                let database = postgres::database();
                let program = program.env("REKINDLE__DATABASE__URL", database.url());
                Self { program, folder, database: Some(database) }
            }
        }
    }

    /// With a setting.
    pub(crate) fn env(self, name: &str, value: impl Into<String>) -> Self {
        Self { program: self.program.env(name, value), ..self }
    }

    /// With the calendar moved and running so many times faster than the wall.
    pub(crate) fn calendar(self, start: &str, speed: f64) -> Self {
        self.env("REKINDLE__CLOCK__START", start).env("REKINDLE__CLOCK__SPEED", speed.to_string())
    }

    /// A place for files of the story, beside the data folder.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// With the playbook of stories about something else ([`plain`]).
    pub(crate) fn plain(self) -> Self {
        let shipped = rekindle::files::playbook_files(self.program.folder()).expect("the shipped playbook");
        plain(shipped)
            .into_iter()
            .fold(self, |stage, (file, text)| stage.file(&format!("playbook/{file}"), &text))
    }

    /// Puts a file into the data folder, before the program starts.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        let path = self.program.folder().join(name);
        std::fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
        self
    }

    /// Where the database is, when it is a PostgreSQL.
    pub(crate) fn database_url(&self) -> &str {
        self.database.as_ref().expect("this story plays on PostgreSQL").url()
    }

    /// A write key for a server. With a basis, who comes with it may be written to.
    pub(crate) async fn key(&self, name: &str, basis: Option<&str>) -> String {
        let mut line = vec!["key", "new", name];
        line.extend(basis.into_iter().flat_map(|basis| ["--basis", basis]));
        self.program.data(&line).await
    }

    /// Adds a member; their one-time link.
    pub(crate) async fn member(&self, name: &str, role: &str) -> String {
        self.program.data(&["team", "add", name, "--role", role]).await
    }

    /// Adds a member and signs them in at a process.
    pub(crate) async fn seat(&self, at: &Running, name: &str, role: &str) -> Seat {
        let link = self.member(name, role).await;
        Seat::sign_in(at, &link).await
    }

    /// What the program knows of a lead.
    pub(crate) async fn lead(&self, email: &str) -> Value {
        self.program.json(&["lead", "show", email, "--json"]).await
    }
}

/// Somebody who sends what leads do.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    http: reqwest::Client,
    url: String,
    key: String,
}

impl Sender {
    /// One with a key.
    pub(crate) fn new(to: &Running, key: &str) -> Self {
        Self { http: to.http().clone(), url: to.url.clone(), key: key.to_owned() }
    }

    /// Makes a call (`identify`, `track`, `batch`, …); status, headers and answer.
    pub(crate) async fn call(&self, call: &str, body: &Value) -> (u16, reqwest::header::HeaderMap, Value) {
        let request = self.http.post(format!("{}/v1/{call}", self.url)).basic_auth(&self.key, Some(""));
        let answer = request.json(body).send().await.expect("intake answers");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        (status, headers, answer.json().await.unwrap_or(Value::Null))
    }

    /// Makes a call that must be taken.
    pub(crate) async fn sent(&self, call: &str, body: Value) {
        let (status, _, answer) = self.call(call, &body).await;
        assert_eq!((status, &answer), (200, &json!({"success": true})), "{call} {body}");
    }

    /// A lead tells who they are; `more` may carry `timestamp` and the like.
    pub(crate) async fn identify(&self, id: &str, traits: Value, more: Value) {
        let mut body = json!({"userId": id, "traits": traits});
        lay_over(&mut body, more);
        self.sent("identify", body).await;
    }

    /// A lead does something.
    pub(crate) async fn track(&self, id: &str, event: &str) {
        self.sent("track", json!({"userId": id, "event": event})).await;
    }

    /// Kim, vice president at Acme, 55 points so far: a demo request makes her hot, with 105.
    pub(crate) async fn warm_kim(&self) {
        let traits = json!({"email": "kim@acme.test", "name": "Kim Park", "title": "VP Operations", "company": "Acme"});
        self.identify("kim", traits, json!({})).await;
        for event in ["E-book Downloaded", "Webinar Attended", "Pricing Viewed"] {
            self.track("kim", event).await;
        }
    }
}

fn lay_over(body: &mut Value, more: Value) {
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
}

/// How long something may take that is not promised to be fast, on a machine that is busy.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// How soon everybody sees what happened.
pub(crate) const A_SECOND: Duration = Duration::from_secs(1);
