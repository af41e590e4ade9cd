//! What is open in the outbox is found by who holds it: from the claim to the fate no index is written for it.

use crate::change;
use sea_orm_migration::prelude::*;

change!("m0009_outbox_open", |m| {
    m.drop_index(Index::drop().name("ix_delivery_open").table("delivery").to_owned()).await?;
    // serves: Outbox::recover, Outbox::unknown. What is claimed, committing or unknown has an owner, and nothing else has.
    // (A predicate with a list of words, as it was before, makes SQLite build a table for it whenever a row moves.)
    m.create_index(
        Index::create()
            .name("ix_delivery_open")
            .table("delivery")
            .col("owner")
            .cond_where(Expr::col("owner").is_not_null())
            .to_owned(),
    )
    .await?;
    m.drop_index(Index::drop().name("ix_delivery_lead").table("delivery").to_owned()).await?;
    // serves: the frequency cap of the gate, dossiers
    m.create_index(Index::create().name("ix_delivery_lead").table("delivery").col("lead_id").to_owned())
        .await?;
});
