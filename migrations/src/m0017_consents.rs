//! What was said about writing to a lead, with its proof; the lead's own row says what it comes to.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0017_consents", |m| {
    m.create_table(
        Table::create()
            .table("consent")
            .col(pk_uuid("id"))
            .col(uuid("lead_id"))
            .col(text("purpose"))
            .col(text("says"))
            .col(text_null("assessment"))
            .col(text("words"))
            .col(text("source"))
            .col(text_null("message_id"))
            .col(text_null("form"))
            .col(text_null("wording"))
            .col(text_null("ip"))
            .col(text_null("user_agent"))
            .col(boolean("confirmed"))
            .col(big_integer("obtained_at"))
            .col(big_integer_null("expires_at"))
            .col(big_integer_null("withdrawn_at"))
            .to_owned(),
    )
    .await?;
    // serves: scenes and dossiers
    m.create_index(Index::create().name("ix_consent_lead").table("consent").col("lead_id").to_owned())
        .await?;
    m.alter_table(Table::alter().table("lead").add_column(big_integer_null("consent_until")).to_owned())
        .await?;
    // What stood on the lead's row alone gets its record, of the same id.
    let kept = "INSERT INTO consent (id, lead_id, purpose, says, words, source, confirmed, obtained_at) \
        SELECT id, id, 'marketing', CASE consent WHEN 'subscribed' THEN 'express' ELSE consent END, \
        COALESCE(consent_basis, 'kept before there were records'), 'before', FALSE, COALESCE(consent_at, created_at) \
        FROM lead WHERE consent <> 'unknown'";
    m.get_connection().execute_unprepared(kept).await?;
});
