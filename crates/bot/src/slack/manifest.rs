//! The app's manifest: what Slack has to know of us, from what can be typed
//! (<https://docs.slack.dev/reference/app-manifest>).

use crate::command;
use serde_json::json;
use std::fmt::Write;

/// What the bot may do, and why.
pub(super) const SCOPES: [(&str, &str); 12] = [
    ("chat:write", "posts and edits cards, and answers"),
    ("im:write", "tells one member alone"),
    ("commands", "hears /lead, /campaign, /segment, /report and /rekindle"),
    ("links:read", "hears of links to leads that members post"),
    ("links:write", "shows them as cards, in the channels of cards"),
    ("users:read", "asks who somebody is"),
    ("users:read.email", "knows a member of the team by a confirmed address"),
    ("usergroups:read", "knows who is in a group that gives a role"),
    ("channels:read", "lets the doctor look at a public channel"),
    ("groups:read", "the same at a private channel"),
    ("channels:history", "finds a card whose answer was lost, in a public channel"),
    ("groups:history", "the same in a private channel"),
];

/// What Slack tells us of, and why.
const EVENTS: [(&str, &str); 4] = [
    ("app_home_opened", "shows each member what they have"),
    ("link_shared", "shows a link to a lead as its card"),
    ("subteam_members_changed", "asks anew who is in a group that gives a role"),
    ("subteam_updated", "the same, when a group is renamed or switched off"),
];

/// How Slack reaches us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// Through a socket that we open.
    BySocket,
    /// At our public address.
    OverHttp,
}

/// The domain of our pages, where it is one that Slack takes for links.
fn domain(public_url: &str) -> Option<&str> {
    let host = public_url.split_once("://")?.1.split(['/', ':']).next()?;
    let is_name = host.contains('.') && host.chars().any(|c| c.is_ascii_alphabetic());
    is_name.then_some(host)
}

/// The manifest, as YAML, for a house whose pages are at `public_url`.
pub fn manifest(public_url: &str, reached: Reached) -> String {
    // Every text is written as in JSON, which YAML reads alike.
    let text = |text: &str| json!(text).to_string();
    let url = |door: &str| {
        let url = format!("{}/slack/{door}", public_url.trim_end_matches('/'));
        (reached == Reached::OverHttp).then(|| text(&url))
    };
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
    if let Some(domain) = domain(public_url) {
        let _ = writeln!(yaml, "  unfurl_domains:\n    - {domain}");
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
        // Where the choices of a form's menu come from, too.
        let _ = writeln!(yaml, "    request_url: {url}\n    message_menu_options_url: {url}");
    }
    let _ = write!(
        yaml,
        "  org_deploy_enabled: false\n  socket_mode_enabled: {}\n  token_rotation_enabled: false\n",
        reached == Reached::BySocket
    );
    yaml
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_offers_what_can_be_typed_and_says_where_slack_finds_us() {
        let socket = manifest("https://rekindle.acme.test:8443/", Reached::BySocket);
        for line in [
            "    - command: /lead\n      description: \"Work leads: see why one is hot, claim it, say how it went\"",
            "    - command: /campaign\n",
            "    - command: /segment\n",
            "    - command: /report\n",
            "    - command: /rekindle\n",
            "  unfurl_domains:\n    - rekindle.acme.test\noauth_config:",
            "  event_subscriptions:\n    bot_events:\n      - app_home_opened # ",
            "  socket_mode_enabled: true\n",
        ] {
            assert!(socket.contains(line), "{line} is not in\n{socket}");
        }
        assert!(!socket.contains("url:"), "a socket needs no address");
        let http = manifest("https://rekindle.acme.test/", Reached::OverHttp);
        assert_eq!(http.matches("url: \"https://rekindle.acme.test/slack/commands\"\n").count(), 5);
        assert!(http.contains("    request_url: \"https://rekindle.acme.test/slack/interactions\"\n"));
        assert!(http.contains("  socket_mode_enabled: false\n"));
        assert!(
            http.contains("    request_url: \"https://rekindle.acme.test/slack/events\"\n    bot_events:\n")
        );
        let at_home = manifest("http://127.0.0.1:8787", Reached::BySocket);
        assert!(!at_home.contains("unfurl_domains"), "Slack takes no such domain: {at_home}");
        // The limits of the manifest's reference.
        for (name, about, hint) in command::offered() {
            assert!(name.len() <= 31 && (1..=2000).contains(&about.chars().count()), "{name}: {about}");
            assert!(hint.chars().count() <= 1000, "{hint}");
        }
    }
}
