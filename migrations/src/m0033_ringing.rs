//! When the team was last asked about a lead because of its points, and what came of an alert since it was raised.

use crate::change;
use sea_orm_migration::{prelude::*, schema::*};

change!("m0033_ringing", |m| {
    m.alter_table(Table::alter().table("lead").add_column(big_integer_null("rung_at")).to_owned()).await?;
    let news = json_binary("news").default("[]").to_owned();
    m.alter_table(Table::alter().table("alert").add_column(news).to_owned()).await?;
});
