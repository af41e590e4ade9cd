//! TLS by an authority of the test's own, which nobody knows who was not told of it.

use axum::serve::Listener;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::{io, net::SocketAddr, sync::Arc};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring::default_provider,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
    server::TlsStream,
};

/// An authority that nobody knows yet; it vouches for "localhost".
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

/// A listener on which only TLS is spoken.
pub(crate) struct Shielded {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

impl Authority {
    /// A new one.
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).expect("no names are fine");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own_key = key();
        let certificate = params.self_signed(&own_key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, own_key), certificate }
    }

    /// Its certificate, as PEM.
    pub(crate) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// What a server of the name "localhost" shows, and its private key: PEM.
    pub(crate) fn server(&self) -> (String, String) {
        let own_key = key();
        let own = CertificateParams::new(vec!["localhost".to_owned()]).expect("localhost is a name");
        let own = own.signed_by(&own_key, &self.issuer).expect("a certificate");
        (own.pem(), own_key.serialize_pem())
    }

    /// Shields a listener.
    pub(crate) fn shield(&self, listener: TcpListener) -> Shielded {
        let own_key = key();
        let own = CertificateParams::new(vec!["localhost".to_owned()]).expect("localhost is a name");
        let own = own.signed_by(&own_key, &self.issuer).expect("a certificate");
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring speaks TLS")
            .with_no_client_auth()
            .with_single_cert(vec![own.der().clone()], private)
            .expect("the key is that of the certificate");
        Shielded { listener, acceptor: TlsAcceptor::from(Arc::new(config)) }
    }
}

impl Listener for Shielded {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let Ok((stream, from)) = self.listener.accept().await else { continue };
            // Whoever speaks no TLS is hung up on.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}
