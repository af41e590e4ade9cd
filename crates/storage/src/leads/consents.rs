//! What was said about writing to leads: read in order, and written with what it takes back.

use crate::{
    Result, Store,
    rows::{self, consent, lead, micros},
    transaction::{Writing, rounded},
};
use rekindle_core::{
    consent::{Basis, Record, Says, standing},
    ids::LeadId,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait},
};
use std::collections::HashMap;

impl Store {
    /// What was said about writing to these leads, oldest first.
    pub(crate) async fn consents(
        &self,
        db: &impl ConnectionTrait,
        ids: &[Uuid],
    ) -> Result<HashMap<LeadId, Vec<Record>>> {
        let rows = consent::Entity::find()
            .filter(consent::Column::LeadId.is_in(rounded(ids.to_vec())))
            .order_by_asc(consent::Column::Id)
            .all(db)
            .await?;
        let mut records: HashMap<LeadId, Vec<Record>> = HashMap::new();
        for row in rows {
            records.entry(LeadId(row.lead_id)).or_default().push(row.record()?);
        }
        Ok(records)
    }

    /// Adds what was said, one after another, each with what it takes back: the set form of [`Record::takes_back`].
    pub(crate) async fn say(&self, tx: &Writing, said: Vec<(LeadId, Record)>) -> Result<()> {
        for (lead, record) in &said {
            let yes = consent::Column::Says.is_in(Basis::ALL.iter().map(|basis| basis.word()));
            let of_the_other_mind = match record.says {
                Says::Yes { .. } => yes.not(),
                Says::No(_) => yes,
            };
            consent::Entity::update_many()
                .col_expr(consent::Column::WithdrawnAt, Expr::value(micros(record.obtained_at)))
                .filter(consent::Column::LeadId.eq(lead.0))
                .filter(consent::Column::WithdrawnAt.is_null())
                .filter(of_the_other_mind)
                .exec(&**tx)
                .await?;
            rows::add::<consent::Entity, _>(&**tx, vec![consent::Model::of(*lead, record)]).await?;
        }
        Ok(())
    }

    /// What stands for a lead that another one became: all that was said about either.
    pub(crate) async fn consent_of(&self, tx: &Writing, lead: &mut rekindle_core::lead::Lead) -> Result<()> {
        let records = self.consents(&**tx, &[lead.id.0]).await?.remove(&lead.id).unwrap_or_default();
        lead.consent = standing(&records);
        rows::put::<lead::Entity, _>(&**tx, vec![lead::Model::of(lead, &self.ring)]).await
    }
}
