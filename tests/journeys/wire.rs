//! The wire to a database, which can be cut: then what goes over it breaks off, and nobody gets through.

use std::sync::Arc;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

/// A wire to a database.
pub(crate) struct Wire {
    url: String,
    whole: Arc<watch::Sender<bool>>,
    _running: JoinSet<()>,
}

impl Wire {
    /// Lays a wire to the database at this address.
    pub(crate) async fn to(database: &str) -> Self {
        let (before, rest) = database.split_once("127.0.0.1:").expect("the tests' PostgreSQL is on loopback");
        let port: u16 = rest.split('/').next().expect("a port").parse().expect("a port");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let ours = listener.local_addr().expect("an address").port();
        let url = format!("{before}127.0.0.1:{}", rest.replacen(&port.to_string(), &ours.to_string(), 1));
        let whole = Arc::new(watch::Sender::new(true));
        let state = whole.clone();
        let mut running = JoinSet::new();
        running.spawn(async move {
            let mut calls = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let mut state = state.subscribe();
                calls.spawn(async move {
                    if *state.borrow() {
                        tokio::select! {
                            () = carry(near, port) => {}
                            _ = state.wait_for(|whole| !whole) => {}
                        }
                    }
                });
            }
        });
        Self { url, whole, _running: running }
    }

    /// The database's address over this wire.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Cuts it.
    pub(crate) fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Mends it.
    pub(crate) fn mend(&self) {
        self.whole.send_replace(true);
    }
}

async fn carry(mut near: TcpStream, port: u16) {
    if let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await {
        let _ = near.set_nodelay(true);
        let _ = far.set_nodelay(true);
        // Whoever hangs up, hangs up for both.
        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
    }
}
