//! The program, its database, its relay, and people who are each owed one mail.

use std::collections::BTreeSet;
use std::time::Duration;

use rekindle_tests::program::{Program, Running, within};
use rekindle_tests::smtp::{Options, RecordingServer};
use rekindle_tests::stores::Home;

use crate::look::Look;
use crate::verdict::{Report, verdict};

/// One mail, at any hour, once.
const SEQUENCE: &str = r#"
name = "farewell"
purpose = "marketing"
reentry = "once"
holdout = 0

[[step]]
mail = "farewell"

[[step]]
finish = true
"#;

/// A short mail: what is tested is when it leaves, and a long one would only be slower to write in an unoptimised build.
const MAIL: [(&str, &str); 4] = [
    (
        "_layout.mjml",
        r#"<mjml>
<mj-head><mj-title>Goodbye</mj-title></mj-head>
<mj-body>
<mj-include path="body.mjml" />
<mj-section><mj-column><mj-text>
<a href="{{ unsubscribe_url }}">Unsubscribe</a> {{ sender.postal_address }}
</mj-text></mj-column></mj-section>
</mj-body>
</mjml>
"#,
    ),
    (
        "farewell/body.mjml",
        "<mj-section><mj-column><mj-text>Goodbye, and thank you.</mj-text></mj-column></mj-section>\n",
    ),
    ("farewell/body.txt", "Goodbye, and thank you.\n{{ unsubscribe_url }}\n{{ sender.postal_address }}\n"),
    ("farewell/subject.txt", "Goodbye{% if first_name %}, {{ first_name }}{% endif %}\n"),
];

/// How many sessions with the relay the program has.
pub(crate) const SESSIONS: usize = 4;

/// How long the relay thinks before it says 250: time in which the program may die with a mail on its way.
pub(crate) const DELAYS: [u64; 4] = [5, 10, 20, 40];

/// Deliveries and runs that have not come to their end.
const OPEN: &str = "SELECT (SELECT count(*) FROM delivery WHERE state IN ('pending', 'claimed', 'committing')) \
    + (SELECT count(*) FROM enrollment WHERE state IN ('due', 'awaiting')) \
    + (SELECT count(*) FROM campaign WHERE state = 'running' AND wave <> 'all')";

/// The whole stage of a story.
pub(crate) struct House {
    pub(crate) program: Program,
    pub(crate) relay: RecordingServer,
    owed: BTreeSet<String>,
    waves: usize,
    home: Home,
    _folder: tempfile::TempDir,
}

impl House {
    /// The program on `home`, with a sequence of one mail and a member of the team who may launch it.
    pub(crate) async fn on(home: Home) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let sequences = folder.path().join("playbook/sequences");
        std::fs::create_dir_all(&sequences).expect("a folder for the sequence");
        std::fs::write(sequences.join("farewell.toml"), SEQUENCE).expect("a sequence can be written");
        // At any hour.
        std::fs::write(folder.path().join("playbook/frequency.toml"), "").expect("a file can be written");
        let templates = folder.path().join("templates");
        std::fs::create_dir_all(templates.join("farewell")).expect("a folder for the mail");
        for (file, text) in MAIL {
            std::fs::write(templates.join(file), text).expect("a mail can be written");
        }
        let options = Options {
            keep_messages: false,
            delay_before_250: Duration::from_millis(10),
            ..Options::default()
        };
        let relay = RecordingServer::start_with(options).await;
        let program = Program::new(folder.path())
            .env("REKINDLE__DATABASE__URL", home.url())
            .env("REKINDLE__MAIL__URL", relay.url())
            .env("REKINDLE__MAIL__SESSIONS", SESSIONS.to_string())
            .env("REKINDLE__CAMPAIGN__SECOND_PERSON_ABOVE", "0")
            .env("REKINDLE__CAMPAIGN__FIRST", "0")
            .env("REKINDLE__LOG__LEVEL", "warn");
        program.data(&["team", "add", "mara", "--role", "marketing"]).await;
        Self { program, relay, owed: BTreeSet::new(), waves: 0, home, _folder: folder }
    }

    /// Takes in so many more people with consent, and launches the campaign at them: each is owed one mail.
    pub(crate) async fn launch_at(&mut self, people: usize) {
        self.waves += 1;
        let wave = format!("wave {}", self.waves);
        let mut csv = "email,name,company\n".to_owned();
        for person in 0..people {
            let address = format!("lead-{}-{person}@leads.test", self.waves);
            csv.push_str(&format!("{address},Lead {person},{wave}\n"));
            self.owed.insert(address);
        }
        let file = self.program.folder().join(format!("{wave}.csv"));
        std::fs::write(&file, csv).expect("a list can be written");
        let file = file.to_str().expect("a folder of ASCII letters");
        self.program.data(&["import", file, "--basis", "customers of 2026"]).await;

        let preview = self.say(&format!("/campaign launch farewell company = \"{wave}\"")).await;
        let confirm =
            preview["confirm"].as_str().unwrap_or_else(|| panic!("nothing to confirm: {preview:#}"));
        self.say(&format!("/campaign launch --confirm {confirm}")).await;
        let look = self.look().await;
        let those_in = look.number("SELECT count(*) FROM audience WHERE why_out IS NULL").await;
        look.away().await;
        assert_eq!(usize::try_from(those_in), Ok(self.owed.len()), "everybody is in");
    }

    async fn say(&self, text: &str) -> serde_json::Value {
        let answer = self.program.chat("mara", text).await;
        assert_eq!(answer["ok"], true, "{text}: {answer:#}");
        answer
    }

    /// How many of the owed mails the relay has not got yet.
    pub(crate) fn left(&self) -> usize {
        self.owed.len().saturating_sub(self.relay.count())
    }

    /// A worker that has just been started.
    pub(crate) fn worker(&self) -> Running {
        self.program.spawn(&["worker"])
    }

    /// A look at the rows.
    pub(crate) async fn look(&self) -> Look {
        Look::at(self.home.url()).await
    }

    /// How many deliveries are in a state.
    pub(crate) async fn count(&self, state: &str) -> i64 {
        let look = self.look().await;
        let count = look.number(&format!("SELECT count(*) FROM delivery WHERE state = '{state}'")).await;
        look.away().await;
        count
    }

    /// Lets a worker bring everything to its end, and stops it.
    pub(crate) async fn finish_in_peace(&self) {
        self.finish_with(&self.program).await;
    }

    /// The same, by another program on the same house.
    pub(crate) async fn finish_with(&self, program: &Program) {
        let worker = program.start(&["worker"]).await;
        within(Duration::from_secs(120), "everything comes to its end", async || {
            let look = self.look().await;
            let open = look.number(OPEN).await;
            look.away().await;
            (open == 0).then_some(())
        })
        .await;
        assert_eq!(worker.terminate().await, Some(0));
    }

    /// What it all came to.
    pub(crate) async fn verdict(&self, crashes: usize) -> Report {
        let look = self.look().await;
        let rows = look
            .mails("SELECT d.message_id, l.email, d.state FROM delivery d JOIN lead l ON l.id = d.lead_id")
            .await;
        look.away().await;
        verdict(&self.owed, &self.relay.accepted(), &rows, crashes, SESSIONS)
    }
}
