//! A newcomer starts the program on nothing: it is ready at once, tells two secrets once, and keeps everything to itself.

use crate::stage::{On, SOON, Seat, Sender, Stage, on_both_databases};
use rekindle_tests::program::{Program, free_port, within};
use serde_json::json;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

on_both_databases!(the_first_start_tells_key_and_link_and_both_work_and_the_second_is_silent);

async fn the_first_start_tells_key_and_link_and_both_work_and_the_second_is_silent(on: On) {
    let stage = Stage::new(on);
    let up = stage.program.start(&["up"]).await;
    let (key, link) = within(SOON, "key and link are told", async || told(&up.stderr())).await;
    assert!(link.starts_with(&format!("{}/in/", up.url)), "{link}");
    assert_eq!(up.stdout(), "", "what is said is no data");

    let kim = Sender::new(&up, &key);
    kim.warm_kim().await;
    kim.track("kim", "Demo Requested").await;
    let admin = Seat::sign_in(&up, &link).await;
    let state = admin.state().await;
    assert_eq!(state["me"]["role"], "admin", "{state}");
    let again = up.http().post(&link).send().await.unwrap();
    assert_ne!(again.status(), 303, "a link signs in once");

    assert_eq!(up.terminate().await, Some(0), "asked to stop, it ends cleanly");

    let up = stage.program.start(&["up"]).await;
    within(SOON, "it says where it is", async || up.stderr().contains(&up.url).then_some(())).await;
    assert_eq!(told(&up.stderr()), None, "told once: {}", up.stderr());
    let state = admin.state().await;
    assert_eq!(state["me"]["role"], "admin", "a session outlives a restart");
    assert_eq!(up.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_on_the_machine_can_read_the_folder() {
    let stage = Stage::new(On::Sqlite);
    let up = stage.program.start(&["up"]).await;
    let key = stage.key("crm", None).await;
    Sender::new(&up, &key).warm_kim().await;
    let data = stage.program.folder();
    let all = everything_in(data);
    let names: Vec<String> =
        all.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    for expected in ["rekindle.db", "rekindle.db-wal", "lock"] {
        assert!(names.iter().any(|name| name == expected), "{expected} in {names:?}");
    }
    for path in all.iter().map(PathBuf::as_path).chain([data]) {
        let there = fs::metadata(path).unwrap();
        let wanted = if there.is_dir() { 0o700 } else { 0o600 };
        let mode = there.permissions().mode() & 0o777;
        assert_eq!(format!("{mode:o}"), format!("{wanted:o}"), "{}", path.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_listens_where_it_is_told_and_says_that_it_is_alive_and_ready() {
    let stage = Stage::new(On::Sqlite);
    let address = format!("127.0.0.1:{}", free_port());
    let up = stage.program.start(&["up", "--listen", &address]).await;
    assert_eq!(up.url, format!("http://{address}"));
    for path in ["/healthz", "/readyz"] {
        assert_eq!(up.http().get(up.at(path)).send().await.unwrap().status(), 200, "{path}");
    }
    let (_, link) = within(SOON, "key and link are told", async || told(&up.stderr())).await;
    assert!(link.starts_with(&up.url), "links lead where it listens: {link}");
    up.signal("INT").await;
    let mut up = up;
    assert_eq!(up.ended().await, Some(0), "Ctrl-C is a stop like any other");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_up_in_the_same_folder_is_refused_in_words_and_the_first_lives_on() {
    let stage = Stage::new(On::Sqlite);
    let up = stage.program.start(&["up"]).await;
    let second = Program::new(stage.program.folder()).run(&["up"]).await;
    assert_eq!(second.code, Some(2), "{second:?}");
    assert!(second.stderr.contains("runs in") && second.stderr.contains("already"), "{second:?}");
    assert_eq!(told(&second.stderr), None);
    assert_eq!(up.http().get(up.at("/readyz")).send().await.unwrap().status(), 200);
    // The one who was killed leaves no lock behind.
    up.kill9().await;
    let up = stage.program.start(&["up"]).await;
    assert_eq!(up.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_work_before_up_has_ever_run_and_take_effect_in_one_that_runs() {
    let stage = Stage::new(On::Sqlite);
    let before = stage.key("before", None).await;
    let link = stage.member("Ana López", "sales").await;
    let up = stage.program.start(&["up"]).await;
    assert_eq!(told(&up.stderr()), None, "a house with members and keys needs no first ones");
    let after = stage.key("after", None).await;
    for key in [&before, &after] {
        let kim = json!({"userId": "kim", "event": "Demo Requested"});
        Sender::new(&up, key).sent("track", kim).await;
    }
    let me = Seat::sign_in(&up, &link).await.state().await["me"].clone();
    assert_eq!(me["name"], "Ana López");
    assert_eq!(me["handle"], "ana-lópez");
    let again = stage.program.data(&["link", "ana-lópez"]).await;
    assert_ne!(again, link);
    assert_eq!(Seat::sign_in(&up, &again).await.state().await["me"], me);
}

/// Key and link, as the first start tells them.
fn told(words: &str) -> Option<(String, String)> {
    let behind = |label: &str| {
        let line = words.lines().find(|line| line.contains(label))?;
        line.split_whitespace().last().map(str::to_owned)
    };
    Some((behind("server write key")?, behind("sign in as admin")?))
}

fn everything_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(everything_in(&path));
        }
        found.push(path);
    }
    found
}
