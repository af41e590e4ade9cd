//! Subjects that were typed for the first mail of a campaign.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0029_subjects", |m| {
    let subjects = json_binary_null("subjects");
    m.alter_table(Table::alter().table("campaign").add_column(subjects).to_owned()).await?;
});
