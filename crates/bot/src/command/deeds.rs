//! What each command does, as far as a role may or may not do it.

use super::{Campaign, Command, House, Lead, Report, Segment, Team};
use rekindle_core::team::Deed;

impl Command {
    /// Which kind of thing it is, and so who may: a new command without a row here does not compile.
    pub fn deed(&self) -> Deed {
        match self {
            Self::Lead(lead) => match lead {
                Lead::Show { .. } | Lead::Why { .. } | Lead::Hot | Lead::Mine => Deed::Look,
                Lead::Claim { .. }
                | Lead::Release { .. }
                | Lead::Add { .. }
                | Lead::Pass { .. }
                | Lead::Snooze { .. }
                | Lead::Outcome { .. }
                | Lead::Stage { .. }
                | Lead::Note { .. } => Deed::WorkLeads,
                Lead::Enroll { .. } | Lead::Stop { .. } => Deed::Nurture,
            },
            Self::Campaign(campaign) => match campaign {
                Campaign::List
                | Campaign::Show { .. }
                | Campaign::Who { .. }
                | Campaign::Lift { .. }
                | Campaign::Why { .. }
                | Campaign::Report { .. } => Deed::Look,
                Campaign::Launch { .. }
                | Campaign::Preview { .. }
                | Campaign::Test { .. }
                | Campaign::Rest { .. }
                | Campaign::Hold { .. }
                | Campaign::Resume { .. }
                | Campaign::Stop { .. } => Deed::Campaign,
            },
            Self::Segment(segment) => match segment {
                Segment::Show { .. } | Segment::List => Deed::Look,
                Segment::Count { .. }
                | Segment::Sample { .. }
                | Segment::Export { .. }
                | Segment::Save { .. }
                | Segment::Forget { .. } => Deed::Segment,
            },
            Self::Report(Report::Revived { .. } | Report::Stages { .. }) => Deed::Look,
            Self::Rekindle(house) => match house {
                House::Help { .. }
                | House::Whoami
                | House::Status
                | House::Dashboard
                | House::Mute { .. }
                | House::Unmute { .. } => Deed::Look,
                House::Pause | House::Resume => Deed::Campaign,
                House::Team { what: None } => Deed::Look,
                House::Team {
                    what: Some(Team::Add { .. } | Team::Role { .. } | Team::Email { .. } | Team::Link { .. }),
                } => Deed::ManageTeam,
            },
        }
    }
}
