//! Webhooks out: what is told to the operator's own program, how it knows that we said it, and how long we try.
//!
//! Source: Standard Webhooks, <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>.

mod body;

pub use body::{about, render};

use crate::{chat::Secret, time::Moment};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What is told.
pub mod events {
    /// A lead has shown the code of their offer to themselves.
    pub const TAKEN: &str = "offer.taken";
    /// The code of an offer was used.
    pub const REDEEMED: &str = "offer.redeemed";
    /// A lead was put on a list for advertising.
    pub const JOINED: &str = "audience.joined";
    /// A lead was taken off a list for advertising.
    pub const LEFT: &str = "audience.left";
}

/// How long we wait after each try that failed; then as long as after the last.
const WAITS: [TimeDelta; 6] = [
    TimeDelta::seconds(5),
    TimeDelta::minutes(5),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(5),
    TimeDelta::hours(10),
];
/// After this it is given up.
const GIVEN_UP_AFTER: TimeDelta = TimeDelta::days(5);

/// When a call is tried again that has failed so many times; never after five days. `jitter` is between 0 and 1, so that many that failed
/// at once do not come back at once.
pub fn again_at(failed: usize, created_at: Moment, now: Moment, jitter: f64) -> Option<Moment> {
    let wait = WAITS[failed.clamp(1, WAITS.len()) - 1];
    let spread =
        TimeDelta::milliseconds((wait.num_milliseconds() as f64 * 0.2 * jitter.clamp(0.0, 1.0)) as i64);
    let at = now + wait + spread;
    (at - created_at <= GIVEN_UP_AFTER).then_some(at)
}

/// The bytes of a secret as Standard Webhooks writes it: `whsec_` and base64 of 24 to 64 bytes.
pub fn key_of(secret: &Secret) -> Option<Vec<u8>> {
    let encoded = secret.reveal().strip_prefix("whsec_")?;
    STANDARD.decode(encoded).ok().filter(|key| (24..=64).contains(&key.len()))
}

/// The header `webhook-signature`: version and MAC of id, time and body.
pub fn signature(key: &[u8], id: &str, timestamp: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the reference libraries (standard-webhooks/libraries, test vectors).
    #[test]
    fn the_signature_is_that_of_the_standard() {
        let key = key_of(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned())).unwrap();
        let made = signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(made, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        for bad in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_short", "whsec_!!!"] {
            assert_eq!(key_of(&Secret::new(bad.to_owned())), None, "{bad}");
        }
    }

    #[test]
    fn it_is_tried_less_and_less_often_and_given_up_after_five_days() {
        let created = Moment::UNIX_EPOCH;
        let (mut now, mut tries) = (created, 1);
        let mut waits = Vec::new();
        while let Some(at) = again_at(tries, created, now, 0.0) {
            waits.push((at - now).num_seconds());
            now = at;
            tries += 1;
        }
        assert_eq!(waits[..7], [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]);
        assert!(now - created <= GIVEN_UP_AFTER && now - created > TimeDelta::days(4), "{now}");
        let late = again_at(1, created, created, 1.0).unwrap() - created;
        assert_eq!(late, TimeDelta::seconds(6));
    }
}
