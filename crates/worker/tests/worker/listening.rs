//! A mailbox that cannot be read in one place is read behind it.

use crate::house::{House, settings, templates};
use rekindle_core::{consent::ConsentState, ids::DeliveryId, link::Purpose};
use rekindle_mail::{inbox::Inbox, transport::Transport};
use rekindle_worker::{Settings, Worker};
use std::sync::Arc;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// What the server has: bytes, or a message over which it breaks down.
type Messages = Arc<Vec<Option<String>>>;

/// As much of a server as is asked of it; it tells nothing by itself.
async fn serve(socket: TcpStream, messages: Messages) -> std::io::Result<()> {
    let (read, mut write) = socket.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"* OK ready\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let words: Vec<&str> = line.split(' ').collect();
        let count = messages.len();
        let said = match words[1..] {
            ["CAPABILITY", ..] => "* CAPABILITY IMAP4rev1\r\n".to_owned(),
            ["SELECT", ..] => format!("* {count} EXISTS\r\n* OK [UIDVALIDITY 7] fine\r\n"),
            ["UID", "SEARCH", "UID", range] => {
                let first: usize = range.split(':').next().unwrap().parse().unwrap();
                let found: String = (first..=count).map(|number| format!(" {number}")).collect();
                format!("* SEARCH{found}\r\n")
            }
            ["UID", "FETCH", number, ..] => match &messages[number.parse::<usize>().unwrap() - 1] {
                Some(bytes) => {
                    format!("* {number} FETCH (UID {number} BODY[]<0> {{{}}}\r\n{bytes})\r\n", bytes.len())
                }
                None => return Ok(()),
            },
            _ => String::new(),
        };
        write.write_all(format!("{said}{} OK done\r\n", words[0]).as_bytes()).await?;
    }
    Ok(())
}

fn bounce(house: &House, mail: DeliveryId) -> String {
    let id = house.store.ring().small_token(Purpose::MessageId, mail.0);
    format!(
        "From: MAILER-DAEMON@relay.test\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b1\r\n\r\n\
         --b1\r\nContent-Type: message/delivery-status\r\n\r\nOriginal-Message-ID: <{id}@acme.test>\r\n\r\nFinal-Recipient: rfc822; x@y.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b1--\r\n"
    )
}

#[tokio::test]
async fn a_message_that_breaks_the_connection_holds_up_none_behind_it() {
    let mut house = House::new().await;
    let mut mails = Vec::new();
    for name in ["kim", "ola"] {
        let lead = house.subscriber(&format!("{name}@leads.test")).await;
        house.enroll(lead).await;
        mails.push(lead);
    }
    house.tick().await;
    assert_eq!(house.memory.len(), 2);
    let mut bounces = Vec::new();
    for lead in &mails {
        let sent = house.store.leads().dossier(*lead).await.unwrap().deliveries;
        bounces.push(Some(bounce(&house, sent[0].id)));
    }
    bounces.insert(1, None);
    let messages: Messages = Arc::new(bounces);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let inbox = format!("imap://me:secret@{}/INBOX", listener.local_addr().unwrap());
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let mut open = JoinSet::new();
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            open.spawn(serve(socket, messages.clone()));
        }
    });
    let transport = Transport::Memory(house.memory.clone());
    let settings = Settings { inbox: Some(Inbox::parse(&inbox).unwrap()), ..settings(transport) };
    let worker = Worker::new(house.store.clone(), settings, templates());
    let stop = CancellationToken::new();
    let mut running = JoinSet::new();
    running.spawn(worker.run(stop.clone()));
    let heard = async {
        loop {
            let leads = house.store.leads().by_ids(&mails).await.unwrap();
            if leads.iter().all(|lead| lead.consent.state == ConsentState::Bounced) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), heard).await.expect("both are heard");
    stop.cancel();
    running.join_all().await;
}
