//! What PostgreSQL does for each mail beside what is asked of it, left out. SQLite does none of it.

use crate::change;
use sea_orm_migration::prelude::*;

change!("m0008_outbox_pages", |m| {
    if m.get_database_backend() == sea_orm_migration::sea_orm::DbBackend::Postgres {
        let db = m.get_connection();
        // A mail of some thousand bytes stays in its row as it is: to compress it and put it elsewhere cost more than
        // to write it (https://www.postgresql.org/docs/15/storage-toast.html).
        db.execute_unprepared("ALTER TABLE frozen SET (toast_tuple_target = 8160)").await?;
        db.execute_unprepared("ALTER TABLE frozen ALTER COLUMN bytes SET STORAGE EXTERNAL").await?;
        // Made of the row's id, which is unique; the index was written anew with every move of a delivery.
        db.execute_unprepared("ALTER TABLE delivery DROP CONSTRAINT delivery_message_id_key").await?;
    }
});
