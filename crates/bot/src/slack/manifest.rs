//! The app's manifest: what Slack has to know of us, from what can be typed
//! (<https://docs.slack.dev/reference/app-manifest>).

use crate::command;
use serde_json::json;
use std::fmt::Write;

/// What the bot may do, and why.
const SCOPES: [(&str, &str); 9] = [
    ("chat:write", "posts and edits cards, and answers"),
    ("im:write", "tells one member alone"),
    ("commands", "hears /lead, /campaign and /rekindle"),
    ("users:read", "asks who somebody is"),
    ("users:read.email", "knows a member of the team by a confirmed address"),
    ("channels:read", "lets the doctor look at a public channel"),
    ("groups:read", "the same at a private channel"),
    ("channels:history", "finds a card whose answer was lost, in a public channel"),
    ("groups:history", "the same in a private channel"),
];

/// What Slack tells us of, and why.
const EVENTS: [(&str, &str); 1] = [("app_home_opened", "shows each member what they have")];

/// The manifest, as YAML. Without the address at which Slack reaches us, for the socket.
pub fn manifest(public_url: Option<&str>) -> String {
    // Every text is written as in JSON, which YAML reads alike.
    let text = |text: &str| json!(text).to_string();
    let url = |door: &str| public_url.map(|url| text(&format!("{}/slack/{door}", url.trim_end_matches('/'))));
    let mut yaml = String::from(
        "display_information:\n  name: Rekindle\n  description: \"Hot leads, to claim where you talk\"\n  \
         background_color: \"#1f2933\"\nfeatures:\n  app_home:\n    home_tab_enabled: true\n    \
         messages_tab_enabled: true\n    messages_tab_read_only_enabled: true\n  bot_user:\n    display_name: Rekindle\n    always_online: true\n  \
         slash_commands:\n",
    );
    for (name, about, hint) in command::offered() {
        let _ = write!(
            yaml,
            "    - command: /{name}\n      description: {}\n      usage_hint: {}\n      should_escape: false\n",
            text(&about),
            text(&hint)
        );
        if let Some(url) = url("commands") {
            let _ = writeln!(yaml, "      url: {url}");
        }
    }
    yaml.push_str("oauth_config:\n  scopes:\n    bot:\n");
    for (scope, why) in SCOPES {
        let _ = writeln!(yaml, "      - {scope} # {why}");
    }
    yaml.push_str("settings:\n  event_subscriptions:\n");
    if let Some(url) = url("events") {
        let _ = writeln!(yaml, "    request_url: {url}");
    }
    yaml.push_str("    bot_events:\n");
    for (event, why) in EVENTS {
        let _ = writeln!(yaml, "      - {event} # {why}");
    }
    yaml.push_str("  interactivity:\n    is_enabled: true\n");
    if let Some(url) = url("interactions") {
        let _ = writeln!(yaml, "    request_url: {url}");
    }
    let _ = write!(
        yaml,
        "  org_deploy_enabled: false\n  socket_mode_enabled: {}\n  token_rotation_enabled: false\n",
        public_url.is_none()
    );
    yaml
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_offers_what_can_be_typed_and_says_where_slack_finds_us() {
        let socket = manifest(None);
        for line in [
            "    - command: /lead\n      description: \"Work leads: see why one is hot, claim it, say how it went\"",
            "    - command: /campaign\n",
            "    - command: /rekindle\n",
            "  socket_mode_enabled: true\n",
        ] {
            assert!(socket.contains(line), "{line} is not in\n{socket}");
        }
        assert!(!socket.contains("url:"), "a socket needs no address");
        let http = manifest(Some("https://rekindle.acme.test/"));
        assert_eq!(http.matches("url: \"https://rekindle.acme.test/slack/commands\"\n").count(), 3);
        assert!(http.contains("    request_url: \"https://rekindle.acme.test/slack/interactions\"\n"));
        assert!(http.contains("  socket_mode_enabled: false\n"));
        // The limits of the manifest's reference.
        for (name, about, hint) in command::offered() {
            assert!(name.len() <= 31 && (1..=2000).contains(&about.chars().count()), "{name}: {about}");
            assert!(hint.chars().count() <= 1000, "{hint}");
        }
    }
}
