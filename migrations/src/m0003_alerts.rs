//! Alerts, and how far each place that shows them has come.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0003_alerts", |m| {
    m.create_table(
        Table::create()
            .table("alert")
            .col(pk_uuid("id"))
            .col(uuid("lead_id"))
            .col(text("reason"))
            .col(json_binary("because"))
            .col(text_null("meant_for"))
            .col(big_integer("raised_at"))
            .col(big_integer_null("first_claimed_at"))
            .col(text("state"))
            .col(text_null("by"))
            .col(big_integer_null("moved_at"))
            .col(big_integer_null("snoozed_until"))
            .col(json_binary("detail"))
            .col(big_integer("revision"))
            .to_owned(),
    )
    .await?;
    // At most one live alert a lead: two raised at once are one.
    m.create_index(
        Index::create()
            .name("ux_alert_live")
            .table("alert")
            .col("lead_id")
            .unique()
            .cond_where(Expr::col("state").ne("closed"))
            .to_owned(),
    )
    .await?;
    m.create_index(Index::create().name("ix_alert_lead").table("alert").col("lead_id").to_owned()).await?;
    // serves: Alerts::queue, Alerts::due_to_wake
    m.create_index(
        Index::create().name("ix_alert_state").table("alert").col("state").col("raised_at").to_owned(),
    )
    .await?;
    // A card in a place: which message it is, and which revision it shows.
    m.create_table(
        Table::create()
            .table("card")
            .col(uuid("subject_id"))
            .col(text("destination"))
            .col(text_null("message"))
            .col(big_integer("revision"))
            .primary_key(Index::create().col("subject_id").col("destination"))
            .to_owned(),
    )
    .await?;
});
