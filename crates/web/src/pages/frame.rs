//! What every page of the team begins with: who is signed in, what time it is, and whether it is a demo's.

use super::{door::signed_out_page, saying::lasting};
use crate::Doors;
use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use rekindle_core::team::Member;

/// The member who asks. Whoever is none is shown the way in.
pub(super) struct SignedIn(pub(super) Member);

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        match parts.extensions.get::<Member>() {
            Some(member) if member.active => Ok(Self(member.clone())),
            _ => Err((StatusCode::UNAUTHORIZED, signed_out_page()).into_response()),
        }
    }
}

/// The top of the page.
pub(super) struct Frame {
    pub(super) name: String,
    pub(super) role: &'static str,
    pub(super) now: String,
    pub(super) demo: String,
}

impl Frame {
    /// As this member sees it now.
    pub(super) fn of(doors: &Doors, member: &Member) -> Self {
        let clock = doors.store.clock();
        let now = clock.calendar().with_timezone(&doors.settings.zone);
        Self {
            name: member.name.clone(),
            role: member.role.word(),
            now: now.format("%a %-d %b %Y, %H:%M").to_string(),
            demo: match doors.settings.demo {
                true => demo(clock.speed()),
                false => String::new(),
            },
        }
    }
}

/// How fast the calendar runs, in words.
fn demo(speed: f64) -> String {
    if speed <= 1.0 {
        return "demo".to_owned();
    }
    let day = 86_400.0 / speed;
    match day {
        day if day < 1.0 => format!("demo: {:.0} days a second", speed / 86_400.0),
        day => format!("demo: a day every {}", lasting(day.round() as i64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_speed_of_a_demo_is_said_in_days() {
        assert_eq!(demo(43_200.0), "demo: a day every 2 s");
        assert_eq!(demo(1_440.0), "demo: a day every 1 min");
        assert_eq!(demo(864_000.0), "demo: 10 days a second");
        assert_eq!(demo(1.0), "demo");
    }
}
