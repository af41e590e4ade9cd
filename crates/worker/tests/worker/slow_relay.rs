//! A relay on loopback that takes its time: its 354s and its answers to dots are let go one by one.

use rekindle_mail::{smtp::Relay, transport::Transport};
use std::sync::Arc;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::task::TaskTracker;

/// The relay, and what it waits for.
#[derive(Debug, Clone)]
pub(crate) struct SlowRelay {
    relay: Relay,
    /// Each permit lets one 354 go.
    pub(crate) datas: Arc<Semaphore>,
    /// Each permit lets one answer to a dot go.
    pub(crate) dots: Arc<Semaphore>,
    /// A permit for each DATA that was asked for.
    pub(crate) asked: Arc<Semaphore>,
    /// A permit for each dot that came.
    pub(crate) heard: Arc<Semaphore>,
    /// How many mails it takes before it closes a connection.
    most: usize,
}

impl SlowRelay {
    /// More than any test needs.
    pub(crate) const FREE: usize = 1_000_000;

    pub(crate) async fn new(datas: usize, dots: usize, most: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let permits = |count| Arc::new(Semaphore::new(count));
        let slow = Self {
            relay: Relay::parse(&format!("smtp://{}", listener.local_addr().unwrap())).unwrap(),
            datas: permits(datas),
            dots: permits(dots),
            asked: permits(0),
            heard: permits(0),
            most,
        };
        let tasks = TaskTracker::new();
        let (sessions, serving) = (tasks.clone(), slow.clone());
        tasks.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                sessions.spawn(serving.clone().serve(stream));
            }
        });
        slow
    }

    pub(crate) fn transport(&self) -> Transport {
        Transport::Smtp(self.relay.clone())
    }

    async fn serve(self, stream: TcpStream) -> Option<()> {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let mut taken = 0;
        write.write_all(b"220 relay.test\r\n").await.ok()?;
        while taken < self.most {
            let line = lines.next_line().await.ok()??;
            if line.eq_ignore_ascii_case("DATA") {
                self.asked.add_permits(1);
                self.datas.acquire().await.ok()?.forget();
                write.write_all(b"354 go on\r\n").await.ok()?;
                while lines.next_line().await.ok()?? != "." {}
                self.heard.add_permits(1);
                self.dots.acquire().await.ok()?.forget();
                taken += 1;
            }
            write.write_all(b"250 ok\r\n").await.ok()?;
        }
        Some(())
    }
}
