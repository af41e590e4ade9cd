//! What providers tell by webhook: taken once where the signature is theirs, and nothing without.

use crate::world::World;
use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use rekindle_core::{
    chat::Secret,
    consent::ConsentState,
    ids::{DeliveryId, LeadId},
    link::Purpose,
    time::Clock,
};
use rekindle_web::hooks::{Fetch, Hooks, Keys, POSTMARK_USER, router};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde_json::{Value, json};
use sha2::Sha256;
use std::{
    pin::Pin,
    sync::{Arc, Mutex},
};
use tower::ServiceExt;

const TOPIC: &str = "arn:aws:sns:eu-west-1:1:bounces";
const CERTIFICATE: &str = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem";
const SECRET: &[u8] = b"a secret of the test";

/// Amazon, as far as it is asked.
#[derive(Debug, Default)]
struct Amazon {
    asked: Mutex<Vec<String>>,
    away: Mutex<bool>,
}

impl Fetch for Amazon {
    fn get<'a>(&'a self, url: &'a str) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send + 'a>> {
        self.asked.lock().unwrap().push(url.to_owned());
        let page = match *self.away.lock().unwrap() {
            true => Err("away".to_owned()),
            false => Ok(include_bytes!("../../../mail/tests/hooks/certificate.pem").to_vec()),
        };
        Box::pin(async move { page })
    }
}

impl Amazon {
    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

struct Providers {
    world: World,
    amazon: Arc<Amazon>,
    hooks: Hooks,
    curve: EcdsaKeyPair,
}

/// A call: headers and body.
type Call = (Vec<(&'static str, String)>, String);

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// A body of SNS, signed as SNS does it.
fn sns(mut body: Value) -> String {
    let mut signed = String::new();
    let names: &[&str] = match body["Type"] == "Notification" {
        true => &["Message", "MessageId", "Timestamp", "TopicArn", "Type"],
        false => &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
    };
    for name in names {
        signed.push_str(&format!("{name}\n{}\n", body[*name].as_str().unwrap()));
    }
    let pem = include_str!("../../../mail/tests/lawful/rsa.pem");
    let lines: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(lines).unwrap()).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    body["Signature"] = json!(STANDARD.encode(signature));
    body.to_string()
}

fn notification(message: &Value) -> Value {
    json!({"Type": "Notification", "MessageId": "m-1", "TopicArn": TOPIC, "Message": message.to_string(),
        "Timestamp": "2026-11-23T10:42:00.000Z", "SignatureVersion": "2", "SigningCertURL": CERTIFICATE})
}

impl Providers {
    async fn new() -> Self {
        let world = World::new().await;
        let random = SystemRandom::new();
        let curve = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let curve =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, curve.as_ref(), &random).unwrap();
        let keys = Keys {
            ses_topic: Some(TOPIC.to_owned()),
            sendgrid: Some(STANDARD.encode([&[0x30; 26], curve.public_key().as_ref()].concat())),
            mailgun: Some(Secret::new("key")),
            postmark: Some(Secret::new("password")),
            generic: Some(Secret::new(format!("whsec_{}", STANDARD.encode(SECRET)))),
        };
        let amazon = Arc::new(Amazon::default());
        let hooks = Hooks::new(world.store().clone(), keys, TimeDelta::days(7), amazon.clone());
        Self { world, amazon, hooks, curve }
    }

    /// A lead, and the mail that was written to them.
    async fn mailed(&self, name: &str) -> (LeadId, DeliveryId) {
        let lead = self.world.lead(&format!("{name}@acme.test"), json!({})).await.id;
        (lead, self.world.mail(lead, 0).await)
    }

    /// A provider tells that this mail has bounced for good.
    fn bounce(&self, provider: &str, mail: DeliveryId) -> Call {
        let id = format!("{}@acme.test", self.world.store().ring().small_token(Purpose::MessageId, mail.0));
        let email = "kim@acme.test";
        match provider {
            "ses" => {
                let recipients = json!([{"emailAddress": email, "status": "5.1.1"}]);
                let bounce = json!({"notificationType": "Bounce", "mail": {"commonHeaders": {"messageId": id}},
                    "bounce": {"bounceType": "Permanent", "bouncedRecipients": recipients}});
                (vec![], sns(notification(&bounce)))
            }
            "sendgrid" => {
                let body = json!([{"event": "bounce", "email": email, "smtp-id": id, "status": "5.1.1"}])
                    .to_string();
                let signed =
                    self.curve.sign(&SystemRandom::new(), format!("1762045323{body}").as_bytes()).unwrap();
                let headers = vec![
                    ("x-twilio-email-event-webhook-timestamp", "1762045323".to_owned()),
                    ("x-twilio-email-event-webhook-signature", STANDARD.encode(signed)),
                ];
                (headers, body)
            }
            "mailgun" => {
                let signature: String =
                    mac(b"key", b"1762045323token").iter().map(|byte| format!("{byte:02x}")).collect();
                let event = json!({"event": "failed", "severity": "permanent", "recipient": email,
                    "message": {"headers": {"message-id": id}}, "delivery-status": {"code": 550, "message": "5.1.1 no such user"}});
                let body = json!({"signature": {"timestamp": "1762045323", "token": "token", "signature": signature}, "event-data": event});
                (vec![], body.to_string())
            }
            "postmark" => {
                let login = format!("Basic {}", STANDARD.encode(format!("{POSTMARK_USER}:password")));
                let body = json!({"RecordType": "Bounce", "Type": "HardBounce", "Email": email, "Metadata": {"mail": id}});
                (vec![("authorization", login)], body.to_string())
            }
            _ => {
                let body =
                    json!({"events": [{"kind": "hard", "email": email, "message_id": id}]}).to_string();
                (self.standard(&body, self.world.clock.wall().timestamp()), body)
            }
        }
    }

    fn standard(&self, body: &str, at: i64) -> Vec<(&'static str, String)> {
        let signed = STANDARD.encode(mac(SECRET, format!("msg_1.{at}.{body}").as_bytes()));
        vec![
            ("webhook-id", "msg_1".to_owned()),
            ("webhook-timestamp", at.to_string()),
            ("webhook-signature", format!("v1,{signed}")),
        ]
    }

    async fn call(&self, provider: &str, (headers, body): Call) -> StatusCode {
        let mut request = Request::post(format!("/hooks/{provider}"));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let response =
            router(self.hooks.clone()).oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let status = response.status();
        to_bytes(response.into_body(), 10_000).await.unwrap();
        status
    }

    async fn consent(&self, lead: LeadId) -> ConsentState {
        self.world.store().leads().by_id(lead).await.unwrap().consent.state
    }
}

#[tokio::test]
async fn each_provider_is_believed_by_its_signature_and_heard_once() {
    let providers = Providers::new().await;
    for provider in ["ses", "sendgrid", "mailgun", "postmark", "generic"] {
        let (lead, mail) = providers.mailed(provider).await;
        let (headers, body) = providers.bounce(provider, mail);
        // Another's signature, none, and a body that was changed on the way.
        let (_, other) = providers.mailed(&format!("{provider}-2")).await;
        let changed = providers.bounce(provider, other).1;
        let mut forged =
            vec![(headers.clone(), body.replace("5.1.1", "5.1.2").replace("hard", "soft") + " ")];
        if provider == "postmark" {
            forged = vec![
                (vec![], body.clone()),
                (vec![("authorization", "Basic eDp5".to_owned())], body.clone()),
            ];
        } else if provider == "mailgun" {
            forged = vec![(vec![], body.replace("\"token\"", "\"tokem\""))];
        } else if provider == "ses" {
            forged =
                vec![(vec![], body.replace("5.1.1", "5.1.2")), (vec![], body.replace("bounces", "others"))];
        } else {
            forged.extend([(vec![], body.clone()), (headers.clone(), changed)]);
        }
        for call in forged {
            assert_eq!(providers.call(provider, call).await, StatusCode::UNAUTHORIZED, "{provider}");
        }
        assert_eq!(providers.consent(lead).await, ConsentState::Subscribed, "{provider}");
        for _ in 0..3 {
            assert_eq!(providers.call(provider, (headers.clone(), body.clone())).await, StatusCode::OK);
        }
        assert_eq!(providers.consent(lead).await, ConsentState::Bounced, "{provider}");
    }
    assert_eq!(providers.amazon.asked(), [CERTIFICATE, CERTIFICATE], "kept once it was good");
}

#[tokio::test]
async fn a_plain_webhook_of_another_hour_is_a_replay() {
    let providers = Providers::new().await;
    let (lead, mail) = providers.mailed("kim").await;
    let (_, body) = providers.bounce("generic", mail);
    let now = providers.world.clock.wall().timestamp();
    for (at, status) in [(now - 301, 401), (now + 301, 401), (now - 300, 200)] {
        let call = (providers.standard(&body, at), body.clone());
        assert_eq!(providers.call("generic", call).await.as_u16(), status, "{}", at - now);
    }
    assert_eq!(providers.consent(lead).await, ConsentState::Bounced);
}

#[tokio::test]
async fn amazon_is_subscribed_to_at_amazon_and_for_our_topic_alone() {
    let providers = Providers::new().await;
    let confirm = |topic: &str, url: &str| {
        sns(
            json!({"Type": "SubscriptionConfirmation", "MessageId": "m", "Token": "t", "TopicArn": topic, "Message": "You have chosen",
            "SubscribeURL": url, "Timestamp": "2026-11-23T10:42:00.000Z", "SignatureVersion": "2", "SigningCertURL": CERTIFICATE}),
        )
    };
    let url =
        format!("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t");
    assert_eq!(providers.call("ses", (vec![], confirm("arn:aws:sns:eu-west-1:2:other", &url))).await, 401);
    assert_eq!(providers.amazon.asked(), [""; 0], "nothing is fetched for a stranger");
    for evil in [
        "https://evil.test/?Action=ConfirmSubscription&Token=t",
        "http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t",
        "https://sns.eu-west-1.amazonaws.com.evil.test/?Action=ConfirmSubscription&Token=t",
        "https://sns.eu-west-1.amazonaws.com/?Action=DeleteTopic&Token=t",
        "http://169.254.169.254/latest/meta-data/",
    ] {
        providers.call("ses", (vec![], confirm(TOPIC, evil))).await;
        assert!(!providers.amazon.asked().iter().any(|asked| asked == evil), "{evil}");
    }
    let asked = providers.amazon.asked().len();
    *providers.amazon.away.lock().unwrap() = true;
    assert_eq!(providers.call("ses", (vec![], confirm(TOPIC, &url))).await, 503, "they come again");
    *providers.amazon.away.lock().unwrap() = false;
    assert_eq!(providers.call("ses", (vec![], confirm(TOPIC, &url))).await, 200);
    assert_eq!(providers.amazon.asked()[asked..], [url.clone(), url]);
}

#[tokio::test]
async fn a_door_without_a_key_is_not_there_and_none_takes_too_much() {
    let providers = Providers::new().await;
    assert_eq!(providers.call("elsewhere", (vec![], String::new())).await, 404);
    assert_eq!(providers.call("mailgun", (vec![], " ".repeat(1024 * 1024 + 1))).await, 413);
    assert_eq!(providers.call("mailgun", (vec![], "no JSON".to_owned())).await, 401);
    let login =
        vec![("authorization", format!("Basic {}", STANDARD.encode(format!("{POSTMARK_USER}:password"))))];
    assert_eq!(providers.call("postmark", (login, "no JSON".to_owned())).await, 400);
    let store = providers.world.store().clone();
    let shut = Hooks::new(store, Keys::default(), TimeDelta::days(7), providers.amazon.clone());
    let shut = Providers { hooks: shut, ..providers };
    for provider in ["ses", "sendgrid", "mailgun", "postmark", "generic"] {
        assert_eq!(shut.call(provider, (vec![], "{}".to_owned())).await, 404, "{provider}");
    }
}
