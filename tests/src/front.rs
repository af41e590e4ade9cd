//! What stands before a house and speaks TLS for it: answers that the house is alive, and nothing else.

use crate::tls::Authority;
use axum::{Router, routing::get};
use tokio::{net::TcpListener, task::JoinSet};

/// A front, which ends with this.
pub struct Front {
    /// Where it is reached: "https://localhost:…".
    pub url: String,
    /// The authority that vouches for it, as PEM: nobody knows it who was not told.
    pub certificate: String,
    _task: JoinSet<()>,
}

impl Front {
    /// Opens one.
    pub async fn start() -> Self {
        let authority = Authority::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let shielded = authority.shield(listener);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let alive = Router::new().route("/healthz", get(|| async { "alive\n" }));
            let _ = axum::serve(shielded, alive).await;
        });
        let certificate = authority.certificate().to_owned();
        Self { url: format!("https://localhost:{port}"), certificate, _task: task }
    }
}
