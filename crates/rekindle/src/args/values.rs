//! How values are read that are typed behind a command: each with an error in words.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use rekindle_core::{delivery::DeliveryState, team::Role};
use std::net::SocketAddr;

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    crate::config::listen_address(text)
}

/// A name or a reason in words.
pub(super) fn named(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("it is empty".to_owned()),
        text if text.chars().any(char::is_control) => {
            Err("there is a character in it that cannot be seen".to_owned())
        }
        text => Ok(text.to_owned()),
    }
}

/// What allows mail, as [`rekindle_core::consent::Grant`] reads it.
pub(super) fn basis(text: &str) -> Result<String, String> {
    let text = named(text)?;
    rekindle_core::consent::Grant::read(&text).map(|_| text)
}

/// A site as browsers name it: scheme, host and port, nothing behind.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let whole = text.trim().trim_end_matches('/').to_ascii_lowercase();
    let host = whole.strip_prefix("https://").or_else(|| whole.strip_prefix("http://")).unwrap_or_default();
    let site = host.split(['/', '?', '#']).next().unwrap_or_default();
    let is_host = |host: &str| {
        !host.is_empty()
            && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']'))
    };
    let port =
        site.rsplit_once(':').filter(|(_, port)| !port.contains(']')).map(|(_, port)| port.parse::<u16>());
    if !is_host(site) || matches!(port, Some(Err(_))) {
        return Err(format!("“{text}” is no site; write for example https://www.acme.test"));
    }
    let scheme = &whole[..whole.len() - host.len()];
    match site.len() == host.len() {
        true => Ok(whole),
        false => Err(format!("“{text}” is a page of a site; a browser names the site alone: {scheme}{site}")),
    }
}

pub(super) fn roles() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::word))
        .map(|word| Role::from_word(&word).expect("only words of roles come here"))
}

pub(super) fn states() -> impl TypedValueParser<Value = DeliveryState> {
    PossibleValuesParser::new(DeliveryState::ALL.iter().map(|state| state.word()))
        .map(|word| DeliveryState::from_word(&word).expect("only words of states come here"))
}
