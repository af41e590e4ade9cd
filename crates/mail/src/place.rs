//! Where a server is, and as whom we log in there: `user:password@host:port` of an address, read strictly.

use std::net::IpAddr;

/// What cannot be read of it.
pub(crate) enum PlaceError {
    /// There is no host.
    NoHost,
    /// The port is no number from 1 to 65535.
    Port(String),
    /// Half a login, a bad percent escape, a blank or a control character in this part.
    Unreadable(&'static str),
}

/// Where a server is.
pub(crate) struct Place {
    /// User and password.
    pub(crate) login: Option<(String, String)>,
    /// Its host; an address of IPv6 without its brackets.
    pub(crate) host: String,
    /// Its port, where one is written.
    pub(crate) port: Option<u16>,
}

impl Place {
    pub(crate) fn read(text: &str) -> Result<Self, PlaceError> {
        let (login, place) = match text.rsplit_once('@') {
            Some((login, place)) => {
                let (user, password) = login.split_once(':').ok_or(PlaceError::Unreadable("login"))?;
                (Some((unescape(user, "user name")?, unescape(password, "password")?)), place)
            }
            None => (None, text),
        };
        let (host, port) = split_port(place)?;
        if host.is_empty() {
            return Err(PlaceError::NoHost);
        }
        if !host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':')) {
            return Err(PlaceError::Unreadable("host"));
        }
        let number = |port: &str| {
            port.parse().ok().filter(|p| *p != 0).ok_or_else(|| PlaceError::Port(port.to_owned()))
        };
        Ok(Self { login, host: host.to_owned(), port: port.map(number).transpose()? })
    }
}

/// Whether a host is this machine, by its written name.
pub(crate) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn split_port(place: &str) -> Result<(&str, Option<&str>), PlaceError> {
    if let Some(rest) = place.strip_prefix('[') {
        let (host, after) = rest.split_once(']').ok_or(PlaceError::Unreadable("host"))?;
        host.parse::<std::net::Ipv6Addr>().map_err(|_| PlaceError::Unreadable("host"))?;
        return match after {
            "" => Ok((host, None)),
            _ => after.strip_prefix(':').map(|port| (host, Some(port))).ok_or(PlaceError::Unreadable("host")),
        };
    }
    match place.split_once(':') {
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((place, None)),
    }
}

/// A text of an address without its percent escapes.
pub(crate) fn unescape(text: &str, what: &'static str) -> Result<String, PlaceError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let hex = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
        let (Some(high), Some(low)) = (hex(rest.next()), hex(rest.next())) else {
            return Err(PlaceError::Unreadable(what));
        };
        bytes.push((high * 16 + low) as u8);
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|s| !s.contains(char::is_control))
        .ok_or(PlaceError::Unreadable(what))
}
