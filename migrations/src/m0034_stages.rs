//! Every move of a lead from stage to stage, and when something last showed how far it is on its journey.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0034_stages", |m| {
    let mut shown = big_integer("journey_at");
    m.alter_table(Table::alter().table("lead").add_column(shown.default(0)).to_owned()).await?;
    m.get_connection().execute_unprepared("UPDATE lead SET journey_at = created_at").await?;
    m.create_table(
        Table::create()
            .table("stage_move")
            .col(pk_uuid("id"))
            .col(uuid("lead_id"))
            .col(text("ladder"))
            .col(text("from_stage"))
            .col(text("to_stage"))
            .col(boolean("back"))
            .col(text("why"))
            .col(uuid_null("activity_id"))
            .col(text_null("said_by"))
            .col(big_integer("at"))
            .to_owned(),
    )
    .await?;
    // serves: Stages::of, and what a move is measured from in Figures::stages
    let index = Index::create().name("ix_stage_move_lead").table("stage_move").col("lead_id").to_owned();
    m.create_index(index).await?;
    // serves: Figures::stages
    m.create_index(Index::create().name("ix_stage_move_at").table("stage_move").col("at").to_owned()).await?;
});
