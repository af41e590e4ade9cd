//! Chat on other platforms: walls that show cards, what came in from them, and who is who there.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0009_chat", |m| {
    // A channel that shows cards: since when, and whether it takes any.
    m.create_table(
        Table::create()
            .table("wall")
            .col(text("name").primary_key())
            .col(text("platform"))
            .col(big_integer("hung_at"))
            .col(big_integer_null("broken_at"))
            .col(text_null("why"))
            .to_owned(),
    )
    .await?;
    // What a card is posted by: drawn before the first try, the same at each, so that a post whose answer was lost is
    // found again and not doubled.
    m.alter_table(Table::alter().table("card").add_column(uuid_null("nonce")).to_owned()).await?;
    // Each command, press and form, once, by the id that its platform gave it.
    m.create_table(
        Table::create()
            .table("inbound")
            .col(text("platform"))
            .col(text("workspace"))
            .col(text("id"))
            .col(big_integer("received_at"))
            .col(text("kind"))
            .col(json_binary("payload"))
            .col(text("state"))
            .primary_key(Index::create().col("platform").col("workspace").col("id"))
            .to_owned(),
    )
    .await?;
    // serves: Chat::unhandled
    m.create_index(
        Index::create()
            .name("ix_inbound_new")
            .table("inbound")
            .col("received_at")
            .cond_where(Expr::col("state").eq("new"))
            .to_owned(),
    )
    .await?;
    // Who somebody on a platform is in the team.
    m.create_table(
        Table::create()
            .table("chat_user")
            .col(text("platform"))
            .col(text("workspace"))
            .col(text("user_id"))
            .col(uuid("member_id"))
            .col(big_integer("linked_at"))
            .col(text("how"))
            .primary_key(Index::create().col("platform").col("workspace").col("user_id"))
            .to_owned(),
    )
    .await?;
    // One-time links by which somebody says who they are; the row is gone once it was used.
    m.create_table(
        Table::create()
            .table("chat_link")
            .col(pk_uuid("id"))
            .col(text("platform"))
            .col(text("workspace"))
            .col(text("user_id"))
            .col(big_integer("expires_at"))
            .to_owned(),
    )
    .await?;
    m.alter_table(Table::alter().table("member").add_column(text_null("email")).to_owned()).await?;
    m.create_index(Index::create().name("ux_member_email").table("member").col("email").unique().to_owned())
        .await?;
});
