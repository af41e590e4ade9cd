//! Who was asked by mail whether it was them who filled in a form; counted by the salted hash of the address, which outlives the lead.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0019_confirmations", |m| {
    m.create_table(
        Table::create()
            .table("confirmation")
            .col(uuid("delivery_id").primary_key())
            .col(text("address_hash"))
            .col(text("form"))
            .col(text("title"))
            .col(text("wording"))
            .col(text_null("ip"))
            .col(text_null("user_agent"))
            .col(big_integer("asked_at"))
            .col(big_integer_null("confirmed_at"))
            .to_owned(),
    )
    .await?;
    // serves: Confirmations::ask
    m.create_index(
        Index::create().name("ix_confirmation_address").table("confirmation").col("address_hash").to_owned(),
    )
    .await?;
});
