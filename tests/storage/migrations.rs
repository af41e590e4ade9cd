//! The tables are made once, whoever comes first, and hold what the program keeps in them.

use rekindle_tests::{on_both, stores::Home};
use tokio::task::JoinSet;

on_both!(opening_twice_changes_nothing, six_open_a_fresh_database_at_once);

/// How many changes there are: one a file.
fn changes() -> i64 {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations/src");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
    files.filter(|file| file.to_str().is_some_and(|name| name.starts_with("m0"))).count().try_into().unwrap()
}

async fn opening_twice_changes_nothing(home: Home) {
    let first = home.open().await;
    let token = first.ring().offer_code(uuid::Uuid::from_u128(7));
    first.close().await.unwrap();
    let second = home.open().await;
    second.ping().await.unwrap();
    assert_eq!(second.ring().offer_code(uuid::Uuid::from_u128(7)), token, "the secrets are the same");
    let shoulder = home.shoulder().await;
    assert_eq!(shoulder.number("SELECT count(*) FROM seaql_migrations").await, changes());
}

async fn six_open_a_fresh_database_at_once(home: Home) {
    let home = std::sync::Arc::new(home);
    let mut opening = JoinSet::new();
    for _ in 0..6 {
        let home = home.clone();
        opening.spawn(async move { home.open().await });
    }
    let stores = opening.join_all().await;
    let codes: std::collections::HashSet<String> =
        stores.iter().map(|store| store.ring().offer_code(uuid::Uuid::from_u128(7))).collect();
    assert_eq!(codes.len(), 1, "all have the same secrets");
    let shoulder = home.shoulder().await;
    assert_eq!(shoulder.number("SELECT count(*) FROM seaql_migrations").await, changes());
    assert_eq!(shoulder.number("SELECT count(*) FROM secret").await, 1);
}
