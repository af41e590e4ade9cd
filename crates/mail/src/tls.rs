//! TLS by rustls and ring, with the authorities that this machine trusts.

use std::sync::{Arc, OnceLock};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A client's settings that trust `roots`, with ring, TLS 1.2 and 1.3.
pub(crate) fn config(roots: RootCertStore) -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// Encrypts a connection to `host`. Without a `known` configuration the machine's authorities are read, and kept there.
///
/// # Errors
/// Why not, in words that follow a colon.
pub(crate) async fn encrypt(
    tcp: TcpStream,
    host: &str,
    known: &OnceLock<Arc<ClientConfig>>,
) -> Result<TlsStream<TcpStream>, String> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| "its name cannot stand in a certificate".to_owned())?;
    let config = match known.get() {
        Some(config) => Arc::clone(config),
        None => {
            let system = system_roots()?;
            Arc::clone(known.get_or_init(|| config(system)))
        }
    };
    TlsConnector::from(config).connect(name, tcp).await.map_err(|e| e.to_string())
}

fn system_roots() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err("this machine has no certificate authorities (install ca-certificates)".to_owned());
    }
    Ok(roots)
}
