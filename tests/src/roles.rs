//! What can be asked of the house, one line of each kind: for whoever checks who may what, on whatever platform.

use rekindle_core::team::Deed;

/// A command of each kind.
pub const COMMANDS: &[&str] = &[
    "/lead show kim@acme.test",
    "/lead why kim@acme.test",
    "/lead hot",
    "/lead mine",
    "/lead claim kim@acme.test",
    "/lead add zoe@new.test Zoe",
    "/lead pass kim@acme.test ana",
    "/lead release kim@acme.test",
    "/lead snooze kim@acme.test 1h",
    "/lead outcome kim@acme.test connected",
    "/lead note kim@acme.test hello",
    "/lead enroll kim@acme.test re-engagement",
    "/lead stop kim@acme.test",
    "/campaign launch re-engagement everyone",
    "/campaign preview re-engagement everyone",
    "/campaign hold",
    "/campaign resume",
    "/campaign stop",
    "/campaign show",
    "/campaign list",
    "/campaign who re-engagement out",
    "/campaign why kim@acme.test",
    "/campaign report",
    "/campaign rest",
    "/campaign test re-engagement",
    "/rekindle help",
    "/rekindle whoami",
    "/rekindle status",
    "/rekindle dashboard",
    "/rekindle mute passed",
    "/rekindle unmute passed",
    "/rekindle pause",
    "/rekindle resume",
    "/rekindle team",
    "/rekindle team add Zoe --role viewer",
    "/rekindle team role zoe viewer",
    "/rekindle team email zoe zoe@acme.test",
    "/rekindle team link zoe slack:T0ACME/U0ZOE",
];

/// A button of each kind, with a value where it asks for one.
pub const BUTTONS: &[(&str, Option<&str>)] = &[
    ("claim", None),
    ("pass", Some("ana")),
    ("release", None),
    ("snooze", Some("1h")),
    ("connected", None),
    ("no_answer", None),
    ("meeting", None),
    ("won", Some("5000")),
    ("lost", Some("no budget")),
    ("not_a_fit", Some("student")),
    ("launch", None),
    ("rest", None),
    ("hold", None),
    ("resume", None),
    ("stop", None),
];

/// A command of each kind that lacks something, so that a form asks for the rest, and which kind it is.
pub const FORMS: &[(&str, Deed)] = &[
    ("/lead add", Deed::WorkLeads),
    ("/lead show", Deed::Look),
    ("/lead enroll", Deed::Nurture),
    ("/campaign launch", Deed::Campaign),
    ("/campaign test", Deed::Campaign),
    ("/campaign who", Deed::Look),
    ("/rekindle team add", Deed::ManageTeam),
];
