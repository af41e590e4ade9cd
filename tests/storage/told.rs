//! What senders tell the house, built in a line.

use rekindle_core::{
    activity::{Activity, Kind, Trust, names},
    arrival::{Arrival, Who},
    ids::LeadId,
    time::Moment,
};
use serde_json::Value;

/// A call with this name, from a server, at `at`.
pub(crate) fn track(id: &str, name: &str, at: Moment) -> Arrival {
    call(id, Kind::Track, name, at)
}

/// Who somebody is, from a server.
pub(crate) fn identify(id: &str, traits: Value, at: Moment) -> Arrival {
    let mut arrival = call(id, Kind::Identify, names::IDENTIFIED, at);
    arrival.who.email =
        traits.get("email").and_then(Value::as_str).map(|email| email.parse().expect("an address"));
    arrival.properties = traits.as_object().expect("traits are an object").clone();
    arrival
}

/// Two ids are one person, from a server.
pub(crate) fn alias(id: &str, previous: &str, at: Moment) -> Arrival {
    let mut arrival = call(id, Kind::Alias, names::ALIASED, at);
    arrival.who.previous_id = Some(previous.to_owned());
    arrival
}

/// The lead asks us to stop, by the link of a mail.
pub(crate) fn unsubscribe(id: &str, lead: LeadId, at: Moment) -> Arrival {
    let mut arrival = call(id, Kind::Mail, names::UNSUBSCRIBED, at);
    arrival.source = "mail".to_owned();
    arrival.who.lead = Some(lead);
    arrival
}

fn call(id: &str, kind: Kind, name: &str, at: Moment) -> Arrival {
    Arrival {
        source: "shop".to_owned(),
        message_id: id.to_owned(),
        fingerprint: 1,
        who: Who::default(),
        kind,
        name: name.to_owned(),
        path: None,
        at,
        properties: serde_json::Map::new(),
        human: Activity::is_human(kind, name),
        trust: Trust::Server,
        basis: None,
    }
}

/// More words about an arrival.
pub(crate) trait Telling {
    fn user(self, id: &str) -> Arrival;
    fn device(self, id: &str) -> Arrival;
    fn email(self, email: &str) -> Arrival;
    fn browser(self) -> Arrival;
    fn basis(self, basis: &str) -> Arrival;
    fn path(self, path: &str) -> Arrival;
    fn fingerprint(self, fingerprint: i64) -> Arrival;
}

impl Telling for Arrival {
    fn user(mut self, id: &str) -> Arrival {
        self.who.user_id = Some(id.to_owned());
        self
    }
    fn device(mut self, id: &str) -> Arrival {
        self.who.anonymous_id = Some(id.to_owned());
        self
    }
    fn email(mut self, email: &str) -> Arrival {
        self.who.email = Some(email.parse().expect("an address"));
        self
    }
    fn browser(mut self) -> Arrival {
        self.trust = Trust::Browser;
        self
    }
    fn basis(mut self, basis: &str) -> Arrival {
        self.basis = Some(basis.to_owned());
        self
    }
    fn path(mut self, path: &str) -> Arrival {
        self.path = Some(path.to_owned());
        self
    }
    fn fingerprint(mut self, fingerprint: i64) -> Arrival {
        self.fingerprint = fingerprint;
        self
    }
}
