//! What is learnt from data whose truth is known.

use crate::{FORMAT, Model, NotLearnt, Row, Table, auc, fit, folds::Lots, judged, measure};
use rekindle_core::prediction::Value;

/// Rows of four numbers between -1 and 1 and a word, won as the truth says.
fn made_up(rows: usize, truth: impl Fn(&[f64; 4], &str) -> f64) -> Table {
    let mut lots = Lots::new(42);
    let mut row = |_| {
        let x = [(); 4].map(|()| lots.next() * 2.0 - 1.0);
        let word = ["red", "green", "blue"][(lots.next() * 3.0) as usize];
        let won = lots.next() < 1.0 / (1.0 + (-truth(&x, word)).exp());
        let mut values: Vec<Value> = x.into_iter().map(Value::Number).collect();
        values.push(Value::Word(word.to_owned()));
        Row { values, won, group: None }
    };
    let columns = ["a", "b", "c", "d", "word"].map(str::to_owned).to_vec();
    Table { columns, rows: (0..rows).map(&mut row).collect() }
}

#[test]
fn what_counts_for_itself_is_found_and_said() {
    let table = made_up(900, |x, word| 2.5 * x[0] + f64::from(u8::from(word == "red")) * 2.0 - 1.5);
    let judged = judged(&table, |_, _| ()).unwrap();
    assert!(judged.auc > 0.82 && judged.brier < 0.16, "{judged:?}");
    let model = fit(&table).unwrap();
    let mut good = table.rows[0].values.clone();
    (good[0], good[4]) = (Value::Number(0.9), Value::Word("red".to_owned()));
    let mut shares = model.shares(&good);
    shares.sort_by(|one, other| other.adds.total_cmp(&one.adds));
    assert_eq!((shares[0].column, shares[1].column), (0, 4), "{shares:?}");
    assert!(model.chance(&good) > 0.85);
}

#[test]
fn what_counts_only_together_is_found_too() {
    let table = made_up(2_000, |x, _| if (x[0] > 0.0) == (x[1] > 0.0) { 2.0 } else { -2.0 });
    let judged = judged(&table, |_, _| ()).unwrap();
    assert!(judged.auc > 0.84, "{judged:?}");
}

#[test]
fn of_noise_nothing_is_learnt() {
    let table = made_up(400, |_, _| -1.0);
    let judged = judged(&table, |_, _| ()).unwrap();
    assert!((0.38..0.62).contains(&judged.auc), "{judged:?}");
    let model = fit(&table).unwrap();
    let usual = table.won() as f64 / 400.0;
    let far = table.rows.iter().map(|row| (model.chance(&row.values) - usual).abs()).fold(0.0, f64::max);
    assert!(far < 0.2, "nobody is far from the usual {usual}: {far}");
}

#[test]
fn what_is_said_is_what_happens() {
    let table = made_up(3_000, |x, _| 3.0 * x[0] + 2.0 * x[1] * x[2] - 2.0);
    let judged = judged(&table, |_, _| ()).unwrap();
    assert_eq!(judged.bands.iter().map(|band| band.leads).sum::<u64>(), 3_000);
    for band in &judged.bands {
        let happened = band.won as f64 / band.leads as f64;
        assert!((band.said - happened).abs() < 0.1, "{band:?}");
    }
}

#[test]
fn a_model_is_its_json_and_its_reasons_add_up() {
    let table = made_up(600, |x, word| 2.0 * x[0] * x[1] + if word == "blue" { 1.5 } else { -0.5 });
    let model = fit(&table).unwrap();
    assert_eq!(model, fit(&table).unwrap(), "no luck is in it");
    let kept: Model = serde_json::from_str(&serde_json::to_string(&model).unwrap()).unwrap();
    assert_eq!(kept.format, FORMAT);
    assert_eq!(kept.columns().collect::<Vec<_>>(), ["a", "b", "c", "d", "word"]);
    let odds = |chance: f64| (chance / (1.0 - chance)).ln();
    let sum = |row: &Row| model.shares(&row.values).iter().map(|share| share.adds).sum::<f64>();
    let start = odds(model.chance(&table.rows[0].values)) - sum(&table.rows[0]);
    let mut all = 0.0;
    for row in &table.rows {
        let chance = model.chance(&row.values);
        assert!((kept.chance(&row.values) - chance).abs() < 1e-9);
        assert!((odds(chance) - sum(row) - start).abs() < 1e-9, "the reasons are the whole of it");
        all += sum(row);
    }
    assert!(all.abs() < 1e-6, "a usual row has no reasons: {all}");
}

#[test]
fn what_was_never_seen_is_no_trouble() {
    let mut table = made_up(300, |x, _| 2.0 * x[0]);
    for (at, row) in table.rows.iter_mut().enumerate() {
        match at % 7 {
            0 => row.values[0] = Value::Unknown,
            1 => row.values[1] = Value::Number(f64::INFINITY),
            2 => row.values[4] = Value::Word(format!("only {at}")),
            3 => row.values[2] = Value::Word("a word among numbers".to_owned()),
            _ => {}
        }
        row.values[3] = Value::Number(7.0);
    }
    let model = fit(&table).unwrap();
    let chance = model.chance(&[
        Value::Number(f64::NAN),
        Value::Word("no number".to_owned()),
        Value::Number(-1e308),
        Value::Unknown,
        Value::Word("never seen".to_owned()),
    ]);
    assert!(chance > 0.0 && chance < 1.0, "{chance}");
    let kept: Model = serde_json::from_str(&serde_json::to_string(&model).unwrap()).unwrap();
    assert!((kept.chance(&table.rows[1].values) - model.chance(&table.rows[1].values)).abs() < 1e-9);
}

#[test]
fn too_few_are_said_to_be_too_few() {
    let mut table = made_up(50, |_, _| 0.0);
    table.rows.iter_mut().enumerate().for_each(|(at, row)| row.won = at < 9);
    let why = fit(&table).unwrap_err();
    assert_eq!(why, NotLearnt::TooFew { won: 9, lost: 41 });
    assert_eq!(why.to_string(), "9 won and 41 lost are too few to learn from: 10 of each are needed");
}

#[test]
fn measures_are_those_of_the_books() {
    // Hanley and McNeil's area is the part of pairs in the right order.
    let said = [(0.1, false), (0.4, true), (0.4, false), (0.8, true)];
    assert_eq!(auc(&said), 0.875);
    assert_eq!(auc(&[(0.3, true)]), 0.5);
    let measured = measure(&said);
    assert!((measured.brier - (0.01 + 0.36 + 0.16 + 0.04) / 4.0).abs() < 1e-12);
    assert_eq!((measured.outcomes, measured.won, measured.bands.len()), (4, 2, 1));
}
