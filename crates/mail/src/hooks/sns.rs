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
    let (host, path) = url.strip_prefix("https://")?.split_once('/')?;
    let region = host.strip_prefix("sns.")?;
    let region =
        region.strip_suffix(".amazonaws.com").or_else(|| region.strip_suffix(".amazonaws.com.cn"))?;
    let plain = |text: &str, more: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
    let fine = !region.is_empty() && plain(region, "-") && plain(path, "-._") && path.ends_with(".pem");
    fine.then(|| url.to_owned())
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
