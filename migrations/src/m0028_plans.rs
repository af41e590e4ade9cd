//! Runs that begin by themselves, for what, and who is held out; what is tried, who got which, and what was decided.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0028_plans", |m| {
    for column in [text("key").default("").to_owned(), big_integer_null("since_at"), boolean_null("held_out")]
    {
        m.alter_table(Table::alter().table("enrollment").add_column(column).to_owned()).await?;
    }
    // At most one live run of a sequence and a key a lead: two campaigns launched at once do not write twice.
    m.drop_index(Index::drop().name("ux_enrollment_live").table("enrollment").to_owned()).await?;
    m.create_index(
        Index::create()
            .name("ux_enrollment_live")
            .table("enrollment")
            .col("lead_id")
            .col("sequence")
            .col("key")
            .unique()
            .cond_where(Expr::col("state").is_in(["due", "awaiting"]))
            .to_owned(),
    )
    .await?;
    m.alter_table(Table::alter().table("delivery").add_column(integer_null("variant")).to_owned()).await?;
    m.create_table(
        Table::create()
            .table("arm")
            .col(uuid("enrollment_id"))
            .col(text("trial"))
            .col(integer("number"))
            .col(uuid("lead_id"))
            .col(big_integer("at"))
            .primary_key(Index::create().col("enrollment_id").col("trial"))
            .to_owned(),
    )
    .await?;
    // serves: Trials::tried
    m.create_index(
        Index::create().name("ix_arm_trial").table("arm").col("trial").col("number").col("at").to_owned(),
    )
    .await?;
    m.create_index(Index::create().name("ix_arm_lead").table("arm").col("lead_id").to_owned()).await?;
    m.create_table(
        Table::create()
            .table("trial")
            .col(text("key").primary_key())
            .col(integer("won"))
            .col(text("why"))
            .col(big_integer("decided_at"))
            .to_owned(),
    )
    .await?;
});
