//! F22: the worker is asked to stop while it sends; it leaves nothing half done and nothing unknown.

use rekindle_tests::{on_both, stores::Home};
use tokio::time::sleep;

use crate::dice::Dice;
use crate::house::House;
use crate::victim::first_mail;

const STOPS: usize = 20;

on_both!(asked_to_stop_20_times_it_leaves_nothing_half_done);

async fn asked_to_stop_20_times_it_leaves_nothing_half_done(home: Home) {
    let mut dice = Dice::seeded(22);
    let mut house = House::on(home).await;
    for stop in 1..=STOPS {
        if house.left() < 300 {
            house.launch_at(1_500).await;
        }
        let mut worker = house.worker();
        first_mail(&mut worker, &house.relay).await;
        sleep(dice.millis(0..=300)).await;
        assert_eq!(worker.terminate().await, Some(0), "stop {stop}");
        let look = house.look().await;
        let half_done = look
            .words("SELECT state FROM delivery WHERE state IN ('claimed', 'committing', 'unknown') OR (state = 'pending' AND attempt > 0)")
            .await;
        assert_eq!(half_done, Vec::<String>::new(), "stop {stop}");
        let sent = look.number("SELECT count(*) FROM delivery WHERE state = 'sent'").await;
        look.away().await;
        assert_eq!(
            usize::try_from(sent),
            Ok(house.relay.count()),
            "what was accepted is sent, at stop {stop}"
        );
    }
    house.finish_in_peace().await;
    let report = house.verdict(0).await;
    println!("{STOPS} stops in peace: {report}");
    report.must_hold();
}
