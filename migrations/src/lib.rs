//! The tables, one change a file, the same for SQLite and PostgreSQL.
//!
//! Moments are whole microseconds since 1970 in UTC (`bigint`, columns end in `_at`, `_until` or
//! `_since`): both databases compare and add them alike, which texts and time stamps do not.
//! States are words. Ids are UUIDv7.

mod m0001_leads;
mod m0002_team;
mod m0003_alerts;
mod m0004_plans;
mod m0005_outbox;
mod m0006_console;
mod m0007_waits;
mod m0008_outbox_pages;
mod m0009_outbox_open;
mod m0010_chat;
mod m0011_notices;
mod m0012_members_elsewhere;
mod m0013_hands;
mod m0014_news;
mod m0015_heard;
mod m0016_breakers;
mod m0017_consents;
mod m0018_preferences;
mod m0019_confirmations;
mod m0021_traces;
mod m0022_pace;
mod m0023_offers;
mod m0024_segments;
mod m0025_membership;
mod m0026_waves;
mod m0027_touched;
mod m0028_plans;
mod m0029_subjects;
mod m0030_models;
mod m0031_asked;
mod m0032_crossings;
mod m0033_ringing;
mod m0034_stages;
mod m0035_published;
mod m0036_falling_back;

use sea_orm_migration::prelude::*;

/// All changes, in order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_leads::Migration),
            Box::new(m0002_team::Migration),
            Box::new(m0003_alerts::Migration),
            Box::new(m0004_plans::Migration),
            Box::new(m0005_outbox::Migration),
            Box::new(m0006_console::Migration),
            Box::new(m0007_waits::Migration),
            Box::new(m0008_outbox_pages::Migration),
            Box::new(m0009_outbox_open::Migration),
            Box::new(m0010_chat::Migration),
            Box::new(m0011_notices::Migration),
            Box::new(m0012_members_elsewhere::Migration),
            Box::new(m0013_hands::Migration),
            Box::new(m0014_news::Migration),
            Box::new(m0015_heard::Migration),
            Box::new(m0016_breakers::Migration),
            Box::new(m0017_consents::Migration),
            Box::new(m0018_preferences::Migration),
            Box::new(m0019_confirmations::Migration),
            Box::new(m0021_traces::Migration),
            Box::new(m0022_pace::Migration),
            Box::new(m0023_offers::Migration),
            Box::new(m0024_segments::Migration),
            Box::new(m0025_membership::Migration),
            Box::new(m0026_waves::Migration),
            Box::new(m0027_touched::Migration),
            Box::new(m0028_plans::Migration),
            Box::new(m0029_subjects::Migration),
            Box::new(m0030_models::Migration),
            Box::new(m0031_asked::Migration),
            Box::new(m0032_crossings::Migration),
            Box::new(m0033_ringing::Migration),
            Box::new(m0034_stages::Migration),
            Box::new(m0035_published::Migration),
            Box::new(m0036_falling_back::Migration),
        ]
    }
}

/// A change is one transaction, on SQLite too, and is never taken back by the program.
macro_rules! change {
    ($name:literal, |$m:ident| $up:block) => {
        /// The change.
        #[derive(Debug)]
        pub(crate) struct Migration;

        impl MigrationName for Migration {
            fn name(&self) -> &str {
                $name
            }
        }

        #[async_trait::async_trait]
        impl MigrationTrait for Migration {
            fn use_transaction(&self) -> Option<bool> {
                Some(true)
            }
            async fn up(&self, $m: &SchemaManager) -> Result<(), DbErr> {
                $up;
                Ok(())
            }
        }
    };
}
pub(crate) use change;
