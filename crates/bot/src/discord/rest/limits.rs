//! Discord's rate limits, as its answers tell them: how many calls a bucket has left, and until when.
//!
//! A bucket is a route and its channel, guild or webhook, as serenity groups them. Discord also stops a bot
//! altogether, and above [`AT_ONCE`] calls in a second of itself.
//! Source: <https://discord.com/developers/docs/topics/rate-limits>.

use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use serenity::http::RatelimitingBucket;
use std::{collections::HashMap, time::Duration};

/// How many calls a bot may make in a second, whatever they are; somewhat fewer than Discord allows.
const AT_ONCE: u32 = 45;
/// How many buckets are kept before those that are over are dropped.
const MOST: usize = 1_000;
/// How long a limit lasts when Discord does not say.
const UNSAID: Duration = Duration::from_secs(5);

/// What is limited together: a route with its channel or guild and, of answers to an interaction, its token.
/// Such answers do not count against the limit of the bot.
pub(super) type Kind = (RatelimitingBucket, Option<String>);

/// What is left of each bucket. Times are those of the stopwatch.
#[derive(Debug, Default)]
pub(super) struct Limits {
    buckets: HashMap<Kind, Bucket>,
    /// Nothing is sent before it.
    stopped_until: Duration,
    /// The second that is counted, and the calls in it.
    second: (Duration, u32),
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    remaining: u32,
    reset: Duration,
}

impl Limits {
    /// Takes a call out of a bucket; if there is none left, how long until there is.
    pub(super) fn take(&mut self, kind: &Kind, now: Duration) -> Option<Duration> {
        let global = kind.1.is_none();
        if global {
            if now < self.stopped_until {
                return Some(self.stopped_until - now);
            }
            if now.saturating_sub(self.second.0) >= Duration::from_secs(1) {
                self.second = (now, 0);
            }
            if self.second.1 >= AT_ONCE {
                return Some(self.second.0 + Duration::from_secs(1) - now);
            }
        }
        if let Some(left) = self.buckets.get_mut(kind).filter(|left| now < left.reset) {
            if left.remaining == 0 {
                return Some(left.reset - now);
            }
            left.remaining -= 1;
        }
        self.second.1 += u32::from(global);
        None
    }

    /// Learns from an answer.
    pub(super) fn learn(
        &mut self,
        kind: Kind,
        headers: &HeaderMap,
        status: StatusCode,
        said: &Value,
        now: Duration,
    ) {
        if self.buckets.len() >= MOST {
            self.buckets.retain(|_, left| now < left.reset);
        }
        let header = |name: &str| headers.get(name)?.to_str().ok();
        let remaining = header("x-ratelimit-remaining").and_then(|left| left.parse().ok());
        let reset = header("x-ratelimit-reset-after").and_then(seconds);
        if status == StatusCode::TOO_MANY_REQUESTS {
            let until = now + retry_after(headers, said);
            match said["global"].as_bool().unwrap_or_default() || headers.contains_key("x-ratelimit-global") {
                true => self.stopped_until = self.stopped_until.max(until),
                false => drop(self.buckets.insert(kind, Bucket { remaining: 0, reset: until })),
            }
        } else if let (Some(remaining), Some(after)) = (remaining, reset) {
            let left = Bucket { remaining, reset: now + after };
            // Answers overtake each other: the fewest left is the truth until the reset.
            let known = self.buckets.get(&kind).filter(|known| now < known.reset);
            let remaining = known.map_or(remaining, |known| known.remaining.min(remaining));
            self.buckets.insert(kind, Bucket { remaining, ..left });
        }
    }
}

/// How long to wait after a 429: the body says it to the millisecond, the header in whole seconds.
pub(super) fn retry_after(headers: &HeaderMap, said: &Value) -> Duration {
    let body = said["retry_after"].as_f64().and_then(|after| Duration::try_from_secs_f64(after).ok());
    let header = || headers.get("retry-after")?.to_str().ok().and_then(seconds);
    body.or_else(header).unwrap_or(UNSAID)
}

fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use serenity::all::{ChannelId, Route};

    const AT: Duration = Duration::from_secs(100);

    fn channel(id: u64) -> Kind {
        (Route::ChannelMessages { channel_id: ChannelId::new(id) }.ratelimiting_bucket(), None)
    }

    fn headers(said: &[(&'static str, &str)]) -> HeaderMap {
        said.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_bucket_that_is_used_up_waits_for_its_reset_and_holds_up_no_other() {
        let mut limits = Limits::default();
        assert_eq!(limits.take(&channel(1), AT), None);
        let said = headers(&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset-after", "2.5")]);
        limits.learn(channel(1), &said, StatusCode::OK, &Value::Null, AT);
        assert_eq!(limits.take(&channel(1), AT), None);
        assert_eq!(limits.take(&channel(1), AT), Some(Duration::from_millis(2_500)));
        assert_eq!(limits.take(&channel(2), AT), None);
        assert_eq!(limits.take(&channel(1), AT + Duration::from_millis(2_500)), None);
    }

    #[test]
    fn an_answer_that_comes_late_gives_nothing_back() {
        let mut limits = Limits::default();
        for left in ["0", "4"] {
            let said = headers(&[("x-ratelimit-remaining", left), ("x-ratelimit-reset-after", "2")]);
            limits.learn(channel(1), &said, StatusCode::OK, &Value::Null, AT);
        }
        assert!(limits.take(&channel(1), AT).is_some());
    }

    #[test]
    fn a_429_stops_its_bucket_and_a_global_one_the_bot_but_not_its_answers() {
        let mut limits = Limits::default();
        let body = json!({"retry_after": 1.5, "global": false});
        limits.learn(channel(1), &HeaderMap::new(), StatusCode::TOO_MANY_REQUESTS, &body, AT);
        assert_eq!(limits.take(&channel(1), AT), Some(Duration::from_millis(1_500)));
        assert_eq!(limits.take(&channel(2), AT), None);
        let body = json!({"retry_after": 3, "global": true});
        limits.learn(channel(1), &HeaderMap::new(), StatusCode::TOO_MANY_REQUESTS, &body, AT);
        assert_eq!(limits.take(&channel(2), AT), Some(Duration::from_secs(3)));
        assert_eq!(limits.take(&(channel(2).0, Some("token".to_owned())), AT), None);
        let bare = headers(&[("retry-after", "7")]);
        assert_eq!(retry_after(&bare, &Value::Null), Duration::from_secs(7));
    }

    #[test]
    fn a_bot_keeps_below_its_own_limit() {
        let mut limits = Limits::default();
        let taken = (1..=60).filter(|id| limits.take(&channel(*id), AT).is_none()).count();
        assert_eq!(taken, AT_ONCE as usize);
        assert_eq!(limits.take(&channel(99), AT + Duration::from_secs(1)), None);
    }
}
