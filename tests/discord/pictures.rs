//! What has a picture comes as an image; where no files may be sent, the words say the same.

use crate::stage::{Stage, Way};
use rekindle_tests::{discord::Failure, models};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn how_far_to_trust_what_is_predicted_is_an_image() {
    let stage = Stage::set().await;
    let ana = stage.linked("ana", 501).await;
    models::kept(&stage.store).await;
    let asked = ana.commands(stage.fake.id(), ["report", "score"], &[]);
    stage.tell(Way::Http, &asked).await;
    let said = stage.fake.words(&asked).await;
    assert!(
        said.contains("AUC 0\\.81: of one won") && !said.contains("```") && !said.contains("happened"),
        "{said}"
    );
    let calls = stage.fake.calls("PATCH /webhooks");
    let [answer] = &calls[..] else { panic!("{calls:#?}") };
    let [file] = &answer.files[..] else { panic!("{answer:?}") };
    assert_eq!((file.name.as_str(), file.kind.as_str()), ("calibration.png", "image/png"));
    // The header of a PNG says how large it is (RFC 2083, 11.2.1 and 12.11): twice 720 by 440, for sharp screens.
    assert_eq!(&file.data[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!(&file.data[16..24], [1440_u32.to_be_bytes(), 880_u32.to_be_bytes()].concat());
    let described = answer.body["attachments"][0]["description"].as_str().unwrap();
    assert!(described.contains("What was said, and what happened"), "{described}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_files_may_be_sent_the_words_say_the_same() {
    let stage = Stage::set().await;
    let ana = stage.linked("ana", 501).await;
    models::kept(&stage.store).await;
    let denied = json!({"message": "Missing Permissions", "code": 50013});
    stage.fake.fail("PATCH /webhooks", Failure::Refused(403, denied), 1);
    let asked = ana.commands(stage.fake.id(), ["report", "score"], &[]);
    stage.tell(Way::Http, &asked).await;
    let said = stage.fake.words(&asked).await;
    assert!(said.starts_with("```") && said.contains("| said   o happened"), "{said}");
    assert!(said.contains("30 of 40"), "{said}");
}
