//! Where a webhook may lead: out of the house, and not to what only this machine reaches (threats 4.3, 1).

use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// The ports that programs of others listen at.
const PORTS: [u16; 3] = [443, 80, 8443];

/// Whether an address may be called: https, at a port where such programs listen, and no address of the house. `inside` allows all of
/// these.
///
/// # Errors
/// What is wrong, in words.
pub fn may_be_called(url: &Url, inside: bool) -> Result<(), String> {
    let web = matches!(url.scheme(), "http" | "https");
    let Some(host) = url.host_str().filter(|_| web) else {
        return Err("it is no address of the web, such as https://shop.example.com/rekindle".to_owned());
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err("no name and password belong into it: calls are signed".to_owned());
    }
    if inside {
        return Ok(());
    }
    if url.scheme() != "https" {
        return Err("only https:// is called, or names of leads would be read on the way".to_owned());
    }
    if url.port_or_known_default().is_none_or(|port| !PORTS.contains(&port)) {
        return Err(format!("only the ports {} are called", PORTS.map(|port| port.to_string()).join(", ")));
    }
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match literal {
        Ok(address) if !is_public(address) => Err(format!("{address} is an address within the house")),
        _ => Ok(()),
    }
}

/// Whether an address is one of the public Internet (IANA special-purpose address registries).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        || a >= 224
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b));
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(v4) = address.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    let segments = address.segments();
    let embedded = |at: usize| {
        let [a, b] = segments[at].to_be_bytes();
        let [c, d] = segments[at + 1].to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        // NAT64 and 6to4 lead to an address of version 4.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => is_public_v4(embedded(6)),
        [0x2002, ..] => is_public_v4(embedded(1)),
        // Teredo, ORCHID, documentation.
        [0x2001, second, ..] => second != 0xdb8 && second >= 0x200,
        // Of all others, only global unicast is public.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// Finds the addresses of a name, and keeps those that may be called: the connection is made to these and no others.
#[derive(Debug)]
pub(super) struct Resolver {
    pub(super) inside: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let inside = self.inside;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|found| inside || is_public(found.ip())).collect();
            if public.is_empty() {
                return Err(io::Error::other("the name leads to addresses within the house").into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> Option<String> {
        may_be_called(&url.parse().unwrap(), false).err()
    }

    #[test]
    fn only_what_lies_outside_is_called() {
        for good in
            ["https://shop.example.com/rekindle", "https://shop.example.com:8443/", "https://1.1.1.1/"]
        {
            assert_eq!(refused(good), None, "{good}");
        }
        for (bad, why) in [
            ("http://shop.example.com/", "only https"),
            ("https://shop.example.com:22/", "ports 443, 80, 8443"),
            ("https://user:pass@shop.example.com/", "name and password"),
            ("ftp://shop.example.com/", "no address of the web"),
            ("https://127.0.0.1/", "127.0.0.1 is an address within the house"),
            ("https://2130706433/", "127.0.0.1 is an address within the house"),
            ("https://0x7f.1/", "within the house"),
            ("https://0/", "within the house"),
            ("https://[::1]/", "within the house"),
            ("https://[::ffff:10.0.0.1]/", "within the house"),
            ("https://169.254.169.254/latest/meta-data", "within the house"),
        ] {
            let told = refused(bad).unwrap_or_default();
            assert!(told.contains(why), "{bad}: {told}");
        }
        assert_eq!(may_be_called(&"http://127.0.0.1:9000/".parse().unwrap(), true), Ok(()));
    }

    #[test]
    fn addresses_of_the_house_are_known_in_every_disguise() {
        let public = |text: &str| is_public(text.parse().unwrap());
        for house in [
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:192.168.1.1",
            "64:ff9b::10.0.0.1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "0.0.0.0",
            "10.254.0.0",
            "100.100.0.0",
            "169.254.45.1",
            "172.16.10.65",
            "192.0.0.255",
            "192.0.2.255",
            "192.88.99.3",
            "192.168.10.65",
            "198.18.0.0",
            "198.51.100.65",
            "203.0.113.6",
            "224.1.2.3",
            "240.240.240.240",
            "255.255.255.255",
        ] {
            assert!(!public(house), "{house}");
        }
        for outside in [
            "1.1.1.1",
            "8.8.8.8",
            "2606:4700::1111",
            "64:ff9b::8.8.8.8",
            "2002:808:808::",
            "192.0.1.1",
            "100.128.0.1",
        ] {
            assert!(public(outside), "{outside}");
        }
    }

    /// The vectors of svix-webhooks, from the corpora beside the project.
    #[test]
    fn the_vectors_of_others_hold() {
        let corpus =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora/naughty/ssrf-ip-vectors.json");
        let Ok(text) = std::fs::read_to_string(corpus) else {
            return eprintln!("skipped: the corpora are not here");
        };
        let vectors: serde_json::Value = serde_json::from_str(&text).unwrap();
        for (list, wanted) in [("must_block", false), ("must_allow", true)] {
            for address in vectors[list].as_array().unwrap() {
                assert_eq!(is_public(address.as_str().unwrap().parse().unwrap()), wanted, "{address}");
            }
        }
    }
}
