//! What a process talks with, as the kernel has it: whoever is not on this machine, is a stranger.
//!
//! A proxy catches only what asks for one. Here every socket counts, also one that only asks for the address of a name.

use std::{
    collections::BTreeSet,
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::task::JoinSet;

/// How often it is looked: a name that cannot be resolved is asked for several times this long.
const EVERY: Duration = Duration::from_millis(2);
/// Whoever asks here for a name means somebody elsewhere.
const NAMES: u16 = 53;

/// Watches whom a process talks with, as long as it is held.
#[derive(Debug)]
pub struct Watch {
    strangers: Arc<Mutex<BTreeSet<SocketAddr>>>,
    _watching: JoinSet<()>,
}

impl Watch {
    /// Begins to watch a process by its number.
    #[must_use]
    pub fn over(process: u32) -> Self {
        let strangers: Arc<Mutex<BTreeSet<SocketAddr>>> = Arc::default();
        let found = Arc::clone(&strangers);
        let mut watching = JoinSet::new();
        watching.spawn(async move {
            loop {
                found.lock().unwrap_or_else(PoisonError::into_inner).extend(strangers_of(process));
                tokio::time::sleep(EVERY).await;
            }
        });
        Self { strangers, _watching: watching }
    }

    /// Whom it has talked with beyond this machine.
    #[must_use]
    pub fn strangers(&self) -> Vec<SocketAddr> {
        self.strangers.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}

fn strangers_of(process: u32) -> Vec<SocketAddr> {
    let sockets: BTreeSet<String> = fs::read_dir(format!("/proc/{process}/fd"))
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let target = fs::read_link(entry.ok()?.path()).ok()?;
            Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
        })
        .collect();
    let mut strangers = Vec::new();
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let text = fs::read_to_string(format!("/proc/{process}/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1) {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let (Some(remote), Some(inode)) = (columns.get(2), columns.get(9)) else { continue };
            if let Some(to) = address(remote).filter(|_| sockets.contains(*inode))
                && to.port() != 0
                && (to.port() == NAMES || !to.ip().to_canonical().is_loopback())
            {
                strangers.push(to);
            }
        }
    }
    strangers
}

/// "0100007F:1F90" is 127.0.0.1:8080: words of four bytes, each the wrong way round.
fn address(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.split_once(':')?;
    let words: Vec<u32> = (0..host.len() / 8)
        .map(|word| u32::from_str_radix(&host[word * 8..word * 8 + 8], 16))
        .collect::<Result<_, _>>()
        .ok()?;
    let bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    let ip = match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(four) => IpAddr::from(Ipv4Addr::from(four)),
        Err(_) => IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(bytes.as_slice()).ok()?)),
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_the_kernel_writes_it() {
        assert_eq!(address("0100007F:1F90"), Some("127.0.0.1:8080".parse().unwrap()));
        let six = address("00000000000000000000000001000000:0035").unwrap();
        assert_eq!(six, "[::1]:53".parse().unwrap());
        assert_eq!(address("nothing"), None);
    }

    #[tokio::test]
    async fn whoever_asks_for_a_name_is_seen() {
        let asks = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        asks.connect("127.0.0.1:53").await.unwrap();
        let ours = std::process::id();
        assert_eq!(strangers_of(ours), ["127.0.0.1:53".parse().unwrap()]);
        drop(asks);
        assert!(strangers_of(ours).is_empty());
    }
}
