//! The built-in console: the messages of its channels.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0006_console", |m| {
    m.create_table(
        Table::create()
            .table("console_message")
            .col(big_pk_auto("id"))
            .col(big_integer("seq"))
            .col(text("channel"))
            .col(big_integer("at"))
            .col(text("author"))
            .col(text("text"))
            .col(uuid_null("card_id"))
            .col(json_binary_null("card"))
            .to_owned(),
    )
    .await?;
    // serves: Console::since
    m.create_index(
        Index::create().name("ix_console_seq").table("console_message").col("seq").unique().to_owned(),
    )
    .await?;
    // serves: Console::message_of_card. One card is one message in a channel, whoever posts it first.
    m.create_index(
        Index::create()
            .name("ux_console_card")
            .table("console_message")
            .col("card_id")
            .col("channel")
            .unique()
            .cond_where(Expr::col("card_id").is_not_null())
            .to_owned(),
    )
    .await?;
    // The seq counts every post and every edit, in the order in which they were committed.
    m.create_table(
        Table::create().table("counter").col(text("name").primary_key()).col(big_integer("value")).to_owned(),
    )
    .await?;
});
