//! F1: the worker is killed while it sends, 200 times at least, 50 times at least with a mail that may be on its way; a shorter
//! loop unless `REKINDLE_LONG` is set, since 200 lives take minutes, and many on a slow disk.

use std::time::Duration;

use rekindle_tests::{on_both, stores::Home};

use crate::dice::Dice;
use crate::house::{DELAYS, House};
use crate::victim::live_and_die;

/// How often it is killed, and how often at least with a mail on its way.
fn crashes_wanted() -> (usize, usize) {
    if std::env::var_os("REKINDLE_LONG").is_some() { (200, 50) } else { (60, 15) }
}

/// People taken in at a time; more come whenever few are left.
const WAVE: usize = 2_000;

on_both!(killed_many_times_it_sends_nothing_twice_and_loses_nothing_in_silence);

async fn killed_many_times_it_sends_nothing_twice_and_loses_nothing_in_silence(home: Home) {
    let (wanted, while_committing_wanted) = crashes_wanted();
    let seed = 20_261_102;
    let mut dice = Dice::seeded(seed);
    let mut house = House::on(home).await;
    let mut first_mails = Vec::new();
    let (mut crashes, mut while_committing, mut in_the_act) = (0, 0, 0);
    while crashes < wanted || while_committing < while_committing_wanted {
        assert!(crashes < 10 * wanted, "the worker dies, but hardly ever with a mail on its way");
        if house.left() < WAVE / 8 {
            house.launch_at(WAVE).await;
        }
        let delay = DELAYS[dice.roll(0..=DELAYS.len() as u64 - 1) as usize];
        house.relay.set_delay_before_250(Duration::from_millis(delay));
        first_mails.extend(live_and_die(house.worker(), &house.relay, &mut dice).await);
        crashes += 1;
        let committing = house.count("committing").await;
        while_committing += usize::from(committing > 0);
        in_the_act += usize::try_from(committing).expect("a count");
        // Where it stands still on another machine, this says where.
        if crashes % 20 == 0 {
            println!("{crashes} crashes, {} mails accepted, {} left", house.relay.count(), house.left());
        }
    }
    house.relay.set_delay_before_250(Duration::ZERO);
    house.finish_in_peace().await;
    let report = house.verdict(crashes).await;
    println!("seed {seed}: {report}; {while_committing} crashes with {in_the_act} mails committing");
    first_mails.sort_unstable();
    let (median, slowest) = (first_mails[first_mails.len() / 2], first_mails[first_mails.len() - 1]);
    println!("from the start to the first mail: {median:.0?} in the median, {slowest:.0?} at the most");
    report.must_hold();
    assert!(report.unknown > 0, "a kill with a mail on its way leaves what nobody knows: {report}");
}
