//! Where the links of mails lead, and in which mail they stand.

use crate::{
    Result, Store,
    rows::{delivery, small},
    transaction::again,
};
use rekindle_core::{delivery::Delivery, ids::DeliveryId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use std::collections::HashMap;

/// Links.
#[derive(Debug, Clone, Copy)]
pub struct Links<'a>(&'a Store);

impl Store {
    /// Links.
    pub fn links(&self) -> Links<'_> {
        Links(self)
    }
}

impl Links<'_> {
    /// The number of each link of a mail; new ones are made.
    ///
    /// # Errors
    /// As the database says.
    pub async fn destinations(&self, mail: &str, urls: &[String]) -> Result<HashMap<String, i32>> {
        let known = self.known(mail).await?;
        if urls.iter().all(|url| known.contains_key(url)) {
            return Ok(known);
        }
        again!(self.make(mail, urls))?;
        self.known(mail).await
    }

    async fn known(&self, mail: &str) -> Result<HashMap<String, i32>> {
        let rows = small::destination::Entity::find()
            .filter(small::destination::Column::Mail.eq(mail))
            .all(&self.0.db)
            .await?;
        Ok(rows.into_iter().map(|row| (row.url, row.id)).collect())
    }

    async fn make(&self, mail: &str, urls: &[String]) -> Result<()> {
        let tx = self.0.begin().await?;
        for url in urls {
            let known = small::destination::Entity::find()
                .filter(small::destination::Column::Mail.eq(mail))
                .filter(small::destination::Column::Url.eq(url.as_str()))
                .one(&*tx)
                .await?;
            if known.is_none() {
                let row = small::destination::ActiveModel {
                    id: sea_orm::ActiveValue::NotSet,
                    mail: sea_orm::ActiveValue::Set(mail.to_owned()),
                    url: sea_orm::ActiveValue::Set(url.clone()),
                };
                small::destination::Entity::insert(row).exec_without_returning(&*tx).await?;
            }
        }
        self.0.commit(tx, false).await
    }

    /// Where a link leads, if there is one.
    ///
    /// # Errors
    /// As the database says.
    pub async fn destination(&self, id: i32) -> Result<Option<String>> {
        Ok(small::destination::Entity::find_by_id(id).one(&self.0.db).await?.map(|row| row.url))
    }

    /// The delivery that a link stands in.
    ///
    /// # Errors
    /// As the database says.
    pub async fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>> {
        delivery::Entity::find_by_id(id.0).one(&self.0.db).await?.map(delivery::Model::delivery).transpose()
    }
}
