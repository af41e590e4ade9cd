//! The curve of what was said and what happened, before a real browser: in the console as an answer, and on the dashboard.

use super::chromium::Chromium;
use crate::stage::{On, Stage};
use rekindle_storage::Store;
use rekindle_tests::{clock::ManualClock, models};
use serde_json::json;
use std::sync::Arc;

/// Where the dots lie, from the left and from the top, as parts of the picture.
const DOTS: &str = "const frame = document.querySelector('.picture:has(.dot)').getBoundingClientRect();
return [...document.querySelectorAll('.picture .dot')].map(dot => {
    const place = dot.getBoundingClientRect();
    return [(place.left + place.width / 2 - frame.left) / frame.width, (place.top + place.height / 2 - frame.top) / frame.height];
});";

#[tokio::test(flavor = "multi_thread")]
async fn the_curve_is_drawn_where_it_is_asked_for_and_on_the_dashboard() {
    let stage = Stage::new(On::Postgres);
    let up = stage.program.start(&["up"]).await;
    let clock = Arc::new(ManualClock::at("2026-11-26T09:00:00Z".parse().unwrap()));
    models::kept(&Store::open(stage.database_url(), clock).await.unwrap()).await;
    let chromium = Chromium::start(&stage.place("chromium")).await;
    let ana = chromium.tab("ana", &stage.member("Ana", "sales").await).await;

    ana.type_in("#composer", "/report score\n").await;
    ana.wait_for("[data-private] .drawn .dot").await;
    let beside = ana.text("[data-private] .text").await;
    assert!(beside.contains("AUC 0.81") && !beside.contains("| said"), "{beside}");
    let legend = ana.text("[data-private] figcaption").await;
    assert!(legend.starts_with("Each dot is a share"), "{legend}");
    rises_from_left_to_right(&ana.run(DOTS).await);

    ana.go(&up.at("/")).await;
    ana.wait_for("#calibration .dot").await;
    rises_from_left_to_right(&ana.run(DOTS).await);
    assert_eq!(ana.complaints().await, Vec::<String>::new());
    ana.close().await;
}

/// Of ten dots each lies to the right of the one before and not below it, and all within the picture.
fn rises_from_left_to_right(dots: &serde_json::Value) {
    let dots: Vec<[f64; 2]> = serde_json::from_value(dots.clone()).unwrap();
    assert_eq!(dots.len(), 10, "{}", json!(dots));
    assert!(dots.iter().flatten().all(|part| (0.0..=1.0).contains(part)), "{dots:?}");
    assert!(dots.windows(2).all(|pair| pair[0][0] < pair[1][0] && pair[0][1] >= pair[1][1]), "{dots:?}");
}
