//! The page of its own that a platform has for each member: who opened theirs, and what it shows.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0012_homes", |m| {
    m.create_table(
        Table::create()
            .table("home")
            .col(text("platform"))
            .col(text("workspace"))
            .col(text("user_id"))
            .col(text_null("shown"))
            .col(text_null("version"))
            .primary_key(Index::create().col("platform").col("workspace").col("user_id"))
            .to_owned(),
    )
    .await?;
    // serves: Alerts::held_by, Figures::taken_by
    m.create_index(
        Index::create().name("ix_alert_by").table("alert").col("by").col("first_claimed_at").to_owned(),
    )
    .await?;
});
