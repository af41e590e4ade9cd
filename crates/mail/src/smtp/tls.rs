//! Encryption to the relay: TLS from the first byte, or after STARTTLS, done here so that lettre's stream stays above it.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::relay::{Relay, Tls};
use crate::outcome::ConnectError;
use crate::tls;

/// The most a server may say in one answer before TLS.
const MAX_ANSWER: usize = 16 * 1024;

/// Encrypts the connection now.
pub(super) async fn encrypt(tcp: TcpStream, relay: &Relay) -> Result<TlsStream<TcpStream>, ConnectError> {
    tls::encrypt(tcp, &relay.host, &relay.tls_config).await.map_err(|why| unsafe_because(relay, &why))
}

/// What came of asking for STARTTLS.
pub(super) enum Asked {
    /// The connection is encrypted; EHLO must be said anew.
    Encrypted(Box<TlsStream<TcpStream>>),
    /// The relay does not offer it, and that is allowed.
    Plain(TcpStream),
}

/// Greets the relay and encrypts the connection by STARTTLS (RFC 3207).
pub(super) async fn start(mut tcp: TcpStream, relay: &Relay, hello: &str) -> Result<Asked, ConnectError> {
    answer(&mut tcp, relay, 220).await?;
    say(&mut tcp, relay, &format!("EHLO {hello}\r\n")).await?;
    let offers = answer(&mut tcp, relay, 250).await?;
    if !offers.iter().any(|line| line.trim().eq_ignore_ascii_case("STARTTLS")) {
        if relay.tls == Tls::Required {
            return Err(unsafe_because(
                relay,
                "it does not offer STARTTLS; add ?tls=none only if the network between is yours",
            ));
        }
        if relay.login.is_some() && !relay.is_loopback() {
            return Err(unsafe_because(
                relay,
                "it does not offer STARTTLS, and the password is not sent in the clear",
            ));
        }
        return Ok(Asked::Plain(tcp));
    }
    say(&mut tcp, relay, "STARTTLS\r\n").await?;
    answer(&mut tcp, relay, 220).await?;
    encrypt(tcp, relay).await.map(|stream| Asked::Encrypted(Box::new(stream)))
}

async fn say(tcp: &mut TcpStream, relay: &Relay, line: &str) -> Result<(), ConnectError> {
    tcp.write_all(line.as_bytes()).await.map_err(|e| super::unreachable(relay, &e))
}

/// Reads one answer and wants `code`. Bytes after its last line are an attack (they would be read as said under TLS) and end the session.
async fn answer(tcp: &mut TcpStream, relay: &Relay, code: u16) -> Result<Vec<String>, ConnectError> {
    let mut heard = Vec::new();
    loop {
        if tcp.read_buf(&mut heard).await.map_err(|e| super::unreachable(relay, &e))? == 0 {
            return Err(ConnectError::Unreachable { relay: relay.to_string(), why: "it hung up".into() });
        }
        if heard.len() > MAX_ANSWER {
            return Err(unsafe_because(relay, "it talks too much"));
        }
        let Some((lines, rest)) = whole_answer(&heard) else { continue };
        if rest > 0 {
            return Err(unsafe_because(relay, "it said more than it was asked before TLS"));
        }
        let said: u16 = lines[0].get(..3).and_then(|c| c.parse().ok()).unwrap_or(0);
        let texts: Vec<String> = lines.iter().map(|l| l.get(4..).unwrap_or("").to_owned()).collect();
        if said != code {
            return Err(ConnectError::TurnedAway {
                relay: relay.to_string(),
                code: said,
                text: texts.join(" "),
            });
        }
        return Ok(texts);
    }
}

/// The lines of an answer once its last one (`250 …`, not `250-…`) is there, and how many bytes follow it.
fn whole_answer(heard: &[u8]) -> Option<(Vec<String>, usize)> {
    let mut lines = Vec::new();
    let mut from = 0;
    while let Some(end) = heard[from..].windows(2).position(|w| w == b"\r\n") {
        let line = String::from_utf8_lossy(&heard[from..from + end]).into_owned();
        from += end + 2;
        let last = line.as_bytes().get(3) != Some(&b'-');
        lines.push(line);
        if last {
            return Some((lines, heard.len() - from));
        }
    }
    None
}

fn unsafe_because(relay: &Relay, why: &str) -> ConnectError {
    ConnectError::Tls { relay: relay.to_string(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_at_its_last_line_and_what_follows_is_counted() {
        assert_eq!(whole_answer(b"250-a\r\n250-STARTTLS\r\n"), None);
        assert_eq!(whole_answer(b"220 go"), None);
        assert_eq!(whole_answer(b"250-a\r\n250 b\r\n"), Some((vec!["250-a".into(), "250 b".into()], 0)));
        assert_eq!(whole_answer(b"220 go\r\n250 injected\r\n").map(|(_, rest)| rest), Some(14));
    }
}
