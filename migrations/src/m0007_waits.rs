//! What a run that awaits a mail does behind it: its waits begin with the fate of the mail, which finds the run by its id.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0007_waits", |m| {
    // SQLite adds one column at a time.
    for column in [integer_null("then_step"), big_integer_null("then_wait")] {
        m.alter_table(Table::alter().table("enrollment").add_column(column).to_owned()).await?;
    }
    m.drop_index(Index::drop().name("ix_enrollment_awaits").table("enrollment").to_owned()).await?;
});
