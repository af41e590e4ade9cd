//! A visitor turns out to be a lead: all that is known of it goes over, and its row goes.

use crate::{
    Result, Store,
    rows::{self, alert, lead, micros},
    transaction::Writing,
};
use rekindle_core::{alert::Alert, ids::LeadId, lead::Lead, stage::Ladder, time::Moment};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

/// Joins `from`, which has no address, into `into`; both are locked. What `from` did is known to be the other's from `now` on: the
/// moment of the decision that follows from it.
pub(super) async fn join(store: &Store, tx: &Writing, from: LeadId, into: LeadId, now: Moment) -> Result<()> {
    let (gone, stays) = (lead::Entity::find_by_id(from.0), lead::Entity::find_by_id(into.0));
    if let (Some(gone), Some(stays)) = (gone.one(&**tx).await?, stays.one(&**tx).await?) {
        let (gone, before) = (gone.lead()?, stays.lead()?);
        let mut stays = before.clone();
        stays.absorb(&gone);
        join_alerts(store, tx, &before, &gone).await?;
        join_moves(store, tx, &before, &gone).await?;
        let text = "UPDATE activity SET joined_at = ? WHERE lead_id = ?";
        tx.execute_raw(store.sql(text, vec![micros(now).into(), from.0.into()])).await?;
        for table in ["activity", "identity", "audit", "alert", "asked", "consent", "stage_move"] {
            let text = format!("UPDATE {table} SET lead_id = ? WHERE lead_id = ?");
            tx.execute_raw(store.sql(&text, vec![into.0.into(), from.0.into()])).await?;
        }
        store.consent_of(tx, &mut stays).await?;
    }
    for table in ["membership WHERE lead_id", "prediction WHERE lead_id", "lead WHERE id"] {
        let text = &format!("DELETE FROM {table} = ?");
        tx.execute_raw(store.sql(text, vec![from.0.into()])).await?;
    }
    Ok(())
}

/// There is one live alert a lead: of two, that of the lead stays, whose card the team knows, and takes over who has the visitor.
async fn join_alerts(store: &Store, tx: &Writing, stays: &Lead, gone: &Lead) -> Result<()> {
    let live = alert::Entity::find()
        .filter(alert::Column::LeadId.is_in([stays.id.0, gone.id.0]))
        .filter(alert::Column::State.ne("closed"))
        .all(&**tx)
        .await?;
    let live = live.into_iter().map(alert::Model::alert).collect::<Result<Vec<Alert>>>()?;
    let of = |lead: &Lead| live.iter().find(|alert| alert.lead == lead.id).cloned();
    let (Some(kept), Some(other)) = (of(stays), of(gone)) else { return Ok(()) };
    for table in ["card WHERE subject_id", "asked WHERE alert_id", "alert WHERE id"] {
        let text = &format!("DELETE FROM {table} = ?");
        tx.execute_raw(store.sql(text, vec![other.id.0.into()])).await?;
    }
    rows::put::<alert::Entity, _>(&**tx, vec![alert::Model::of(&kept.joined(other))]).await
}

/// Where the visitor was further, its last move there is the lead's, from where that one was. What else moved it the lead has seen
/// itself, or has passed.
async fn join_moves(store: &Store, tx: &Writing, stays: &Lead, gone: &Lead) -> Result<()> {
    let ladders = [
        (Ladder::Journey, gone.journey > stays.journey, stays.journey.word()),
        (Ladder::Lifecycle, gone.lifecycle > stays.lifecycle, stays.lifecycle.word()),
    ];
    for (ladder, further, stood) in ladders {
        let mut text = "DELETE FROM stage_move WHERE lead_id = ? AND ladder = ?".to_owned();
        let mut values = vec![gone.id.0.into(), ladder.word().into()];
        if further {
            text += " AND id <> (SELECT id FROM stage_move WHERE lead_id = ? AND ladder = ? ORDER BY id DESC LIMIT 1)";
            values.extend(values.clone());
        }
        tx.execute_raw(store.sql(&text, values)).await?;
        let text = "UPDATE stage_move SET from_stage = ?, back = ? WHERE lead_id = ? AND ladder = ?";
        let values = vec![stood.into(), false.into(), gone.id.0.into(), ladder.word().into()];
        tx.execute_raw(store.sql(text, values)).await?;
    }
    Ok(())
}
