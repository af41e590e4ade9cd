//! How a campaign unfolds: who of its audience has begun, what was foreseen, and what has come of it.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0026_waves", |m| {
    for column in [
        boolean("follows").default(false).to_owned(),
        // Whoever was launched before this began at once.
        text("wave").default("all").to_owned(),
        big_integer("first").default(0).to_owned(),
        big_integer("pause").default(0).to_owned(),
        big_integer_null("rest_at"),
        // Behind which lead of the audience the next batch begins.
        uuid_null("begun_to"),
        text_null("harm"),
        json_binary_null("forecast"),
        json_binary_null("figures"),
    ] {
        m.alter_table(Table::alter().table("campaign").add_column(column).to_owned()).await?;
    }
    // serves: Campaigns::unfolding, which is asked in every round
    m.create_index(
        Index::create()
            .name("ix_campaign_state")
            .table("campaign")
            .col("state")
            .cond_where(Expr::col("state").is_not_in(["draft", "done"]))
            .to_owned(),
    )
    .await?;
    // serves: Campaigns::audience, the lists behind the counts
    m.create_index(
        Index::create()
            .name("ix_audience_why")
            .table("audience")
            .col("campaign_id")
            .col("why_out")
            .col("lead_id")
            .to_owned(),
    )
    .await?;
});
