//! One story for each sign, and the person who shows none.

use super::*;

const BROWSER: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

fn at(seconds: i64) -> Moment {
    Moment::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

/// A click on link 1 of mail and person `whose`, by an ordinary browser at an address of its own.
fn click(whose: u128, seconds: i64) -> Fetch {
    Fetch {
        id: Uuid::from_u128(whose << 64 | u128::from(seconds.unsigned_abs())),
        delivery: DeliveryId(Uuid::from_u128(whose)),
        lead: LeadId(Uuid::from_u128(whose)),
        what: Fetched::Link,
        destination: Some(1),
        head: false,
        at: at(seconds),
        agent: Some(BROWSER.to_owned()),
        from: Some(IpAddr::from([192, 0, 2, whose as u8])),
    }
}

fn sign(click: &Fetch, others: &[Fetch]) -> Option<Sign> {
    let mut around = others.to_vec();
    around.push(click.clone());
    around.sort_by_key(|fetch| fetch.at);
    sign_of(click, &around, Some(at(0)))
}

#[test]
fn a_person_shows_no_sign() {
    let one = click(1, 3_600);
    assert_eq!(sign(&one, &[]), None);
    assert_eq!(sign(&one, &[click(1, 3_605)]), None, "pressed twice");
    let other = Fetch { destination: Some(2), ..click(1, 3_611) };
    assert_eq!(sign(&one, &[other]), None, "another link, when the first was read");
    assert_eq!(sign_of(&one, std::slice::from_ref(&one), None), None, "nobody knows whether it was taken");
    assert_eq!(sign(&Fetch { from: None, ..one.clone() }, &[]), None);
}

#[test]
fn m2_a_head_an_unknown_name_and_who_comes_too_soon_are_machines() {
    let one = click(1, 3_600);
    assert_eq!(sign(&Fetch { head: true, ..one.clone() }, &[]), Some(Sign::Head));
    assert_eq!(sign(&Fetch { agent: None, ..one.clone() }, &[]), Some(Sign::Agent));
    assert_eq!(sign(&Fetch { agent: Some("curl/8".to_owned()), ..one }, &[]), Some(Sign::Agent));
    assert_eq!(sign(&click(1, 19), &[]), Some(Sign::TooSoon));
    assert_eq!(sign(&click(1, 20), &[]), None);
    assert_eq!(
        sign(&Fetch { at: at(-5), ..click(1, 5) }, &[]),
        Some(Sign::TooSoon),
        "before the 250 was heard"
    );
}

#[test]
fn m2_several_addresses_of_a_mail_at_once_are_a_machines() {
    let one = click(1, 3_600);
    let burst = |what, destination, seconds| Fetch { what, destination, ..click(1, seconds) };
    assert_eq!(sign(&one, &[burst(Fetched::Link, Some(2), 3_610)]), Some(Sign::Burst));
    assert_eq!(sign(&one, &[burst(Fetched::Link, Some(2), 3_590)]), Some(Sign::Burst));
    assert_eq!(sign(&one, &[burst(Fetched::WayOut, None, 3_601)]), Some(Sign::Burst));
    assert_eq!(
        sign(&one, &[burst(Fetched::Link, Some(1), 3_608), burst(Fetched::Link, Some(2), 3_616)]),
        Some(Sign::Burst),
        "no member of a burst stays behind as the one click of a person"
    );
    let of_another = Fetch { destination: Some(2), ..click(2, 3_600) };
    assert_eq!(sign(&one, &[of_another]), None, "another person's mail");
}

#[test]
fn m2_who_takes_the_bait_is_a_machine_and_so_is_its_network() {
    let one = click(1, 7_200);
    let bait = |whose, seconds| Fetch { what: Fetched::Bait, destination: None, ..click(whose, seconds) };
    let far = Fetch { from: Some(IpAddr::from([198, 51, 100, 7])), ..bait(1, 7_700) };
    assert_eq!(sign(&one, &[far]), Some(Sign::Bait), "the same mail, from anywhere");
    assert_eq!(sign(&one, &[bait(2, 3_700)]), Some(Sign::Bait), "another mail, from the same /24");
    assert_eq!(sign(&one, &[bait(2, 3_500)]), None, "long ago");
    let elsewhere = Fetch { from: Some(IpAddr::from([198, 51, 100, 7])), ..bait(2, 7_200) };
    assert_eq!(sign(&one, &[elsewhere]), None);
}

#[test]
fn m2_the_mails_of_three_people_within_a_minute_are_a_machines() {
    let same = |whose, seconds| Fetch { from: click(1, 0).from, ..click(whose, seconds) };
    let one = click(1, 3_600);
    assert_eq!(sign(&one, &[same(2, 3_630), same(3, 3_660)]), Some(Sign::Spray));
    assert_eq!(sign(&one, &[same(2, 3_630), same(3, 3_661)]), None, "the third a minute later");
    assert_eq!(sign(&one, &[same(2, 3_630), same(2, 3_640)]), None, "two people");
    assert_eq!(sign(&one, &[click(2, 3_630), click(3, 3_640)]), None, "each at an address of their own");
}

#[test]
fn networks_are_told_as_far_as_one_machine_spreads() {
    let network = |text: &str| network_of(text.parse().unwrap());
    assert_eq!(network("203.0.113.77"), "203.0.113.0/24");
    assert_eq!(network("::ffff:203.0.113.77"), "203.0.113.0/24");
    assert_eq!(network("2001:db8:7:9::1"), "2001:db8:7::/48");
}

#[test]
fn m1_who_opens_is_told_as_far_as_it_can_be() {
    let open = |agent: &str, seconds| opener_of(Some(agent), at(seconds), Some(at(0)));
    assert_eq!(open(BROWSER, 60), Opener::HumanLikely);
    assert_eq!(open(BROWSER, 5), Opener::Machine);
    assert_eq!(open("Mozilla/5.0", 60), Opener::Proxy);
    let google = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)";
    assert_eq!(open(google, 1), Opener::Proxy);
    assert_eq!(
        open("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", 60),
        Opener::Proxy
    );
    assert_eq!(open("curl/8", 60), Opener::Machine);
    assert_eq!(opener_of(None, at(60), Some(at(0))), Opener::Machine);
    assert_eq!(opener_of(Some(BROWSER), at(60), None), Opener::Unknown);
}
