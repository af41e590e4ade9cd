//! Rows of activities.

use super::{micros, moment, word};
use crate::StoreError;
use rekindle_core::{
    activity::{Activity, Kind, Trust},
    arrival::Arrival,
    ids::{ActivityId, LeadId},
    time::Moment,
};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "activity")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) source: String,
    pub(crate) message_id: String,
    pub(crate) fingerprint: i64,
    pub(crate) lead_id: Uuid,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) path: Option<String>,
    pub(crate) at: i64,
    pub(crate) received_at: i64,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) properties: Json,
    pub(crate) human: bool,
    pub(crate) trust: String,
    /// When the visitor who did it was joined into this lead, if one was.
    pub(crate) joined_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn of(activity: &Activity, lead: LeadId, fingerprint: i64, received: Moment) -> Self {
        Self {
            id: activity.id.0,
            source: activity.source.clone(),
            message_id: activity.message_id.clone(),
            fingerprint,
            lead_id: lead.0,
            kind: activity.kind.word().to_owned(),
            name: activity.name.clone(),
            path: activity.path.clone(),
            at: micros(activity.at),
            received_at: micros(received),
            properties: Json::Object(activity.properties.clone()),
            human: activity.human,
            trust: match activity.trust {
                Trust::Server => "server",
                Trust::Browser => "browser",
            }
            .to_owned(),
            joined_at: None,
        }
    }

    pub(crate) fn activity(self) -> Result<Activity, StoreError> {
        let id = ActivityId(self.id);
        Ok(Activity {
            id,
            source: self.source,
            message_id: self.message_id,
            kind: word("activity", "kind", id, &self.kind, Kind::from_word)?,
            name: self.name,
            path: self.path,
            at: moment(self.at),
            properties: match self.properties {
                Json::Object(map) => map,
                _ => serde_json::Map::new(),
            },
            human: self.human,
            trust: word("activity", "trust", id, &self.trust, trust)?,
        })
    }
}

/// The trust that a word names.
pub(crate) fn trust(word: &str) -> Option<Trust> {
    match word {
        "server" => Some(Trust::Server),
        "browser" => Some(Trust::Browser),
        _ => None,
    }
}

/// The activity that an arrival becomes.
pub(crate) fn of_arrival(arrival: &Arrival, id: Uuid) -> Activity {
    Activity {
        id: ActivityId(id),
        source: arrival.source.clone(),
        message_id: arrival.message_id.clone(),
        kind: arrival.kind,
        name: arrival.name.clone(),
        path: arrival.path.clone(),
        at: arrival.at,
        properties: arrival.properties.clone(),
        human: arrival.human,
        trust: arrival.trust,
    }
}
