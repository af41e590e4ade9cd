//! Each provider's body is told as a mail would be.

use rekindle_mail::{
    heard::{Heard, What},
    hooks::{Provider, read},
};
use serde_json::{Value, json};

const ID: &str = "inside@shop.example";

fn tell(provider: Provider, body: &Value) -> Vec<String> {
    let heard = read(provider, body.to_string().as_bytes()).unwrap();
    for one in &heard {
        assert_eq!(one.traces.message_ids, [ID], "{body}");
    }
    heard.iter().map(written).collect()
}

fn written(heard: &Heard) -> String {
    match &heard.what {
        What::Fates(told) => {
            let one = |told: &rekindle_mail::heard::Told| {
                format!("{} {:?} {:?}", told.address.as_deref().unwrap_or("-"), told.fate, told.cause)
            };
            told.iter().map(one).collect::<Vec<_>>().join("; ")
        }
        What::Complaint(complaint) => {
            format!("{} complains: {:?}", complaint.addresses.join(" "), complaint.kind)
        }
        other => format!("{other:?}"),
    }
}

fn ses(message: &Value) -> Value {
    json!({"Type": "Notification", "Message": message.to_string()})
}

#[test]
fn ses_tells_over_sns() {
    let mail = json!({"source": "b+token@bounce.shop.example", "headers": [{"name": "Message-ID", "value": format!("<{ID}>")}]});
    let bounce = |kind: &str, diagnostic: &str| {
        json!({"notificationType": "Bounce", "mail": mail, "bounce": {"bounceType": kind, "bounceSubType": "General",
            "bouncedRecipients": [{"emailAddress": "kim@acme.test", "action": "failed", "diagnosticCode": diagnostic}]}})
    };
    for (message, wanted) in [
        (bounce("Permanent", "smtp; 550 5.1.1 user unknown"), "kim@acme.test Hard NoSuchUser"),
        (bounce("Permanent", ""), "kim@acme.test Hard NoSuchUser"),
        (bounce("Permanent", "smtp; 550 5.7.1 listed in our blacklist"), "kim@acme.test Soft Policy"),
        (bounce("Transient", "smtp; 452 4.2.2 mailbox full"), "kim@acme.test Soft Full"),
        (bounce("Transient", ""), "kim@acme.test Soft Unclear"),
        (
            json!({"notificationType": "Complaint", "mail": mail, "complaint": {"complaintFeedbackType": "abuse", "complainedRecipients": [{"emailAddress": "kim@acme.test"}]}}),
            "kim@acme.test complains: Abuse",
        ),
        (
            json!({"eventType": "Delivery", "mail": mail, "delivery": {"recipients": ["kim@acme.test"]}}),
            "kim@acme.test Delivered Unclear",
        ),
        (
            json!({"eventType": "DeliveryDelay", "mail": mail, "deliveryDelay": {"delayedRecipients": [{"emailAddress": "kim@acme.test", "status": "4.4.1"}]}}),
            "kim@acme.test Delayed Expired",
        ),
    ] {
        assert_eq!(tell(Provider::Ses, &ses(&message)), [wanted], "{message}");
    }
    let opened = json!({"eventType": "Open", "mail": mail});
    assert_eq!(tell(Provider::Ses, &ses(&opened)), [""; 0], "an open is no engagement");
    let heard = read(Provider::Ses, ses(&bounce("Permanent", "")).to_string().as_bytes()).unwrap();
    assert_eq!(heard[0].traces.addresses, ["b+token@bounce.shop.example"]);
}

#[test]
fn sendgrid_tells_many_at_once() {
    let id = format!("<{ID}>");
    let body = json!([
        {"event": "bounce", "type": "bounce", "email": "kim@acme.test", "status": "5.1.1", "reason": "550 no such user", "smtp-id": id},
        {"event": "bounce", "type": "blocked", "email": "kim@acme.test", "status": "5.1.1", "reason": "550 5.1.1 blocked", "smtp-id": id},
        {"event": "deferred", "email": "kim@acme.test", "response": "450 try again later", "smtp-id": id},
        {"event": "delivered", "email": "kim@acme.test", "response": "250 OK", "smtp-id": id},
        {"event": "spamreport", "email": "kim@acme.test", "smtp-id": id},
        {"event": "group_unsubscribe", "email": "kim@acme.test", "smtp-id": id},
        {"event": "open", "email": "kim@acme.test", "smtp-id": id},
    ]);
    assert_eq!(
        tell(Provider::SendGrid, &body),
        [
            "kim@acme.test Hard NoSuchUser",
            "kim@acme.test Soft Policy",
            "kim@acme.test Delayed Busy",
            "kim@acme.test Delivered Unclear",
            "kim@acme.test complains: Abuse",
            "Stop"
        ]
    );
}

#[test]
fn mailgun_tells_of_one() {
    let event = |event: &str, severity: &str, code: u16, message: &str| {
        json!({"event-data": {"event": event, "severity": severity, "recipient": "kim@acme.test",
            "message": {"headers": {"message-id": ID}}, "delivery-status": {"code": code, "message": message}}})
    };
    for (body, wanted) in [
        (
            event(
                "failed",
                "permanent",
                550,
                "5.1.1 The email account that you tried to reach does not exist",
            ),
            "kim@acme.test Hard NoSuchUser",
        ),
        (
            event("failed", "permanent", 605, "Not delivering to previously bounced address"),
            "kim@acme.test Soft Policy",
        ),
        (event("failed", "permanent", 552, "5.2.2 mailbox full"), "kim@acme.test Soft Full"),
        (event("failed", "temporary", 450, "4.2.0 greylisted"), "kim@acme.test Delayed Busy"),
        (event("delivered", "", 250, "OK"), "kim@acme.test Delivered Unclear"),
        (event("complained", "", 0, ""), "kim@acme.test complains: Abuse"),
        (event("unsubscribed", "", 0, ""), "Stop"),
    ] {
        assert_eq!(tell(Provider::Mailgun, &body), [wanted], "{body}");
    }
    assert_eq!(tell(Provider::Mailgun, &event("opened", "", 0, "")), [""; 0]);
}

#[test]
fn postmark_tells_of_one() {
    let bounce = |kind: &str, details: &str| json!({"RecordType": "Bounce", "Type": kind, "Email": "kim@acme.test", "Details": details, "Metadata": {"message-id": ID}});
    for (body, wanted) in [
        (bounce("HardBounce", "smtp;550 5.1.1 user unknown"), "kim@acme.test Hard NoSuchUser"),
        (bounce("HardBounce", "smtp;554 5.7.1 rejected as spam"), "kim@acme.test Soft Policy"),
        (bounce("SoftBounce", "smtp;550 5.1.1 user unknown"), "kim@acme.test Soft NoSuchUser"),
        (bounce("Transient", "smtp;421 try again later"), "kim@acme.test Delayed Busy"),
        (bounce("AutoResponder", "I am away"), "AutoReply"),
        (
            json!({"RecordType": "SpamComplaint", "Email": "kim@acme.test", "Metadata": {"message-id": ID}}),
            "kim@acme.test complains: Abuse",
        ),
        (
            json!({"RecordType": "Delivery", "Recipient": "kim@acme.test", "Details": "250 OK", "Metadata": {"message-id": ID}}),
            "kim@acme.test Delivered Unclear",
        ),
        (
            json!({"RecordType": "SubscriptionChange", "Recipient": "kim@acme.test", "SuppressSending": true, "SuppressionReason": "ManualSuppression", "Metadata": {"message-id": ID}}),
            "Stop",
        ),
    ] {
        assert_eq!(tell(Provider::Postmark, &body), [wanted], "{body}");
    }
}

#[test]
fn anybody_may_tell_in_plain_words() {
    let event = |kind: &str, reason: &str| json!({"kind": kind, "email": "kim@acme.test", "message_id": ID, "reason": reason});
    let body = json!({"events": [
        event("hard", ""), event("soft", "550 5.1.1 user unknown"), event("delayed", ""), event("delivered", ""), event("complaint", ""),
        event("unsubscribe", ""), event("danced", ""),
    ]});
    assert_eq!(
        tell(Provider::Generic, &body),
        [
            "kim@acme.test Hard NoSuchUser",
            "kim@acme.test Soft NoSuchUser",
            "kim@acme.test Delayed Unclear",
            "kim@acme.test Delivered Unclear",
            "kim@acme.test complains: Abuse",
            "Stop"
        ]
    );
}

#[test]
fn what_is_no_body_of_theirs_is_refused_in_words() {
    let all = [Provider::Ses, Provider::SendGrid, Provider::Mailgun, Provider::Postmark, Provider::Generic];
    for provider in all {
        for body in ["", "no JSON", "null", "7", "\"x\"", "{}", "{\"Message\": 7}", "{\"Message\": \"{\"}"] {
            let refused = read(provider, body.as_bytes());
            assert!(
                refused.as_ref().is_err_and(|why| why.to_string().starts_with("this is no body")),
                "{provider:?} {body}: {refused:?}"
            );
        }
    }
    // Right in shape, and nothing in it.
    for (provider, body) in [
        (Provider::Ses, json!({"Message": "{}"})),
        (Provider::SendGrid, json!([7, {}, {"event": 7}])),
        (Provider::Mailgun, json!({"event-data": []})),
        (Provider::Postmark, json!({"RecordType": "Dance"})),
        (Provider::Generic, json!({"events": [null]})),
    ] {
        assert_eq!(read(provider, body.to_string().as_bytes()), Ok(vec![]), "{body}");
    }
}
