//! The SMTP session against a recording server: what was said, what was accepted, and what is known when the line breaks.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../../tests/src/smtp.rs"]
#[allow(dead_code, unreachable_pub)]
mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rekindle_mail::folder::read_folder;
use rekindle_mail::memory::{AtDot, Memory};
use rekindle_mail::outcome::{ConnectError, DotOutcome, Fence, Refusal};
use rekindle_mail::smtp::{Limits, Relay, Session};
use rekindle_mail::transport::Transport;
use server::{Options, RecordingServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const FROM: &str = "b+token@bounce.acme.test";

fn relay(server: &RecordingServer) -> Relay {
    Relay::parse(&server.url()).unwrap()
}

fn mail(number: usize) -> Vec<u8> {
    format!("Message-ID: <{number}@acme.test>\r\nSubject: Hi\r\n\r\n.a line with a dot\r\n..\r\nbye\r\n")
        .into_bytes()
}

async fn send(session: &mut Session, rcpt: &str, number: usize) -> DotOutcome {
    session.begin(FROM, rcpt).await.unwrap();
    session.finish(&mail(number), &Fence::always_open()).await
}

#[tokio::test]
async fn what_is_accepted_is_what_was_frozen() {
    let server = RecordingServer::start().await;
    let mut session = Session::connect(&relay(&server)).await.unwrap();
    let outcome = send(&mut session, "ok@acme.test", 1).await;
    assert_eq!(
        outcome,
        DotOutcome::Accepted {
            code: 250,
            text: "2.0.0 Ok: queued as r1-1".into(),
            relay_id: Some("r1-1".into())
        }
    );
    session.quit().await;
    assert_eq!(server.messages(), [mail(1)]);
    let accepted = &server.accepted()[0];
    assert_eq!(
        (accepted.message_id.as_str(), accepted.mail_from.as_str(), accepted.rcpt.as_str()),
        ("1@acme.test", FROM, "ok@acme.test")
    );
}

#[tokio::test]
async fn e7_where_reports_are_offered_the_envelope_has_a_name() {
    for offer_dsn in [true, false] {
        let server = RecordingServer::start_with(Options { offer_dsn, ..Options::default() }).await;
        let mut session = Session::connect(&relay(&server)).await.unwrap();
        send(&mut session, "kim+a=b@acme.test", 1).await;
        session.quit().await;
        let wanted = match offer_dsn {
            true => ["RET=HDRS ENVID=token", "ORCPT=rfc822;kim+2Ba+3Db@acme.test"],
            false => ["", ""],
        };
        assert_eq!(server.accepted()[0].parameters, wanted);
    }
}

#[tokio::test]
async fn a_fence_that_closes_after_the_354_holds_the_dot_back() {
    let server = RecordingServer::start().await;
    let mut session = Session::connect(&relay(&server)).await.unwrap();
    session.begin(FROM, "ok@acme.test").await.unwrap();
    let open = Arc::new(AtomicBool::new(true));
    let asked = Arc::clone(&open);
    let fence = Fence::new(move || asked.load(Ordering::SeqCst));
    open.store(false, Ordering::SeqCst);
    let outcome = session.finish(&mail(1), &fence).await;
    assert!(matches!(&outcome, DotOutcome::NotBegun(why) if why.contains("fence")), "{outcome:?}");
    assert!(!session.is_reusable());
    session.quit().await;
    settled(|| server.discarded() == 1).await;
    assert_eq!(server.count(), 0, "the body came, the dot did not");
}

#[tokio::test]
async fn the_fence_is_asked_once_the_body_is_out() {
    let server = RecordingServer::start().await;
    let mut session = Session::connect(&relay(&server)).await.unwrap();
    session.begin(FROM, "ok@acme.test").await.unwrap();
    let flushed_before = session.flushes();
    let asked = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&asked);
    let fence = Fence::new(move || !seen.swap(true, Ordering::SeqCst));
    assert!(matches!(session.finish(&mail(1), &fence).await, DotOutcome::Accepted { .. }));
    assert!(asked.load(Ordering::SeqCst));
    assert_eq!(
        session.flushes() - flushed_before,
        2,
        "one flush for the body, one for the dot: what the guard counts on"
    );
}

#[tokio::test]
async fn a_line_that_breaks_before_the_dot_is_safe_and_after_it_is_not() {
    let server = RecordingServer::start().await;
    let mut session = Session::connect(&relay(&server)).await.unwrap();
    session.begin(FROM, "drop-after-data@acme.test").await.unwrap();
    // Too much for the sockets' buffers, so that the break is noticed while the body is being written.
    let long = [
        b"Subject: long\r\n\r\n".as_slice(),
        &b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n".repeat(400_000),
    ]
    .concat();
    let outcome = session.finish(&long, &Fence::always_open()).await;
    assert!(matches!(&outcome, DotOutcome::NotBegun(why) if why.contains("before the dot")), "{outcome:?}");
    assert!(!session.is_reusable());

    for (rcpt, on_record) in [("drop-at-dot@acme.test", 0), ("drop-before-250@acme.test", 1)] {
        let mut session = Session::connect(&relay(&server)).await.unwrap();
        let outcome = send(&mut session, rcpt, 7).await;
        assert!(matches!(outcome, DotOutcome::Unknown(_)), "{rcpt}: {outcome:?}");
        assert!(!session.is_reusable());
        assert_eq!(
            server.count(),
            on_record,
            "{rcpt}: the client cannot tell these two apart, and must not try"
        );
    }
}

#[tokio::test]
async fn a_refusal_before_the_dot_leaves_the_session_good() {
    for lockstep in [false, true] {
        refusals(RecordingServer::start_with(Options { lockstep, ..Options::default() }).await).await;
    }
}

async fn refusals(server: RecordingServer) {
    let mut session = Session::connect(&relay(&server)).await.unwrap();
    assert_eq!(
        session.begin(FROM, "temp450@acme.test").await,
        Err(Refusal::Temporary { code: 450, text: "4.2.1 mailbox busy".into() })
    );
    assert!(matches!(
        session.begin(FROM, "perm550@acme.test").await,
        Err(Refusal::Permanent { code: 550, .. })
    ));
    assert!(
        matches!(session.begin(FROM, "perm5711+x@acme.test").await, Err(Refusal::Permanent { code: 550, text }) if text.contains("5.7.11"))
    );
    assert!(matches!(
        session.begin(FROM, "not ascii é@acme.test").await,
        Err(Refusal::Permanent { code: 553, .. })
    ));
    assert!(matches!(send(&mut session, "ok@acme.test", 1).await, DotOutcome::Accepted { .. }));
    assert!(matches!(
        session.begin(FROM, "busy421@acme.test").await,
        Err(Refusal::Temporary { code: 421, .. })
    ));
    assert!(!session.is_reusable(), "after a 421 the server is gone");
    assert_eq!(server.sessions(), 1);
}

#[tokio::test]
async fn a_refused_dot_is_an_answer_and_the_session_goes_on() {
    let server = RecordingServer::start().await;
    let mut session = Session::connect(&relay(&server)).await.unwrap();
    assert!(matches!(
        send(&mut session, "temp451-at-dot@acme.test", 1).await,
        DotOutcome::Temporary { code: 451, .. }
    ));
    assert!(matches!(
        send(&mut session, "perm554-at-dot@acme.test", 2).await,
        DotOutcome::Permanent { code: 554, .. }
    ));
    assert!(matches!(
        send(&mut session, "multi-line@acme.test", 3).await,
        DotOutcome::Accepted { relay_id: Some(_), .. }
    ));
    assert!(matches!(send(&mut session, "8bit@acme.test", 4).await, DotOutcome::Accepted { .. }));
    assert!(matches!(send(&mut session, "slowloris@acme.test", 5).await, DotOutcome::Accepted { .. }));
    let ids: Vec<_> = server.accepted().into_iter().map(|a| a.message_id).collect();
    assert_eq!(ids, ["3@acme.test", "4@acme.test", "5@acme.test"]);
}

#[tokio::test]
async fn silence_before_the_dot_is_broken_and_after_it_unknown() {
    let server = RecordingServer::start().await;
    let short =
        Limits { answer: Duration::from_millis(150), dot: Duration::from_millis(150), ..Limits::default() };
    let mut session = Session::connect(&relay(&server).with_limits(short)).await.unwrap();
    assert!(matches!(session.begin(FROM, "stall-354@acme.test").await, Err(Refusal::Broken(_))));
    assert!(!session.is_reusable());

    let mut session = Session::connect(&relay(&server).with_limits(short)).await.unwrap();
    let outcome = send(&mut session, "slow250-5s@acme.test", 1).await;
    assert!(matches!(&outcome, DotOutcome::Unknown(why) if why.contains("no answer")), "{outcome:?}");
    assert_eq!(server.count(), 1, "it was accepted all the same");

    // The limit of an answer before the dot does not hold for the dot.
    let patient =
        Limits { answer: Duration::from_millis(150), dot: Duration::from_secs(20), ..Limits::default() };
    let mut session = Session::connect(&relay(&server).with_limits(patient)).await.unwrap();
    assert!(matches!(send(&mut session, "slow250-500ms@acme.test", 2).await, DotOutcome::Accepted { .. }));
}

#[tokio::test]
async fn a_begun_mail_that_is_dropped_is_discarded() {
    let server = RecordingServer::start().await;
    let mut session = Session::connect(&relay(&server)).await.unwrap();
    session.begin(FROM, "ok@acme.test").await.unwrap();
    session.drop_without_dot();
    settled(|| server.discarded() == 1).await;
    assert_eq!(server.count(), 0);

    let mut session = Session::connect(&relay(&server)).await.unwrap();
    session.begin(FROM, "ok@acme.test").await.unwrap();
    assert!(
        matches!(session.begin(FROM, "ok@acme.test").await, Err(Refusal::Broken(_))),
        "a second MAIL would be body"
    );
    assert!(matches!(session.finish(&mail(1), &Fence::always_open()).await, DotOutcome::NotBegun(_)));
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn two_hundred_mails_use_one_session_and_no_word_too_many() {
    // MAIL, RCPT and DATA in one breath where the server offers it; body; dot. No NOOP, no RSET between good mails.
    for (lockstep, each) in [(false, 3), (true, 5)] {
        let server = RecordingServer::start_with(Options { lockstep, ..Options::default() }).await;
        let mut session = Session::connect(&relay(&server)).await.unwrap();
        let hello = session.flushes();
        for number in 0..200 {
            assert!(matches!(send(&mut session, "ok@acme.test", number).await, DotOutcome::Accepted { .. }));
        }
        assert_eq!((server.count(), server.sessions(), server.doubled().len()), (200, 1, 0));
        assert_eq!(session.flushes() - hello, 200 * each, "lockstep: {lockstep}");
    }
}

#[tokio::test]
async fn a_354_behind_a_refusal_gets_no_body() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let relay = Relay::parse(&format!("smtp://{}", listener.local_addr().unwrap())).unwrap();
    let mut serving = tokio::task::JoinSet::new();
    serving.spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut said = Vec::new();
        stream.write_all(b"220 hasty.test\r\n").await.unwrap();
        stream.read_buf(&mut said).await.unwrap();
        stream.write_all(b"250-hasty.test\r\n250 PIPELINING\r\n").await.unwrap();
        said.clear();
        while !said.ends_with(b"DATA\r\n") {
            stream.read_buf(&mut said).await.unwrap();
        }
        stream.write_all(b"250 fine\r\n550 5.1.1 nobody here\r\n354 go on\r\n").await.unwrap();
        said.clear();
        stream.read_to_end(&mut said).await.unwrap();
        said
    });
    let mut session = Session::connect(&relay).await.unwrap();
    assert!(matches!(session.begin(FROM, "who@acme.test").await, Err(Refusal::Permanent { code: 550, .. })));
    assert!(!session.is_reusable(), "every word would be body");
    session.quit().await;
    assert_eq!(serving.join_next().await.unwrap().unwrap(), b"");
}

#[tokio::test]
async fn a_server_that_turns_us_away_is_told_apart_from_one_that_is_not_there() {
    let server = RecordingServer::start().await;
    server.set_busy(true);
    assert!(matches!(
        Session::connect(&relay(&server)).await,
        Err(ConnectError::TurnedAway { code: 421, .. })
    ));
    let nobody = Relay::parse("smtp://127.0.0.1:1").unwrap();
    assert!(matches!(Session::connect(&nobody).await, Err(ConnectError::Unreachable { .. })));
}

#[tokio::test]
async fn a_login_is_used_and_a_wrong_one_is_said_to_be_wrong() {
    let options = Options { auth_plain: Some("AG1lQGFjbWUudGVzdABzZTpjcmV0".into()), ..Options::default() };
    let server = RecordingServer::start_with(options).await;
    let at = |login: &str| Relay::parse(&format!("smtp://{login}{}", server.address())).unwrap();
    let mut session = Session::connect(&at("me%40acme.test:se%3Acret@")).await.unwrap();
    assert!(matches!(send(&mut session, "ok@acme.test", 1).await, DotOutcome::Accepted { .. }));
    assert!(
        matches!(Session::connect(&at("me%40acme.test:wrong@")).await, Err(ConnectError::Auth { why, .. }) if why.contains("535"))
    );
    let mut stranger = Session::connect(&at("")).await.unwrap();
    assert!(matches!(stranger.begin(FROM, "ok@acme.test").await, Err(Refusal::Permanent { code: 530, .. })));
}

#[tokio::test]
async fn the_log_holds_a_line_for_each_mail_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("accepted.jsonl");
    let server = RecordingServer::start_with(Options {
        log: Some(log.clone()),
        sync: true,
        drop_every: Some(2),
        ..Options::default()
    })
    .await;
    let mut session = Session::connect(&relay(&server)).await.unwrap();
    assert!(matches!(send(&mut session, "ok@acme.test", 1).await, DotOutcome::Accepted { .. }));
    assert!(matches!(send(&mut session, "ok@acme.test", 2).await, DotOutcome::Unknown(_)));
    let mut session = Session::connect(&relay(&server)).await.unwrap();
    assert!(matches!(send(&mut session, "ok@acme.test", 2).await, DotOutcome::Accepted { .. }));
    let lines: Vec<serde_json::Value> =
        std::fs::read_to_string(log).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let ids: Vec<_> = lines.iter().map(|l| l["message_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["1@acme.test", "2@acme.test", "2@acme.test"]);
    assert_eq!(lines[1]["hash"], lines[2]["hash"]);
    assert_eq!(server.doubled(), ["2@acme.test"], "the witness sees what must never happen");
}

#[tokio::test]
async fn without_starttls_nothing_is_said_where_tls_is_required() {
    let server = RecordingServer::start().await;
    let required = Relay::parse(&format!("{}?tls=required", server.url())).unwrap();
    assert!(
        matches!(Session::connect(&required).await, Err(ConnectError::Tls { why, .. }) if why.contains("STARTTLS"))
    );
    let opportunistic = Relay::parse(&format!("{}?tls=opportunistic", server.url())).unwrap();
    let mut session = Session::connect(&opportunistic).await.unwrap();
    assert!(matches!(send(&mut session, "ok@acme.test", 1).await, DotOutcome::Accepted { .. }));
    let false_promise =
        RecordingServer::start_with(Options { offer_starttls: true, ..Options::default() }).await;
    let opportunistic = Relay::parse(&format!("{}?tls=opportunistic", false_promise.url())).unwrap();
    assert!(matches!(
        Session::connect(&opportunistic).await,
        Err(ConnectError::TurnedAway { code: 454, .. })
    ));
}

#[tokio::test]
async fn every_transport_is_handed_mail_the_same_way() {
    let server = RecordingServer::start().await;
    let dir = tempfile::tempdir().unwrap();
    let memory = Memory::default();
    for transport in [
        Transport::Smtp(relay(&server)),
        Transport::Folder(dir.path().join("mail")),
        Transport::Memory(memory.clone()),
    ] {
        let mut channel = transport.session().await.unwrap();
        assert!(
            matches!(channel.finish(&mail(0), &Fence::always_open()).await, DotOutcome::NotBegun(_)),
            "{transport:?}: nothing was begun"
        );
        let mut channel = if channel.is_reusable() { channel } else { transport.session().await.unwrap() };
        channel.begin(FROM, "ok@acme.test").await.unwrap();
        let accepted = channel.finish(&whole_mail(), &Fence::always_open()).await;
        assert!(matches!(accepted, DotOutcome::Accepted { code: 250, .. }), "{transport:?}: {accepted:?}");
        assert!(channel.is_reusable());
        channel.begin(FROM, "ok@acme.test").await.unwrap();
        let fenced = channel.finish(&whole_mail(), &Fence::new(|| false)).await;
        assert!(matches!(fenced, DotOutcome::NotBegun(_)), "{transport:?}: {fenced:?}");
        channel.quit().await;
        assert!(!transport.reaches_people());
    }
    assert_eq!((server.count(), memory.len()), (1, 1));
    assert_eq!(read_folder(&dir.path().join("mail"), 10).unwrap()[0].subject, "Hi");
}

#[tokio::test]
async fn the_memory_can_be_told_to_misbehave() {
    let memory = Memory::default();
    let mut channel = Transport::Memory(memory.clone()).session().await.unwrap();
    memory.refuse_next(Refusal::Temporary { code: 450, text: "later".into() });
    memory.at_next_dot(AtDot::KeepSilently);
    memory.at_next_dot(AtDot::Answer(DotOutcome::Permanent { code: 554, text: "no".into() }));
    assert!(channel.begin(FROM, "a@acme.test").await.is_err());
    let mut dot = async |n: usize| {
        channel.begin(FROM, "a@acme.test").await.unwrap();
        channel.finish(&mail(n), &Fence::always_open()).await
    };
    assert!(matches!(dot(1).await, DotOutcome::Unknown(_)));
    assert!(matches!(dot(2).await, DotOutcome::Permanent { .. }));
    assert!(matches!(dot(3).await, DotOutcome::Accepted { .. }));
    assert_eq!(memory.kept().iter().map(|k| k.message.clone()).collect::<Vec<_>>(), [mail(1), mail(3)]);
}

fn whole_mail() -> Vec<u8> {
    b"From: m@acme.test\r\nTo: ok@acme.test\r\nMessage-ID: <x@acme.test>\r\nSubject: Hi\r\n\r\nHello\r\n"
        .to_vec()
}

/// Waits for something the server does in its own time.
async fn settled(done: impl Fn() -> bool) {
    for _ in 0..500 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen within five seconds");
}

mod tls {
    //! The same over TLS: the guard stands above the encryption, so the dot is held back there, too.

    use std::sync::Arc;

    use rekindle_mail::outcome::{ConnectError, DotOutcome, Fence};
    use rekindle_mail::smtp::{Relay, Session};
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::{RootCertStore, ServerConfig};
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::task::JoinSet;
    use tokio_rustls::TlsAcceptor;

    use super::server::RecordingServer;
    use super::{FROM, mail, send, settled};

    const CERTIFICATE: &[u8] = include_bytes!("relay/certificate.pem");
    const KEY: &[u8] = include_bytes!("relay/key.pem");

    fn roots() -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(CERTIFICATE).unwrap()).unwrap();
        roots
    }

    /// Takes TLS off and passes what is inside to the recording server. With `starttls`, greets in the clear first.
    async fn tls_in_front_of(server: &RecordingServer, starttls: Option<&'static str>) -> (JoinSet<()>, u16) {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(CERTIFICATE).unwrap()],
                PrivateKeyDer::from_pem_slice(KEY).unwrap(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let behind = server.address();
        let mut running = JoinSet::new();
        running.spawn(async move {
            while let Ok((outside, _)) = listener.accept().await {
                outside.set_nodelay(true).unwrap();
                let mut outside = BufReader::new(outside);
                let mut inside = BufReader::new(TcpStream::connect(behind).await.unwrap());
                if let Some(answer) = starttls {
                    let mut line = String::new();
                    outside.write_all(b"220 in the clear\r\n").await.unwrap();
                    outside.read_line(&mut line).await.unwrap();
                    outside.write_all(b"250-hello\r\n250 STARTTLS\r\n").await.unwrap();
                    outside.read_line(&mut line).await.unwrap();
                    outside.write_all(answer.as_bytes()).await.unwrap();
                    inside.read_line(&mut line).await.unwrap();
                }
                if let Ok(mut outside) = acceptor.accept(outside.into_inner()).await {
                    let _ = copy_bidirectional(&mut outside, &mut inside).await;
                }
            }
        });
        (running, port)
    }

    #[tokio::test]
    async fn mail_goes_over_tls_and_the_fence_holds_there_too() {
        for (scheme, query, starttls) in [
            ("smtps", "", None),
            ("smtp", "?tls=required", Some("220 go\r\n")),
            ("smtp", "?tls=opportunistic", Some("220 go\r\n")),
        ] {
            let server = RecordingServer::start().await;
            let (_running, port) = tls_in_front_of(&server, starttls).await;
            let relay =
                Relay::parse(&format!("{scheme}://localhost:{port}{query}")).unwrap().with_roots(roots());
            let mut session = Session::connect(&relay).await.unwrap();
            assert!(matches!(send(&mut session, "ok@acme.test", 1).await, DotOutcome::Accepted { .. }));
            assert!(matches!(
                send(&mut session, "drop-before-250@acme.test", 2).await,
                DotOutcome::Unknown(_)
            ));
            drop(session);
            let mut session = Session::connect(&relay).await.unwrap();
            session.begin(FROM, "ok@acme.test").await.unwrap();
            let outcome = session.finish(&mail(3), &Fence::new(|| false)).await;
            assert!(matches!(outcome, DotOutcome::NotBegun(_)), "{outcome:?}");
            drop(session);
            settled(|| server.discarded() == 1).await;
            assert_eq!(server.count(), 2, "{scheme}{query}");
        }
    }

    #[tokio::test]
    async fn a_stranger_with_a_certificate_of_his_own_gets_nothing() {
        let server = RecordingServer::start().await;
        let (_running, port) = tls_in_front_of(&server, None).await;
        let relay =
            Relay::parse(&format!("smtps://localhost:{port}")).unwrap().with_roots(RootCertStore::empty());
        assert!(matches!(Session::connect(&relay).await, Err(ConnectError::Tls { .. })));
    }

    #[tokio::test]
    async fn an_answer_slipped_in_before_tls_ends_the_session() {
        let server = RecordingServer::start().await;
        let (_running, port) = tls_in_front_of(&server, Some("220 go\r\n250 injected\r\n")).await;
        let relay =
            Relay::parse(&format!("smtp://localhost:{port}?tls=required")).unwrap().with_roots(roots());
        assert!(
            matches!(Session::connect(&relay).await, Err(ConnectError::Tls { why, .. }) if why.contains("more than it was asked"))
        );
    }
}
