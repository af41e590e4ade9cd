//! The team, its sessions, write keys, secrets, settings, and the audit.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0002_team", |m| {
    m.create_table(
        Table::create()
            .table("member")
            .col(pk_uuid("id"))
            .col(text("handle").unique_key())
            .col(text("name"))
            .col(text("role"))
            .col(boolean("active"))
            .col(big_integer("created_at"))
            .to_owned(),
    )
    .await?;
    // One-time links; the row is gone once it was used.
    m.create_table(
        Table::create()
            .table("sign_in")
            .col(pk_uuid("id"))
            .col(uuid("member_id"))
            .col(big_integer("expires_at"))
            .to_owned(),
    )
    .await?;
    m.create_table(
        Table::create()
            .table("session")
            .col(text("digest").primary_key())
            .col(uuid("member_id"))
            .col(big_integer("expires_at"))
            .to_owned(),
    )
    .await?;
    m.create_table(
        Table::create()
            .table("write_key")
            .col(text("digest").primary_key())
            .col(text("name").unique_key())
            .col(text("trust"))
            .col(json_binary("origins"))
            .col(text_null("basis"))
            .col(big_integer("created_at"))
            .to_owned(),
    )
    .await?;
    // What tokens of links are made with.
    m.create_table(
        Table::create()
            .table("secret")
            .col(integer("id").primary_key())
            .col(var_binary("key", 32))
            .col(big_integer("created_at"))
            .to_owned(),
    )
    .await?;
    // Small facts that all processes share: who paused the mail, counters.
    m.create_table(
        Table::create().table("setting").col(text("name").primary_key()).col(json_binary("value")).to_owned(),
    )
    .await?;
    m.create_table(
        Table::create()
            .table("audit")
            .col(big_pk_auto("id"))
            .col(big_integer("at"))
            .col(text("actor"))
            .col(text("place"))
            .col(text("deed"))
            .col(uuid_null("lead_id"))
            .col(text("result"))
            .to_owned(),
    )
    .await?;
    m.create_index(Index::create().name("ix_audit_lead").table("audit").col("lead_id").to_owned()).await?;
});
