//! One session with an SMTP relay, one mail at a time, cut in two where the outbox needs it: before the dot and at the dot.
//!
//! [`Session::begin`] goes as far as the server's 354; the caller then commits its intent; [`Session::finish`] sends body
//! and dot. After a 354 nothing but the body may be said: to give up, drop the session, and the server discards what it has
//! (RFC 5321, 4.1.1.4). A session knows nothing of retries; it says what happened and the caller decides.

mod relay;
mod stream;
mod tls;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, MailParameter, RcptParameter};
use lettre::transport::smtp::response::Response;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

pub use self::relay::{Limits, Relay, RelayError, Tls};
use self::stream::{GuardedStream, Progress, Stage};
use crate::outcome::{ConnectError, DotOutcome, Fence, Refusal};

/// How long a good-bye may take. Nobody needs its answer.
const GOOD_BYE: Duration = Duration::from_secs(5);

/// A connection to a relay on which mails are handed over, one after another.
pub struct Session {
    connection: AsyncSmtpConnection,
    progress: Arc<Progress>,
    state: State,
    /// Whether MAIL, RCPT and DATA may be said in one breath (PIPELINING, RFC 2920).
    pipelines: bool,
    encrypted: bool,
    /// Whether the envelope may say by which name its reports come back (DSN, RFC 3461).
    reports: bool,
    limits: Limits,
}

/// Where the conversation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A mail may begin.
    Ready,
    /// A mail was refused half-way; RSET comes before the next.
    Stained,
    /// The server said 354 and waits for a body.
    AwaitsBody,
    /// Nothing more may be said; also while a question is under way, so that one given up leaves it so.
    Over,
}

impl Session {
    /// Connects, encrypts and logs in, as the relay's address says.
    pub async fn connect(relay: &Relay) -> Result<Self, ConnectError> {
        let seconds = relay.limits.connect.as_secs();
        timeout(relay.limits.connect, Self::open(relay))
            .await
            .unwrap_or_else(|_| Err(ConnectError::TimedOut { relay: relay.to_string(), seconds }))
    }

    async fn open(relay: &Relay) -> Result<Self, ConnectError> {
        let hello = relay.hello.clone().map_or_else(ClientId::default, ClientId::Domain);
        let progress = Arc::new(Progress::default());
        progress.listen();
        let tcp = open_tcp(relay).await?;
        let peer = tcp.peer_addr().map_err(|e| unreachable(relay, &e))?;
        // Once we have said EHLO ourselves, no greeting comes for lettre to read: it is given one.
        const GREETING: &[u8] = b"220 greeted before\r\n";
        let guarded = Arc::clone(&progress);
        let (stream, encrypted): (Box<dyn AsyncTokioStream>, bool) = match relay.tls {
            Tls::None => (Box::new(GuardedStream::new(tcp, peer, false, guarded)), false),
            Tls::Implicit => {
                let tls = tls::encrypt(tcp, relay).await?;
                (Box::new(GuardedStream::new(tls, peer, true, guarded)), true)
            }
            Tls::Opportunistic | Tls::Required => match tls::start(tcp, relay, &hello.to_string()).await? {
                tls::Asked::Encrypted(tls) => {
                    (Box::new(GuardedStream::new(*tls, peer, true, guarded).after_hearing(GREETING)), true)
                }
                tls::Asked::Plain(tcp) => {
                    (Box::new(GuardedStream::new(tcp, peer, false, guarded).after_hearing(GREETING)), false)
                }
            },
        };
        let mut connection = AsyncSmtpConnection::connect_with_transport(stream, &hello)
            .await
            .map_err(|e| turned_away(relay, e))?;
        if let Some((user, password)) = &relay.login {
            let login = Credentials::new(user.clone(), password.clone());
            connection
                .auth(&[Mechanism::Plain, Mechanism::Login], &login)
                .await
                .map_err(|e| ConnectError::Auth { relay: relay.to_string(), why: e.to_string() })?;
        }
        let offers = progress.offers();
        let has = |extension: &str| offers.iter().any(|offer| offer == extension);
        let (pipelines, reports) = (has("PIPELINING"), has("DSN"));
        Ok(Self {
            connection,
            progress,
            state: State::Ready,
            pipelines,
            encrypted,
            reports,
            limits: relay.limits,
        })
    }

    /// Whether what is said on it is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Whether another mail may begin on this session.
    pub fn is_reusable(&self) -> bool {
        matches!(self.state, State::Ready | State::Stained)
    }

    /// Says MAIL, RCPT and DATA, and returns once the server said 354. An empty `mail_from` is the null sender.
    ///
    /// After a refusal the session may be used on, unless [`is_reusable`](Self::is_reusable) says no. After `Ok`, only
    /// [`finish`](Self::finish) or dropping the session may follow.
    pub async fn begin(&mut self, mail_from: &str, rcpt: &str) -> Result<(), Refusal> {
        match self.state {
            State::Ready | State::Stained => {}
            State::AwaitsBody => {
                self.state = State::Over;
                return Err(Refusal::Broken("a mail was begun and not finished on this session".into()));
            }
            State::Over => return Err(Refusal::Broken("the session is over".into())),
        }
        let from = match mail_from {
            "" => None,
            written => Some(envelope_address(written)?),
        };
        let to = envelope_address(rcpt)?;
        let mut steps = Vec::with_capacity(4);
        if self.state == State::Stained {
            steps.push(("RSET", "RSET\r\n".to_owned(), 200..300));
        }
        let (of_mail, of_rcpt) = match self.reports {
            true => (named(mail_from), vec![parameter("ORCPT", format!("rfc822;{rcpt}"))]),
            false => (vec![], vec![]),
        };
        steps.push(("MAIL", Mail::new(from, of_mail).to_string(), 200..300));
        steps.push(("RCPT", Rcpt::new(to, of_rcpt).to_string(), 200..300));
        steps.push(("DATA", Data.to_string(), 354..355));
        match self.pipelines {
            true => self.begin_at_once(steps).await?,
            false => {
                for (name, command, good) in steps {
                    self.exchange(Some(command), name, good).await?;
                }
            }
        }
        self.state = State::AwaitsBody;
        Ok(())
    }

    /// All in one breath, then the answers, one for each (RFC 2920, 3.1). The first refusal is the mail's.
    async fn begin_at_once(
        &mut self,
        steps: Vec<(&'static str, String, std::ops::Range<u16>)>,
    ) -> Result<(), Refusal> {
        let mut breath = Some(steps.iter().map(|(_, command, _)| command.as_str()).collect::<String>());
        let mut refused = None;
        for (name, _, good) in steps {
            match self.exchange(breath.take(), name, good).await {
                Ok(()) => {}
                Err(refusal) if self.state == State::Over => return Err(refused.unwrap_or(refusal)),
                Err(refusal) => drop(refused.get_or_insert(refusal)),
            }
        }
        let Some(refusal) = refused else { return Ok(()) };
        // A 354 behind a refusal: the server waits for a body that nobody gets, and every word would be it.
        self.state = if self.state == State::Ready { State::Over } else { State::Stained };
        Err(refusal)
    }

    /// Sends the body and, if `fence` is still open then, the dot, and says what became of it.
    ///
    /// `message` is what [`compose`](crate::compose::compose) made. Giving this future up (dropping it) leaves the fate
    /// of the mail untold: treat it as [`DotOutcome::Unknown`]. After `NotBegun` and `Unknown` the session is over; drop it.
    pub async fn finish(&mut self, message: &[u8], fence: &Fence) -> DotOutcome {
        if self.state != State::AwaitsBody {
            return DotOutcome::NotBegun("the server has not asked for a body".into());
        }
        self.state = State::Over;
        self.progress.expect_body(fence.clone());
        // lettre ends the last line itself; without this the server would get one line more than was frozen.
        let message = message.strip_suffix(b"\r\n").unwrap_or(message);
        let answer = {
            let mut sending = std::pin::pin!(self.connection.message(message));
            let start = Instant::now();
            let mut until = start + self.limits.answer.min(self.limits.dot);
            loop {
                match timeout_at(until, &mut sending).await {
                    Ok(answer) => break Some(answer),
                    // Which limit holds depends on whether the dot is under way, which only the stream knows.
                    Err(_) => {
                        until = self
                            .progress
                            .dot_begun()
                            .map_or(start + self.limits.answer, |begun| begun + self.limits.dot);
                        if until <= Instant::now() {
                            break None;
                        }
                    }
                }
            }
        };
        self.judge(answer)
    }

    fn judge(&mut self, answer: Option<Result<Response, lettre::transport::smtp::Error>>) -> DotOutcome {
        let stage = self.progress.stage();
        let error = match answer {
            Some(Ok(response)) => {
                let (code, text) = words(&response);
                if !(200..300).contains(&code) {
                    return DotOutcome::Unknown(format!("the server answered the dot with {code} {text}"));
                }
                self.settle(State::Ready);
                return DotOutcome::Accepted { code, relay_id: relay_id(&text), text };
            }
            Some(Err(e)) => match refusal(&e) {
                Refusal::Temporary { code, text } => {
                    self.settle(if code == 421 { State::Over } else { State::Stained });
                    return DotOutcome::Temporary { code, text };
                }
                Refusal::Permanent { code, text } => {
                    self.settle(State::Stained);
                    return DotOutcome::Permanent { code, text };
                }
                Refusal::Broken(why) => why,
            },
            None => "no answer in time".to_owned(),
        };
        match stage {
            Stage::DotBegun(_) => DotOutcome::Unknown(format!("the dot was sent, then: {error}")),
            Stage::Fenced => DotOutcome::NotBegun("the fence closed before the dot".into()),
            Stage::Talking | Stage::Body(_) | Stage::DotDue(_) => {
                DotOutcome::NotBegun(format!("before the dot: {error}"))
            }
        }
    }

    fn settle(&mut self, state: State) {
        self.progress.talk();
        self.state = state;
    }

    /// Gives a begun mail up: the socket is closed without a word, and the server discards the mail. Never QUIT here: it would be body.
    pub fn drop_without_dot(self) {
        drop(self);
    }

    /// Says good-bye, if anything may still be said, and closes.
    pub async fn quit(mut self) {
        if self.is_reusable() {
            let _ = timeout(GOOD_BYE, self.connection.quit()).await;
        }
    }

    /// How many flushes were made so far: for each mail one for MAIL, RCPT and DATA where the server pipelines, otherwise
    /// three; one for the body, one for the dot.
    pub fn flushes(&self) -> u64 {
        self.progress.flushes()
    }

    /// Says something, if there is something to say, and hears one answer.
    async fn exchange(
        &mut self,
        command: Option<String>,
        name: &str,
        good: std::ops::Range<u16>,
    ) -> Result<(), Refusal> {
        self.state = State::Over;
        let exchange = async {
            match command {
                Some(command) => self.connection.command(command).await,
                None => self.connection.read_response().await,
            }
        };
        let answer = match timeout(self.limits.answer, exchange).await {
            Ok(answer) => answer,
            Err(_) => {
                return Err(Refusal::Broken(format!(
                    "no answer to {name} within {} s",
                    self.limits.answer.as_secs()
                )));
            }
        };
        match answer {
            Ok(response) => {
                let (code, text) = words(&response);
                if !good.contains(&code) {
                    return Err(Refusal::Broken(format!("the server answered {name} with {code} {text}")));
                }
                self.state = State::Ready;
                Ok(())
            }
            Err(e) => {
                let refusal = refusal(&e);
                if !matches!(refusal, Refusal::Broken(_) | Refusal::Temporary { code: 421, .. }) {
                    self.state = State::Stained;
                }
                Err(refusal)
            }
        }
    }
}

/// Opens the connection with TCP_NODELAY: without it, each mail waits 40 ms for a delayed acknowledgement between body and dot.
async fn open_tcp(relay: &Relay) -> Result<TcpStream, ConnectError> {
    let tcp =
        TcpStream::connect((relay.host.as_str(), relay.port)).await.map_err(|e| unreachable(relay, &e))?;
    tcp.set_nodelay(true).map_err(|e| unreachable(relay, &e))?;
    Ok(tcp)
}

fn unreachable(relay: &Relay, why: &std::io::Error) -> ConnectError {
    ConnectError::Unreachable { relay: relay.to_string(), why: why.to_string() }
}

fn turned_away(relay: &Relay, error: lettre::transport::smtp::Error) -> ConnectError {
    let relay = relay.to_string();
    match refusal(&error) {
        Refusal::Temporary { code, text } | Refusal::Permanent { code, text } => {
            ConnectError::TurnedAway { relay, code, text }
        }
        Refusal::Broken(why) => ConnectError::Unreachable { relay, why },
    }
}

/// By which name reports on this envelope come back (rule E7): the token of its address, `b+TOKEN@…`, is also its ENVID. Of
/// what could not be delivered, its head is enough. lettre writes the values as RFC 3461 has them (xtext).
fn named(mail_from: &str) -> Vec<MailParameter> {
    let token =
        mail_from.split_once('@').and_then(|(local, _)| local.split_once('+')).map(|(_, token)| token);
    let other = |keyword: &str, value: String| MailParameter::Other {
        keyword: keyword.to_owned(),
        value: Some(value),
    };
    let Some(token) = token else { return Vec::new() };
    vec![other("RET", "HDRS".to_owned()), other("ENVID", token.to_owned())]
}

fn parameter(keyword: &str, value: String) -> RcptParameter {
    RcptParameter::Other { keyword: keyword.to_owned(), value: Some(value) }
}

/// An address we cannot put into an envelope will not become better by waiting, so it is refused for good, in the server's stead.
fn envelope_address(written: &str) -> Result<Address, Refusal> {
    let bad = || Refusal::Permanent {
        code: 553,
        text: format!("“{}” cannot stand in a mail envelope", written.escape_debug()),
    };
    if !written.bytes().all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>') {
        return Err(bad());
    }
    Address::from_str(written).map_err(|_| bad())
}

fn words(response: &Response) -> (u16, String) {
    (response.code().into(), response.message().collect::<Vec<_>>().join(" "))
}

fn refusal(error: &lettre::transport::smtp::Error) -> Refusal {
    use std::error::Error as _;
    let text = error.source().map(ToString::to_string).unwrap_or_default();
    match error.status() {
        Some(code) if error.is_permanent() => Refusal::Permanent { code: code.into(), text },
        Some(code) => Refusal::Temporary { code: code.into(), text },
        None => Refusal::Broken(error.to_string()),
    }
}

/// The relay's own id in its words: Postfix and most others "queued as X", Exim "id=X", SES and SendGrid "Ok X" or "Ok: X".
fn relay_id(text: &str) -> Option<String> {
    let after = |mark: &str| {
        let at = text.to_ascii_lowercase().find(mark)?;
        text[at + mark.len()..].split_whitespace().next()
    };
    let id = after("queued as ").or_else(|| after("id=")).or_else(|| {
        let rest = after("ok ").or_else(|| after("ok: "))?;
        rest.contains(|c: char| c.is_ascii_digit()).then_some(rest)
    })?;
    let id: String = id.trim_matches(|c: char| !c.is_ascii_alphanumeric()).chars().take(200).collect();
    (!id.is_empty()).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_socket_does_not_wait_to_fill_packets() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay = Relay::parse(&format!("smtp://{}", listener.local_addr().unwrap())).unwrap();
        assert!(open_tcp(&relay).await.unwrap().nodelay().unwrap());
    }

    #[test]
    fn the_relays_own_id_is_found_in_its_words() {
        for (text, id) in [
            ("2.0.0 Ok: queued as 4XkQz12Bc", Some("4XkQz12Bc")),
            ("OK id=1tAbCd-0001-Xy", Some("1tAbCd-0001-Xy")),
            ("Ok 0100018f3c2a-1234-000000", Some("0100018f3c2a-1234-000000")),
            ("Ok: queued as <A1B2>", Some("A1B2")),
            ("2.0.0 Ok thanks", None),
            ("fine", None),
        ] {
            assert_eq!(relay_id(text).as_deref(), id, "{text}");
        }
    }

    #[test]
    fn an_address_that_would_break_the_envelope_is_refused_for_good() {
        for bad in
            ["a@b.test\r\nRCPT TO:<x@y>", "a b@c.test", "zoë@c.test", "a@bücher.test", "<a@b.test>", "no-at"]
        {
            assert!(matches!(envelope_address(bad), Err(Refusal::Permanent { code: 553, .. })), "{bad}");
        }
        assert!(envelope_address("b+token@bounce.acme.test").is_ok());
    }
}
