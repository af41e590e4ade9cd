//! Offers, each with its code, and what the operator's own program is told of them.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0023_offers", |m| {
    m.create_table(
        Table::create()
            .table("offer")
            .col(text("code").primary_key())
            .col(uuid("delivery_id").unique_key())
            .col(uuid("lead_id"))
            .col(text("gives"))
            .col(big_integer("over_at"))
            .col(big_integer_null("taken_at"))
            .col(big_integer_null("redeemed_at"))
            .col(text_null("redeemed_by"))
            .to_owned(),
    )
    .await?;
    m.create_index(Index::create().name("ix_offer_lead").table("offer").col("lead_id").to_owned()).await?;
    m.get_connection()
        .execute_unprepared(
            "INSERT INTO offer (code, delivery_id, lead_id, gives, over_at, taken_at) \
             SELECT t.code, t.delivery_id, m.lead_id, '', t.at, t.at FROM taken_offer t JOIN delivery m ON m.id = t.delivery_id",
        )
        .await?;
    m.drop_table(Table::drop().table("taken_offer").to_owned()).await?;
    // Times are of the wall.
    m.create_table(
        Table::create()
            .table("webhook_call")
            .col(pk_uuid("id"))
            .col(text("event"))
            .col(text("body"))
            .col(uuid_null("lead_id"))
            .col(big_integer("created_at"))
            .col(big_integer_null("due_at"))
            .col(integer("tries"))
            .col(text_null("answer"))
            .to_owned(),
    )
    .await?;
    // serves: Webhooks::due
    m.create_index(
        Index::create()
            .name("ix_webhook_call_due")
            .table("webhook_call")
            .col("due_at")
            .cond_where(Expr::col("due_at").is_not_null())
            .to_owned(),
    )
    .await?;
});
