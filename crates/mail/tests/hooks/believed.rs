//! Who is believed: each signature as its provider makes it, and every altered one refused.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use rekindle_mail::hooks::{signature, sns};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::{Value, json};
use sha2::Sha256;

fn mac(key: &[u8], message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn mailgun_signs_within_the_body() {
    let body = |time: &str, token: &str, signature: &str| {
        json!({"signature": {"timestamp": time, "token": token, "signature": signature}, "event-data": {}})
            .to_string()
    };
    let right = hex(&mac(b"key", "1762045323token"));
    assert_eq!(
        signature::mailgun("key", body("1762045323", "token", &right).as_bytes()),
        Some(1_762_045_323)
    );
    assert_eq!(
        signature::mailgun("key", body("1762045323", "token", &right.to_uppercase()).as_bytes()),
        Some(1_762_045_323)
    );
    for (key, body) in [
        ("other", body("1762045323", "token", &right)),
        ("key", body("1762045324", "token", &right)),
        ("key", body("1762045323", "tokem", &right)),
        ("key", body("1762045323", "token", &right[2..])),
        ("key", body("1762045323", "token", "")),
        ("key", body("1762045323", "token", "zz")),
        ("key", "{}".to_owned()),
        ("key", String::new()),
    ] {
        assert_eq!(signature::mailgun(key, body.as_bytes()), None, "{body}");
    }
}

#[test]
fn a_standard_webhook_is_signed_over_id_time_and_body() {
    // The example of the specification.
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let (id, time, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "{\"test\": 2432232314}");
    let right = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    let check = |id: &str, time: &str, signatures: &str, body: &str| {
        signature::standard(secret, id, time, signatures, body.as_bytes())
    };
    assert_eq!(check(id, time, right, body), Some(1_614_265_330));
    assert_eq!(check(id, time, &format!("v1,AAAA {right}"), body), Some(1_614_265_330), "one of several");
    assert_eq!(check("msg_other", time, right, body), None);
    assert_eq!(check(id, "1614265331", right, body), None);
    assert_eq!(check(id, time, right, "{}"), None);
    assert_eq!(check(id, time, "", body), None);
    assert_eq!(check(id, time, right.trim_start_matches("v1,"), body), None);
    assert_eq!(signature::standard("whsec_", id, time, right, body.as_bytes()), None);
}

#[test]
fn sendgrid_signs_with_a_curve() {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.as_ref(), &random).unwrap();
    // What their page shows is a SubjectPublicKeyInfo: 26 bytes that name the curve, and the point.
    let public = STANDARD.encode([&[0x30; 26], key.public_key().as_ref()].concat());
    let signed = STANDARD.encode(key.sign(&random, b"1762045323[{}]").unwrap());
    let check = |public: &str, time: &str, signed: &str, body: &str| {
        signature::sendgrid(public, time, signed, body.as_bytes())
    };
    assert_eq!(check(&public, "1762045323", &signed, "[{}]"), Some(1_762_045_323));
    assert_eq!(check(&public, "1762045324", &signed, "[{}]"), None);
    assert_eq!(check(&public, "1762045323", &signed, "[{} ]"), None);
    assert_eq!(check(&public, "1762045323", "", "[{}]"), None);
    assert_eq!(check("", "1762045323", &signed, "[{}]"), None);
    assert_eq!(check("AAAA", "1762045323", &signed, "[{}]"), None);
}

#[test]
fn postmark_brings_the_password_we_gave_it() {
    let header = |login: &str| format!("Basic {}", STANDARD.encode(login));
    assert!(signature::postmark("hook", "secret", &header("hook:secret")));
    for wrong in [
        header("hook:secreT"),
        header("hook"),
        header(""),
        "Bearer x".to_owned(),
        "Basic !".to_owned(),
        String::new(),
    ] {
        assert!(!signature::postmark("hook", "secret", &wrong), "{wrong}");
    }
    assert!(!signature::postmark("", "", &header(":")), "no password opens nothing");
}

const CERTIFICATE: &[u8] = include_bytes!("certificate.pem");
const TOPIC: &str = "arn:aws:sns:eu-west-1:1:bounces";

/// A body of SNS, signed as SNS does it.
fn notification(subject: Option<&str>) -> Value {
    let mut body = json!({"Type": "Notification", "MessageId": "m-1", "TopicArn": TOPIC, "Message": "{}", "Timestamp": "2026-11-02T01:02:03.000Z",
        "SignatureVersion": "2", "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem"});
    let mut signed = "Message\n{}\nMessageId\nm-1\n".to_owned();
    if let Some(subject) = subject {
        body["Subject"] = json!(subject);
        signed.push_str(&format!("Subject\n{subject}\n"));
    }
    signed.push_str(&format!("Timestamp\n2026-11-02T01:02:03.000Z\nTopicArn\n{TOPIC}\nType\nNotification\n"));
    let key = PrivatePkcs8KeyDer::from_pem_slice(include_bytes!("../lawful/rsa.pem")).unwrap();
    let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    body["Signature"] = json!(STANDARD.encode(signature));
    body
}

#[test]
fn sns_signs_with_the_key_of_its_certificate() {
    let check = |body: &Value| sns::is_signed(CERTIFICATE, TOPIC, body.to_string().as_bytes());
    assert!(check(&notification(None)) && check(&notification(Some("Bounce"))));
    for (field, forged) in [
        ("Message", json!("{\"notificationType\":\"Bounce\"}")),
        ("MessageId", json!("m-2")),
        ("Timestamp", json!("2027-11-02T01:02:03.000Z")),
        ("TopicArn", json!("arn:aws:sns:eu-west-1:2:bounces")),
        ("Type", json!("SubscriptionConfirmation")),
        ("Subject", json!("added")),
        ("SignatureVersion", json!("1")),
        ("Signature", json!("AAAA")),
        ("Signature", json!(null)),
    ] {
        let mut body = notification(None);
        body[field] = forged;
        assert!(!check(&body), "{field}");
    }
    let body = notification(None).to_string();
    assert!(!sns::is_signed(CERTIFICATE, "arn:aws:sns:eu-west-1:1:other", body.as_bytes()));
    assert!(!sns::is_signed(b"", TOPIC, body.as_bytes()));
}

#[test]
fn the_certificate_of_sns_is_at_sns_and_nowhere_else() {
    let url = |url: &str| sns::certificate_url(json!({"SigningCertURL": url}).to_string().as_bytes());
    for fine in [
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.cn-north-1.amazonaws.com.cn/a.pem",
    ] {
        assert_eq!(url(fine).as_deref(), Some(fine));
    }
    for evil in [
        "http://sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.test/a.pem",
        "https://evil.test/sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.amazonaws.com/a.pem",
        "https://sns.x@evil.test/.amazonaws.com/a.pem",
        "https://sns.evil.test#.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com:8080/a.pem",
        "https://sns.eu-west-1.amazonaws.com/../a.pem?x",
        "https://sns.eu-west-1.amazonaws.com/a.txt",
        "file:///etc/passwd.pem",
        "",
    ] {
        assert_eq!(url(evil), None, "{evil}");
    }
}
