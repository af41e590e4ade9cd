//! The outbox: deliveries, their frozen bytes, every attempt, and where their links lead.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0005_outbox", |m| {
    m.create_table(
        Table::create()
            .table("delivery")
            .col(pk_uuid("id"))
            .col(uuid("lead_id"))
            .col(uuid_null("enrollment_id"))
            .col(uuid_null("campaign_id"))
            .col(integer("step"))
            .col(text("mail"))
            .col(text("dedupe_key").unique_key())
            .col(text("message_id").unique_key())
            .col(text("kind"))
            .col(text("state"))
            .col(big_integer("generation"))
            .col(uuid_null("owner"))
            .col(integer("attempt"))
            .col(big_integer("not_before"))
            .col(big_integer("expires_at"))
            .col(big_integer("created_at"))
            .col(big_integer("moved_at"))
            .col(big_integer_null("committed_at"))
            .col(text_null("answer"))
            .col(text_null("reason"))
            .to_owned(),
    )
    .await?;
    // serves: Outbox::claim
    m.create_index(
        Index::create()
            .name("ix_delivery_due")
            .table("delivery")
            .col("not_before")
            .col("id")
            .cond_where(Expr::col("state").eq("pending"))
            .to_owned(),
    )
    .await?;
    // serves: Outbox::recover, Outbox::unknown
    m.create_index(
        Index::create()
            .name("ix_delivery_open")
            .table("delivery")
            .col("state")
            .cond_where(Expr::col("state").is_in(["claimed", "committing", "unknown"]))
            .to_owned(),
    )
    .await?;
    // serves: the frequency cap of the gate, dossiers
    m.create_index(
        Index::create()
            .name("ix_delivery_lead")
            .table("delivery")
            .col("lead_id")
            .col("committed_at")
            .to_owned(),
    )
    .await?;
    m.create_index(
        Index::create().name("ix_delivery_campaign").table("delivery").col("campaign_id").to_owned(),
    )
    .await?;
    // Rendered once, at the first claim: a retry's bytes are the same.
    m.create_table(
        Table::create()
            .table("frozen")
            .col(uuid("delivery_id").primary_key())
            .col(text("recipient"))
            .col(blob("bytes"))
            .to_owned(),
    )
    .await?;
    // What became of each attempt; only ever added to.
    m.create_table(
        Table::create()
            .table("attempt")
            .col(big_pk_auto("id"))
            .col(uuid("delivery_id"))
            .col(big_integer("generation"))
            .col(text("state"))
            .col(text_null("answer"))
            .col(big_integer("at"))
            .to_owned(),
    )
    .await?;
    m.create_index(
        Index::create().name("ix_attempt_delivery").table("attempt").col("delivery_id").to_owned(),
    )
    .await?;
    // Where the links of each mail lead to: a token names the delivery and one of these.
    m.create_table(
        Table::create().table("destination").col(pk_auto("id")).col(text("mail")).col(text("url")).to_owned(),
    )
    .await?;
    m.create_index(
        Index::create()
            .name("ux_destination")
            .table("destination")
            .col("mail")
            .col("url")
            .unique()
            .to_owned(),
    )
    .await?;
    // An offer that was taken: at most once for each mail.
    m.create_table(
        Table::create()
            .table("taken_offer")
            .col(uuid("delivery_id").primary_key())
            .col(text("code"))
            .col(big_integer("at"))
            .to_owned(),
    )
    .await?;
    // Who may be sending, to be told dead from alive.
    m.create_table(
        Table::create().table("sender").col(pk_uuid("id")).col(big_integer("started_at")).to_owned(),
    )
    .await?;
});
