//! A campaign begins where its mails will be believed: an operator looks, publishes what is missing, looks again; or a marketer
//! launches all the same, and it is remembered.

use crate::stage::{On, Stage, on_both_databases};
use rekindle_mail::dkim::{Signer, new_ed25519};
use rekindle_storage::Store;
use rekindle_tests::{
    clock::ManualClock,
    dns::{Dns, Record},
    front::Front,
    smtp::RecordingServer,
};
use std::{os::unix::fs::PermissionsExt, path::PathBuf};

/// A house whose mail reaches people, with a DNS, a relay and a front of the test's own.
struct Scene {
    stage: Stage,
    dns: Dns,
    _relay: RecordingServer,
    _front: Front,
}

fn text(text: &str) -> Record {
    Record::Text(text.to_owned())
}

fn kept(path: PathBuf, text: &str) -> String {
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path.to_str().unwrap().to_owned()
}

impl Scene {
    /// All is as it should be, but that nobody published an SPF record.
    async fn new(on: On) -> Self {
        let (dns, relay, front) = (Dns::start().await, RecordingServer::start().await, Front::start().await);
        let pem = new_ed25519().unwrap();
        let signer = Signer::new("acme.test", "rk1", &pem).unwrap();
        dns.says(&signer.record_name(), &[text(&signer.record())]);
        dns.says("_dmarc.acme.test", &[text("v=DMARC1; p=none; rua=mailto:dmarc@acme.test")]);
        dns.says("bounce.acme.test", &[Record::Exchange("mx.acme.test".to_owned())]);
        dns.says("0.0.0.0.in-addr.arpa", &[Record::Name("out.acme.test".to_owned())]);
        let stage = Stage::new(on);
        let key = kept(stage.place("rk1.pem"), &pem);
        let authority = kept(stage.place("authority.pem"), &front.certificate);
        // An address that is not this machine's by name, and leads here all the same.
        let url = format!("{}?tls=none", relay.url().replace("127.0.0.1", "0.0.0.0"));
        let stage = stage
            .env("REKINDLE__MAIL__URL", url)
            .env("REKINDLE__MAIL__DNS", dns.address.to_string())
            .env("REKINDLE__MAIL__FROM", "Mia Chen <mia@acme.test>")
            .env("REKINDLE__MAIL__BOUNCE_DOMAIN", "bounce.acme.test")
            .env("REKINDLE__MAIL__POSTAL_ADDRESS", "12 Harbour Street, Dublin 2")
            .env("REKINDLE__DKIM__DOMAIN", "acme.test")
            .env("REKINDLE__DKIM__KEYS", format!("{{ rk1 = \"{key}\" }}"))
            .env("REKINDLE__WEB__PUBLIC_URL", front.url.clone())
            .env("SSL_CERT_FILE", authority);
        stage.member("Mia", "marketing").await;
        Self { stage, dns, _relay: relay, _front: front }
    }

    /// What the doctor prints, and its exit code.
    async fn look(&self) -> (Option<i32>, String) {
        let output = self.stage.program.run(&["doctor", "mail"]).await;
        (output.code, format!("{}{}", output.stdout, output.stderr))
    }

    async fn say(&self, text: &str) -> serde_json::Value {
        self.stage.program.chat("mia", text).await
    }
}

const SPF: &str = "v=spf1 ip4:192.0.2.7 -all";

on_both_databases!(a_campaign_waits_until_a_look_found_nothing_wrong);

async fn a_campaign_waits_until_a_look_found_nothing_wrong(on: On) {
    let scene = Scene::new(on).await;
    let preview = scene.say("/campaign launch welcome everyone").await;
    let told = preview["text"].as_str().unwrap();
    assert!(told.contains("nobody has looked yet") && told.contains("rekindle doctor mail"), "{told}");
    assert_eq!(preview["card"]["buttons"], serde_json::json!([]), "there is nothing to press: {preview}");
    let launch = format!("/campaign launch --confirm {}", preview["confirm"].as_str().unwrap());
    assert_eq!(scene.say(&launch).await["code"], "mail_doctor");

    let (code, told) = scene.look().await;
    assert_eq!(code, Some(2), "{told}");
    for line in [
        "WRONG   SPF of bounce.acme.test\n        there is none: publish as TXT of bounce.acme.test",
        "works   DKIM at rk1._domainkey.acme.test\n",
        "works   DMARC of acme.test\n",
        "works   DMARC: what vouches for acme.test\n",
        "works   MX of bounce.acme.test, where bounces go\n",
        "works   names of the relay's addresses (0.0.0.0)\n",
        "advice  the relay 0.0.0.0\n        it is spoken to in the clear",
        "works   our address https://localhost:",
        "1 of 8 would cost us mails",
    ] {
        assert!(told.contains(line), "{line} is not in\n{told}");
    }
    let refused = scene.say(&launch).await;
    assert!(refused["text"].as_str().unwrap().contains("SPF of bounce.acme.test"), "{refused}");

    scene.dns.says("bounce.acme.test", &[text(SPF), Record::Exchange("mx.acme.test".to_owned())]);
    assert_eq!(
        scene.say(&launch).await["code"],
        "mail_doctor",
        "what was published is not known before somebody looks"
    );
    let (code, told) = scene.look().await;
    assert_eq!(code, Some(0), "{told}");
    let launched = scene.say(&launch).await;
    assert_eq!(launched["ok"], true, "{launched}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_launches_all_the_same_is_remembered() {
    let scene = Scene::new(On::Sqlite).await;
    assert_eq!(scene.look().await.0, Some(2));
    let preview = scene.say("/campaign launch --despite-mail-doctor welcome everyone").await;
    assert_eq!(preview["card"]["buttons"][0]["intent"], "launch-despite", "{preview}");
    let told = preview["text"].as_str().unwrap();
    let line = told.split("To launch: ").nth(1).unwrap().lines().next().unwrap();
    assert!(line.ends_with("--despite-mail-doctor"), "{line}");
    let launched = scene.say(line).await;
    assert_eq!(launched["ok"], true, "{launched}");
    let url = format!("sqlite://{}/rekindle.db", scene.stage.program.folder().display());
    let store =
        Store::open(&url, std::sync::Arc::new(ManualClock::at("2026-11-26T09:00:00Z".parse().unwrap())))
            .await
            .unwrap();
    let entry = store.audited(None, 1).await.unwrap().remove(0);
    assert_eq!((entry.actor.as_str(), entry.result.as_str()), ("mia", "ok"));
    assert!(entry.deed.contains("--despite-mail-doctor"), "{entry:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_that_reaches_nobody_needs_no_look() {
    let stage = Stage::new(On::Sqlite);
    stage.member("Mia", "marketing").await;
    let output = stage.program.run(&["doctor", "mail"]).await;
    assert_eq!(output.code, Some(0));
    assert!(output.stderr.contains("there is nothing to look at"), "{output:#?}");
    let preview = stage.program.chat("mia", "/campaign launch welcome everyone").await;
    assert_eq!(preview["card"]["buttons"][0]["intent"], "launch", "{preview}");
    let launch = format!("/campaign launch --confirm {}", preview["confirm"].as_str().unwrap());
    assert_eq!(stage.program.chat("mia", &launch).await["ok"], true);
}
