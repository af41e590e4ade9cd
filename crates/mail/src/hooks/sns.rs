//! Whether a body comes from Amazon SNS: its signature, by the certificate that it names
//! (docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html).
//!
//! Only version 2 (SHA-256) is believed: set `SignatureVersion` of the topic to 2. Whoever fetches the certificate fetches it over https from
//! the address that [`certificate_url`] lets through, and from nowhere else.

use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde_json::Value;

/// Where the certificate of a body is, if that is at SNS.
pub fn certificate_url(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let url = body.get("SigningCertURL")?.as_str()?;
    let path = at_sns(url)?;
    (is_plain(path, "-._") && path.ends_with(".pem")).then(|| url.to_owned())
}

/// Where a body asks us to confirm that we want to hear of its topic, if it does, and that is at SNS.
pub fn subscribe_url(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let url = body.get("SubscribeURL").filter(|_| body["Type"] == "SubscriptionConfirmation")?.as_str()?;
    let query = at_sns(url)?.strip_prefix("?Action=ConfirmSubscription&")?;
    is_plain(query, "-._~=&%:+/").then(|| url.to_owned())
}

/// Whether a body says that it is of this topic; it need not be true.
pub fn names_topic(topic: &str, body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_ok_and(|body| body["TopicArn"] == topic)
}

/// Whether a body tells something, and does not only speak of the subscription.
pub fn is_notification(body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_ok_and(|body| body["Type"] == "Notification")
}

/// What stands behind the host of an address at SNS, and nowhere else.
fn at_sns(url: &str) -> Option<&str> {
    let (host, path) = url.strip_prefix("https://")?.split_once('/')?;
    let region = host.strip_prefix("sns.")?;
    let region =
        region.strip_suffix(".amazonaws.com").or_else(|| region.strip_suffix(".amazonaws.com.cn"))?;
    (!region.is_empty() && is_plain(region, "-")).then_some(path)
}

fn is_plain(text: &str, more: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
}

/// Whether a body was signed by the key of this certificate (PEM), for one of our topics.
pub fn is_signed(certificate: &[u8], topic: &str, body: &[u8]) -> bool {
    signed(certificate, topic, body).is_some()
}

fn signed(certificate: &[u8], topic: &str, body: &[u8]) -> Option<()> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let field = |name: &str| body.get(name).and_then(Value::as_str);
    if field("SignatureVersion") != Some("2") || field("TopicArn") != Some(topic) {
        return None;
    }
    let names: &[&str] = match field("Type")? {
        "Notification" => &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
        _ => &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
    };
    // A subject that is not there is not signed.
    let signed: String =
        names.iter().filter_map(|name| Some(format!("{name}\n{}\n", field(name)?))).collect();
    let signature = STANDARD.decode(field("Signature")?).ok()?;
    let certificate = CertificateDer::from_pem_slice(certificate).ok()?;
    let certificate = webpki::EndEntityCert::try_from(&certificate).ok()?;
    certificate.verify_signature(webpki::ring::RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature).ok()
}
