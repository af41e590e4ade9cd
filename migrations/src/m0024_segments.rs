//! What questions ask of leads and activities: kept in the forms in which it is compared, with its indexes; and the questions
//! that the team saved.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*, sea_orm::DatabaseBackend};

change!("m0024_segments", |m| {
    m.create_table(
        Table::create()
            .table("segment")
            .col(text("name").primary_key())
            .col(text("question"))
            .col(text("saved_by"))
            .col(big_integer("saved_at"))
            .to_owned(),
    )
    .await?;
    // A sweep fills them: a lead that was counted by no rules is counted again.
    for column in [
        json_binary("told").default("{}").to_owned(),
        json_binary("worth").default("{}").to_owned(),
        boolean("may_be_hot").default(false).to_owned(),
        big_integer("counted_by").default(0).to_owned(),
    ] {
        m.alter_table(Table::alter().table("lead").add_column(column).to_owned()).await?;
    }
    // serves: Segments::outdated
    m.create_index(Index::create().name("ix_lead_counted").table("lead").col("counted_by").to_owned())
        .await?;
    // serves: `did`, `clicked`
    m.create_index(
        Index::create()
            .name("ix_activity_name")
            .table("activity")
            .col("name")
            .col("at")
            .col("lead_id")
            .to_owned(),
    )
    .await?;
    // serves: `viewed`
    let paths = match m.get_database_backend() {
        DatabaseBackend::Postgres => {
            "CREATE INDEX ix_activity_path ON activity ((lower(path COLLATE \"C\")), at, lead_id) INCLUDE (path) \
             WHERE human AND path IS NOT NULL"
        }
        _ => {
            "CREATE INDEX ix_activity_path ON activity (lower(path), at, lead_id) WHERE human AND path IS NOT NULL"
        }
    };
    m.get_connection().execute_unprepared(paths).await?;
    // serves: `country`, `company` and `domain` with `=` and `in`
    for field in ["country", "company", "domain"] {
        let index = format!("CREATE INDEX ix_lead_{field} ON lead ((told -> '{field}' ->> 0))");
        m.get_connection().execute_unprepared(&index).await?;
    }
});
