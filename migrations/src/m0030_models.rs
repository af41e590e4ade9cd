//! Models that were trained, and what each lead is predicted.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0030_models", |m| {
    m.create_table(
        Table::create()
            .table("model")
            .col(big_integer("version").primary_key())
            .col(big_integer("at"))
            .col(text("by"))
            .col(big_integer("since"))
            .col(big_integer("outcomes"))
            .col(big_integer("won"))
            .col(double("auc"))
            .col(double("brier"))
            .col(json_binary("bands"))
            .col(text("learnt"))
            .col(text_null("why_not"))
            .col(boolean("in_force"))
            .to_owned(),
    )
    .await?;
    m.create_table(
        Table::create()
            .table("prediction")
            .col(uuid("lead_id").primary_key())
            .col(double("chance"))
            .col(json_binary("reasons"))
            .col(big_integer("version"))
            .col(big_integer("at"))
            .to_owned(),
    )
    .await?;
});
