//! A recording SMTP server for tests: what it accepted is on record, and it misbehaves as the recipient's name says.
//!
//! It is the only witness of "at most once": a mail counts as accepted from the moment its line is in the record, which is
//! before the 250 is said, as it is with a real server. Modes are chosen by the recipient's local part up to `+`:
//!
//! | local part | what happens |
//! |---|---|
//! | `temp450`, `perm550`, `perm5711` | RCPT is refused |
//! | `busy421` | RCPT is answered 421 and the connection closed |
//! | `grey-2s` | 450 until two seconds after the first try |
//! | `stall-354` | DATA is never answered |
//! | `drop-after-data` | 354, then the connection is closed: not accepted |
//! | `temp451-at-dot`, `perm554-at-dot` | the dot is refused: not accepted |
//! | `drop-at-dot` | closed when the dot came: not accepted |
//! | `drop-before-250` | **accepted**, then closed without a word |
//! | `slow250-30s`, `slow250-50ms` | accepted, and the 250 comes that much later |
//! | `slowloris` | accepted, and the 250 comes letter by letter |
//! | `multi-line`, `8bit` | accepted, with a 250 of several lines, or with letters outside ASCII |
//! | anything else | accepted |

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// How the server behaves for everybody.
#[derive(Debug, Clone)]
pub struct Options {
    /// Append a JSON line for each accepted mail to this file.
    pub log: Option<PathBuf>,
    /// Sync the log before the 250, so that the record outlives a kill of this process and of the machine.
    pub sync: bool,
    /// Keep the messages themselves, too.
    pub keep_messages: bool,
    /// Wait this long before each 250 to a dot. Accepted mails are on record before the wait.
    pub delay_before_250: Duration,
    /// Close the connection instead of saying 250, for each n-th accepted mail.
    pub drop_every: Option<u64>,
    /// Do not offer PIPELINING in EHLO.
    pub lockstep: bool,
    /// Offer DSN in EHLO (RFC 3461).
    pub offer_dsn: bool,
    /// Offer STARTTLS in EHLO, although it is not there: for testing that nobody goes on without it.
    pub offer_starttls: bool,
    /// Want AUTH PLAIN with exactly this (base64 of `\0user\0password`) before MAIL.
    pub auth_plain: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            log: None,
            sync: false,
            keep_messages: true,
            delay_before_250: Duration::ZERO,
            drop_every: None,
            lockstep: false,
            offer_dsn: false,
            offer_starttls: false,
            auth_plain: None,
        }
    }
}

/// One mail on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The Message-ID without its angle brackets; empty if there is none.
    pub message_id: String,
    /// The envelope's sender.
    pub mail_from: String,
    /// The envelope's recipient.
    pub rcpt: String,
    /// What MAIL and RCPT said behind their addresses.
    pub parameters: [String; 2],
    /// The number of the session, from 1.
    pub session: u64,
    /// When, in milliseconds of Unix time.
    pub at: u64,
    /// When its body was asked for (354), in microseconds of Unix time: the sender's gate comes after that.
    pub begun: u64,
    /// How many bytes, dots unstuffed.
    pub bytes: usize,
    /// A hash of the bytes (FNV-1a), to tell whether a retry is the same mail.
    pub hash: String,
}

/// A server on a free port of this machine. Dropping the last handle stops it.
#[derive(Clone)]
pub struct RecordingServer {
    record: Arc<Record>,
    address: SocketAddr,
    _running: Arc<JoinSet<()>>,
}

impl RecordingServer {
    /// Starts one that behaves.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// Starts one.
    pub async fn start_with(options: Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port on loopback");
        let address = listener.local_addr().expect("a bound listener has an address");
        let record = Arc::new(Record::new(options).expect("the log can be opened"));
        let mut running = JoinSet::new();
        running.spawn(accept(listener, Arc::clone(&record)));
        Self { record, address, _running: Arc::new(running) }
    }

    /// `smtp://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything accepted so far, in order.
    pub fn accepted(&self) -> Vec<Accepted> {
        self.record.book().accepted.clone()
    }

    /// How many were accepted.
    pub fn count(&self) -> usize {
        self.record.book().accepted.len()
    }

    /// The accepted messages, in order, dots unstuffed; empty if they are not kept.
    pub fn messages(&self) -> Vec<Vec<u8>> {
        self.record.book().messages.clone()
    }

    /// Message-IDs accepted more than once: what must never be.
    pub fn doubled(&self) -> Vec<String> {
        let mut seen = HashSet::new();
        let book = self.record.book();
        let mut doubled: Vec<_> = book
            .accepted
            .iter()
            .filter(|a| !seen.insert(&a.message_id))
            .map(|a| a.message_id.clone())
            .collect();
        doubled.dedup();
        doubled
    }

    /// How many connections were made so far.
    pub fn sessions(&self) -> u64 {
        self.record.sessions.load(Ordering::SeqCst)
    }

    /// How many bodies were begun and given up by the client before their dot.
    pub fn discarded(&self) -> u64 {
        self.record.discarded.load(Ordering::SeqCst)
    }

    /// Changes the wait before each 250.
    pub fn set_delay_before_250(&self, delay: Duration) {
        self.record.book().options.delay_before_250 = delay;
    }

    /// From now on every new connection is greeted with 421 and closed; or no longer.
    pub fn set_busy(&self, busy: bool) {
        self.record.busy.store(busy, Ordering::SeqCst);
    }

    /// Waits until at least `count` mails are on record; `false` if that takes longer than `at_most`.
    pub async fn wait_for(&self, count: usize, at_most: Duration) -> bool {
        let enough = async {
            loop {
                let news = self.record.news.notified();
                tokio::pin!(news);
                news.as_mut().enable();
                if self.count() >= count {
                    return;
                }
                news.await;
            }
        };
        timeout(at_most, enough).await.is_ok()
    }
}

/// Serves a listener until the task is dropped: the whole of a tiny program around this file.
pub async fn serve(listener: TcpListener, options: Options) -> io::Result<()> {
    let record = Arc::new(Record::new(options)?);
    accept(listener, record).await;
    Ok(())
}

struct Record {
    book: Mutex<Book>,
    sessions: AtomicU64,
    discarded: AtomicU64,
    busy: AtomicBool,
    news: Notify,
}

struct Book {
    options: Options,
    log: Option<File>,
    accepted: Vec<Accepted>,
    messages: Vec<Vec<u8>>,
    grey: HashMap<String, Instant>,
}

impl Record {
    fn new(options: Options) -> io::Result<Self> {
        let log = options
            .log
            .as_ref()
            .map(|path| File::options().create(true).append(true).open(path))
            .transpose()?;
        let book = Book { options, log, accepted: Vec::new(), messages: Vec::new(), grey: HashMap::new() };
        Ok(Self {
            book: Mutex::new(book),
            sessions: AtomicU64::new(0),
            discarded: AtomicU64::new(0),
            busy: AtomicBool::new(false),
            news: Notify::new(),
        })
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a mail on record, and says whether its 250 is to be swallowed.
    fn accept(
        &self,
        of: &Conversation,
        begun: u64,
        envelope: (&str, &str),
        message: Vec<u8>,
    ) -> io::Result<bool> {
        let accepted = Accepted {
            message_id: message_id(&message),
            parameters: of.parameters.clone(),
            mail_from: envelope.0.to_owned(),
            rcpt: envelope.1.to_owned(),
            session: of.session,
            at: unix_micros() / 1000,
            begun,
            bytes: message.len(),
            hash: fnv(&message),
        };
        let mut book = self.book();
        let sync = book.options.sync;
        if let Some(log) = &mut book.log {
            let line = serde_json::json!({
                "message_id": accepted.message_id, "mail_from": accepted.mail_from, "rcpt": accepted.rcpt,
                "session": accepted.session, "at": accepted.at, "bytes": accepted.bytes, "hash": accepted.hash,
            });
            // One write, so that a kill leaves a whole line or none.
            log.write_all(format!("{line}\n").as_bytes())?;
            if sync {
                log.sync_data()?;
            }
        }
        book.accepted.push(accepted);
        if book.options.keep_messages {
            book.messages.push(message);
        }
        let swallow = book.options.drop_every.is_some_and(|n| (book.accepted.len() as u64).is_multiple_of(n));
        drop(book);
        self.news.notify_waiters();
        Ok(swallow)
    }

    /// Whether a grey-listed recipient must still wait.
    fn still_grey(&self, rcpt: &str, wait: Duration) -> bool {
        let mut book = self.book();
        let first = *book.grey.entry(rcpt.to_owned()).or_insert_with(Instant::now);
        first.elapsed() < wait
    }
}

async fn accept(listener: TcpListener, record: Arc<Record>) {
    let mut conversations = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let session = record.sessions.fetch_add(1, Ordering::SeqCst) + 1;
                    let record = Arc::clone(&record);
                    conversations.spawn(async move {
                        // A client that hangs up is no failure of the server.
                        let parameters = Default::default();
                        let _ = Conversation { stream, heard: Vec::new(), record, session, parameters }.hold().await;
                    });
                }
                Err(_) => sleep(Duration::from_millis(10)).await,
            },
            Some(_) = conversations.join_next(), if !conversations.is_empty() => {}
        }
    }
}

struct Conversation {
    stream: TcpStream,
    heard: Vec<u8>,
    record: Arc<Record>,
    session: u64,
    parameters: [String; 2],
}

impl Conversation {
    async fn hold(mut self) -> io::Result<()> {
        self.stream.set_nodelay(true)?;
        if self.record.busy.load(Ordering::SeqCst) {
            return self.say("421 4.3.2 too busy, come back later").await;
        }
        self.say("220 recorder.test ESMTP").await?;
        let (mut mail_from, mut rcpt) = (None::<String>, None::<String>);
        let mut known = self.record.book().options.auth_plain.is_none();
        while let Some(line) = self.line().await? {
            let verb = line.get(..4).unwrap_or(&line).to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => {
                    let Options { lockstep, offer_dsn, offer_starttls, auth_plain, .. } =
                        self.record.book().options.clone();
                    let pipelining = if lockstep { "" } else { "250-PIPELINING\r\n" };
                    let dsn = if offer_dsn { "250-DSN\r\n" } else { "" };
                    let starttls = if offer_starttls { "250-STARTTLS\r\n" } else { "" };
                    let auth = if auth_plain.is_some() { "250-AUTH PLAIN\r\n" } else { "" };
                    let offers =
                        format!("{pipelining}{dsn}250-8BITMIME\r\n{starttls}{auth}250-SIZE 52428800");
                    self.say(&format!("250-recorder.test\r\n{offers}\r\n250 ENHANCEDSTATUSCODES")).await?;
                }
                "AUTH" => {
                    let wanted = self.record.book().options.auth_plain.clone();
                    known = wanted.is_some_and(|w| line.split_whitespace().nth(2) == Some(w.as_str()));
                    self.say(if known {
                        "235 2.7.0 welcome"
                    } else {
                        "535 5.7.8 wrong user name or password"
                    })
                    .await?;
                }
                "MAIL" if !known => self.say("530 5.7.0 who are you?").await?,
                "HELO" | "NOOP" => self.say("250 2.0.0 fine").await?,
                "RSET" => {
                    (mail_from, rcpt) = (None, None);
                    self.say("250 2.0.0 forgotten").await?;
                }
                "STAR" => return self.say("454 4.7.0 TLS is not there").await,
                "MAIL" if mail_from.is_some() => self.say("503 5.5.1 one MAIL at a time").await?,
                "MAIL" => {
                    self.parameters[0] = parameters(&line);
                    mail_from = Some(address(&line));
                    self.say("250 2.1.0 sender fine").await?;
                }
                "RCPT" if mail_from.is_none() => self.say("503 5.5.1 MAIL first").await?,
                "RCPT" => {
                    let to = address(&line);
                    self.parameters[1] = parameters(&line);
                    match self.refusal(&to) {
                        Some(no) => {
                            self.say(no).await?;
                            if no.starts_with("421") {
                                return Ok(());
                            }
                        }
                        None => {
                            rcpt = Some(to);
                            self.say("250 2.1.5 recipient fine").await?;
                        }
                    }
                }
                "DATA" => match (mail_from.take(), rcpt.take()) {
                    (Some(from), Some(to)) => {
                        if !self.data(&from, &to).await? {
                            return Ok(());
                        }
                    }
                    _ => self.say("503 5.5.1 MAIL and RCPT first").await?,
                },
                "QUIT" => return self.say("221 2.0.0 bye").await,
                _ => self.say("502 5.5.2 not known here").await?,
            }
        }
        Ok(())
    }

    /// From DATA to the answer to the dot; `false` ends the conversation.
    async fn data(&mut self, from: &str, to: &str) -> io::Result<bool> {
        let mode = mode_of(to).to_owned();
        if mode == "stall-354" {
            while self.line().await?.is_some() {}
            return Ok(false);
        }
        let begun = unix_micros();
        self.say("354 go on").await?;
        if mode == "drop-after-data" {
            return Ok(false);
        }
        let Some(message) = self.body().await? else {
            self.record.discarded.fetch_add(1, Ordering::SeqCst);
            return Ok(false);
        };
        match mode.as_str() {
            "temp451-at-dot" => return self.say("451 4.3.0 not now").await.map(|()| true),
            "perm554-at-dot" => return self.say("554 5.7.1 not this mail").await.map(|()| true),
            "drop-at-dot" => return Ok(false),
            _ => {}
        }
        if self.record.accept(self, begun, (from, to), message)? || mode == "drop-before-250" {
            return Ok(false);
        }
        let wait = mode
            .strip_prefix("slow250-")
            .and_then(duration)
            .unwrap_or(self.record.book().options.delay_before_250);
        if !wait.is_zero() {
            sleep(wait).await;
        }
        let id = format!("r{}-{}", self.session, self.record.book().accepted.len());
        match mode.as_str() {
            "multi-line" => {
                self.say(&format!("250-2.0.0 Ok\r\n250-2.0.0 thank you\r\n250 2.0.0 queued as {id}")).await?;
            }
            "8bit" => self.say(&format!("250 2.0.0 Übernommen, queued as {id}")).await?,
            "slowloris" => {
                for byte in format!("250 2.0.0 Ok: queued as {id}\r\n").bytes() {
                    self.stream.write_all(&[byte]).await?;
                    sleep(Duration::from_millis(20)).await;
                }
            }
            _ => self.say(&format!("250 2.0.0 Ok: queued as {id}")).await?,
        }
        Ok(true)
    }

    fn refusal(&self, to: &str) -> Option<&'static str> {
        let mode = mode_of(to);
        if let Some(wait) = mode.strip_prefix("grey-").and_then(duration) {
            return self.record.still_grey(to, wait).then_some("450 4.2.0 greylisted, try again later");
        }
        match mode {
            "temp450" => Some("450 4.2.1 mailbox busy"),
            "perm550" => Some("550 5.1.1 no such person here"),
            "perm5711" => Some("550 5.7.11 refused by policy"),
            "busy421" => Some("421 4.7.0 too many mails from you"),
            _ => None,
        }
    }

    async fn say(&mut self, words: &str) -> io::Result<()> {
        self.stream.write_all(format!("{words}\r\n").as_bytes()).await
    }

    /// The next line, without its end; `None` once the client hung up.
    async fn line(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = self.heard.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.heard.drain(..=end).collect();
                return Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()));
            }
            if self.stream.read_buf(&mut self.heard).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// The body up to its dot, dots unstuffed; `None` if the client hung up before it, and then nothing was accepted (RFC 5321, 4.1.1.4).
    async fn body(&mut self) -> io::Result<Option<Vec<u8>>> {
        const DOT: &[u8] = b"\r\n.\r\n";
        let mut looked = 0;
        self.heard.reserve(64 * 1024);
        loop {
            // Mostly the dot is the last thing there; a client that pipelines sends on at once.
            let end = if self.heard.ends_with(DOT) {
                Some(self.heard.len() - DOT.len())
            } else {
                self.heard[looked..].windows(DOT.len()).position(|w| w == DOT).map(|at| looked + at)
            };
            if let Some(end) = end {
                let rest = self.heard.split_off(end + DOT.len());
                let mut body = std::mem::replace(&mut self.heard, rest);
                body.truncate(end + 2);
                return Ok(Some(unstuff(body)));
            }
            looked = self.heard.len().saturating_sub(DOT.len() - 1);
            if self.stream.read_buf(&mut self.heard).await? == 0 {
                return Ok(None);
            }
        }
    }
}

fn unstuff(body: Vec<u8>) -> Vec<u8> {
    if !body.starts_with(b".") && !body.windows(3).any(|w| w == b"\n..") {
        return body;
    }
    let unstuffed = body.split_inclusive(|b| *b == b'\n').map(|line| line.strip_prefix(b".").unwrap_or(line));
    unstuffed.collect::<Vec<_>>().concat()
}

fn mode_of(address: &str) -> &str {
    address.split(['+', '@']).next().unwrap_or("")
}

fn address(command: &str) -> String {
    let inside = command.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or("", |(address, _)| address).to_owned()
}

fn parameters(command: &str) -> String {
    command.split_once('>').map_or("", |(_, behind)| behind).trim().to_owned()
}

/// "30s" or "50ms".
fn duration(text: &str) -> Option<Duration> {
    match text.strip_suffix("ms") {
        Some(millis) => millis.parse().ok().map(Duration::from_millis),
        None => text.strip_suffix('s')?.parse().ok().map(Duration::from_secs),
    }
}

fn message_id(message: &[u8]) -> String {
    let head = &message[..message.len().min(16 * 1024)];
    let head = String::from_utf8_lossy(head);
    let line = head
        .lines()
        .take_while(|l| !l.is_empty())
        .find(|l| l.to_ascii_lowercase().starts_with("message-id:"));
    line.map_or("", |l| l["message-id:".len()..].trim()).trim_matches(['<', '>']).to_owned()
}

fn fnv(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[expect(
    clippy::disallowed_methods,
    reason = "the witness has its own watch: it must not believe the clock of what it watches"
)]
/// Now, in microseconds of Unix time.
pub fn unix_micros() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_micros() as u64)
}
