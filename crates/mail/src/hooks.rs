//! What providers tell by webhook becomes the same verdicts as what comes back by mail ([`heard`](crate::heard)).
//!
//! Reading and believing are apart: [`read`] says what a body tells, [`signature`] and [`sns`] whether its sender may tell it. A verdict still counts only
//! for the delivery whose token its traces carry. What we do not know of a provider tells nothing, and is no error: providers add kinds of
//! events as they like.

pub mod signature;
pub mod sns;

use serde_json::Value;

use crate::heard::{Cause, Complaint, ComplaintKind, Fate, Heard, Told, Traces, What};

/// Who tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Provider {
    /// Amazon SES, over SNS: docs.aws.amazon.com/ses/latest/dg/notification-contents.html.
    Ses,
    /// SendGrid: www.twilio.com/docs/sendgrid/for-developers/tracking-events/event.
    SendGrid,
    /// Mailgun: documentation.mailgun.com/docs/mailgun/user-manual/events/events.
    Mailgun,
    /// Postmark: postmarkapp.com/developer/webhooks/webhooks-overview.
    Postmark,
    /// Anybody: `{"events": [{"kind": "hard", "email": …, "message_id": …, "status": …, "reason": …}]}`, where a kind is hard, soft,
    /// delayed, delivered, complaint or unsubscribe.
    Generic,
}

/// Why a body tells nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HookError {
    /// Not what this provider sends.
    #[error("this is no body of that provider: {0}")]
    Shape(String),
}

/// What a body tells, in its order.
///
/// # Errors
/// When it is not what this provider sends.
pub fn read(provider: Provider, body: &[u8]) -> Result<Vec<Heard>, HookError> {
    let body: Value = serde_json::from_slice(body).map_err(|e| HookError::Shape(e.to_string()))?;
    let missing = |what: &str| HookError::Shape(format!("{what} is missing"));
    let events = match provider {
        Provider::Ses => {
            let message = body["Message"].as_str().ok_or_else(|| missing("Message"))?;
            let message = serde_json::from_str(message).map_err(|e| HookError::Shape(e.to_string()))?;
            return Ok(ses(&message).into_iter().collect());
        }
        Provider::SendGrid => body.as_array().ok_or_else(|| missing("the list of events"))?,
        Provider::Mailgun => {
            return Ok(mailgun(body.get("event-data").ok_or_else(|| missing("event-data"))?)
                .into_iter()
                .collect());
        }
        Provider::Postmark => {
            text(&body, "RecordType").ok_or_else(|| missing("RecordType"))?;
            return Ok(postmark(&body).into_iter().collect());
        }
        Provider::Generic => body["events"].as_array().ok_or_else(|| missing("events"))?,
    };
    let one = if provider == Provider::SendGrid { sendgrid } else { generic };
    Ok(events.iter().filter_map(one).collect())
}

fn ses(message: &Value) -> Option<Heard> {
    let mail = &message["mail"];
    let ids = [text(&mail["commonHeaders"], "messageId")].into_iter().flatten();
    let in_headers = mail["headers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|field| text(field, "name").is_some_and(|name| name.eq_ignore_ascii_case("message-id")));
    let ids = ids.chain(in_headers.filter_map(|field| text(field, "value")));
    let traces = traces(ids, text(mail, "source"));
    let kind = text(message, "notificationType").or_else(|| text(message, "eventType"))?;
    let named = |of: &Value, list: &str| -> Vec<Value> { of[list].as_array().cloned().unwrap_or_default() };
    let address = |of: &Value| text(of, "emailAddress").map(ToOwned::to_owned);
    let what = match kind {
        "Bounce" => {
            let bounce = &message["bounce"];
            let is_permanent = text(bounce, "bounceType") == Some("Permanent");
            // What they would not even try, since it bounced before, is as dead as then.
            let bounced = named(bounce, "bouncedRecipients");
            let told = bounced.iter().map(|of| {
                failed(
                    address(of),
                    text(of, "status"),
                    text(of, "diagnosticCode"),
                    is_permanent.then_some(Cause::NoSuchUser),
                )
            });
            What::Fates(told.collect())
        }
        "Complaint" => {
            let complaint = &message["complaint"];
            let kind = match text(complaint, "complaintFeedbackType") {
                Some("not-spam") => ComplaintKind::NotSpam,
                Some("fraud") => ComplaintKind::Fraud,
                Some("virus") => ComplaintKind::Virus,
                _ => ComplaintKind::Abuse,
            };
            let addresses = named(complaint, "complainedRecipients").iter().filter_map(address).collect();
            What::Complaint(Complaint { kind, addresses })
        }
        "Delivery" => {
            let delivery = &message["delivery"];
            let to = named(delivery, "recipients");
            let told = to
                .iter()
                .filter_map(Value::as_str)
                .map(|to| told(Some(to.to_owned()), Fate::Delivered, None, None));
            What::Fates(told.collect())
        }
        "DeliveryDelay" => {
            let delayed = named(&message["deliveryDelay"], "delayedRecipients");
            let told = delayed
                .iter()
                .map(|of| told(address(of), Fate::Delayed, text(of, "status"), text(of, "diagnosticCode")));
            What::Fates(told.collect())
        }
        _ => return None,
    };
    heard(what, traces)
}

fn sendgrid(event: &Value) -> Option<Heard> {
    let address = text(event, "email").map(ToOwned::to_owned);
    let (status, reason) = (text(event, "status"), text(event, "reason"));
    let traces = traces(text(event, "smtp-id"), None);
    let what = match text(event, "event")? {
        // "blocked" is their word for what may pass next time.
        "bounce" if text(event, "type") == Some("blocked") => fates(failed_alive(address, status, reason)),
        "bounce" => fates(failed(address, status, reason, Some(Cause::NoSuchUser))),
        "dropped" => fates(failed(address, status, reason, None)),
        "deferred" => fates(told(address, Fate::Delayed, status, text(event, "response").or(reason))),
        "delivered" => fates(told(address, Fate::Delivered, None, text(event, "response"))),
        "spamreport" => complaint(address),
        "unsubscribe" | "group_unsubscribe" => What::Stop,
        _ => return None,
    };
    heard(what, traces)
}

fn mailgun(event: &Value) -> Option<Heard> {
    let address = text(event, "recipient").map(ToOwned::to_owned);
    let told_by = &event["delivery-status"];
    let code = told_by["code"].as_u64().filter(|code| (400..600).contains(code));
    let words = [text(told_by, "message"), text(told_by, "description")]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    let words = code.map_or_else(|| words.clone(), |code| format!("{code} {words}"));
    let status = text(told_by, "enhanced-code");
    let traces = traces(text(&event["message"]["headers"], "message-id"), text(&event["envelope"], "sender"));
    let what = match (text(event, "event")?, text(event, "severity")) {
        ("failed", Some("temporary")) => fates(told(address, Fate::Delayed, status, Some(&words))),
        ("failed", _) => fates(failed(address, status, Some(&words), None)),
        ("delivered", _) => fates(told(address, Fate::Delivered, status, Some(&words))),
        ("complained", _) => complaint(address),
        ("unsubscribed", _) => What::Stop,
        _ => return None,
    };
    heard(what, traces)
}

fn postmark(event: &Value) -> Option<Heard> {
    let address = text(event, "Email").or_else(|| text(event, "Recipient")).map(ToOwned::to_owned);
    let details = text(event, "Details").or_else(|| text(event, "Description"));
    // Their MessageID is theirs; ours comes back where it was sent along as metadata.
    let ours = event["Metadata"].as_object().into_iter().flatten().filter_map(|(_, value)| value.as_str());
    let traces = traces(ours, None);
    let what = match (text(event, "RecordType")?, text(event, "Type")) {
        ("Bounce", Some("HardBounce" | "BadEmailAddress")) => {
            fates(failed(address, None, details, Some(Cause::NoSuchUser)))
        }
        ("Bounce", Some("Transient")) => fates(told(address, Fate::Delayed, None, details)),
        ("Bounce", Some("AutoResponder" | "AddressChange")) => What::AutoReply,
        ("Bounce", Some("Unsubscribe" | "Subscribe" | "OpenRelayTest" | "ChallengeVerification")) => {
            return None;
        }
        ("Bounce", Some("SpamComplaint")) | ("SpamComplaint", _) => complaint(address),
        ("Bounce", _) => fates(failed_alive(address, None, details)),
        ("Delivery", _) => fates(told(address, Fate::Delivered, None, details)),
        ("SubscriptionChange", _) if event["SuppressSending"].as_bool() == Some(true) => {
            match text(event, "SuppressionReason") {
                Some("SpamComplaint") => complaint(address),
                Some("ManualSuppression") => What::Stop,
                _ => return None,
            }
        }
        _ => return None,
    };
    heard(what, traces)
}

fn generic(event: &Value) -> Option<Heard> {
    let address = text(event, "email").map(ToOwned::to_owned);
    let (status, reason) = (text(event, "status"), text(event, "reason"));
    let what = match text(event, "kind")? {
        "hard" => fates(failed(address, status, reason, Some(Cause::NoSuchUser))),
        "soft" => fates(failed_alive(address, status, reason)),
        "delayed" => fates(told(address, Fate::Delayed, status, reason)),
        "delivered" => fates(told(address, Fate::Delivered, status, reason)),
        "complaint" => complaint(address),
        "unsubscribe" => What::Stop,
        _ => return None,
    };
    heard(what, traces(text(event, "message_id"), None))
}

fn text<'a>(of: &'a Value, name: &str) -> Option<&'a str> {
    of.get(name)?.as_str()
}

fn traces<'a>(ids: impl IntoIterator<Item = &'a str>, sender: Option<&str>) -> Traces {
    let bare = |id: &str| id.trim_matches(['<', '>', ' ']).to_owned();
    let mut message_ids: Vec<String> = ids.into_iter().map(bare).collect();
    message_ids.dedup();
    Traces {
        addresses: sender.map(ToOwned::to_owned).into_iter().collect(),
        envelopes: Vec::new(),
        message_ids,
    }
}

fn fates(told: Told) -> What {
    What::Fates(vec![told])
}

fn complaint(address: Option<String>) -> What {
    What::Complaint(Complaint { kind: ComplaintKind::Abuse, addresses: address.into_iter().collect() })
}

fn told(address: Option<String>, fate: Fate, status: Option<&str>, words: Option<&str>) -> Told {
    Told::by_a_provider(address, Some(fate), status, words.unwrap_or_default(), None)
}

/// A mail that failed, for the reason that the words name, or else the one that the provider implies.
fn failed(
    address: Option<String>,
    status: Option<&str>,
    words: Option<&str>,
    implied: Option<Cause>,
) -> Told {
    Told::by_a_provider(address, None, status, words.unwrap_or_default(), implied)
}

/// A mail that failed at an address which lives, as the provider says.
fn failed_alive(address: Option<String>, status: Option<&str>, words: Option<&str>) -> Told {
    told(address, Fate::Soft, status, words)
}

fn heard(what: What, traces: Traces) -> Option<Heard> {
    let is_empty = matches!(&what, What::Fates(told) if told.is_empty());
    (!is_empty).then(|| Heard { what, traces, from: None, subject: String::new(), id: String::new() })
}
