//! How a lead wants to be written to: on its row, since the gate asks it for each mail.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0018_preferences", |m| {
    for column in [
        boolean("mail_fewer").default(false).to_owned(),
        big_integer_null("mail_paused_until"),
        text_null("mail_only_topic"),
    ] {
        m.alter_table(Table::alter().table("lead").add_column(column).to_owned()).await?;
    }
});
