//! Interactions as Discord sends them: what members do, as JSON.

use super::{APPLICATION, GUILD};
use serde_json::{Value, json};

/// Somebody on Discord.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// Their id.
    pub id: u64,
    /// Where they speak; `None` is a direct message.
    pub guild: Option<u64>,
    /// In which channel.
    pub channel: u64,
    /// Which role they have in the guild.
    pub role: Option<u64>,
}

impl Person {
    /// Somebody in our guild.
    #[must_use]
    pub fn in_our_guild(id: u64, channel: u64) -> Self {
        Self { id, guild: Some(GUILD), channel, role: None }
    }

    fn interaction(self, id: u64, kind: u64, data: Value) -> Value {
        let user = json!({
            "id": self.id.to_string(), "username": format!("user{}", self.id), "discriminator": "0", "avatar": null,
        });
        let mut interaction = json!({
            "id": id.to_string(),
            "application_id": APPLICATION.to_string(),
            "type": kind,
            "data": data,
            "token": format!("token-{id}"),
            "version": 1,
            "channel_id": self.channel.to_string(),
            "channel": {"id": self.channel.to_string(), "type": 0},
            "locale": "en-US",
            "app_permissions": "0",
            "entitlements": [],
            "authorizing_integration_owners": {},
            "attachment_size_limit": 1024,
        });
        match self.guild {
            Some(guild) => {
                interaction["guild_id"] = json!(guild.to_string());
                interaction["member"] = json!({
                    "user": user, "roles": self.role.map(|role| role.to_string()).into_iter().collect::<Vec<_>>(), "joined_at": "2026-01-01T00:00:00Z", "deaf": false, "mute": false,
                    "flags": 0, "permissions": "0", "nick": null, "avatar": null,
                });
            }
            None => interaction["user"] = user,
        }
        interaction
    }

    /// Presses a button of a message.
    #[must_use]
    pub fn presses(self, id: u64, custom_id: &str, message: &Value) -> Value {
        let data = json!({"custom_id": custom_id, "component_type": 2});
        self.with_message(self.interaction(id, 3, data), message)
    }

    /// Chooses from a list.
    #[must_use]
    pub fn chooses(self, id: u64, custom_id: &str, value: &str, message: &Value) -> Value {
        let data = json!({"custom_id": custom_id, "component_type": 3, "values": [value]});
        self.with_message(self.interaction(id, 3, data), message)
    }

    /// Sends a form whose one field says this.
    #[must_use]
    pub fn submits(self, id: u64, custom_id: &str, value: &str) -> Value {
        self.fills(id, custom_id, &[("value", value)])
    }

    /// Sends a form off with what is filled into its lines.
    #[must_use]
    pub fn fills(self, id: u64, custom_id: &str, filled: &[(&str, &str)]) -> Value {
        let input = |(name, value): &(&str, &str)| json!({"type": 4, "custom_id": name, "value": value});
        let row = |one| json!({"type": 1, "components": [input(one)]});
        let data = json!({"custom_id": custom_id, "components": filled.iter().map(row).collect::<Vec<_>>()});
        self.interaction(id, 5, data)
    }

    /// Gives a command: `["lead", "claim"]` with what was filled in.
    #[must_use]
    pub fn commands(self, id: u64, path: [&str; 2], values: &[(&str, &str)]) -> Value {
        let options = values.iter().map(|(name, value)| json!({"name": name, "type": 3, "value": value}));
        self.interaction(id, 2, command(path, options.collect()))
    }

    /// Gives a command as it would be typed: its words are filled into the options that are `registered`.
    #[must_use]
    pub fn fills_in(self, id: u64, line: &str, registered: &Value) -> Value {
        let mut words = line.trim_start_matches('/').split_whitespace().peekable();
        let command = words.next().unwrap_or_default();
        let called = |options: &Value, name: &str| {
            let found = options.as_array()?.iter().find(|one| one["name"] == name && one["type"] != 3)?;
            Some(found.clone())
        };
        let mut at = called(registered, command).unwrap_or_else(|| panic!("/{command} is not registered"));
        let mut path = Vec::new();
        while let Some(next) = words.peek().and_then(|word| called(&at["options"], word)) {
            words.next();
            at = next;
            path.push(at.clone());
        }
        if at["type"] == 2 {
            at = called(&at["options"], "show").unwrap_or_else(|| panic!("{line}: a group cannot be given"));
            path.push(at.clone());
        }
        let mut places: Vec<&str> = at["options"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|one| one["type"] == 3 && one["name"] != "confirm")
            .filter_map(|one| one["name"].as_str())
            .collect();
        let mut filled = Vec::new();
        let mut fill = |places: &mut Vec<&str>, name: &str, value: &str| {
            places.retain(|place| *place != name);
            filled.push(json!({"name": name, "type": 3, "value": value}));
        };
        // First what has a name: the rest goes by its place.
        let mut placed = Vec::new();
        while let Some(word) = words.next() {
            match word.strip_prefix("--") {
                Some(name) => fill(&mut places, name, words.next().unwrap_or_default()),
                None => placed.push(word),
            }
        }
        // The last place takes all that is left: a question has many words.
        while let (Some(name), false) = (places.first().copied(), placed.is_empty()) {
            let some = if places.len() == 1 { placed.len() } else { 1 };
            let words: Vec<&str> = placed.drain(..some).collect();
            fill(&mut places, name, &words.join(" "));
        }
        let inner = path.into_iter().rev().fold(filled, |options, one| {
            vec![json!({"name": one["name"], "type": one["type"], "options": options})]
        });
        self.interaction(id, 2, json!({"id": "77", "name": command, "type": 1, "options": inner}))
    }

    /// Types into an option of a command, behind others that are filled in.
    #[must_use]
    pub fn types(self, id: u64, path: [&str; 2], option: &str, begun: &str) -> Value {
        let option = json!({"name": option, "type": 3, "value": begun, "focused": true});
        self.interaction(id, 4, command(path, vec![option]))
    }

    /// Does something that nobody knows yet.
    #[must_use]
    pub fn does_something_new(self, id: u64) -> Value {
        self.interaction(id, 99, json!({"what": "ever"}))
    }

    fn with_message(self, mut interaction: Value, message: &Value) -> Value {
        interaction["message"] = message.clone();
        interaction
    }
}

fn command([command, verb]: [&str; 2], options: Vec<Value>) -> Value {
    json!({
        "id": "77", "name": command, "type": 1,
        "options": [{"name": verb, "type": 1, "options": options}],
    })
}
