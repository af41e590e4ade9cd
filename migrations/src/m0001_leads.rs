//! Leads, what they are called by senders, what they did, and what could not be taken in.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0001_leads", |m| {
    m.create_table(
        Table::create()
            .table("lead")
            .col(pk_uuid("id"))
            .col(text_null("email"))
            .col(text_null("address_hash"))
            .col(text_null("name"))
            .col(text_null("first_name"))
            .col(text_null("company"))
            .col(text_null("title"))
            .col(text_null("country"))
            .col(text_null("zone"))
            .col(json_binary("traits"))
            .col(json_binary("tags"))
            .col(boolean("verified"))
            .col(double("fit"))
            .col(double("engagement"))
            .col(big_integer("points_at"))
            .col(boolean("hot"))
            .col(big_integer_null("cools_at"))
            .col(text("journey"))
            .col(text("lifecycle"))
            .col(text("nurture"))
            .col(big_integer("nurture_since"))
            .col(text_null("nurture_why"))
            .col(big_integer_null("cooled_at"))
            .col(text("consent"))
            .col(text_null("consent_basis"))
            .col(big_integer_null("consent_at"))
            .col(text_null("owner"))
            .col(text_null("last_owner"))
            .col(big_integer("created_at"))
            .col(big_integer_null("last_human_at"))
            .col(big_integer("quiet_since"))
            .to_owned(),
    )
    .await?;
    // serves: Leads::due_to_cool
    m.create_index(
        Index::create()
            .name("ix_lead_quiet")
            .table("lead")
            .col("quiet_since")
            .cond_where(Expr::col("nurture").eq("active"))
            .to_owned(),
    )
    .await?;
    // serves: Leads::due_to_cool_down
    m.create_index(
        Index::create()
            .name("ix_lead_cools")
            .table("lead")
            .col("cools_at")
            .cond_where(Expr::col("cools_at").is_not_null())
            .to_owned(),
    )
    .await?;
    // serves: Team::leads_of (`/lead mine`)
    m.create_index(
        Index::create()
            .name("ix_lead_owner")
            .table("lead")
            .col("owner")
            .cond_where(Expr::col("owner").is_not_null())
            .to_owned(),
    )
    .await?;
    m.create_index(Index::create().name("ix_lead_email").table("lead").col("email").to_owned()).await?;

    // What senders call a lead: "e:kim@acme.test", "u:42", "a:device-7".
    m.create_table(
        Table::create().table("identity").col(text("key").primary_key()).col(uuid("lead_id")).to_owned(),
    )
    .await?;
    m.create_index(Index::create().name("ix_identity_lead").table("identity").col("lead_id").to_owned())
        .await?;

    m.create_table(
        Table::create()
            .table("activity")
            .col(pk_uuid("id"))
            .col(text("source"))
            .col(text("message_id"))
            .col(big_integer("fingerprint"))
            .col(uuid("lead_id"))
            .col(text("kind"))
            .col(text("name"))
            .col(text_null("path"))
            .col(big_integer("at"))
            .col(big_integer("received_at"))
            .col(json_binary("properties"))
            .col(boolean("human"))
            .col(text("trust"))
            .to_owned(),
    )
    .await?;
    m.create_index(
        Index::create()
            .name("ux_activity_message")
            .table("activity")
            .col("source")
            .col("message_id")
            .unique()
            .to_owned(),
    )
    .await?;
    // serves: scenes and dossiers
    m.create_index(
        Index::create().name("ix_activity_lead").table("activity").col("lead_id").col("at").to_owned(),
    )
    .await?;

    m.create_table(
        Table::create()
            .table("quarantine")
            .col(big_pk_auto("id"))
            .col(text("source"))
            .col(text_null("message_id"))
            .col(text("code"))
            .col(text("reason"))
            .col(text("payload"))
            .col(big_integer("at"))
            .to_owned(),
    )
    .await?;

    // Clicks wait here until it is sure that no machine made them.
    m.create_table(
        Table::create()
            .table("held_click")
            .col(pk_uuid("id"))
            .col(integer("destination_id"))
            .col(uuid("delivery_id"))
            .col(uuid("lead_id"))
            .col(text("mail"))
            .col(text("url"))
            .col(big_integer("at"))
            .col(big_integer("due_at"))
            .col(text_null("user_agent"))
            .to_owned(),
    )
    .await?;
    m.create_index(Index::create().name("ix_held_click_due").table("held_click").col("due_at").to_owned())
        .await?;

    // Addresses that may not be written to, by salted hash: outlives the lead.
    m.create_table(
        Table::create()
            .table("suppression")
            .col(text("address_hash").primary_key())
            .col(text("reason"))
            .col(big_integer("at"))
            .to_owned(),
    )
    .await?;
});
