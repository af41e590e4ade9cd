//! What was fetched of our mails, to tell people from machines; the clicks that were held wait on in it.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0021_traces", |m| {
    m.create_table(
        Table::create()
            .table("trace")
            .col(pk_uuid("id"))
            .col(uuid("delivery_id"))
            .col(uuid("lead_id"))
            .col(text("what"))
            .col(integer_null("destination_id"))
            .col(boolean("head"))
            .col(big_integer("at"))
            .col(big_integer_null("due_at"))
            .col(text_null("agent"))
            .col(text_null("address"))
            .col(text_null("network"))
            .to_owned(),
    )
    .await?;
    // serves: Fetches::due
    m.create_index(
        Index::create()
            .name("ix_trace_due")
            .table("trace")
            .col("due_at")
            .cond_where(Expr::col("due_at").is_not_null())
            .to_owned(),
    )
    .await?;
    // serves: what stands around a click
    m.create_index(Index::create().name("ix_trace_delivery").table("trace").col("delivery_id").to_owned())
        .await?;
    m.create_index(
        Index::create().name("ix_trace_network").table("trace").col("network").col("at").to_owned(),
    )
    .await?;
    // serves: Fetches::forget
    m.create_index(Index::create().name("ix_trace_at").table("trace").col("at").to_owned()).await?;
    m.get_connection()
        .execute_unprepared(
            "INSERT INTO trace (id, delivery_id, lead_id, what, destination_id, head, at, due_at, agent) \
             SELECT id, delivery_id, lead_id, 'link', destination_id, FALSE, at, due_at, user_agent FROM held_click",
        )
        .await?;
    m.drop_table(Table::drop().table("held_click").to_owned()).await?;
});
