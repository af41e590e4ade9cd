//! Predicts a CSV file fold by fold, for `benches/predict`: `columns DATA FOLDS TARGET POSITIVE [LEFT OUT …]`, and writes one chance a
//! row to standard output. A column is numbers where every cell that is not empty reads as one.

use rekindle_core::prediction::Value;
use rekindle_predict::{Row, Table, fit};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, folds, target, positive, left_out @ ..] = arguments.as_slice() else {
        return Err("columns DATA FOLDS TARGET POSITIVE [LEFT OUT …]".into());
    };
    let mut file = csv::Reader::from_path(data)?;
    let names = file.headers()?.clone();
    let outcome = names.iter().position(|name| name == target).ok_or("no column of that name")?;
    let records: Vec<csv::StringRecord> = file.records().collect::<Result<_, _>>()?;
    let mut table = Table::default();
    let mut kept = Vec::new();
    for (at, name) in names
        .iter()
        .enumerate()
        .filter(|(at, name)| *at != outcome && !left_out.iter().any(|out| out == name))
    {
        let known = || records.iter().map(|record| record[at].trim()).filter(|cell| !cell.is_empty());
        kept.push((at, known().all(|cell| cell.parse::<f64>().is_ok())));
        table.columns.push(name.to_owned());
    }
    for record in &records {
        let value = |(at, number): &(usize, bool)| match (record[*at].trim(), number) {
            ("", _) => Value::Unknown,
            (cell, true) => cell.parse().map_or(Value::Unknown, Value::Number),
            (cell, false) => Value::Word(cell.to_owned()),
        };
        let values = kept.iter().map(value).collect();
        table.rows.push(Row { values, won: record[outcome] == **positive, group: None });
    }
    let fold_of: Vec<usize> =
        std::fs::read_to_string(folds)?.lines().map(str::parse).collect::<Result<_, _>>()?;
    let mut chances = vec![0.0; fold_of.len()];
    for fold in 0..=fold_of.iter().copied().max().unwrap_or_default() {
        let outside = |(row, of): (&Row, &usize)| (*of != fold).then(|| row.clone());
        let rows = table.rows.iter().zip(&fold_of).filter_map(outside).collect();
        let model = fit(&Table { columns: table.columns.clone(), rows })?;
        for (row, _) in fold_of.iter().enumerate().filter(|(_, of)| **of == fold) {
            chances[row] = model.chance(&table.rows[row].values);
        }
    }
    for chance in chances {
        println!("{chance}");
    }
    Ok(())
}
