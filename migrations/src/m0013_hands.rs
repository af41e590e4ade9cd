//! In whose hands something is: an arrival that is handled, work that one process does at a time.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*, sea_orm::prelude::Uuid};

change!("m0013_hands", |m| {
    // A process that is alive; nobody, once the arrival is done with.
    m.alter_table(Table::alter().table("inbound").add_column(uuid_null("owner")).to_owned()).await?;
    m.create_table(
        Table::create().table("work").col(text("name").primary_key()).col(uuid("owner")).to_owned(),
    )
    .await?;
    // What was kept and not handled before there were owners is as if its process had died.
    m.execute(
        Query::update()
            .table("inbound")
            .value("owner", Uuid::nil())
            .and_where(Expr::col("state").eq("new"))
            .to_owned(),
    )
    .await?;
    m.drop_index(Index::drop().name("ix_inbound_new").table("inbound").to_owned()).await?;
    // serves: Inbound::take_over. What is new or begun has an owner, and nothing else has.
    m.create_index(
        Index::create()
            .name("ix_inbound_open")
            .table("inbound")
            .col("owner")
            .cond_where(Expr::col("owner").is_not_null())
            .to_owned(),
    )
    .await?;
});
