//! What comes back to the mailbox is acted upon: bounce, complaint, answer, out of office, a bare stop, the mail program's wish to
//! stop; a forged one does nothing. And each is read once, whatever happens to program and server in between.

use crate::stage::{On, SOON, Sender, Stage, on_both_databases};
use rekindle_tests::{
    imap::Dovecot,
    program::{Running, within},
    smtp::{Accepted, Options, RecordingServer},
};
use serde_json::{Value, json};

on_both_databases!(what_comes_back_is_acted_upon_once);

/// A Monday, when mails may leave.
const MONDAY: &str = "2026-11-02T10:00:00Z";

/// A mail as the relay has it.
struct Sent {
    envelope: Accepted,
    text: String,
}

impl Sent {
    /// The address that the mail program writes to for the lead who wants no more.
    fn mailto(&self) -> String {
        let text = self.text.replace("\r\n ", " ");
        let header =
            text.lines().find_map(|line| line.strip_prefix("List-Unsubscribe: ")).expect("a way out");
        let mailto =
            header.split(['<', '>']).find_map(|part| part.strip_prefix("mailto:")).expect("by mail, too");
        mailto.split('?').next().expect("an address").to_owned()
    }

    fn bounce(&self, to: &str) -> String {
        format!(
            "Return-Path: <>\r\nFrom: MAILER-DAEMON@relay.test\r\nTo: <{to}>\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b1\r\n\r\n--b1\r\n\
             Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.test\r\n\r\n\
             Final-Recipient: rfc822; {}\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--b1--\r\n",
            self.envelope.rcpt
        )
    }

    fn complaint(&self) -> String {
        format!(
            "From: feedback@isp.test\r\nSubject: complaint\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=feedback-report; boundary=b1\r\n\r\n--b1\r\n\
             Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n\r\n--b1\r\n\
             Content-Type: message/rfc822\r\n\r\n{}\r\n--b1--\r\n",
            self.text
        )
    }

    fn answer(&self, more: &str, body: &str) -> String {
        format!(
            "From: {}\r\nTo: hello@example.test\r\nSubject: Re: hi\r\nMessage-ID: <{}@leads.test>\r\nIn-Reply-To: <{}>\r\n{more}\r\n{body}\r\n",
            self.envelope.rcpt,
            body.len(),
            self.envelope.message_id
        )
    }
}

/// A lead with consent, whose breakup mail is at the relay.
async fn mailed(stage: &Stage, up: &Running, relay: &RecordingServer, key: &str, id: &str) -> Sent {
    let email = format!("{id}@leads.test");
    Sender::new(up, key).identify(id, json!({"email": email, "name": id}), json!({})).await;
    let reply = stage.program.chat("mia", &format!("/lead enroll {email} re-engagement")).await;
    assert_eq!(reply["ok"], true, "{reply}");
    let (envelope, bytes) = within(SOON, &format!("{id} gets a mail"), async || {
        let accepted = relay.accepted();
        let at = accepted.iter().position(|one| one.rcpt == email)?;
        Some((accepted[at].clone(), relay.messages()[at].clone()))
    })
    .await;
    Sent { envelope, text: String::from_utf8(bytes).unwrap() }
}

async fn until(stage: &Stage, id: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let email = format!("{id}@leads.test");
    within(SOON, &format!("{id}: {what}"), async || Some(stage.lead(&email).await).filter(|lead| is_so(lead)))
        .await
}

async fn what_comes_back_is_acted_upon_once(on: On) {
    let mut mailbox = Dovecot::start();
    let relay = RecordingServer::start_with(Options { offer_dsn: true, ..Options::default() }).await;
    let stage = Stage::new(on).calendar(MONDAY, 1.0);
    let authority = stage.place("authority.pem");
    std::fs::write(&authority, mailbox.authority()).unwrap();
    let stage = stage
        .env("REKINDLE__MAIL__URL", relay.url())
        .env("REKINDLE__MAIL__BOUNCE_DOMAIN", "bounce.example.test")
        .env("REKINDLE__INBOX__URL", mailbox.url())
        .env("REKINDLE__INBOX__HANDLED", "Done")
        .env("SSL_CERT_FILE", authority.to_str().unwrap());
    let key = stage.key("webinar", Some("webinar form 2026")).await;
    stage.member("Mia", "marketing").await;
    let ana = stage.member("Ana", "sales").await;
    // What was there before we came, and is not ours, stays as it is.
    mailbox.deliver(b"From: a@b.test\r\nSubject: lunch?\r\n\r\nAt one?\r\n");
    let up = stage.program.start(&["up"]).await;
    let watch = crate::stage::Seat::sign_in(&up, &ana).await.events().await;
    let mut sent = std::collections::BTreeMap::new();
    for id in ["bob", "cat", "rex", "ooo", "sto", "wis", "vic"] {
        sent.insert(id, mailed(&stage, &up, &relay, &key, id).await);
    }
    let envelope = &sent["bob"].envelope;
    let token = envelope.mail_from.strip_prefix("b+").and_then(|from| from.split('@').next()).expect("VERP");
    assert_eq!(
        envelope.parameters,
        [format!("RET=HDRS ENVID={token}"), "ORCPT=rfc822;bob@leads.test".to_owned()]
    );

    // Forged: another's mark, and none.
    let mut forged: Vec<char> = sent["vic"].envelope.mail_from.chars().collect();
    forged[20] = if forged[20] == 'a' { 'b' } else { 'a' };
    let forged: String = forged.into_iter().collect();
    mailbox.deliver(sent["vic"].bounce(&forged).as_bytes());
    mailbox.deliver(sent["vic"].bounce("postmaster@bounce.example.test").as_bytes());
    mailbox.deliver(sent["bob"].bounce(&envelope.mail_from).as_bytes());
    mailbox.deliver(sent["cat"].complaint().as_bytes());
    mailbox.deliver(sent["rex"].answer("", "Call me <!channel> *now*.").as_bytes());
    mailbox.deliver(sent["ooo"].answer("Auto-Submitted: auto-replied\r\n", "I am away.").as_bytes());
    mailbox.deliver(sent["sto"].answer("", "Stop!").as_bytes());
    let wish =
        format!("From: wis@leads.test\r\nTo: {}\r\nSubject: unsubscribe\r\n\r\n\r\n", sent["wis"].mailto());
    mailbox.deliver(wish.as_bytes());

    for (id, state) in
        [("bob", "bounced"), ("cat", "complained"), ("sto", "unsubscribed"), ("wis", "unsubscribed")]
    {
        let lead = until(&stage, id, state, |lead| lead["consent"]["state"] == state).await;
        assert_eq!(lead["enrollments"][0]["due_at"], Value::Null, "its run is over: {lead:#}");
    }
    let bob = stage.lead("bob@leads.test").await;
    assert_eq!(
        (&bob["deliveries"][0]["state"], &bob["deliveries"][0]["reason"]),
        (&json!("failed"), &json!("bounced: 550 5.1.1 no such user"))
    );
    let rex = until(&stage, "rex", "an alert", |lead| lead["alerts"][0]["reason"] == "reply").await;
    assert_eq!(rex["consent"]["state"], "subscribed");
    assert_eq!(rex["enrollments"][0]["due_at"], Value::Null, "who answers is not mailed on: {rex:#}");
    let (card, _) = watch.card(SOON, "rex@leads.test", "open").await;
    assert_eq!(card["headline"], "Answered a mail");
    let said = watch.wait(SOON, "the answer", |event| {
        event.name == "message" && event.data["text"].as_str().is_some_and(|text| text.contains("Call me"))
    });
    assert_eq!(said.await.data["text"], "rex answered the mail “breakup”:\n“Call me <!channel> *now*.”");
    let ooo = until(&stage, "ooo", "put off", |lead| {
        lead["enrollments"][0]["reason"].as_str().is_some_and(|why| why.starts_with("put off"))
    })
    .await;
    assert_eq!(ooo["alerts"], json!([]), "a machine is no sign of life");

    // Read again from the first, with the server away in between: nothing changes.
    let all = ["bob", "cat", "rex", "ooo", "sto", "wis", "vic"];
    let handled = within(SOON, "six are put away", async || {
        Some(mailbox.lying("Done")).filter(|lying| lying.len() == 6)
    })
    .await;
    assert!(handled.iter().all(|message| message.flags.contains('S')));
    let mut before = Vec::new();
    for id in all {
        before.push(stage.lead(&format!("{id}@leads.test")).await);
    }
    assert_eq!(before[6]["consent"]["state"], "subscribed", "forged: {:#}", before[6]);
    mailbox.count_anew();
    for message in &handled {
        mailbox.deliver(&message.bytes);
    }
    within(SOON, "all are put away again", async || (mailbox.lying("Done").len() == 12).then_some(())).await;
    for (id, before) in all.iter().zip(&before) {
        assert_eq!(stage.lead(&format!("{id}@leads.test")).await, *before);
    }
    let left = mailbox.lying("");
    assert_eq!(left.len(), 3, "what is not ours stays");
    assert!(left.iter().all(|message| message.flags.is_empty()), "as unread as it was: {left:?}");

    // Killed, and what came meanwhile is read by the next.
    up.kill9().await;
    mailbox.deliver(sent["vic"].bounce(&sent["vic"].envelope.mail_from).as_bytes());
    let up = stage.program.start(&["up"]).await;
    until(&stage, "vic", "bounced", |lead| lead["consent"]["state"] == "bounced").await;
    assert_eq!(up.terminate().await, Some(0));
}
