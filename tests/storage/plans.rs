//! Questions that an index answers look at no table whole.

use rekindle_core::{
    arrival::{Arrival, Received},
    segment::Predicate,
};
use rekindle_tests::{
    on_both,
    stores::{Home, Shoulder},
};

use crate::house::House;
use crate::told::{Telling, identify, track};
use serde_json::json;

on_both!(what_an_index_answers_is_found_by_it, what_a_new_source_told_is_not_looked_through_for_each_call);

const LEADS: usize = 20_000;

/// Copies the one row of a table, with a number in the place of some columns.
async fn copies(shoulder: &Shoulder, table: &str, count: usize, others: &[(&str, String)]) {
    let columns = match shoulder.is_postgres() {
        true => format!(
            "SELECT column_name::text FROM information_schema.columns WHERE table_name = '{table}' ORDER BY 1"
        ),
        false => format!("SELECT name FROM pragma_table_info('{table}') ORDER BY 1"),
    };
    let columns: Vec<String> = shoulder.column(&columns).await;
    let from = |column: &String| {
        others
            .iter()
            .find(|(name, _)| name == column)
            .map_or_else(|| column.clone(), |(_, text)| text.clone())
    };
    let values: Vec<String> = columns.iter().map(from).collect();
    let text = format!(
        "INSERT INTO {table} ({}) SELECT {} FROM (SELECT * FROM {table} LIMIT 1) one, \
         (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) SELECT i FROM n) numbers",
        columns.join(", "),
        values.join(", ")
    );
    assert_eq!(shoulder.run(&text).await, count as u64);
}

async fn what_an_index_answers_is_found_by_it(home: Home) {
    let house = House::of(home).await;
    let shoulder = house.shoulder().await;
    let postgres = shoulder.is_postgres();
    let traits = json!({"email": "kim@acme.test", "country": "US", "company": "Acme"});
    house.tell(identify("kim", traits, house.now()).email("kim@acme.test")).await;
    shoulder.run("DELETE FROM activity").await;
    house.tell(track("page", "Page Viewed", house.now()).path("/").email("kim@acme.test")).await;
    let id = |prefix: &str| match postgres {
        true => format!("CAST('{prefix}' || lpad(to_hex(i), 31, '0') AS uuid)"),
        false => format!("unhex('{prefix}' || printf('%031x', i))"),
    };
    let told = r#"'{"country": ["c' || (i % 400) || '", " c "], "company": ["company ' || (i % 5000) || '", " company "]}'"#;
    let told = if postgres { format!("CAST({told} AS jsonb)") } else { told.to_owned() };
    let nothing = || "NULL".to_owned();
    let lead = [("id", id("1")), ("told", told), ("email", nothing()), ("address_hash", nothing())];
    copies(&shoulder, "lead", LEADS, &lead).await;
    let day = 86_400_000_000_i64;
    let activity = [
        ("id", id("2")),
        ("lead_id", id("1")),
        ("message_id", "'copy ' || i".to_owned()),
        ("name", "'Deed ' || (i % 300)".to_owned()),
        ("path", "'/page/' || (i % 300)".to_owned()),
        ("at", format!("at - (i % 300) * {day}")),
    ];
    copies(&shoulder, "activity", LEADS, &activity).await;
    shoulder.run("ANALYZE").await;

    let (segments, playbook, now) = (house.store.segments(), house.playbooks.current(), house.now());
    for (question, index, count) in [
        ("country in (c7, c8)", "ix_lead_country", 100),
        ("company = \"Company 77\" and not hot", "ix_lead_company", 4),
        ("did \"Deed 7\"", "ix_activity_name", 67),
        ("did \"Deed 7\" in last 14 days and score < 60", "ix_activity_name", 67),
        ("did \"Deed 7\" more than 7 days ago at least 1 time", "ix_activity_name", 67),
        ("viewed \"/page/11\"", "ix_activity_path", 67),
        ("viewed \"/Page/11*\" in last 200 days", "ix_activity_path", 737),
        ("clicked offer", "ix_activity_name", 0),
    ] {
        let asked: Predicate = question.parse().unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(segments.count(&asked, playbook, now).await.unwrap().leads, count, "{question}");
        let plan = segments.plan(&asked, playbook, now).await.unwrap().join("\n");
        assert!(plan.contains(index), "{question}\n{plan}");
        let of_deeds = index.starts_with("ix_activity");
        // SQLite is told of an empty join only; it looks at leads in their order.
        let whole: &[&str] = match (postgres, of_deeds) {
            (true, true) => &["Seq Scan on activity"],
            (true, false) => &["Seq Scan on lead"],
            (false, true) => &["SCAN a\n", "SCAN activity"],
            (false, false) => &["SCAN lead"],
        };
        assert!(!whole.iter().any(|scan| plan.contains(scan)), "{question}\n{plan}");
    }
}

/// A history was imported, and the statistics are of then; now the shop begins to tell.
async fn what_a_new_source_told_is_not_looked_through_for_each_call(home: Home) {
    let house = House::of(home).await;
    let shoulder = house.shoulder().await;
    let call = |id: &str| track(id, "Page Viewed", house.now()).email("kim@acme.test");
    house.tell(call("one")).await;
    let postgres = shoulder.is_postgres();
    let copy = |prefix: &str, source: &str| {
        let id = match postgres {
            true => format!("CAST('{prefix}' || lpad(to_hex(i), 31, '0') AS uuid)"),
            false => format!("unhex('{prefix}' || printf('%031x', i))"),
        };
        [("id", id), ("source", format!("'{source}'")), ("message_id", "'copy ' || i".to_owned())]
    };
    copies(&shoulder, "activity", LEADS, &copy("2", "import")).await;
    shoulder.run("DELETE FROM activity WHERE source = 'shop'").await;
    shoulder.run("ANALYZE").await;
    copies(&shoulder, "activity", 5_000, &copy("3", "shop")).await;

    let ids: Vec<String> = (4_995..5_005).map(|i| format!("copy {i}")).collect();
    let pairs: Vec<(&str, &str)> = ids.iter().map(|id| ("shop", id.as_str())).collect();
    let plan = house.store.leads().plan_of_stored(&pairs).await.unwrap().join("\n");
    assert!(plan.contains("ux_activity_message"), "{plan}");
    let by_both = if postgres { "message_id = \"*VALUES*\"" } else { "(source=? AND message_id=?)" };
    let whole = if postgres { "Seq Scan" } else { "SCAN a" };
    assert!(plan.contains(by_both) && !plan.contains(whole) && !plan.contains("Filter"), "{plan}");
    let group: Vec<Arrival> = ids.iter().map(|id| call(id)).collect();
    let known = house.tell_all(&group).await.iter().filter(|one| **one == Received::Duplicate).count();
    assert_eq!(known, 6, "what is known is found");
}
