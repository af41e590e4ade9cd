//! How fast intake, outbox and questions are, as ratios of things measured in the same run. `./bench` prepares
//! the machine and starts this; see docs/performance.md for what the figures mean.

#[path = "../bench/bases.rs"]
mod bases;
#[path = "../bench/callers.rs"]
mod callers;
#[path = "../bench/campaign.rs"]
mod campaign;
#[path = "../bench/composing.rs"]
mod composing;
#[path = "../bench/intake.rs"]
mod intake;
#[path = "../bench/mails.rs"]
mod mails;
#[path = "../bench/outbox.rs"]
mod outbox;
#[path = "../bench/rescoring.rs"]
mod rescoring;
#[path = "../bench/segments.rs"]
mod segments;
#[path = "../bench/table.rs"]
mod table;

use std::collections::HashMap;
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use rekindle::clock::SystemClock;
use rekindle_core::time::SharedClock;

/// A private key of 2048 bits that signs nothing but tests.
const RSA: &str = include_str!("../../../crates/mail/tests/lawful/rsa.pem");

/// What goes wrong here goes to who started it, in words.
type Measured<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The words `name=value` that `./bench` calls this with.
struct Orders(HashMap<String, String>);

impl Orders {
    fn read() -> Self {
        let pairs = std::env::args().skip(1).filter_map(|word| {
            let (name, value) = word.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        });
        Self(pairs.collect())
    }

    fn text(&self, name: &str) -> Measured<&str> {
        Ok(self.0.get(name).ok_or_else(|| format!("{name}=… is missing: start this by ./bench"))?)
    }

    fn number(&self, name: &str) -> Measured<usize> {
        let text = self.text(name)?;
        Ok(text.parse().map_err(|_| format!("{name}={text} is no number"))?)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match measure(&Orders::read()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bench: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(orders: &Orders) -> Measured<()> {
    let clock: SharedClock = Arc::new(SystemClock::new(None, 1.0));
    let what = orders.text("what")?;
    if matches!(what, "all" | "composing") {
        let seconds = std::time::Duration::from_secs(orders.number("seconds")? as u64);
        composing::measure(orders.number("rounds")?, seconds, RSA, &clock)?;
    }
    if matches!(what, "all" | "intake") {
        intake::measure(orders, &clock).await?;
    }
    if matches!(what, "all" | "segments") {
        segments::measure(orders, &clock).await?;
    }
    if matches!(what, "all" | "rescoring") {
        rescoring::measure(orders, &clock).await?;
    }
    if matches!(what, "all" | "campaign") {
        campaign::measure(orders, &clock).await?;
    }
    if matches!(what, "all" | "outbox") {
        outbox::measure(orders, &clock).await?;
    }
    Ok(())
}
