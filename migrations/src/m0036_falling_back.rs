//! When sales last said that a lead is less far than it was taken for, and which moves took back one that was told by mistake; and whose
//! stage of the journey nothing may speak for any more.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0036_falling_back", |m| {
    m.alter_table(Table::alter().table("lead").add_column(big_integer_null("fell_back_at")).to_owned())
        .await?;
    m.alter_table(
        Table::alter().table("stage_move").add_column(boolean("corrects").default(false)).to_owned(),
    )
    .await?;
    // serves: Leads::due_to_look_again
    m.create_index(
        Index::create()
            .name("ix_lead_journey_at")
            .table("lead")
            .col("journey_at")
            .cond_where(Expr::col("journey").ne("awareness"))
            .to_owned(),
    )
    .await?;
});
