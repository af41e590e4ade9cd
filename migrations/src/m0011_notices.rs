//! What members are told alone, where they were told it, and what they do not want to hear.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0011_notices", |m| {
    m.create_table(
        Table::create()
            .table("notice")
            .col(pk_uuid("id"))
            .col(text("member"))
            .col(text("topic"))
            .col(uuid("lead_id"))
            .col(text("text"))
            .col(big_integer("at"))
            .to_owned(),
    )
    .await?;
    // serves: Notices::untold
    m.create_index(Index::create().name("ix_notice_at").table("notice").col("at").to_owned()).await?;
    m.create_table(
        Table::create()
            .table("told")
            .col(uuid("notice_id"))
            .col(text("platform"))
            .col(big_integer("at"))
            .primary_key(Index::create().col("notice_id").col("platform"))
            .to_owned(),
    )
    .await?;
    m.create_table(
        Table::create()
            .table("mute")
            .col(text("member"))
            .col(text("topic"))
            .primary_key(Index::create().col("member").col("topic"))
            .to_owned(),
    )
    .await?;
    // A message that one member sees alone.
    m.alter_table(Table::alter().table("console_message").add_column(text_null("only_for")).to_owned())
        .await?;
});
