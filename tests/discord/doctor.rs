//! The doctor looks at Discord before anything is posted.

use crate::stage::{HOT_LEADS, Stage};
use rekindle_bot::discord::{Reached, register, rest::Rest};
use rekindle_core::chat::Secret;
use rekindle_tests::discord::{APPLICATION, Failure, GUILD, TOKEN};
use serde_json::json;

impl Stage {
    /// What does not work, in words.
    async fn wrong(&self) -> Vec<String> {
        let found = self.discord.examine(&Reached::ByGateway).await;
        found.into_iter().filter_map(|one| Some(format!("{}: {}", one.what, one.wrong?))).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_works_is_said_and_what_does_not_with_what_would_mend_it() {
    let stage = Stage::set().await;
    let commands = "Discord: the commands in the server 22222: they are not registered as they are now: \
        rekindle discord register";
    assert_eq!(stage.wrong().await, [commands]);
    let rest =
        Rest::new(Secret::new(TOKEN), APPLICATION, Some(stage.fake.url()), stage.store.clock().clone());
    register(&rest.unwrap(), Some(GUILD)).await.unwrap();
    assert_eq!(stage.wrong().await, Vec::<String>::new());
    let looked_at = stage.discord.examine(&Reached::ByGateway).await;
    assert_eq!(
        looked_at.len(),
        11,
        "token, clock, application, way, server, commands, four roles, channel: {looked_at:?}"
    );

    // Send Messages and Embed Links.
    stage.fake.deny(HOT_LEADS, (1 << 11) | (1 << 14));
    let lacking = "Discord: the channel 44444 (hot-leads): the bot may not do this there: Send Messages, Embed Links. \
        Allow it in the channel's permissions";
    assert_eq!(stage.wrong().await, [lacking]);
    stage.fake.delete_channel(HOT_LEADS);
    let said = stage.wrong().await;
    assert!(said.len() == 1 && said[0].contains("Unknown Channel (10003): add the bot"), "{said:?}");

    let unknown = json!({"message": "Unknown Guild", "code": 10004});
    stage.fake.fail("GET /guilds", Failure::Refused(404, unknown), 1);
    let said = stage.wrong().await;
    assert!(
        said.len() == 1 && said[0].contains("let the bot in by https://discord.com/oauth2/authorize"),
        "{said:?}"
    );
    stage.fake.fail("GET /oauth2", Failure::Refused(503, json!({})), 1);
    assert!(stage.wrong().await[0].contains("cannot be reached now"));

    stage.fake.fail("/", Failure::Refused(401, json!({"message": "401: Unauthorized", "code": 0})), 1);
    let said = stage.wrong().await;
    assert_eq!(said.len(), 1, "the first thing to mend: {said:?}");
    assert!(said[0].contains("Reset Token"), "{said:?}");
    assert!(stage.fake.messages(HOT_LEADS).is_empty(), "nothing is posted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_that_leads_elsewhere_and_a_wrong_clock_are_said_with_what_would_mend_them() {
    let stage = Stage::set().await;
    let way = async |reached: &Reached| {
        let found = stage.discord.examine(reached).await;
        found.into_iter().find(|one| one.what == "Discord: where interactions go").unwrap().wrong
    };
    let over_http = Reached::OverHttp(stage.fake.public_key());
    assert_eq!(way(&Reached::ByGateway).await, None);
    assert!(way(&over_http).await.unwrap().contains("enter https://rekindle.acme.test/discord/interactions"));
    stage.fake.enter_endpoint(Some("https://rekindle.acme.test/discord/interactions"));
    assert_eq!(way(&over_http).await, None);
    assert!(
        way(&Reached::ByGateway)
            .await
            .unwrap()
            .contains("none through the gateway: empty the Interactions Endpoint URL")
    );
    assert!(way(&Reached::OverHttp("00".repeat(32))).await.unwrap().contains("copy the Public Key"));
    stage.after(std::time::Duration::from_secs(301)).await;
    let said = stage.wrong().await;
    assert!(
        said.iter().any(|one| one.starts_with("Discord: our clock: it is 301 s ahead of Discord's")),
        "{said:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_does_not_exist_is_named() {
    let stage = Stage::set().await;
    stage.fake.drop_role(702);
    let said = stage.wrong().await;
    assert!(
        said.iter().any(|one| one.starts_with("Discord: the role 702: no server has a role with this id")),
        "{said:?}"
    );
}
