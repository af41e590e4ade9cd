//! The demo: a sample company in a throwaway folder, a day every two seconds, the whole product in a minute.
//!
//! The invented leads act only through the product's doors: the intake API, and the links in the
//! mails they get. No row is written behind its back.

mod leads;
mod world;

use crate::{
    args,
    config::Config,
    exit::{Doing, Done, Halt, say},
    house::House,
    up::{self, Which},
};
use chrono::{Datelike, TimeDelta};
use rekindle_core::{
    activity::Trust,
    team::Role,
    time::{Clock, Moment},
};
use rekindle_storage::keys::WriteKey;
use std::{net::SocketAddr, path::Path, sync::Arc};
use world::World;

/// Runs the demo until a signal. `data` is the folder to use, where one was named.
///
/// # Errors
/// What opening the doors says.
pub async fn run(mut config: Config, options: &args::Demo, data: Option<&Path>) -> Done {
    let folder = tempfile::Builder::new().prefix("rekindle-demo-").tempdir().doing("make a folder")?;
    let data = data.unwrap_or(folder.path());
    if options.listen.is_none() {
        config.listen_at(free_address(config.web.listen)?);
    }
    config.run_at(options.speed)?;
    let clock = Arc::new(crate::clock::SystemClock::new(Some(monday(config.clock().wall())), options.speed));
    let house = House::open_with(config, data, clock).await?;
    let doing = "set up the demo";
    let store = &house.store;
    let ana = store.team().add("Ana", Role::Admin).await.doing(doing)?;
    store.team().add("Ben", Role::Sales).await.doing(doing)?;
    let key = WriteKey {
        name: "demo".to_owned(),
        trust: Trust::Server,
        origins: Vec::new(),
        basis: Some("asked for our webinar".to_owned()),
    };
    let key = store.keys().make(key).await.doing(doing)?;
    let listener = up::bind(&house, Which::ALL).await?;
    let mut signals = up::Signals::hear()?;
    let running = up::open(&house, Which::ALL, listener).await?;
    let link = up::sign_in_link(&house, &ana).await?;
    say(format_args!(
        "\nA sample company has opened in {}; a day passes every {:.1} seconds.\n\n  {link}\n\n\
         signs you in as Ana: watch the console, and claim Kim when she turns hot. Mail is at {}/mail.\n\
         Ctrl-C ends it, and nothing stays behind.\n",
        data.display(),
        86_400.0 / options.speed,
        house.config.public_url(),
    ));
    if !options.no_open && open::that_detached(&link).is_err() {
        say("No browser could be opened: open the link above.");
    }
    let world = World::new(&house, &key).doing(doing)?;
    tokio::select! {
        lived = world.live() => {
            lived.doing("let the leads live")?;
            say("That was a month. It goes on until Ctrl-C.");
            signals.next().await;
        }
        () = signals.next() => {}
    }
    running.stop().await;
    Ok(())
}

/// The Monday morning before: the month begins with working days.
fn monday(wall: Moment) -> Moment {
    let days = i64::from(wall.weekday().num_days_from_monday());
    let midnight = wall - (wall - wall.date_naive().and_time(chrono::NaiveTime::MIN).and_utc());
    midnight - TimeDelta::days(days) + TimeDelta::hours(7)
}

/// The wanted address, or a free port where that is taken.
fn free_address(wanted: SocketAddr) -> Result<SocketAddr, Halt> {
    let taken = std::net::TcpListener::bind(wanted);
    let listener = match taken {
        Ok(listener) => listener,
        Err(_) => std::net::TcpListener::bind((wanted.ip(), 0)).doing("find a free port")?,
    };
    listener.local_addr().doing("find a free port")
}
