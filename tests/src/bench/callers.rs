//! Callers of the intake: many connections that each say one `track` call after another and wait for
//! its answer. The requests are made by hand, so that little of the machine goes into asking.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine;
use rekindle_core::time::SharedClock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What is called, and how.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) address: SocketAddr,
    /// The write key.
    pub(crate) key: String,
    pub(crate) connections: usize,
    /// How long new calls are begun.
    pub(crate) time: Duration,
    /// The leads that the calls are about are `lead-0` to this.
    pub(crate) leads: usize,
    /// No two plans of one database have the same.
    pub(crate) seed: u64,
}

/// What the callers saw.
pub(crate) struct Heard {
    /// From the first word to the last answer.
    pub(crate) took: Duration,
    /// From a call to its answer, the shortest first.
    pub(crate) waits: Vec<Duration>,
    /// Answers that were not 200.
    pub(crate) refused: usize,
}

impl Heard {
    /// The wait that this share of all calls stayed below.
    pub(crate) fn wait(&self, share: f64) -> Duration {
        let last = self.waits.len().saturating_sub(1);
        self.waits.get((last as f64 * share) as usize).copied().unwrap_or_default()
    }

    /// Of rounds, one after the other, what the callers saw in all.
    pub(crate) fn of_all(rounds: Vec<Self>) -> Self {
        let mut all = Self { took: Duration::ZERO, waits: Vec::new(), refused: 0 };
        for round in rounds {
            all.took += round.took;
            all.waits.extend(round.waits);
            all.refused += round.refused;
        }
        all.waits.sort_unstable();
        all
    }
}

/// Makes calls, in a thread of its own: the callers do not wait for the tasks of the server.
pub(crate) async fn call(plan: Plan, clock: SharedClock) -> io::Result<Heard> {
    let work = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(call_all(&plan, &clock))
    };
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

async fn call_all(plan: &Plan, clock: &SharedClock) -> io::Result<Heard> {
    let next = Cell::new(0);
    let waits = RefCell::new(Vec::new());
    let refused = Cell::new(0);
    let credentials = base64::engine::general_purpose::STANDARD.encode(format!("{}:", plan.key));
    let at = clock.calendar().to_rfc3339();
    let mut sockets = Vec::with_capacity(plan.connections);
    for _ in 0..plan.connections {
        let socket = TcpStream::connect(plan.address).await?;
        socket.set_nodelay(true)?;
        sockets.push(socket);
    }
    let began = clock.stopwatch();
    let callers = sockets.into_iter().map(|mut socket| {
        let (next, waits, refused, credentials, at) = (&next, &waits, &refused, &credentials, &at);
        async move {
            let mut answer = Vec::with_capacity(1024);
            while clock.stopwatch() - began < plan.time {
                let number = next.replace(next.get() + 1);
                let request = request(plan, number, credentials, at);
                let asked = clock.stopwatch();
                socket.write_all(request.as_bytes()).await?;
                let good = is_200(&mut socket, &mut answer).await?;
                waits.borrow_mut().push(clock.stopwatch() - asked);
                refused.set(refused.get() + usize::from(!good));
            }
            io::Result::Ok(())
        }
    });
    futures_util::future::try_join_all(callers).await?;
    let took = clock.stopwatch() - began;
    let mut waits = waits.into_inner();
    waits.sort_unstable();
    Ok(Heard { took, waits, refused: refused.get() })
}

/// One call. Of ten events one is an e-book, one the pricing page, and eight count for no score.
fn request(plan: &Plan, number: usize, credentials: &str, at: &str) -> String {
    let chance = scattered(plan.seed.wrapping_mul(1 << 32) + number as u64);
    let lead = chance as usize % plan.leads;
    let event = match (chance >> 40) % 10 {
        0 => "E-book Downloaded",
        1 => "Pricing Viewed",
        2..=4 => "Report Exported",
        _ => "Feature Used",
    };
    // As random as a client's, so that the index of known calls is hit all over.
    let message = format!("{:016x}{:016x}", chance, scattered(chance));
    let body = format!(
        r#"{{"userId":"lead-{lead}","event":"{event}","messageId":"{message}","timestamp":"{at}","properties":{{"plan":"team","seats":12,"where":"app/reports"}},"context":{{"library":{{"name":"analytics-node","version":"2.2.0"}}}}}}"#
    );
    format!(
        "POST /v1/track HTTP/1.1\r\nHost: bench\r\nAuthorization: Basic {credentials}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// SplitMix64: numbers in a row become numbers all over.
fn scattered(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Reads one whole answer.
async fn is_200(socket: &mut TcpStream, answer: &mut Vec<u8>) -> io::Result<bool> {
    answer.clear();
    loop {
        if socket.read_buf(answer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
            let length = content_length(&answer[..head]).ok_or(io::ErrorKind::InvalidData)?;
            if answer.len() >= head + 4 + length {
                return Ok(answer.starts_with(b"HTTP/1.1 200 "));
            }
        }
    }
}

fn content_length(head: &[u8]) -> Option<usize> {
    let head = std::str::from_utf8(head).ok()?;
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    })
}
