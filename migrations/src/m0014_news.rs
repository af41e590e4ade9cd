//! News of the house, which the whole team is told; where it was told stands in `card`.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0014_news", |m| {
    m.create_table(
        Table::create().table("news").col(pk_uuid("id")).col(text("text")).col(big_integer("at")).to_owned(),
    )
    .await?;
    // serves: Cards::news_behind
    m.create_index(Index::create().name("ix_news_at").table("news").col("at").to_owned()).await?;
});
