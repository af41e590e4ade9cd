//! Asks the DNS and the relay what [`examine`](super::examine) decides from.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mail_auth::hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts},
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr::{RData, RecordType},
    system_conf::read_system_conf,
};

use super::{Answer, Answers, Subject};
use crate::smtp::{Relay, Session};

/// How long one question may take before it is asked again, and how often it is.
const PATIENCE: (Duration, usize) = (Duration::from_secs(3), 2);

/// A server of names.
pub struct Dns(TokioResolver);

impl Dns {
    /// The one at this address, or the machine's own.
    ///
    /// # Errors
    /// When the machine names none, in words.
    pub fn new(server: Option<SocketAddr>) -> Result<Self, String> {
        let (config, mut options) = match server {
            None => read_system_conf().map_err(|e| format!("this machine names no DNS server: {e}"))?,
            Some(address) => {
                let ways = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut way| {
                    way.port = address.port();
                    way
                });
                let server = NameServerConfig::new(address.ip(), true, ways.into());
                (ResolverConfig::from_parts(None, Vec::new(), vec![server]), ResolverOpts::default())
            }
        };
        (options.timeout, options.attempts) = PATIENCE;
        // What was published a minute ago is asked for now.
        options.cache_size = 0;
        let resolver = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        resolver.with_options(options).build().map(Self).map_err(|e| e.to_string())
    }

    /// Asks everything there is to ask. `public_url` is what came of asking our own address.
    pub async fn answers(
        &self,
        subject: &Subject<'_>,
        relay: &Relay,
        public_url: Result<(), String>,
    ) -> Answers {
        let mut keys = Vec::with_capacity(subject.signers.len());
        for signer in subject.signers {
            keys.push(self.texts(&signer.record_name()).await);
        }
        let mut policies = Vec::new();
        let mut domain = subject.from;
        // Up to the domain below the top: no registry is asked for ours.
        while domain.contains('.') {
            policies.push((domain.to_owned(), self.texts(&format!("_dmarc.{domain}")).await));
            domain = domain.split_once('.').map_or("", |(_, above)| above);
        }
        Answers {
            texts: self.texts(subject.envelope).await,
            keys,
            policies,
            exchanges: self.exchanges(subject.envelope).await,
            addresses: self.addresses(subject.relay).await,
            relay: let_in(relay).await,
            public_url,
        }
    }

    /// The texts at a name, the strings of each put together.
    async fn texts(&self, name: &str) -> Answer<String> {
        let text = |data: &RData| match data {
            RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
            _ => None,
        };
        self.ask(name, RecordType::TXT, text).await
    }

    async fn exchanges(&self, domain: &str) -> Answer<String> {
        let host = |data: &RData| match data {
            RData::MX(mx) => Some(mx.exchange.to_ascii()),
            _ => None,
        };
        self.ask(domain, RecordType::MX, host).await
    }

    async fn addresses(&self, host: &str) -> Answer<(IpAddr, Vec<String>)> {
        let mut addresses = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => {
                let address = |data: &RData| match data {
                    RData::A(a) => Some(IpAddr::V4(a.0)),
                    RData::AAAA(a) => Some(IpAddr::V6(a.0)),
                    _ => None,
                };
                let mut four = self.ask(host, RecordType::A, address).await?;
                four.extend(self.ask(host, RecordType::AAAA, address).await?);
                four
            }
        };
        addresses.dedup();
        let mut named = Vec::with_capacity(addresses.len());
        for address in addresses {
            let name = |data: &RData| match data {
                RData::PTR(ptr) => Some(ptr.0.to_ascii()),
                _ => None,
            };
            named.push((address, self.ask(&arpa(address), RecordType::PTR, name).await?));
        }
        Ok(named)
    }

    async fn ask<T>(&self, name: &str, kind: RecordType, of: impl Fn(&RData) -> Option<T>) -> Answer<T> {
        // With the dot at its end it is asked for as it stands, and nowhere below a domain of this machine's.
        let whole = format!("{}.", name.trim_end_matches('.'));
        match self.0.lookup(whole, kind).await {
            Ok(found) => Ok(found.answers().iter().filter_map(|record| of(&record.data)).collect()),
            Err(error) if error.is_no_records_found() => Ok(Vec::new()),
            Err(NetError::Timeout) => Err("it took too long".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// The name under which the names of an address stand (RFC 1035 section 3.5, RFC 3596 section 2.5).
fn arpa(address: IpAddr) -> String {
    match address {
        IpAddr::V4(four) => {
            let [a, b, c, d] = four.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(six) => {
            let digits = six
                .octets()
                .iter()
                .rev()
                .map(|byte| format!("{:x}.{:x}.", byte & 15, byte >> 4))
                .collect::<String>();
            format!("{digits}ip6.arpa")
        }
    }
}

/// Goes as far with the relay as a mail would before it begins: connects, encrypts, logs in.
async fn let_in(relay: &Relay) -> Result<bool, String> {
    let session = Session::connect(relay).await.map_err(|why| why.to_string())?;
    let encrypted = session.is_encrypted();
    session.quit().await;
    Ok(encrypted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_names_below_arpa() {
        assert_eq!(arpa("192.0.2.7".parse().unwrap()), "7.2.0.192.in-addr.arpa");
        let six = arpa("2001:db8::567:89ab".parse().unwrap());
        assert_eq!(six, "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
    }
}
