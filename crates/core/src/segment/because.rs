//! Why a lead does not answer a question with yes: the part of it that said no, and what the lead has instead.

use super::{Facts, Points, Predicate};
use crate::{observe::ago, time::Moment};

impl Predicate {
    /// The part of the question that said no, in words; `None` when the answer is yes.
    pub fn because(&self, facts: &Facts<'_>, now: Moment) -> Option<String> {
        if self.holds(facts, now) {
            return None;
        }
        let failing = |parts: &[Self]| -> Vec<String> {
            parts.iter().filter_map(|part| part.because(facts, now)).collect()
        };
        Some(match self {
            // Each part that said no is enough by itself.
            Self::All(parts) => failing(parts).join("; "),
            Self::Any(parts) => format!("none of these is so: {}", failing(parts).join("; ")),
            Self::Not(part) => format!("“{part}” is so"),
            leaf => match leaf.instead(facts, now) {
                Some(instead) => format!("“{leaf}” is not so: {instead}"),
                None => format!("“{leaf}” is not so"),
            },
        })
    }

    /// What a lead has in the place of what one condition asks for, where that is short.
    fn instead(&self, facts: &Facts<'_>, now: Moment) -> Option<String> {
        match self {
            Self::Points { of, .. } => {
                let points = match of {
                    Points::Score => facts.score,
                    Points::Fit => facts.fit,
                    Points::Engagement => facts.engagement,
                };
                Some(format!("it is {points}"))
            }
            Self::Standing { of, .. } => {
                let stands = facts.standing(*of);
                Some(if stands.is_empty() { "nobody knows it".to_owned() } else { format!("it is {stands}") })
            }
            Self::Unowned | Self::OwnedBy(_) => Some(match facts.owner {
                Some(owner) => format!("{owner} has them"),
                None => "nobody has them".to_owned(),
            }),
            Self::QuietFor(_) => {
                let last = facts.last_human_at.unwrap_or(facts.created_at);
                Some(format!("the last sign of life was {}", ago(last, now)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ids::LeadId, lead::Lead};
    use chrono::TimeDelta;

    #[test]
    fn the_part_that_said_no_is_named_with_what_is_so_instead() {
        let now = Moment::UNIX_EPOCH + TimeDelta::days(10);
        let mut lead = Lead::anonymous(LeadId(Default::default()), Moment::UNIX_EPOCH);
        lead.last_human_at = Some(now - TimeDelta::days(3));
        let because = |question: &str| {
            let facts = Facts::of(&lead, &[], 12.0);
            Predicate::parse(question).unwrap().because(&facts, now)
        };
        assert_eq!(because("score < 60 and not hot"), None);
        assert_eq!(because("score >= 60 and not hot").as_deref(), Some("“score >= 60” is not so: it is 12"));
        assert_eq!(
            because("score >= 60 and quiet for 7 days").as_deref(),
            Some(
                "“score >= 60” is not so: it is 12; “quiet for 7 days” is not so: the last sign of life was 3 days ago"
            )
        );
        assert_eq!(
            because("hot or consent = subscribed").as_deref(),
            Some("none of these is so: “hot” is not so; “consent = subscribed” is not so: it is unknown")
        );
        assert_eq!(because("not score < 60").as_deref(), Some("“score < 60” is so"));
        assert_eq!(because("owner = ana").as_deref(), Some("“owner = ana” is not so: nobody has them"));
    }
}
