//! Typed ids: sortable by the time they were made, and telling what they are (`lead_0195…`).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// A text that is no id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{text}” is no {wanted} id; one looks like {wanted}_0195f7c2a0e87b6e8d0c5a1b2c3d4e5f")]
pub struct IdError {
    wanted: &'static str,
    text: String,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl $name {
            /// What stands before the underscore.
            pub const PREFIX: &'static str = $prefix;
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(|hex| Uuid::try_parse(hex).ok())
                    .map(Self)
                    .ok_or_else(|| IdError { wanted: $prefix, text: text.chars().take(80).collect() })
            }
        }
        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A lead.
    LeadId = "lead";
    /// One thing a lead did.
    ActivityId = "activity";
    /// A request to the team to act on a lead.
    AlertId = "alert";
    /// One lead's run through a sequence.
    EnrollmentId = "enrollment";
    /// One launch of a sequence at a segment.
    CampaignId = "campaign";
    /// One message to one place.
    DeliveryId = "delivery";
    /// A member of the team.
    MemberId = "member";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_what_it_is_and_is_refused_where_another_is_wanted() {
        let id = LeadId(Uuid::from_u128(7));
        assert_eq!(id.to_string().parse::<LeadId>(), Ok(id));
        let refused = id.to_string().parse::<AlertId>().unwrap_err().to_string();
        assert!(refused.contains("is no alert id"), "{refused}");
    }
}
