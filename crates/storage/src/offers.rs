//! Offers: each is written with its mail, taken once by its lead, and used up once.
//!
//! Promise: of all who take or redeem one at once, one does; and with it goes the call that tells the operator's own program.

use crate::{
    Result, Store,
    rows::{micros, moment, small},
    transaction::{Writing, again},
    webhooks::tell,
};
use rekindle_core::{
    ids::{DeliveryId, LeadId},
    time::Moment,
    webhook::events,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::OnConflict};
use serde_json::json;

/// An offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// In which mail.
    pub delivery: DeliveryId,
    /// Whose.
    pub lead: LeadId,
    /// Its code.
    pub code: String,
    /// What it gives, in words.
    pub gives: String,
    /// When it is over (calendar).
    pub over_at: Moment,
    /// When its lead took it (calendar).
    pub taken_at: Option<Moment>,
    /// When it was used up (calendar).
    pub redeemed_at: Option<Moment>,
}

/// What became of a code that somebody wants to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redemption {
    /// It is used up now.
    Redeemed(Offer),
    /// It was used up before.
    Before(Offer),
    /// It is over.
    Over(Offer),
    /// There is no such code.
    Unknown,
}

/// Offers.
#[derive(Debug, Clone, Copy)]
pub struct Offers<'a>(&'a Store);

impl Store {
    /// Offers.
    pub fn offers(&self) -> Offers<'_> {
        Offers(self)
    }
}

impl Offers<'_> {
    /// Keeps offers as they were promised; what was promised before stays as it was.
    ///
    /// # Errors
    /// As the database says.
    pub async fn promise(&self, offers: &[Offer]) -> Result<()> {
        if offers.is_empty() {
            return Ok(());
        }
        let tx = self.0.begin().await?;
        promise(&tx, offers).await?;
        self.0.commit(tx, false).await
    }

    /// The offer of a mail.
    ///
    /// # Errors
    /// As the database says.
    pub async fn of(&self, delivery: DeliveryId) -> Result<Option<Offer>> {
        let row = small::offer::Entity::find()
            .filter(small::offer::Column::DeliveryId.eq(delivery.0))
            .one(&self.0.db)
            .await?;
        Ok(row.map(offer))
    }

    /// Its lead takes the offer of a mail: true the first time, and never again.
    ///
    /// # Errors
    /// As the database says.
    pub async fn take(&self, delivery: DeliveryId) -> Result<bool> {
        again!(async {
            let now = micros(self.0.clock.calendar());
            let tx = self.0.begin().await?;
            let text = "UPDATE offer SET taken_at = ? WHERE delivery_id = ? AND taken_at IS NULL";
            let taken = tx.execute_raw(self.0.sql(text, vec![now.into(), delivery.0.into()])).await?;
            let first = taken.rows_affected() == 1;
            if first {
                self.tell(&tx, events::TAKEN, delivery).await?;
            }
            self.0.commit(tx, first).await?;
            Ok(first)
        })
    }

    /// Uses a code up; `by` is the key of whoever asks.
    ///
    /// # Errors
    /// As the database says.
    pub async fn redeem(&self, code: &str, by: &str) -> Result<Redemption> {
        again!(async {
            let now = self.0.clock.calendar();
            let tx = self.0.begin().await?;
            let text = "UPDATE offer SET redeemed_at = ?, redeemed_by = ? WHERE code = ? AND redeemed_at IS NULL AND over_at > ?";
            let values = vec![micros(now).into(), by.into(), code.into(), micros(now).into()];
            let first = tx.execute_raw(self.0.sql(text, values)).await?.rows_affected() == 1;
            let found = small::offer::Entity::find_by_id(code).one(&*tx).await?.map(offer);
            let redemption = match found {
                None => Redemption::Unknown,
                Some(offer) if first => {
                    self.tell(&tx, events::REDEEMED, offer.delivery).await?;
                    Redemption::Redeemed(offer)
                }
                Some(offer) if offer.redeemed_at.is_some() => Redemption::Before(offer),
                Some(offer) => Redemption::Over(offer),
            };
            self.0.commit(tx, first).await?;
            Ok(redemption)
        })
    }

    /// Puts what happened to an offer among the calls that are to be made.
    async fn tell(&self, tx: &Writing, event: &'static str, delivery: DeliveryId) -> Result<()> {
        let row = small::offer::Entity::find()
            .filter(small::offer::Column::DeliveryId.eq(delivery.0))
            .one(&**tx)
            .await?;
        let Some(offer) = row.map(offer) else { return Ok(()) };
        let lead = crate::rows::lead::Entity::find_by_id(offer.lead.0).one(&**tx).await?;
        let data = json!({
            "code": offer.code,
            "gives": offer.gives,
            "lead": offer.lead.to_string(),
            "email": lead.and_then(|lead| lead.email),
            "delivery": delivery.to_string(),
        });
        tell(self.0, tx, event, Some(offer.lead), data).await
    }
}

/// Keeps offers in a transaction of somebody else's.
pub(crate) async fn promise(tx: &Writing, offers: &[Offer]) -> Result<()> {
    let rows = offers.iter().map(|offer| small::offer::ActiveModel {
        code: sea_orm::Set(offer.code.clone()),
        delivery_id: sea_orm::Set(offer.delivery.0),
        lead_id: sea_orm::Set(offer.lead.0),
        gives: sea_orm::Set(offer.gives.clone()),
        over_at: sea_orm::Set(micros(offer.over_at)),
        taken_at: sea_orm::Set(offer.taken_at.map(micros)),
        redeemed_at: sea_orm::Set(offer.redeemed_at.map(micros)),
        redeemed_by: sea_orm::Set(None),
    });
    let rows: Vec<small::offer::ActiveModel> = rows.collect();
    for chunk in rows.chunks(200) {
        let known = OnConflict::column(small::offer::Column::DeliveryId).do_nothing().to_owned();
        small::offer::Entity::insert_many(chunk.to_vec())
            .on_conflict(known)
            .exec_without_returning(&**tx)
            .await?;
    }
    Ok(())
}

fn offer(row: small::offer::Model) -> Offer {
    Offer {
        delivery: DeliveryId(row.delivery_id),
        lead: LeadId(row.lead_id),
        code: row.code,
        gives: row.gives,
        over_at: moment(row.over_at),
        taken_at: row.taken_at.map(moment),
        redeemed_at: row.redeemed_at.map(moment),
    }
}
