//! What came back of mails, each thing once; and what of it is said under which card.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0015_heard", |m| {
    m.create_table(
        Table::create()
            .table("heard")
            .col(uuid("delivery_id"))
            .col(text("key"))
            .col(text("kind"))
            .col(uuid("lead_id"))
            .col(big_integer("at"))
            .primary_key(Index::create().col("delivery_id").col("key"))
            .to_owned(),
    )
    .await?;
    // serves: Store::hear, which counts the soft bounces of a lead
    m.create_index(Index::create().name("ix_heard_lead").table("heard").col("lead_id").to_owned()).await?;
    m.create_table(
        Table::create()
            .table("quote")
            .col(uuid("activity_id").primary_key())
            .col(uuid("alert_id"))
            .col(big_integer("at"))
            .to_owned(),
    )
    .await?;
    // serves: Cards::quotes_behind
    m.create_index(Index::create().name("ix_quote_at").table("quote").col("at").to_owned()).await?;
});
