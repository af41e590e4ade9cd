//! The stream under lettre's connection: it hears what the server offers, counts flushes, asks the fence before the dot,
//! and knows whether the dot was begun.
//!
//! `AsyncSmtpConnection::message()` (lettre 0.11.23, `client/async_connection.rs`) writes and flushes the body, then writes
//! and flushes `\r\n.\r\n`, then reads the answer, all in one call. So once the body's flush is done, the next write is the
//! dot. The body is held until then, and leaves in one breath with the dot. That write is where a mail becomes somebody's
//! mail: the fence is asked there, and from the first byte of the dot that the stream below takes, the mail's fate is the
//! server's to tell. Under TLS this stream must be *above* the encryption.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::outcome::Fence;

/// More than any server says before the first mail.
const MOST_HEARD: usize = 16 * 1024;

/// The end of a body and the dot, as lettre writes them. A dot-stuffed body cannot end so by itself.
const DOT: &[u8] = b"\r\n.\r\n";

/// How far the message under way has come. It is shared with the session, which judges by it.
#[derive(Debug, Default)]
pub(super) struct Progress(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    stage: Stage,
    flushes: u64,
    /// What the server has said so far; nothing more is kept once it was looked at.
    heard: Option<Vec<u8>>,
}

#[derive(Debug, Default, Clone)]
pub(super) enum Stage {
    /// Commands and answers; nothing is held back.
    #[default]
    Talking,
    /// A body is being written, and held; its flush comes next.
    Body(Fence),
    /// The body is whole; the next write is the dot's.
    DotDue(Fence),
    /// The fence was closed when the dot was due. Nothing is written any more.
    Fenced,
    /// The stream below took the first byte of the dot, at this time.
    DotBegun(Instant),
}

impl Progress {
    /// Keeps what the server says, until [`Self::offers`] looks at it.
    pub(super) fn listen(&self) {
        self.lock().heard = Some(Vec::new());
    }

    /// The extensions that the server has named since [`Self::listen`]; lettre keeps only those that it knows (RFC 5321, 4.1.1.1).
    pub(super) fn offers(&self) -> Vec<String> {
        let heard = self.lock().heard.take().unwrap_or_default();
        let lines = String::from_utf8_lossy(&heard).into_owned();
        let offers = lines.lines().filter(|line| line.starts_with("250")).filter_map(|line| line.get(4..));
        offers.map(|offer| offer.trim().to_ascii_uppercase()).collect()
    }

    fn hear(&self, said: &[u8]) {
        if let Some(heard) = &mut self.lock().heard
            && heard.len() < MOST_HEARD
        {
            heard.extend_from_slice(said);
        }
    }

    /// From here a body follows, and after its flush the dot, if `fence` lets it.
    pub(super) fn expect_body(&self, fence: Fence) {
        self.lock().stage = Stage::Body(fence);
    }

    /// The message is settled: commands follow.
    pub(super) fn talk(&self) {
        self.lock().stage = Stage::Talking;
    }

    pub(super) fn stage(&self) -> Stage {
        self.lock().stage.clone()
    }

    /// Since when the dot is under way, if it is.
    pub(super) fn dot_begun(&self) -> Option<Instant> {
        match self.lock().stage {
            Stage::DotBegun(at) => Some(at),
            _ => None,
        }
    }

    /// How many flushes lettre has made on this connection.
    pub(super) fn flushes(&self) -> u64 {
        self.lock().flushes
    }

    fn set(&self, stage: Stage) {
        self.lock().stage = stage;
    }

    fn flushed(&self) {
        let mut inner = self.lock();
        inner.flushes += 1;
        if let Stage::Body(fence) = &inner.stage {
            inner.stage = Stage::DotDue(fence.clone());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A stage is written in one assignment, so a poisoned lock holds a whole one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that holds the dot back until the fence has spoken.
#[derive(Debug)]
pub(super) struct GuardedStream<S> {
    below: S,
    peer: SocketAddr,
    /// Lines the server is taken to have said already: after STARTTLS no second greeting comes, and lettre waits for one.
    spoken: io::Cursor<&'static [u8]>,
    /// Whether an error while writing may hide bytes that went out: true under TLS, where a record may leave in pieces.
    errors_hide_bytes: bool,
    progress: Arc<Progress>,
    held: Held,
}

/// The body that waits for its dot, then both on their way.
#[derive(Debug, Default)]
struct Held {
    bytes: Vec<u8>,
    /// How long the body is; known once the dot is behind it.
    body: Option<usize>,
    /// How many bytes the stream below has taken.
    sent: usize,
}

impl<S> GuardedStream<S> {
    pub(super) fn new(below: S, peer: SocketAddr, encrypted: bool, progress: Arc<Progress>) -> Self {
        Self {
            below,
            peer,
            spoken: io::Cursor::new(b""),
            errors_hide_bytes: encrypted,
            progress,
            held: Held::default(),
        }
    }

    /// The same, with `lines` read before anything the server says.
    pub(super) fn after_hearing(mut self, lines: &'static [u8]) -> Self {
        self.spoken = io::Cursor::new(lines);
        self
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for GuardedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let said = *self.spoken.get_ref();
        let from = self.spoken.position() as usize;
        if from < said.len() {
            let take = (said.len() - from).min(buf.remaining());
            buf.put_slice(&said[from..from + take]);
            self.spoken.set_position((from + take) as u64);
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut self.below).poll_read(cx, buf);
        self.progress.hear(&buf.filled()[before..]);
        read
    }
}

impl<S: AsyncWrite + Unpin> GuardedStream<S> {
    /// Writes the held body and the dot behind it, until all of it is taken.
    fn push(&mut self, cx: &mut Context<'_>, dot: &[u8]) -> Poll<io::Result<usize>> {
        let body = match self.held.body {
            Some(body) => body,
            None => {
                let body = self.held.bytes.len();
                self.held.bytes.extend_from_slice(dot);
                *self.held.body.insert(body)
            }
        };
        loop {
            // Where an error may hide bytes, the body goes first, so that one in the body is not taken for one in the dot.
            let apart = self.errors_hide_bytes && self.held.sent < body;
            let end = if apart { body } else { self.held.bytes.len() };
            let written = Pin::new(&mut self.below).poll_write(cx, &self.held.bytes[self.held.sent..end]);
            match written {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(taken)) => self.held.sent += taken,
                Poll::Ready(Err(error)) => {
                    if self.errors_hide_bytes && !apart {
                        self.begin_dot();
                    }
                    return Poll::Ready(Err(error));
                }
            }
            if self.held.sent > body {
                self.begin_dot();
            }
            if self.held.sent == self.held.bytes.len() {
                self.held = Held::default();
                return Poll::Ready(Ok(dot.len()));
            }
        }
    }

    fn begin_dot(&self) {
        if self.progress.dot_begun().is_none() {
            self.progress.set(Stage::DotBegun(Instant::now()));
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for GuardedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.progress.stage() {
            Stage::DotBegun(_) if self.held.body.is_some() => self.push(cx, buf),
            Stage::Talking | Stage::DotBegun(_) => Pin::new(&mut self.below).poll_write(cx, buf),
            // A lettre that sent body and dot in one write would slip past the fence: refuse it, loudly, before it is out.
            Stage::Body(_) if buf.ends_with(DOT) => {
                self.progress.set(Stage::Fenced);
                Poll::Ready(Err(io::Error::other(
                    "the dot came in one write with the body; this version of lettre is not one we know",
                )))
            }
            Stage::Body(_) => {
                self.held.bytes.extend_from_slice(buf);
                Poll::Ready(Ok(buf.len()))
            }
            Stage::Fenced => Poll::Ready(Err(fenced())),
            Stage::DotDue(fence) => {
                // Asked again at every attempt: until the stream below takes a byte, the dot has not begun.
                if !fence.is_open() {
                    self.progress.set(Stage::Fenced);
                    return Poll::Ready(Err(fenced()));
                }
                self.push(cx, buf)
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if matches!(self.progress.stage(), Stage::Body(_)) {
            self.progress.flushed();
            return Poll::Ready(Ok(()));
        }
        let flushed = Pin::new(&mut self.below).poll_flush(cx);
        if let Poll::Ready(Ok(())) = &flushed {
            self.progress.flushed();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.below).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug> AsyncTokioStream
    for GuardedStream<S>
{
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

fn fenced() -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, "the fence closed before the dot")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    fn guarded() -> (GuardedStream<DuplexStream>, DuplexStream, Arc<Progress>) {
        let (ours, theirs) = duplex(4096);
        let progress = Arc::new(Progress::default());
        let peer = SocketAddr::from(([127, 0, 0, 1], 25));
        (GuardedStream::new(ours, peer, false, Arc::clone(&progress)), theirs, progress)
    }

    #[tokio::test]
    async fn the_fence_is_asked_after_the_body_and_not_before() {
        let (mut stream, mut server, progress) = guarded();
        let open = Arc::new(AtomicBool::new(true));
        let asked = Arc::clone(&open);
        progress.expect_body(Fence::new(move || asked.load(Ordering::SeqCst)));
        stream.write_all(b"Subject: x\r\n\r\nbody\r\n").await.unwrap();
        stream.flush().await.unwrap();
        open.store(false, Ordering::SeqCst);
        let refused = stream.write_all(DOT).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
        assert!(matches!(progress.stage(), Stage::Fenced));
        // Even when the fence opens again, this message is over.
        open.store(true, Ordering::SeqCst);
        assert!(stream.write_all(DOT).await.is_err());
        drop(stream);
        let mut seen = Vec::new();
        server.read_to_end(&mut seen).await.unwrap();
        assert!(seen.is_empty(), "no byte may pass");
    }

    #[tokio::test]
    async fn one_byte_of_the_dot_is_a_dot_begun() {
        let (ours, mut theirs) = duplex(1);
        let progress = Arc::new(Progress::default());
        let mut stream =
            GuardedStream::new(ours, SocketAddr::from(([127, 0, 0, 1], 25)), false, Arc::clone(&progress));
        progress.expect_body(Fence::always_open());
        stream.flush().await.unwrap();
        assert!(progress.dot_begun().is_none());
        let mut writing = std::pin::pin!(stream.write_all(DOT));
        let stuck = tokio::time::timeout(std::time::Duration::from_millis(20), &mut writing).await;
        assert!(stuck.is_err(), "one byte fits");
        assert!(progress.dot_begun().is_some());
        let mut all = [0; 5];
        let (written, read) = tokio::join!(writing, theirs.read_exact(&mut all));
        written.unwrap();
        read.unwrap();
        assert_eq!(all, DOT);
    }

    #[tokio::test]
    async fn a_body_that_is_stuck_is_no_dot_begun_and_the_fence_may_still_close() {
        for encrypted in [false, true] {
            let (ours, mut theirs) = duplex(4);
            let progress = Arc::new(Progress::default());
            let peer = SocketAddr::from(([127, 0, 0, 1], 25));
            let mut stream = GuardedStream::new(ours, peer, encrypted, Arc::clone(&progress));
            let open = Arc::new(AtomicBool::new(true));
            let asked = Arc::clone(&open);
            progress.expect_body(Fence::new(move || asked.load(Ordering::SeqCst)));
            stream.write_all(b"a body of some length").await.unwrap();
            stream.flush().await.unwrap();
            let mut writing = std::pin::pin!(stream.write_all(DOT));
            let stuck = tokio::time::timeout(std::time::Duration::from_millis(20), &mut writing).await;
            assert!(stuck.is_err() && progress.dot_begun().is_none());
            open.store(false, Ordering::SeqCst);
            let mut some = [0; 4];
            let (written, read) = tokio::join!(writing, theirs.read_exact(&mut some));
            read.unwrap();
            assert_eq!(written.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
            assert!(progress.dot_begun().is_none());
        }
    }

    #[tokio::test]
    async fn a_dot_in_one_write_with_its_body_is_refused() {
        let (mut stream, mut server, progress) = guarded();
        progress.expect_body(Fence::always_open());
        assert!(stream.write_all(b"body\r\n.\r\n").await.is_err());
        drop(stream);
        let mut seen = Vec::new();
        server.read_to_end(&mut seen).await.unwrap();
        assert!(seen.is_empty());
    }

    #[tokio::test]
    async fn a_write_error_is_a_dot_begun_only_where_bytes_may_hide() {
        for (encrypted, begun) in [(false, false), (true, true)] {
            let (ours, theirs) = duplex(64);
            drop(theirs);
            let progress = Arc::new(Progress::default());
            let mut stream = GuardedStream::new(
                ours,
                SocketAddr::from(([127, 0, 0, 1], 25)),
                encrypted,
                Arc::clone(&progress),
            );
            progress.expect_body(Fence::always_open());
            stream.flush().await.unwrap();
            assert!(stream.write_all(DOT).await.is_err());
            assert_eq!(progress.dot_begun().is_some(), begun);
        }
    }
}
