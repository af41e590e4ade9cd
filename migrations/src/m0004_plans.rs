//! Versions of the playbook, campaigns with their audience, and runs.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0004_plans", |m| {
    m.create_table(
        Table::create()
            .table("playbook")
            .col(big_integer("version").primary_key())
            .col(text("digest"))
            .col(json_binary("files"))
            .col(big_integer("applied_at"))
            .to_owned(),
    )
    .await?;
    m.create_table(
        Table::create()
            .table("campaign")
            .col(pk_uuid("id"))
            .col(text("sequence"))
            .col(text("segment"))
            .col(big_integer("version"))
            .col(text("state"))
            .col(text("made_by"))
            .col(big_integer("made_at"))
            .col(text_null("launched_by"))
            .col(big_integer_null("launched_at"))
            .col(big_integer("counted_in"))
            .col(big_integer("counted_out"))
            .col(big_integer("revision"))
            .to_owned(),
    )
    .await?;
    // Who was in and who was out at the preview, frozen: `why_out` is null for who is in.
    m.create_table(
        Table::create()
            .table("audience")
            .col(uuid("campaign_id"))
            .col(uuid("lead_id"))
            .col(text_null("why_out"))
            .primary_key(Index::create().col("campaign_id").col("lead_id"))
            .to_owned(),
    )
    .await?;
    m.create_table(
        Table::create()
            .table("enrollment")
            .col(pk_uuid("id"))
            .col(uuid("lead_id"))
            .col(text("sequence"))
            .col(big_integer("version"))
            .col(uuid_null("campaign_id"))
            .col(integer("step"))
            .col(big_integer("started_at"))
            .col(text("state"))
            .col(big_integer_null("due_at"))
            .col(uuid_null("delivery_id"))
            .col(big_integer_null("ended_at"))
            .col(text_null("reason"))
            .to_owned(),
    )
    .await?;
    // serves: Runs::due
    m.create_index(
        Index::create()
            .name("ix_enrollment_due")
            .table("enrollment")
            .col("due_at")
            .cond_where(Expr::col("state").eq("due"))
            .to_owned(),
    )
    .await?;
    // At most one live run of a sequence a lead: two campaigns launched at once do not write twice.
    m.create_index(
        Index::create()
            .name("ux_enrollment_live")
            .table("enrollment")
            .col("lead_id")
            .col("sequence")
            .unique()
            .cond_where(Expr::col("state").is_in(["due", "awaiting"]))
            .to_owned(),
    )
    .await?;
    m.create_index(Index::create().name("ix_enrollment_lead").table("enrollment").col("lead_id").to_owned())
        .await?;
    m.create_index(
        Index::create().name("ix_enrollment_campaign").table("enrollment").col("campaign_id").to_owned(),
    )
    .await?;
    // serves: Outbox::settle
    m.create_index(
        Index::create()
            .name("ix_enrollment_awaits")
            .table("enrollment")
            .col("delivery_id")
            .cond_where(Expr::col("state").eq("awaiting"))
            .to_owned(),
    )
    .await?;
});
