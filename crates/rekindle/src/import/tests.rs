//! Files as people have them, from end to end.

use super::*;
use rekindle_core::{
    activity::{Activity, Kind},
    consent::{self, ConsentState},
    ids::{ActivityId, LeadId},
    lead::Lead,
};
use std::{io::Write, path::PathBuf};

fn now() -> Moment {
    "2026-11-02T09:00:00Z".parse().unwrap()
}
fn file(text: impl AsRef<[u8]>) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    file.write_all(text.as_ref()).unwrap();
    file
}
fn options(map: &[&str], email_from: Option<&str>, basis: Option<&str>) -> Options {
    Options {
        map: map.iter().map(|s| (*s).to_owned()).collect(),
        email_from: email_from.map(str::to_owned),
        basis: basis.map(str::to_owned),
    }
}
fn rows(text: impl AsRef<[u8]>, options: &Options) -> (Vec<Arrival>, Vec<BadRow>) {
    let file = file(text);
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for row in Import::open(file.path(), options, now()).unwrap() {
        match row.unwrap() {
            Row::Lead(arrival) => good.push(*arrival),
            Row::Bad(row) => bad.push(row),
        }
    }
    (good, bad)
}
fn refused(text: &str, options: &Options) -> String {
    let file = file(text);
    let error = Import::open(file.path(), options, now()).err().expect("this should be refused");
    let text = error.to_string();
    assert_eq!(Halt::from(error).code(), 2);
    text
}
/// What a new lead knows after an arrival.
fn learnt(arrival: &Arrival) -> Lead {
    learnt_from(&[arrival])
}
/// What a new lead knows after arrivals of several imports.
fn learnt_from(arrivals: &[&Arrival]) -> Lead {
    let mut lead = Lead::anonymous(LeadId(uuid::Uuid::nil()), now());
    let mut records = Vec::new();
    for arrival in arrivals {
        let activity = Activity {
            id: ActivityId(uuid::Uuid::nil()),
            source: arrival.source.clone(),
            message_id: arrival.message_id.clone(),
            kind: arrival.kind,
            name: arrival.name.clone(),
            path: None,
            at: arrival.at,
            properties: arrival.properties.clone(),
            human: arrival.human,
            trust: arrival.trust,
        };
        lead.learn(&activity.properties, false);
        if let Some(said) = consent::told(&activity, arrival.basis.as_deref(), lead.email.is_some()) {
            consent::hear(&mut records, said);
        }
    }
    lead.consent = consent::standing(&records);
    lead
}

#[test]
fn a_row_becomes_a_lead_with_its_fields_and_traits() {
    let text = "First Name;Last Name;E-mail;Job Title;Company Name;Country/Region;Time Zone;Annual Revenue;Shoe size\n\
                Zoë;Park;Zoe@Acme.test;Head of Operations;Acme;th;asia_slash_bangkok;1000;38\n";
    let (good, bad) = rows(text, &options(&[], None, Some("webinar 2026")));
    assert_eq!((good.len(), bad.len()), (1, 0));
    let arrival = &good[0];
    assert_eq!(
        (arrival.source.as_str(), arrival.kind, arrival.name.as_str()),
        ("import", Kind::Import, "Imported")
    );
    assert!(!arrival.human && arrival.at == now() && arrival.message_id.ends_with(":1"));
    let lead = learnt(arrival);
    assert_eq!(lead.name.as_deref(), Some("Zoë Park"));
    assert_eq!(lead.email.as_ref().unwrap().as_str(), "zoe@acme.test");
    assert_eq!((lead.title.as_deref(), lead.company.as_deref()), (Some("Head of Operations"), Some("Acme")));
    assert_eq!((lead.country.as_deref(), lead.zone.as_deref()), (Some("TH"), Some("asia/bangkok")));
    assert_eq!((&lead.traits["annualRevenue"], &lead.traits["Shoe size"]), (&"1000".into(), &"38".into()));
    assert_eq!(lead.consent.basis.as_deref(), Some("webinar 2026"));
    assert_eq!(lead.may_be_mailed(now()), Ok(()));
}

#[test]
fn without_a_basis_nobody_is_mailed_whatever_a_column_says() {
    let (good, _) = rows("email,consent,opt-in\na@x.test,yes,true\n", &Options::default());
    assert_eq!(learnt(&good[0]).consent.state, ConsentState::Unknown);
}

#[test]
fn columns_that_say_no_are_honoured_whatever_the_basis() {
    use ConsentState::*;
    for (header, cell, state) in [
        ("Unsubscribed from all email", "true", Unsubscribed),
        ("Unsubscribed from all email", "false", Subscribed),
        ("Unsubscribed from all email", "", Subscribed),
        ("Opted out of email: Customer Service Communication", "Yes", Unsubscribed),
        ("Email hard bounce reason", "UNKNOWN_USER", Bounced),
        ("Email Address Quarantined", "Yes", Bounced),
        ("Invalid email address", "true", Bounced),
        ("HasOptedOutOfEmail", "1", Unsubscribed),
        ("Email Opt Out", "TRUE", Unsubscribed),
        ("EmailBouncedDate", "2026-01-02T03:04:05Z", Bounced),
        ("EmailBouncedReason", "550 5.1.1", Bounced),
        ("Do Not Email", "Yes", Unsubscribed),
        ("Do Not Email", "No", Subscribed),
        ("Last Activity", "Unsubscribed", Unsubscribed),
        ("Last Activity", "Email Bounced", Bounced),
        ("Last Notable Activity", "Email Marked Spam", Complained),
        ("Last Activity", "Page Visited on Website", Subscribed),
        ("Marketing email confirmation status", "Not confirmed", Unknown),
        ("Marketing email confirmation status", "Confirmed", Subscribed),
        ("Legal basis for processing contact's data", "Freely given consent from contact", Subscribed),
        ("consent", "no", Unsubscribed),
        ("consent", "", Unknown),
        ("consent", "yes", Subscribed),
        ("IsDeleted", "true", Unknown),
    ] {
        let text = format!("Email,\"{header}\"\nkim@acme.test,{cell}\n");
        let (good, _) = rows(text, &options(&[], None, Some("customers")));
        let lead = learnt(&good[0]);
        assert_eq!(lead.consent.state, state, "{header} says {cell:?}");
        if state.is_refusal() {
            assert_eq!(good[0].basis, None);
            // And a later import does not undo it.
            let (again, _) = rows("Email\nkim@acme.test\n", &options(&[], None, Some("customers")));
            assert_eq!(learnt_from(&[&good[0], &again[0]]).consent.state, state);
        }
        if !cell.is_empty() {
            assert!(lead.traits.values().any(|value| value == cell), "{header}: what was said is kept");
        }
    }
}

#[test]
fn the_strongest_no_of_a_row_counts() {
    let text = "Email,Do Not Email,Email hard bounce reason,Marked as spam\na@x.test,Yes,full,Yes\n";
    assert_eq!(learnt(&rows(text, &Options::default()).0[0]).consent.state, ConsentState::Complained);
}

#[test]
fn bad_rows_are_told_with_their_number_and_their_neighbours_are_taken_in() {
    let large = "x".repeat(40_000);
    let text = format!(
        "email,name\na@x.test,A\nnone,B\n,C\nd@x.test\ne@x.test,E,E\nf@x.test,\"F\0\"\n,\n\ng@x.test,{large}\nh@x.test,H\n"
    );
    let (good, bad) = rows(text, &Options::default());
    let ids: Vec<_> = good.iter().map(|a| a.message_id.rsplit(':').next().unwrap().to_owned()).collect();
    assert_eq!(ids, ["1", "9"], "the empty row 7 has a number and no error");
    let told: Vec<_> = bad.iter().map(|bad| (bad.row, bad.reason.as_str())).collect();
    assert!(told[0].0 == 2 && told[0].1.contains("no @"), "{told:?}");
    assert_eq!(told[1], (3, "this row has no e-mail address"));
    assert!(told[2].0 == 4 && told[2].1.starts_with("this row has 1 columns and the header 2"), "{told:?}");
    assert!(told[3].0 == 5 && told[3].1.starts_with("this row has 3 columns"), "{told:?}");
    assert_eq!(told[4], (6, "there is a NUL character in this row"));
    assert_eq!(told[5], (8, "this row is larger than 32 KB"));
    assert_eq!(bad[0].record, ["none", "B"]);
}

#[test]
fn the_same_file_in_the_same_way_has_the_same_ids_and_another_way_has_others() {
    let text = "email,plan\na@x.test,pro\na@x.test,pro\n";
    let ids = |text: &str, options: &Options| -> Vec<(String, i64)> {
        rows(text, options).0.into_iter().map(|a| (a.message_id, a.fingerprint)).collect()
    };
    let first = ids(text, &Options::default());
    assert_eq!(first, ids(text, &Options::default()));
    assert_ne!(first[0].0, first[1].0, "two rows are two");
    for (text, options) in [
        (text, options(&[], None, Some("webinar"))),
        (text, options(&["plan=title"], None, None)),
        ("email,plan\na@x.test,pro\na@x.test,free\n", Options::default()),
    ] {
        assert_ne!(first[0].0, ids(text, &options)[0].0);
    }
}

#[test]
fn what_is_no_import_is_refused_in_words() {
    let none = Options::default();
    assert!(refused("", &none).contains("empty"));
    let text = refused("age;job\n30;clerk\n", &none);
    assert!(
        text.contains("(there are age, job)") && text.contains("--email-from 'row{n}@leads.test'"),
        "{text}"
    );
    assert!(refused("a\n1\n", &options(&[], Some("row@leads.test"), None)).contains("has no {n}"));
    assert!(refused("a\n1\n", &options(&[], Some("row {n}"), None)).contains("makes no addresses"));
    assert!(refused("a\n1\n", &options(&["b=email"], None, None)).contains("no column “b”"));
    assert!(refused("email\na@x.test\n", &options(&[], None, Some(" "))).contains("--basis: it is empty"));
    let interest = refused("email\na@x.test\n", &options(&[], None, Some("interest: customers")));
    assert!(interest.contains("interest LIA-7"), "{interest}");
    assert!(refused("\u{7f}ELF\u{2}\u{1},email\n", &none).contains("no text"));
    assert!(refused(&"a,".repeat(3_000), &none).contains("3001 columns"));
    let missing = Import::open(Path::new("/nowhere.csv"), &none, now()).err().unwrap();
    assert!(missing.to_string().starts_with("/nowhere.csv: "));
    assert_eq!(Halt::from(missing).code(), 1);
}

#[test]
fn addresses_are_made_only_where_there_is_none() {
    let (good, _) = rows("email,x\n,1\nb@x.test,2\n", &options(&[], Some("row{n}@leads.test"), None));
    let addresses: Vec<_> = good.iter().map(|a| a.who.email.as_ref().unwrap().as_str().to_owned()).collect();
    assert_eq!(addresses, ["row1@leads.test", "b@x.test"]);
}

#[test]
fn rows_that_were_not_taken_in_are_kept_and_can_be_imported_once_put_right() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leads.CSV");
    std::fs::write(&path, "email;note\nnone;\"a;b\"\n;\"say \"\"hi\"\"\"\nok@x.test;\n").unwrap();
    let note = |path: &Path| -> Option<PathBuf> {
        let import = Import::open(path, &Options::default(), now()).unwrap();
        let mut errors = ErrorsFile::beside(path, import.columns()).unwrap();
        for row in import {
            if let Row::Bad(bad) = row.unwrap() {
                errors.note(&bad).unwrap();
            }
        }
        errors.finish().unwrap()
    };
    let errors = note(&path).unwrap();
    assert_eq!(errors, folder.path().join("leads.errors.csv"));
    let text = std::fs::read_to_string(&errors).unwrap();
    assert!(text.starts_with("rekindle_row,rekindle_reason,email,note\n1,"), "{text}");
    assert!(text.lines().nth(2).unwrap().ends_with(",,\"say \"\"hi\"\"\""), "{text}");
    // Put right, it is an import like any other, without our columns.
    let (good, bad) =
        rows(text.replace("none", "b@x.test").replace(",,\"", ",c@x.test,\""), &Options::default());
    assert_eq!((good.len(), bad.len()), (2, 0));
    assert!(!good[0].properties.contains_key("rekindleRow"));
    // A spreadsheet runs no cell of it, and what was quoted for it is read as it was.
    std::fs::write(&path, "email;=note;phone\nnone;=cmd|calc;+4912\n;-1;@x\n").unwrap();
    let text = std::fs::read_to_string(note(&path).unwrap()).unwrap();
    assert!(text.starts_with("rekindle_row,rekindle_reason,email,'=note,phone\n"), "{text}");
    assert!(text.contains(",none,'=cmd|calc,'+4912\n") && text.ends_with(",,'-1,'@x\n"), "{text}");
    let (good, _) = rows(text.replace("none", "b@x.test"), &Options::default());
    assert_eq!(
        (&good[0].properties["=note"], &good[0].properties["phone"]),
        (&"=cmd|calc".into(), &"+4912".into())
    );
    // A new import takes the old one away; what is not ours is left alone.
    std::fs::write(&path, "email\nok@x.test\n").unwrap();
    assert_eq!(note(&path), None);
    assert!(!errors.exists());
    std::fs::write(&errors, "mine\n").unwrap();
    let columns = Import::open(&path, &Options::default(), now()).unwrap();
    assert!(ErrorsFile::beside(&path, columns.columns()).is_err());
}

#[test]
fn bank_leads_without_addresses_are_taken_in_to_the_last_row() {
    let corpus = "../../../shared/corpora/leads/uci-bank-marketing/bank-additional.csv";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(corpus);
    if !path.exists() {
        println!("skipped, 4119 cases");
        return;
    }
    let options = options(&["job=title", "y=-"], Some("row{n}@leads.test"), None);
    let mut import = Import::open(&path, &options, now()).unwrap();
    assert_eq!((import.delimiter(), import.columns().len()), (';', 21));
    let mut ids = std::collections::BTreeSet::new();
    for row in import.by_ref() {
        let Row::Lead(arrival) = row.unwrap() else { panic!("a bad row") };
        assert_eq!(
            arrival.properties.len(),
            21,
            "20 of 21 columns, and the address: {:?}",
            arrival.properties
        );
        assert!(arrival.properties.contains_key("title") && arrival.properties.contains_key("emp.var.rate"));
        assert!(ids.insert(arrival.message_id));
    }
    assert_eq!(ids.len(), 4119);
    assert!(import.position() > 0);
}

#[test]
fn a_large_file_is_read_in_small_parts() {
    let mut big = tempfile::NamedTempFile::new().unwrap();
    big.write_all(b"email,n\n").unwrap();
    for block in 0..200 {
        let block: String = (0..500).map(|n| format!("l{block}x{n}@x.test,{n}\n")).collect();
        big.write_all(block.as_bytes()).unwrap();
    }
    let mut import = Import::open(big.path(), &Options::default(), now()).unwrap();
    assert!(import.position() <= 64 * 1024, "only the beginning is held: {}", import.position());
    assert_eq!(import.by_ref().filter(|row| matches!(row, Ok(Row::Lead(_)))).count(), 100_000);
}

proptest::proptest! {
    #[test]
    fn whatever_is_in_a_file_nothing_breaks_and_nothing_is_shifted(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
        let mut text = b"email,a,b\n".to_vec();
        text.extend(bytes);
        let file = file(text);
        if let Ok(import) = Import::open(file.path(), &options(&["#1=email"], Some("row{n}@leads.test"), None), now()) {
            let width = import.columns().len();
            for row in import {
                if let Row::Bad(bad) = row.unwrap() {
                    proptest::prop_assert!(bad.record.len() != width || bad.reason.contains("e-mail") || bad.reason.contains("NUL"));
                }
            }
        }
    }
}
