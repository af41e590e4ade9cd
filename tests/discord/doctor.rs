//! The doctor looks at Discord before anything is posted.

use crate::stage::{HOT_LEADS, Stage};
use rekindle_bot::discord::{register, rest::Rest};
use rekindle_core::chat::Secret;
use rekindle_tests::discord::{APPLICATION, Failure, GUILD, TOKEN};
use serde_json::json;

impl Stage {
    /// What does not work, in words.
    async fn wrong(&self) -> Vec<String> {
        let found = self.discord.examine().await;
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
    let looked_at = stage.discord.examine().await;
    assert_eq!(looked_at.len(), 5, "token, application, server, commands, channel: {looked_at:?}");

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
