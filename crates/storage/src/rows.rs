//! The rows of each table, and how they become the types of `core` and back.
//!
//! A row that does not hold what it must is an error that names table, column and row.

pub(crate) mod activity;
pub(crate) mod alert;
pub(crate) mod campaign;
pub(crate) mod consent;
pub(crate) mod delivery;
pub(crate) mod enrollment;
pub(crate) mod lead;
pub(crate) mod small;

use crate::{StoreError, transaction::share};
use rekindle_core::time::Moment;
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, Iterable,
    PrimaryKeyToColumn, QueryResult, TryGetable, sea_query::OnConflict,
};

/// A moment as it is kept: whole microseconds since 1970.
pub(crate) fn micros(at: Moment) -> i64 {
    at.timestamp_micros()
}

/// A moment from what is kept.
pub(crate) fn moment(micros: i64) -> Moment {
    Moment::from_timestamp_micros(micros).unwrap_or_default()
}

/// A word of a column as the state it names.
pub(crate) fn word<T>(
    table: &'static str,
    column: &'static str,
    row: impl ToString,
    found: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, StoreError> {
    read(found).ok_or_else(|| StoreError::Corrupt {
        table,
        column,
        row: row.to_string(),
        found: found.to_owned(),
    })
}

/// Takes a row's columns one after another: to look each up by its name costs more than all the rest.
pub(crate) struct Columns<'a> {
    row: &'a QueryResult,
    next: usize,
}

impl<'a> Columns<'a> {
    pub(crate) fn of(row: &'a QueryResult) -> Self {
        Self { row, next: 0 }
    }

    pub(crate) fn take<T: TryGetable>(&mut self) -> Result<T, StoreError> {
        self.next += 1;
        Ok(self.row.try_get_by_index(self.next - 1)?)
    }
}

/// Writes whole rows: new ones are inserted, known ones replaced.
pub(crate) async fn put<E, M>(db: &impl ConnectionTrait, rows: Vec<M>) -> Result<(), StoreError>
where
    E: EntityTrait,
    M: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E> + ActiveModelBehavior + Send,
{
    let keys: Vec<E::Column> = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column).collect();
    let names: Vec<String> = keys.iter().map(|k| sea_orm::IdenStatic::as_str(k).to_owned()).collect();
    let others: Vec<E::Column> =
        E::Column::iter().filter(|c| !names.iter().any(|n| n == sea_orm::IdenStatic::as_str(c))).collect();
    let mut rows = rows.into_iter().map(|row| row.into_active_model().reset_all());
    while rows.len() > 0 {
        let most = share(rows.len());
        let chunk: Vec<E::ActiveModel> = rows.by_ref().take(most).collect();
        let conflict =
            OnConflict::columns(keys.iter().copied()).update_columns(others.iter().copied()).to_owned();
        E::insert_many(chunk).on_conflict(conflict).exec_without_returning(db).await?;
    }
    Ok(())
}

/// Writes new rows.
pub(crate) async fn add<E, M>(db: &impl ConnectionTrait, rows: Vec<M>) -> Result<(), StoreError>
where
    E: EntityTrait,
    M: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E> + ActiveModelBehavior + Send,
{
    let mut rows = rows.into_iter().map(|row| row.into_active_model().reset_all());
    while rows.len() > 0 {
        let most = share(rows.len());
        let chunk: Vec<E::ActiveModel> = rows.by_ref().take(most).collect();
        E::insert_many(chunk).exec_without_returning(db).await?;
    }
    Ok(())
}
