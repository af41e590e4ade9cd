//! The operator and the marketer mistype: every mistake is refused with its place, and with the nearest right word.

use crate::stage::{On, Stage};
use rekindle_tests::program::Output;
use std::path::Path;

/// What a command says with this in its data folder, and this in its environment.
async fn says(line: &[&str], file: (&str, &str), environment: &[(&str, &str)]) -> Output {
    let mut stage = Stage::new(On::Sqlite);
    if !file.0.is_empty() {
        stage = stage.file(file.0, file.1);
    }
    for (name, value) in environment {
        stage = stage.env(name, *value);
    }
    stage.program.run(line).await
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_are_wrong_are_refused_with_line_and_nearest_name() {
    for (text, words) in [
        ("[mail]\nsesions = 4\n", &["rekindle.toml:2:1", "sesions", "sessions"][..]),
        ("[mial]\nsessions = 4\n", &["rekindle.toml:1", "mial", "mail"]),
        ("[mail]\nsessions = 0\n", &["rekindle.toml:2", "64"]),
        ("[team]\nzone = \"Europe/Berln\"\n", &["rekindle.toml:2", "Europe/Berlin"]),
        ("[web]\nlisten = 8787\n", &["rekindle.toml:2"]),
        ("[schedule]\ncool_leads = \"0 25 * * *\"\n", &["rekindle.toml:2", "25"]),
        ("[mail\n", &["rekindle.toml:1"]),
    ] {
        for line in [&["config", "check"][..], &["up"], &["key", "new", "crm"]] {
            let said = says(line, ("rekindle.toml", text), &[]).await;
            assert_eq!(said.code, Some(2), "{line:?} {text}: {said:?}");
            assert_eq!(said.stdout, "", "{line:?} {text}");
            for word in words {
                assert!(said.stderr.contains(word), "{line:?} {text}: “{word}” in {}", said.stderr);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_wins_over_the_file_and_its_mistakes_are_named() {
    let file = ("rekindle.toml", "[mail]\nurl = \"smtp://127.0.0.1:2526\"\nsessions = 3\n");
    let shown =
        says(&["config", "show"], file, &[("REKINDLE__MAIL__URL", "smtp://u:hush-hush@127.0.0.1:2525")])
            .await;
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let line = |part: &str| shown.stdout.lines().find(|line| line.contains(part)).unwrap_or_default();
    assert!(line("127.0.0.1:2525").contains("REKINDLE__MAIL__URL"), "{}", shown.stdout);
    assert!(!shown.stdout.contains("2526") && !shown.stdout.contains("hush"), "{}", shown.stdout);
    assert!(line("sessions = 3").contains("rekindle.toml"), "{}", shown.stdout);

    for (name, value, words) in [
        ("REKINDLE__MAIL__SESIONS", "4", &["REKINDLE__MAIL__SESIONS", "REKINDLE__MAIL__SESSIONS"][..]),
        ("REKINDLE__MAIL__SESSIONS", "many", &["REKINDLE__MAIL__SESSIONS"]),
        ("REKINDLE__CLOCK__SPEED", "-1", &["REKINDLE__CLOCK__SPEED"]),
    ] {
        let said = says(&["config", "check"], ("", ""), &[(name, value)]).await;
        assert_eq!(said.code, Some(2), "{name}={value}: {said:?}");
        for word in words {
            assert!(said.stderr.contains(word), "{name}={value}: “{word}” in {}", said.stderr);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_calendar_never_reaches_a_relay_that_reaches_people() {
    let address =
        "[mail]\npostal_address = \"7 Harbour Road, 20457 Hamburg\"\nfrom = \"Mia <mia@acme.test>\"\n";
    for (name, value) in
        [("REKINDLE__CLOCK__SPEED", "60"), ("REKINDLE__CLOCK__START", "2026-11-02T09:00:00Z")]
    {
        for (relay, code) in [("smtp://relay.acme.test:587", 2), ("smtp://127.0.0.1:2525", 0), ("", 0)] {
            let set = [("REKINDLE__MAIL__URL", relay), (name, value)];
            let said = says(&["config", "check"], ("rekindle.toml", address), &set).await;
            assert_eq!(said.code, Some(code), "{name} {relay}: {said:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_playbook_that_is_wrong_is_refused_with_file_and_line() {
    for (file, text, words) in [
        (
            "playbook/segments.toml",
            "[[segment]]\nname = \"warm\"\nwhen = \"scoer >= 40\"\n",
            &["segments.toml:3", "scoer", "score"][..],
        ),
        ("playbook/scoring.toml", "[thresholds]\nhott = 100\n", &["scoring.toml:2", "hott", "hot"]),
        (
            "playbook/sequences/hello.toml",
            "name = \"hello\"\n\n[[step]]\nmail = \"brekup\"\n",
            &["hello.toml", "brekup", "breakup"],
        ),
        (
            "playbook/sequences/hello.toml",
            "name = \"hello\"\n\n[[step]]\nwait = \"soon\"\n",
            &["hello.toml:4", "soon"],
        ),
        (
            "playbook/sequences/hello.toml",
            "name = \"hello\"\n\n[[step]]\nwait = \"1d\"\n\n[[step]]\narchive = \"yes\"\n",
            &["playbook/sequences/hello.toml:7:11", "true or false belongs here"],
        ),
        (
            "playbook/scoring.toml",
            "[thresholds]\nhot = 100\ncools_below = 200\n\n[grades]\nfit = [10, 5]\nengagement = [60, 25]\n",
            &["playbook/scoring.toml:3:15", "cools_below is above hot"],
        ),
        ("templates/breakup/subject.txt", "", &["templates/breakup/subject.txt:1:1", "the subject is empty"]),
        (
            "templates/breakup/subject.txt",
            "Still there, {{ frist_name }}?\n",
            &["templates/breakup/subject.txt:1:17", "first_name", "1 | Still there"],
        ),
    ] {
        for line in [&["playbook", "check"][..], &["playbook", "apply"], &["up"]] {
            let said = says(line, (file, text), &[]).await;
            assert_eq!(said.code, Some(2), "{line:?} {text}: {said:?}");
            for word in words {
                assert!(said.stderr.contains(word), "{line:?} {text}: “{word}” in {}", said.stderr);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_init_writes_is_right_and_is_never_overwritten() {
    let stage = Stage::new(On::Sqlite);
    let written = stage.program.data(&["init"]).await;
    let files: Vec<&Path> = written.lines().map(Path::new).collect();
    assert!(files.iter().any(|file| file.ends_with("rekindle.toml")), "{written}");
    assert!(files.iter().any(|file| file.ends_with("playbook/sequences/re-engagement.toml")), "{written}");
    assert!(files.iter().all(|file| file.is_file()), "{written}");
    for line in [["config", "check"], ["playbook", "check"], ["playbook", "apply"]] {
        let said = stage.program.run(&line).await;
        assert_eq!(said.code, Some(0), "{line:?}: {said:?}");
    }
    let mine = "[mail]\nsessions = 2\n";
    let stage = stage.file("rekindle.toml", mine);
    assert_eq!(stage.program.data(&["init"]).await, "", "nothing is written a second time");
    assert_eq!(std::fs::read_to_string(stage.program.folder().join("rekindle.toml")).unwrap(), mine);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_is_not_known_is_refused_with_the_nearest() {
    for (line, word) in [
        (&["outbox", "unknwon"][..], "unknown"),
        (&["team", "add", "Ana", "--role", "sale"], "sales"),
        (&["led", "show", "kim@acme.test"], "lead"),
        (&["import", "leads.csv", "--dry-rum"], "--dry-run"),
    ] {
        let said = says(line, ("", ""), &[]).await;
        assert_eq!(said.code, Some(2), "{line:?}: {said:?}");
        assert!(said.stderr.contains(word), "{line:?}: {}", said.stderr);
    }
}
