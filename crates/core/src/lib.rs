//! The sales rules of Rekindle: who a lead is, what their activities are worth, when the team is
//! told, what they are written, and when silence means goodbye.
//!
//! Nothing here reads a clock, a file, a network or randomness: `now` and ids come in as values,
//! and what is to change goes out as values ([`scene::Change`]). In reading order:
//!
//! - **who**: [`lead`], [`activity`], [`arrival`], [`consent`], [`preferences`], [`team`];
//! - **what they are worth**: [`score`], the questions asked of them: [`segment`], and who answers yes: [`membership`];
//! - **what we do about it**: [`scene`] (what a decision sees and returns), [`observe`] (a lead
//!   did something), [`answers`] (and what follows that), [`heard`] (a mail of ours came back), [`alert`] (the team is asked to act), [`desk`] (what it
//!   decides), [`sunset`] (a lead went quiet);
//! - **what they are written**: [`sequence`], [`enrollment`], what begins a run: [`begin`], how it goes on: [`advance`], [`attend`], [`asked`], what it tries: [`trial`], [`lift`], whom it shows ads: [`audience`]; [`campaign`], what was or will be done with a lead: [`happening`]; [`delivery`], [`gate`], [`frequency`], [`preferences`], [`breaker`] (mail that harms our name stops), the
//!   [`offer`] in it, how fast it leaves: [`outflow`], whether it will be believed: [`mail_check`], and whether a person followed it: [`machine`], [`disowned`];
//! - **what a marketer writes**: [`playbook`], [`form`];
//! - **where the team talks**: [`chat`], and what one member is told alone: [`notice`]; what their own programs are told: [`webhook`];
//! - **small parts**: [`ids`], [`time`], [`span`], [`schedule`], [`window`], [`zone`], [`language`], [`email`],
//!   [`link`], [`pace`], [`amount`], [`refusal`], [`nearest`], [`read`].

pub mod activity;
pub mod advance;
pub mod alert;
pub mod amount;
pub mod answers;
pub mod arrival;
pub mod asked;
pub mod attend;
pub mod audience;
pub mod backtest;
pub mod begin;
pub mod breaker;
pub mod campaign;
pub mod chat;
pub mod company;
pub mod consent;
pub mod delivery;
pub mod desk;
pub mod disowned;
pub mod email;
pub mod enrollment;
pub mod form;
pub mod freemail;
pub mod frequency;
pub mod gate;
pub mod happening;
pub mod heard;
pub mod ids;
pub mod language;
pub mod lead;
pub mod level;
pub mod lift;
pub mod link;
pub mod lot;
pub mod machine;
pub mod mail_check;
pub mod membership;
pub mod nearest;
pub mod notice;
pub mod observe;
pub mod offer;
pub mod outflow;
pub mod pace;
pub mod playbook;
pub mod prediction;
pub mod preferences;
pub mod read;
pub mod refusal;
pub mod rescore;
pub mod scene;
pub mod schedule;
pub mod score;
pub mod segment;
pub mod sequence;
pub mod span;
pub mod stage;
pub mod sunset;
pub mod team;
pub mod time;
pub mod trial;
pub mod webhook;
pub mod window;
pub mod zone;
