//! How fast mail left: a bucket for each limit, and the days on which a sender sent.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0022_pace", |m| {
    // "all", "from acme.test", "to gmail.com".
    m.create_table(
        Table::create()
            .table("bucket")
            .col(text("key").primary_key())
            .col(double("level"))
            .col(big_integer("at"))
            .to_owned(),
    )
    .await?;
    // Days are whole days of UTC since 1970.
    m.create_table(
        Table::create()
            .table("sent_day")
            .col(text("sender"))
            .col(big_integer("day"))
            .col(big_integer("sent"))
            .primary_key(Index::create().col("sender").col("day"))
            .to_owned(),
    )
    .await?;
});
