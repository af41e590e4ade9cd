//! Whatever Discord may send, in the shapes it sends, signed: answered 200, kept where nobody knows it, and nothing else.
//!
//! An interaction is a file of `fixtures/`.

use crate::stage::Stage;
use rekindle_tests::panics;
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path};

/// The kind of the answer to each interaction (1 pong, 4 words, 5 and 6 later, 8 completions, - none), and what becomes of it
/// in the column `state` of what came in; "-" is not kept.
#[rustfmt::skip]
const EXPECTED: &[(&str, &str, &str)] = &[
    ("autocomplete",                          "8", "-"),
    ("autocomplete_in_a_direct_message",      "8", "-"),
    ("autocomplete_without_focus",            "4", "ignored"),
    ("button",                                "4", "ignored"),
    ("button_in_a_direct_message",            "4", "-"),
    ("channel_select",                        "4", "ignored"),
    ("command",                               "5", "done"),
    ("command_in_a_direct_message",           "4", "-"),
    ("command_in_a_group_of_friends",         "4", "-"),
    ("command_in_a_thread",                   "5", "done"),
    ("command_of_a_customer",                 "5", "done"),
    ("command_of_a_user_install",             "4", "-"),
    ("command_on_a_message",                  "5", "done"),
    ("command_on_a_user",                     "5", "done"),
    ("command_that_nobody_registered",        "5", "done"),
    ("command_to_another_application",        "4", "-"),
    ("command_with_everything",               "5", "done"),
    ("component_of_next_year",                "4", "ignored"),
    ("kind_of_next_year",                     "-", "ignored"),
    ("kind_without_data",                     "-", "ignored"),
    ("mentionable_select",                    "4", "ignored"),
    ("modal",                                 "4", "ignored"),
    ("modal_left_empty",                      "4", "ignored"),
    ("modal_with_labels",                     "4", "ignored"),
    ("ping",                                  "1", "-"),
    ("role_select",                           "4", "ignored"),
    ("stale_card",                            "6", "done"),
    ("string_select",                         "4", "ignored"),
    ("user_select",                           "4", "ignored"),
];

fn fixtures() -> BTreeMap<String, Value> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/discord/fixtures"));
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap())
    };
    fs::read_dir(folder).unwrap().map(read).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_sent_is_answered_200_and_harms_nothing() {
    panics::watch();
    let stage = Stage::set().await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let ana = stage.linked("ana", 501).await;
    let before = stage.shoulder().await.holdings().await;
    let mut became = Vec::new();
    let all = fixtures();
    for (name, interaction) in &all {
        let (status, answer) = stage.fake.post(&stage.endpoint, interaction, stage.now()).await;
        assert_eq!(status, 200, "{name}: {answer}");
        stage.settled().await;
        let id = interaction["id"].as_str().unwrap();
        let states: Vec<String> =
            stage.shoulder().await.column(&format!("SELECT state FROM inbound WHERE id = '{id}'")).await;
        let kind = answer["type"].as_u64().map_or_else(|| "-".to_owned(), |kind| kind.to_string());
        became.push((name.clone(), kind, states.first().cloned().unwrap_or_else(|| "-".to_owned())));
    }
    let mut expected: Vec<(String, String, String)> = EXPECTED
        .iter()
        .map(|(name, kind, state)| ((*name).to_owned(), (*kind).to_owned(), (*state).to_owned()))
        .collect();
    expected.sort();
    assert_eq!(became, expected);
    assert_eq!(stage.shoulder().await.holdings().await, before);
    assert_eq!(panics::seen(), 0);
    // And the next one is handled as if nothing had been.
    let claim = ana.commands(stage.fake.id(), ["lead", "claim"], &[("lead", "kim@acme.test")]);
    assert_eq!(stage.fake.post(&stage.endpoint, &claim, stage.now()).await.0, 200);
    assert!(stage.fake.words(&claim).await.contains("is yours"));
}
