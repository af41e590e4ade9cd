//! A server of names that knows what a test tells it (RFC 1035), over UDP on this machine.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{net::UdpSocket, task::JoinSet};

/// What a record says.
#[derive(Debug, Clone)]
pub enum Record {
    /// TXT: one text, told in strings of 255 bytes as the wire wants.
    Text(String),
    /// MX: the host that takes mail.
    Exchange(String),
    /// A: an address.
    Address([u8; 4]),
    /// PTR: the name of an address.
    Name(String),
}

impl Record {
    fn kind(&self) -> u16 {
        match self {
            Self::Address(_) => 1,
            Self::Name(_) => 12,
            Self::Exchange(_) => 15,
            Self::Text(_) => 16,
        }
    }

    fn data(&self) -> Vec<u8> {
        match self {
            Self::Address(address) => address.to_vec(),
            Self::Name(name) => wire(name),
            Self::Exchange(host) => [vec![0, 10], wire(host)].concat(),
            Self::Text(text) => {
                let string = |part: &[u8]| [&[u8::try_from(part.len()).expect("255 at most")], part].concat();
                text.as_bytes().chunks(255).flat_map(string).collect()
            }
        }
    }
}

/// The server; it ends with this.
pub struct Dns {
    /// Where it listens.
    pub address: SocketAddr,
    zone: Arc<Mutex<HashMap<String, Vec<Record>>>>,
    _task: JoinSet<()>,
}

impl Dns {
    /// Knows nothing yet.
    pub async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        let address = socket.local_addr().expect("it is bound");
        let zone: Arc<Mutex<HashMap<String, Vec<Record>>>> = Arc::default();
        let mut task = JoinSet::new();
        let known = zone.clone();
        task.spawn(async move {
            let mut question = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut question).await {
                let told = answer(&question[..length], &known.lock().expect("the zone"));
                if let Some(told) = told {
                    let _ = socket.send_to(&told, from).await;
                }
            }
        });
        Self { address, zone, _task: task }
    }

    /// From now on this is what it says of a name; nothing makes the name unknown.
    pub fn says(&self, name: &str, records: &[Record]) {
        self.zone.lock().expect("the zone").insert(name.to_lowercase(), records.to_vec());
    }
}

/// A name as the wire has it: each label behind its length.
fn wire(name: &str) -> Vec<u8> {
    let labels = name.split('.').filter(|label| !label.is_empty());
    let told = labels
        .flat_map(|label| [&[u8::try_from(label.len()).expect("63 at most")], label.as_bytes()].concat());
    told.chain([0]).collect()
}

/// The answer to a question: what is known of its kind, or that the name is unknown.
fn answer(question: &[u8], zone: &HashMap<String, Vec<Record>>) -> Option<Vec<u8>> {
    const HEAD: usize = 12;
    let (mut at, mut labels) = (HEAD, Vec::new());
    loop {
        let length = usize::from(*question.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(question.get(at..at + length)?).to_lowercase());
        at += length;
    }
    let kind = u16::from_be_bytes([*question.get(at)?, *question.get(at + 1)?]);
    let known = zone.get(&labels.join(".")).filter(|records| !records.is_empty());
    let records: Vec<&Record> = known.into_iter().flatten().filter(|record| record.kind() == kind).collect();
    // An answer with authority; 3 says that there is no such name.
    let code = if known.is_some() { 0 } else { 3 };
    let mut told =
        [&question[..2], &[0x85, 0x80 | code, 0, 1, 0, u8::try_from(records.len()).ok()?, 0, 0, 0, 0]]
            .concat();
    told.extend_from_slice(&question[HEAD..at + 4]);
    for record in records {
        let data = record.data();
        // The name is the one of the question, which stands behind the head.
        told.extend_from_slice(&[0xc0, u8::try_from(HEAD).ok()?]);
        told.extend_from_slice(&kind.to_be_bytes());
        told.extend_from_slice(&[0, 1, 0, 0, 0, 0]);
        told.extend_from_slice(&u16::try_from(data.len()).ok()?.to_be_bytes());
        told.extend_from_slice(&data);
    }
    Some(told)
}
