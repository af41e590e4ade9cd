//! Members on their platforms: the page of their own that each may open, and who is in the team by a group there.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0012_members_elsewhere", |m| {
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
    // The platform whose groups give a member their role; without one, an admin gave it.
    m.alter_table(Table::alter().table("member").add_column(text_null("source")).to_owned()).await?;
    // serves: Alerts::held_by, Figures::taken_by
    m.create_index(
        Index::create().name("ix_alert_by").table("alert").col("by").col("first_claimed_at").to_owned(),
    )
    .await?;
});
