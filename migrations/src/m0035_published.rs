//! Why a version of the playbook was put in force.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0035_published", |m| {
    m.alter_table(Table::alter().table("playbook").add_column(text_null("note")).to_owned()).await?;
});
