//! From where a request comes, also where a proxy stands before us.

use axum::{extract::ConnectInfo, http::Extensions, http::HeaderMap};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// The address of whoever asks: the one that the connection has, or, where that is one of our proxies, the last in
/// `X-Forwarded-For` that is none of them. What stands before that in the list, anybody may have written.
pub(crate) fn address_of(extensions: &Extensions, headers: &HeaderMap, proxies: &[IpNet]) -> Option<IpAddr> {
    let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    let peer = peer.ip().to_canonical();
    let is_proxy = |address: &IpAddr| proxies.iter().any(|net| net.contains(address));
    if !is_proxy(&peer) {
        return Some(peer);
    }
    let lists = headers.get_all("x-forwarded-for").into_iter().filter_map(|list| list.to_str().ok());
    let told: Vec<&str> = lists.flat_map(|list| list.split(',')).map(str::trim).collect();
    let told = told.into_iter().rev().map_while(|hop| hop.parse::<IpAddr>().ok());
    let mut last = peer;
    for hop in told.map(|hop| hop.to_canonical()) {
        last = hop;
        if !is_proxy(&hop) {
            break;
        }
    }
    Some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(peer: &str, forwarded: &[&str]) -> Option<String> {
        let mut extensions = Extensions::new();
        if !peer.is_empty() {
            extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 40_000)));
        }
        let mut headers = HeaderMap::new();
        for list in forwarded {
            headers.append("x-forwarded-for", list.parse().unwrap());
        }
        let proxies = ["127.0.0.0/8".parse().unwrap(), "10.1.0.0/16".parse().unwrap()];
        address_of(&extensions, &headers, &proxies).map(|address| address.to_string())
    }

    #[test]
    fn a_proxy_of_ours_is_believed_and_nobody_else() {
        assert_eq!(from("", &["192.0.2.1"]), None);
        assert_eq!(from("203.0.113.9", &["192.0.2.1"]).as_deref(), Some("203.0.113.9"), "forged");
        assert_eq!(from("127.0.0.1", &[]).as_deref(), Some("127.0.0.1"));
        assert_eq!(from("127.0.0.1", &["192.0.2.1"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(from("::ffff:127.0.0.1", &["2001:db8::7"]).as_deref(), Some("2001:db8::7"));
        assert_eq!(from("127.0.0.1", &["198.51.100.1, 192.0.2.1, 10.1.2.3"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(from("127.0.0.1", &["198.51.100.1", "192.0.2.1"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(from("127.0.0.1", &["198.51.100.1, nonsense"]).as_deref(), Some("127.0.0.1"));
        assert_eq!(from("127.0.0.1", &["10.1.2.3"]).as_deref(), Some("10.1.2.3"), "a call from within");
    }
}
