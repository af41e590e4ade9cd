//! Mails looked at by who writes them: as their readers would see them, and wrong ones with the line in which they are wrong.

use crate::world::World;
use axum::http::{Method, StatusCode, header};
use rekindle_core::team::Role;
use rekindle_mail::{letter::Letter, templates::Templates};
use rekindle_web::Mails;
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

type Files = BTreeMap<String, String>;

fn shipped_files() -> Files {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/templates");
    let mut files = Files::new();
    for entry in fs::read_dir(&root).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if !entry.path().is_dir() {
            files.insert(name, fs::read_to_string(entry.path()).unwrap());
            continue;
        }
        for file in fs::read_dir(entry.path()).unwrap().map(Result::unwrap) {
            let path = format!("{name}/{}", file.file_name().into_string().unwrap());
            files.insert(path, fs::read_to_string(file.path()).unwrap());
        }
    }
    files
}

/// The shipped mails.
pub(crate) fn shipped() -> Mails {
    Mails::new(Letter::sample().sender, || Templates::read(&shipped_files()))
}

/// A world whose mails somebody is writing.
async fn world() -> (World, Arc<Mutex<Files>>) {
    let mut world = World::new().await;
    let files = Arc::new(Mutex::new(shipped_files()));
    let read = files.clone();
    world.doors.settings.mails =
        Mails::new(Letter::sample().sender, move || Templates::read(&read.lock().unwrap()));
    (world, files)
}

#[tokio::test]
async fn a_mail_is_shown_to_each_reader_in_each_language() {
    let (world, _) = world().await;
    let kim = json!({ "name": "Kim <b>Park</b>", "company": "Acme", "locale": "de-AT" });
    world.lead("kim@acme.test", kim).await;
    let ana = world.member("Ana", Role::Viewer).await;
    let get = async |path: &str| world.as_member(&ana, Method::GET, path, "").await;

    let list = get("/templates").await;
    assert_eq!(list.status, StatusCode::OK);
    for known in ["data-mail=\"breakup\"", "Should I close your file, Zoë?", "re-engagement", "?language=de"]
    {
        assert!(list.text.contains(known), "{known} is missing: {}", list.text);
    }
    assert!(!list.text.contains("data-mail=\"breakup.de\""), "a variant is no mail of its own");

    let page = get("/templates/offer").await;
    assert!(
        page.text.contains("data-field=\"subject\">Yours if you want it: 20 % off your first year<"),
        "{}",
        page.text
    );
    assert!(page.text.contains("Monday, 7 December") && page.text.contains("SAMPLE-CODE"), "{}", page.text);
    assert!(page.text.contains("No call, no form, no small print"), "the line that inboxes show");
    for frame in ["dark=false", "dark=true"] {
        assert_eq!(page.text.matches(frame).count(), 2, "phone and desk, {frame}");
    }
    let german = get("/templates/offer?language=de").await;
    assert!(german.text.contains("Wenn Sie möchten: 20 % Nachlass im ersten Jahr"), "{}", german.text);
    assert!(german.text.contains("Montag, 7. Dezember"), "{}", german.text);
    let bare = get("/templates/breakup?to=empty").await;
    assert!(
        bare.text.contains("Should I close your file?") && bare.text.contains("Hi there,"),
        "{}",
        bare.text
    );
    let of_kim = get("/templates/breakup?to=kim%40acme.test").await;
    assert!(
        of_kim.text.contains("Soll ich Ihre Akte schließen, Kim &#60;b&#62;Park&#60;/b&#62;?"),
        "{}",
        of_kim.text
    );
    let nobody = get("/templates/breakup?to=kmi%40acme.test").await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    assert_eq!(get("/templates/braekup").await.status, StatusCode::NOT_FOUND);

    let frame = get("/templates/breakup/html?to=kim%40acme.test&dark=true").await;
    let policy = frame.header(header::CONTENT_SECURITY_POLICY);
    assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{policy}");
    assert!(frame.text.contains("lang=\"de\"") && !frame.text.contains("<b>Park"), "{}", frame.text);
    assert!(
        !frame.text.contains("prefers-color-scheme")
            && frame.text.contains("https://preview.invalid/unsubscribe")
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_mail_is_shown_with_its_line_and_the_others_go_on() {
    let (world, files) = world().await;
    let mia = world.member("Mia", Role::Marketing).await;
    let get = async |path: &str| world.as_member(&mia, Method::GET, path, "").await;
    let write = |path: &str, text: &str| drop(files.lock().unwrap().insert(path.to_owned(), text.to_owned()));

    // What cannot be read.
    let body = files.lock().unwrap()["breakup/body.mjml"].clone();
    write("breakup/body.mjml", &body.replacen("{{ first_name |", "{{ frist_name |", 1));
    let page = get("/templates/breakup").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.text.contains(
            "breakup/body.mjml:5: “frist_name” is nothing a mail knows; did you mean “first_name”?"
        ),
        "{}",
        page.text
    );
    assert!(
        page.text.contains("This mail cannot be written") && !page.text.contains("<iframe"),
        "{}",
        page.text
    );
    let list = get("/templates").await;
    assert!(list.text.contains("frist_name") && list.text.contains("data-mail=\"offer\""), "{}", list.text);

    // What can be read, and not written to everybody.
    write(
        "breakup/body.mjml",
        &body.replacen("{{ first_name | default(\"there\") }}", "{{ first_name }}", 1),
    );
    let page = get("/templates/breakup?to=empty").await;
    assert!(
        page.text.contains("breakup/body.mjml:5") && page.text.contains("has no value and no default"),
        "{}",
        page.text
    );
    assert!(!page.text.contains("<iframe"));
    let known = get("/templates/breakup").await;
    assert!(
        known.text.contains("This mail must not be sent as it is") && known.text.contains("<iframe"),
        "{}",
        known.text
    );

    // Put right, it is right at once.
    write("breakup/body.mjml", &body);
    let page = get("/templates/breakup").await;
    assert!(page.text.contains("<iframe") && !page.text.contains("must not be sent"), "{}", page.text);
    assert!(page.text.contains("is a stand-in"), "advice stands below");

    files.lock().unwrap().clear();
    let nothing = get("/templates").await;
    assert!(
        nothing.text.contains("No mail can be shown")
            && nothing.text.contains("_layout.mjml: the layout around all mails is missing"),
        "{}",
        nothing.text
    );
}
