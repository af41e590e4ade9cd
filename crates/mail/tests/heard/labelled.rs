//! The figures of rule B4 on the labelled bounces of `flufl.bounce`, a package of PyPI, when a folder with its sources is given:
//! `pip download --no-deps --no-binary flufl.bounce flufl.bounce`, unpack, and
//! `FLUFL_BOUNCE=/path/to/flufl_bounce-6.0.0 cargo nextest run --workspace -E 'test(labelled)' --no-capture`.

use std::{collections::BTreeMap, fs, path::PathBuf};

use rekindle_mail::heard::{Fate, What, hear};

/// What the package's tests expect of one message: its addresses, and whether they are warnings.
#[derive(Debug, Default)]
struct Label {
    addresses: Vec<String>,
    is_temporary: bool,
}

#[test]
fn labelled_bounces_are_told_as_their_labels_say() {
    let Some(folder) = std::env::var_os("FLUFL_BOUNCE").map(PathBuf::from) else {
        println!("skipped, 110 cases: FLUFL_BOUNCE names no folder");
        return;
    };
    let labels = labels(&fs::read_to_string(folder.join("tests/test_detectors.py")).unwrap());
    assert!(labels.len() > 100, "{} labels", labels.len());
    let (mut right, mut wrong, mut buried) = (0, Vec::new(), Vec::new());
    for (file, label) in &labels {
        let raw = fs::read(folder.join("tests/data").join(file)).unwrap();
        let fates = match hear(&raw).what {
            What::Fates(fates) => fates,
            other => {
                if label.addresses.is_empty() {
                    right += 1;
                } else {
                    wrong.push(format!("{file}: {other:?}"));
                }
                continue;
            }
        };
        let mut told: Vec<String> =
            fates.iter().filter_map(|told| told.address.as_deref()).map(str::to_lowercase).collect();
        told.sort();
        let is_delayed = fates.iter().all(|told| told.fate == Fate::Delayed);
        if told == label.addresses && is_delayed == label.is_temporary
            || (told.is_empty() && label.addresses.is_empty())
        {
            right += 1;
        } else {
            wrong.push(format!("{file}: {told:?} delayed {is_delayed}, and not {label:?}"));
        }
        if label.is_temporary && fates.iter().any(|told| told.fate == Fate::Hard) {
            buried.push(file);
        }
    }
    println!(
        "{right} of {} right, {} temporary ones read as permanent\n{}",
        labels.len(),
        buried.len(),
        wrong.join("\n")
    );
    assert!(buried.is_empty(), "temporary, and read as permanent: {buried:?}");
    assert!(right * 10 >= labels.len() * 9, "{right} of {}:\n{}", labels.len(), wrong.join("\n"));
}

/// The rows of the package's table, those of one message together.
fn labels(tests: &str) -> BTreeMap<String, Label> {
    let table = tests.split_once("DETECTORS = [").unwrap().1.split_once("\n]").unwrap().0;
    let mut labels: BTreeMap<String, Label> = BTreeMap::new();
    for row in table.split("\n    (").skip(1) {
        let quoted: Vec<&str> = row.split('\'').skip(1).step_by(2).collect();
        let label = labels.entry(quoted[1].to_owned()).or_default();
        label
            .addresses
            .extend(quoted[2..].iter().filter(|text| text.contains('@')).map(|text| text.to_lowercase()));
        label.addresses.sort();
        label.is_temporary |= row.contains("True)");
    }
    labels
}
