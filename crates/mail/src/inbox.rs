//! The mailbox to which answers and bounces come: one folder of an IMAP server (RFC 3501, RFC 2177).
//!
//! A [`Session`] says which messages stand from a place on, hands their bytes over, and marks those that were dealt with. It
//! knows nothing of what they mean, and changes no message by itself: a person may read the same folder.

mod address;

use std::{fmt::Debug, time::Duration};

use async_imap::extensions::idle::IdleResponse;
use async_imap::types::Fetch;
use async_imap::{Client, error::Error};
use futures_util::TryStreamExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

pub use address::{Inbox, InboxAddressError, Tls};

/// More of a message is not read (threats 4.3.5).
pub const MOST: u32 = 5 * 1024 * 1024;
/// How long the server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the server is listened to in one breath: RFC 2177 has it hang up after 29 minutes.
const LISTENS: Duration = Duration::from_secs(25 * 60);
/// How often a server is asked that does not tell by itself.
const ASKS: Duration = Duration::from_secs(60);

/// Why the mailbox cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InboxError {
    /// No connection, or it broke.
    #[error("the mailbox at {0} cannot be reached: {1}")]
    Unreachable(String, String),
    /// No safe connection.
    #[error("no safe connection with the mailbox at {0}: {1}")]
    Unsafe(String, String),
    /// User and password are not taken.
    #[error("the mailbox at {0} does not take user and password: {1}")]
    Login(String, String),
    /// There is no such folder.
    #[error("the mailbox at {0} has no folder “{1}”: {2}")]
    Folder(String, String, String),
}

/// What is under an IMAP session: a socket, encrypted or not.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send + Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Debug> Wire for T {}

/// A folder, opened.
pub struct Session {
    imap: async_imap::Session<Box<dyn Wire>>,
    place: String,
    handled: Option<String>,
    /// Grows when the server has counted its messages anew: numbers from before mean nothing any more.
    validity: u32,
    /// Whether it tells by itself that something came (IDLE).
    tells: bool,
    /// Whether a message can be moved in one step (RFC 6851).
    moves: bool,
}

impl Session {
    /// Connects, encrypts, logs in and opens the folder, as the address says.
    ///
    /// # Errors
    /// What of that the server did not let us do.
    pub async fn open(inbox: &Inbox) -> Result<Self, InboxError> {
        let late = || Err(InboxError::Unreachable(inbox.to_string(), "no answer in time".to_owned()));
        timeout(PATIENCE, Self::begin(inbox)).await.unwrap_or_else(|_| late())
    }

    async fn begin(inbox: &Inbox) -> Result<Self, InboxError> {
        let place = inbox.to_string();
        let unreachable = |why: String| InboxError::Unreachable(place.clone(), why);
        let tcp = TcpStream::connect((inbox.host.as_str(), inbox.port)).await;
        let tcp = tcp.map_err(|e| unreachable(e.to_string()))?;
        let unsafe_because = |why: String| InboxError::Unsafe(place.clone(), why);
        let encrypt = async |tcp| {
            crate::tls::encrypt(tcp, &inbox.host, &inbox.tls_config).await.map_err(unsafe_because)
        };
        let wire: Box<dyn Wire> = match inbox.tls {
            Tls::None => Box::new(tcp),
            Tls::Implicit => Box::new(encrypt(tcp).await?),
            Tls::Required => {
                let mut client = greeted(Client::new(tcp)).await.map_err(&unreachable)?;
                let started = client.run_command_and_check_ok("STARTTLS", None).await;
                started.map_err(|e| unsafe_because(e.to_string()))?;
                // What was said behind the answer is forgotten with the client: it was not said under TLS.
                Box::new(encrypt(client.into_inner()).await?)
            }
        };
        let client = Client::new(wire);
        let client = match inbox.tls {
            Tls::Required => client,
            Tls::None | Tls::Implicit => greeted(client).await.map_err(&unreachable)?,
        };
        let (user, password) = &inbox.login;
        let mut imap = client
            .login(user, password)
            .await
            .map_err(|(e, _)| InboxError::Login(place.clone(), e.to_string()))?;
        let capabilities = imap.capabilities().await.map_err(|e| unreachable(e.to_string()))?;
        let (tells, moves) = (capabilities.has_str("IDLE"), capabilities.has_str("MOVE"));
        if let Some(folder) = &inbox.handled {
            // It may be there; where it cannot be made, the first message that goes there says so.
            let _ = imap.create(folder).await;
        }
        let opened = imap.select(&inbox.folder).await;
        let opened =
            opened.map_err(|e| InboxError::Folder(place.clone(), inbox.folder.clone(), e.to_string()))?;
        let validity = opened.uid_validity.unwrap_or_default();
        Ok(Self { imap, place, handled: inbox.handled.clone(), validity, tells, moves })
    }

    /// The count in which the numbers of messages are meant (UIDVALIDITY).
    pub fn validity(&self) -> u32 {
        self.validity
    }

    /// The numbers of the messages from one on, in their order.
    ///
    /// # Errors
    /// [`InboxError::Unreachable`].
    pub async fn since(&mut self, first: u32) -> Result<Vec<u32>, InboxError> {
        let found = in_time(&self.place, self.imap.uid_search(format!("UID {first}:*"))).await?;
        // "5:*" names the last message even where its number is 3.
        let mut numbers: Vec<u32> = found.into_iter().filter(|number| *number >= first).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The bytes of a message, at most [`MOST`] of them; `None` when it is gone. It stays as unread as it was.
    ///
    /// # Errors
    /// [`InboxError::Unreachable`].
    pub async fn fetch(&mut self, number: u32) -> Result<Option<Vec<u8>>, InboxError> {
        let what = format!("(UID BODY.PEEK[]<0.{MOST}>)");
        let fetching = async { self.imap.uid_fetch(number.to_string(), what).await?.try_collect().await };
        let fetched: Vec<Fetch> = in_time(&self.place, fetching).await?;
        let message = fetched.iter().find(|one| one.uid == Some(number));
        Ok(message.and_then(|one| one.body()).map(<[u8]>::to_vec))
    }

    /// A message was dealt with: it is marked as read, and moved where such messages go.
    ///
    /// # Errors
    /// [`InboxError::Unreachable`]; also where there is no such folder.
    pub async fn handled(&mut self, number: u32) -> Result<(), InboxError> {
        self.flag(number, "\\Seen").await?;
        let Some(folder) = &self.handled else { return Ok(()) };
        let message = number.to_string();
        if self.moves {
            return in_time(&self.place, self.imap.uid_mv(&message, folder)).await;
        }
        in_time(&self.place, self.imap.uid_copy(&message, folder)).await?;
        self.flag(number, "\\Deleted").await?;
        let expunging = async { self.imap.uid_expunge(&message).await?.try_collect::<Vec<u32>>().await };
        in_time(&self.place, expunging).await.map(drop)
    }

    /// A message could not be dealt with: it stands out for whoever looks.
    ///
    /// # Errors
    /// [`InboxError::Unreachable`].
    pub async fn set_aside(&mut self, number: u32) -> Result<(), InboxError> {
        self.flag(number, "\\Flagged").await
    }

    async fn flag(&mut self, number: u32, flag: &str) -> Result<(), InboxError> {
        let flags = format!("+FLAGS ({flag})");
        let storing =
            async { self.imap.uid_store(number.to_string(), flags).await?.try_collect::<Vec<Fetch>>().await };
        in_time(&self.place, storing).await.map(drop)
    }

    /// Waits until something may have come; the session goes on with what is returned.
    ///
    /// # Errors
    /// [`InboxError::Unreachable`].
    pub async fn wait(mut self) -> Result<Self, InboxError> {
        if !self.tells {
            sleep(ASKS).await;
            in_time(&self.place, self.imap.noop()).await?;
            return Ok(self);
        }
        let Self { imap, place, handled, validity, tells, moves } = self;
        let mut idle = imap.idle();
        in_time(&place, idle.init()).await?;
        {
            // The server says now and then that it is there; that would put the end off for ever.
            let (told, _interrupt) = idle.wait_with_timeout(LISTENS);
            match timeout(LISTENS, told).await {
                Ok(Ok(IdleResponse::ManualInterrupt)) => {
                    return Err(InboxError::Unreachable(place.clone(), "it hung up".to_owned()));
                }
                Ok(Ok(IdleResponse::Timeout | IdleResponse::NewData(_))) | Err(_) => {}
                Ok(Err(error)) => return Err(InboxError::Unreachable(place.clone(), said(&error))),
            }
        }
        let imap = in_time(&place, idle.done()).await?;
        Ok(Self { imap, place, handled, validity, tells, moves })
    }

    /// Says good-bye.
    pub async fn close(mut self) {
        let _ = timeout(Duration::from_secs(5), self.imap.logout()).await;
    }
}

/// What the server answers, in time.
async fn in_time<T>(place: &str, answer: impl Future<Output = Result<T, Error>>) -> Result<T, InboxError> {
    let unreachable = |why: String| InboxError::Unreachable(place.to_owned(), why);
    match timeout(PATIENCE, answer).await {
        Ok(answer) => answer.map_err(|error| unreachable(said(&error))),
        Err(_) => Err(unreachable("no answer in time".to_owned())),
    }
}

/// What broke, without the bytes of a message that cannot be read.
fn said(error: &Error) -> String {
    match error {
        Error::Parse(_) => "its answer cannot be read".to_owned(),
        Error::Io(io) if io.kind() == std::io::ErrorKind::Other => "its answer cannot be read".to_owned(),
        other => other.to_string(),
    }
}

/// Hears the greeting.
async fn greeted<W: Wire>(mut client: Client<W>) -> Result<Client<W>, String> {
    match client.read_response().await {
        Ok(Some(_)) => Ok(client),
        Ok(None) => Err("it hung up".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
