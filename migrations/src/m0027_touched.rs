//! When the team last dealt with a lead: the sunset policy may leave such leads alone.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0027_touched", |m| {
    m.alter_table(Table::alter().table("lead").add_column(big_integer_null("touched_at")).to_owned()).await?;
});
