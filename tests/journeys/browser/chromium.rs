//! Chromium without a screen, driven through chromedriver (WebDriver), which ends with the test.

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use rekindle_tests::program::{client, free_port};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// How long the page may take for what is not measured.
const PATIENCE: Duration = Duration::from_secs(30);

/// The browser's remote control.
pub(super) struct Chromium {
    address: String,
    profiles: PathBuf,
    // Its stdin is a leash: with its end chromedriver goes, and chromium with it.
    _driver: Child,
}

/// One person's browser, with a profile of its own.
pub(super) struct Tab {
    client: Client,
    address: String,
}

impl Chromium {
    /// Starts the remote control. The profiles of its browsers are kept in a folder.
    pub(super) async fn start(profiles: &Path) -> Self {
        for program in ["chromium", "chromedriver"] {
            let found = std::env::var_os("PATH").is_some_and(|path| {
                std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
            });
            assert!(found, "there is no {program} on this machine: `./check` installs it");
        }
        let port = free_port();
        let leash =
            format!("chromedriver --port={port} >/dev/null 2>&1 & driver=$!; cat >/dev/null; kill $driver");
        let driver =
            Command::new("sh").args(["-c", &leash]).stdin(Stdio::piped()).spawn().expect("there is a shell");
        let this = Self {
            address: format!("http://127.0.0.1:{port}"),
            profiles: profiles.to_owned(),
            _driver: driver,
        };
        let until = Instant::now() + PATIENCE;
        while client().get(format!("{}/status", this.address)).send().await.is_err() {
            assert!(Instant::now() < until, "chromedriver does not answer");
            sleep(Duration::from_millis(50)).await;
        }
        this
    }

    /// Opens a browser and signs somebody in by their link; their console is before them.
    pub(super) async fn tab(&self, name: &str, link: &str) -> Tab {
        let profile = self.profiles.join(name);
        std::fs::create_dir_all(&profile).expect("a folder for the profile");
        let arguments = [
            "--headless=new",
            "--remote-debugging-pipe",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1200,900",
            &format!("--user-data-dir={}", profile.display()),
        ];
        let wanted = json!({
            "browserName": "chrome",
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        });
        let wanted = wanted.as_object().expect("it is one").clone();
        let client =
            ClientBuilder::new(HttpConnector::new()).capabilities(wanted).connect(&self.address).await;
        let client = client.unwrap_or_else(|why| panic!("chromium does not start: {why}"));
        let tab = Tab { client, address: self.address.clone() };
        tab.go(link).await;
        tab.wait_for("#feed[aria-busy='false']").await;
        tab
    }
}

impl Tab {
    pub(super) async fn go(&self, url: &str) {
        self.client.goto(url).await.unwrap_or_else(|why| panic!("{url}: {why}"));
    }

    /// Waits until something is on the page.
    pub(super) async fn wait_for(&self, css: &str) {
        let there = self
            .client
            .wait()
            .at_most(PATIENCE)
            .every(Duration::from_millis(20))
            .for_element(Locator::Css(css));
        if let Err(why) = there.await {
            panic!("{css} is not on the page: {why}\n{}", self.client.source().await.unwrap_or_default());
        }
    }

    async fn find(&self, css: &str) -> fantoccini::elements::Element {
        self.client.find(Locator::Css(css)).await.unwrap_or_else(|why| panic!("{css}: {why}"))
    }

    pub(super) async fn count(&self, css: &str) -> usize {
        self.client.find_all(Locator::Css(css)).await.expect("the page can be searched").len()
    }

    pub(super) async fn text(&self, css: &str) -> String {
        // A card is drawn anew as a whole, also between finding it and reading it: so both in one go.
        let text = self.run(&format!("return document.querySelector({}).innerText", json!(css))).await;
        text.as_str().unwrap_or_else(|| panic!("{css} has no text")).to_owned()
    }

    pub(super) async fn attribute(&self, css: &str, name: &str) -> Option<String> {
        self.find(css).await.attr(name).await.expect("an element has attributes")
    }

    pub(super) async fn value(&self, css: &str) -> String {
        let value = self.run(&format!("return document.querySelector({}).value", json!(css))).await;
        value.as_str().unwrap_or_default().to_owned()
    }

    pub(super) async fn click(&self, css: &str) {
        self.find(css).await.click().await.unwrap_or_else(|why| panic!("{css} cannot be clicked: {why}"));
    }

    /// Types, with Enter for a line feed and Tab for a tab.
    pub(super) async fn type_in(&self, css: &str, text: &str) {
        let keys: String = text
            .chars()
            .map(|c| match c {
                '\n' => '\u{E007}',
                '\t' => '\u{E004}',
                other => other,
            })
            .collect();
        self.find(css).await.send_keys(&keys).await.unwrap_or_else(|why| panic!("{css}: {why}"));
    }

    /// Runs a script in the page; what it returns.
    pub(super) async fn run(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap_or_else(|why| panic!("{script}: {why}"))
    }

    /// What the browser has complained of so far: errors of scripts, broken policies, things that were not there.
    pub(super) async fn complaints(&self) -> Vec<String> {
        let session =
            self.client.session_id().await.expect("there is a session").expect("there is a session");
        let log = client().post(format!("{}/session/{session}/se/log", self.address));
        let log: Value =
            log.json(&json!({"type": "browser"})).send().await.expect("a log").json().await.expect("JSON");
        let lines = log["value"].as_array().unwrap_or_else(|| panic!("a log: {log}"));
        lines
            .iter()
            .filter(|line| line["level"] == "SEVERE" || line["level"] == "WARNING")
            .map(|line| format!("{} {}", line["level"], line["message"]))
            .collect()
    }

    pub(super) async fn close(self) {
        let _ = self.client.close().await;
    }
}
