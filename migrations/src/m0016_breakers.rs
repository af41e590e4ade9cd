//! Circuit breakers, and what they count by.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0016_breakers", |m| {
    m.create_table(
        Table::create()
            .table("breaker")
            .col(text("name").primary_key())
            .col(text("state"))
            .col(big_integer("since"))
            .col(text("why"))
            .col(big_integer("probes"))
            .to_owned(),
    )
    .await?;
    // serve: Store::watch_breakers
    m.create_index(Index::create().name("ix_attempt_at").table("attempt").col("at").to_owned()).await?;
    m.create_index(Index::create().name("ix_heard_at").table("heard").col("at").to_owned()).await?;
});
