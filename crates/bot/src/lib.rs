//! The talk with the team: cards out, clicks and commands in.
//!
//! In reading order:
//!
//! - [`command`]: what can be typed, declared once; parsing, help, hints and completion follow from it;
//! - [`form`]: a command or a button with blanks to be filled in;
//! - [`intent`]: what a button of a card asks;
//! - [`desk`]: runs a command or a press for a member, and says what came of it: a [`reply`];
//! - [`card`]: an alert or a campaign as everybody sees it, on every platform alike;
//! - [`home`]: what one member has, on every platform alike;
//! - [`wall`]: a channel on a platform that shows cards;
//! - [`announcer`]: keeps the cards of every wall up to date;
//! - [`inbound`]: what comes in from a platform is kept once, acknowledged, then handled;
//! - [`groups`]: groups of a chat that give a role;
//! - [`teller`]: tells one member what concerns them alone;
//! - [`doctor`]: what a look at a chat finds, and what would mend it;
//! - [`console`]: the built-in chat, the one platform that is always there;
//! - [`slack`] is Slack, [`discord`] is Discord: the same cards and commands in their channels.
//!
//! Only the modules of a platform know it; everything else here is the same for all of them.

pub mod announcer;
pub mod card;
pub mod command;
pub mod console;
pub mod desk;
pub mod discord;
pub mod doctor;
pub mod foresee;
pub mod form;
pub mod groups;
pub mod home;
pub mod inbound;
pub mod intent;
pub mod reply;
pub mod slack;
pub mod teller;
pub mod wall;

mod table;
mod wording;
