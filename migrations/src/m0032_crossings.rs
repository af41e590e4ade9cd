//! The moment that is kept of a lead is when time alone next takes its score over a line, down or up.

use crate::change;
use sea_orm_migration::prelude::*;

change!("m0032_crossings", |m| {
    m.drop_index(Index::drop().name("ix_lead_cools").table("lead").to_owned()).await?;
    m.alter_table(Table::alter().table("lead").rename_column("cools_at", "crosses_at").to_owned()).await?;
    // serves: Leads::due_to_cross
    m.create_index(
        Index::create()
            .name("ix_lead_crosses")
            .table("lead")
            .col("crosses_at")
            .cond_where(Expr::col("crosses_at").is_not_null())
            .to_owned(),
    )
    .await?;
});
