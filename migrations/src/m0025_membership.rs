//! Who is in which segment since when, and which segments are kept up so.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0025_membership", |m| {
    m.create_table(
        Table::create()
            .table("membership")
            .col(text("segment"))
            .col(uuid("lead_id"))
            .col(big_integer("since"))
            .primary_key(Index::create().col("segment").col("lead_id"))
            .to_owned(),
    )
    .await?;
    // serves: scenes
    m.create_index(Index::create().name("ix_membership_lead").table("membership").col("lead_id").to_owned())
        .await?;
    m.create_table(
        Table::create()
            .table("kept_segment")
            .col(text("segment").primary_key())
            .col(text("question"))
            .col(big_integer_null("asked_at"))
            .to_owned(),
    )
    .await?;
});
