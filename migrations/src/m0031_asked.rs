//! What stood on a lead's row when the team was asked about it, and since when an activity is known to be its lead's: so that
//! nothing is learnt from what came later.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0031_asked", |m| {
    m.create_table(
        Table::create()
            .table("asked")
            .col(uuid("alert_id").primary_key())
            .col(uuid("lead_id"))
            .col(big_integer("at"))
            .col(json_binary("stood"))
            .to_owned(),
    )
    .await?;
    m.create_index(Index::create().name("ix_asked_lead").table("asked").col("lead_id").to_owned()).await?;
    // Of a visitor that was joined: when. Otherwise it is known since it was received.
    m.alter_table(Table::alter().table("activity").add_column(big_integer_null("joined_at")).to_owned())
        .await?;
});
