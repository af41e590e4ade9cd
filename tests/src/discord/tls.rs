//! TLS by an authority of the test's own.

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

/// A listener on which only TLS is spoken.
pub(super) struct Shielded {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

/// Shields a listener; with the certificate of the authority that vouches for "localhost", as PEM.
pub(super) fn shielded(listener: TcpListener) -> (Shielded, String) {
    let key = || KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(Vec::<String>::new()).expect("no names are fine");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = key();
    let authority = params.self_signed(&authority_key).expect("a certificate").pem();
    let issuer = Issuer::new(params, authority_key);
    let own_key = key();
    let own = CertificateParams::new(vec!["localhost".to_owned()]).expect("localhost is a name");
    let own = own.signed_by(&own_key, &issuer).expect("a certificate");
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS")
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], private)
        .expect("the key is that of the certificate");
    (Shielded { listener, acceptor: TlsAcceptor::from(Arc::new(config)) }, authority)
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
