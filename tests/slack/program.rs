//! The real program as a process, over TLS, with the Slack that its settings name, and with no other.

use rekindle_tests::{
    outbound::Watch,
    program::Program,
    slack::{APP_TOKEN, BOT_TOKEN, FakeSlack, TEAM, payloads},
};

use crate::stage::{HOT, eventually};

#[tokio::test]
async fn it_talks_over_tls_with_the_slack_that_it_is_told_of_and_with_no_other() {
    let slack = FakeSlack::start_with_tls(&[HOT]).await;
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority.pem");
    std::fs::write(&authority, slack.authority()).unwrap();
    let program = Program::new(&folder.path().join("data"))
        .env("REKINDLE__SLACK__BOT_TOKEN", BOT_TOKEN)
        .env("REKINDLE__SLACK__APP_TOKEN", APP_TOKEN)
        .env("REKINDLE__SLACK__WORKSPACES", format!("[{TEAM:?}]"))
        .env("REKINDLE__SLACK__CHANNELS", format!("{{ hot-leads = {HOT:?} }}"))
        .env("REKINDLE__SLACK__API_URL", slack.url())
        .env("SSL_CERT_FILE", authority.to_str().unwrap());
    let looked = program.run(&["doctor", "chat"]).await;
    assert_eq!(looked.code, Some(0), "over https://: {looked:?}");

    let up = program.start(&["up"]).await;
    let watch = Watch::over(up.id());
    slack.heard().await;
    // It came through wss://, and is answered over https://, to the address that came with it.
    let whoami = payloads::command(&slack, "U0NEW", "/rekindle", "whoami");
    slack.deliver("slash_commands", whoami).await;
    let told = eventually(|| slack.whispers().pop()).await;
    assert!(told["text"].as_str().unwrap().contains("/link-chat/"), "{told}");
    // An address elsewhere that came with a request is not sent to.
    let mut astray = payloads::command(&slack, "U0NEW", "/rekindle", "whoami");
    astray["response_url"] = "https://hooks.slack.com/commands/T0/1/x".into();
    slack.deliver("slash_commands", astray).await;
    eventually(|| up.stderr().contains("an answer could not be given").then_some(())).await;
    assert!(watch.strangers().is_empty(), "somebody else was talked with: {:?}", watch.strangers());
    assert_eq!(up.terminate().await, Some(0));

    // By another authority it is not believed.
    let another = FakeSlack::start_with_tls(&[]).await;
    std::fs::write(&authority, another.authority()).unwrap();
    let looked = program.run(&["doctor", "chat"]).await;
    assert!(looked.code == Some(2) && looked.stdout.contains("cannot be reached now"), "{looked:?}");
    slack.no_offences();
}
