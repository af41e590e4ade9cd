//! Whether a webhook comes from whom it says: the signature of each provider, over the bytes as they came.
//!
//! The signed times are handed back for whoever refuses what is old.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde_json::Value;
use sha2::Sha256;

/// A point of the curve P-256, uncompressed: what stands last in a public key of it (RFC 5480).
const POINT: usize = 65;

/// Whether a body of Mailgun was signed with our key, and when: HMAC-SHA-256 over timestamp and token, in hex, within the body.
pub fn mailgun(key: &str, body: &[u8]) -> Option<i64> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let part = |name: &str| body.get("signature")?.get(name)?.as_str();
    let (time, token, signature) = (part("timestamp")?, part("token")?, part("signature")?);
    let mac = from_hex(signature)?;
    keyed(key.as_bytes(), &[time.as_bytes(), token.as_bytes()]).verify_slice(&mac).ok()?;
    time.parse().ok()
}

/// Whether a body was signed as Standard Webhooks says, and when: base64 of HMAC-SHA-256 over id, time and body. Of several signatures one
/// must hold, since keys are exchanged that way.
pub fn standard(secret: &str, id: &str, time: &str, signatures: &str, body: &[u8]) -> Option<i64> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret)).ok()?;
    let holds = |signature: &str| {
        let mac = signature.strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok());
        let signed = keyed(&key, &[id.as_bytes(), b".", time.as_bytes(), b".", body]);
        mac.is_some_and(|mac| signed.verify_slice(&mac).is_ok())
    };
    if key.is_empty() || !signatures.split(' ').any(holds) {
        return None;
    }
    time.parse().ok()
}

/// Whether a body of SendGrid was signed by the key that its page shows (base64 of a SubjectPublicKeyInfo), and when: ECDSA over P-256 and
/// SHA-256, of time and body.
pub fn sendgrid(public_key: &str, time: &str, signature: &str, body: &[u8]) -> Option<i64> {
    let key = STANDARD.decode(public_key).ok()?;
    let point = key.get(key.len().checked_sub(POINT)?..)?;
    let signature = STANDARD.decode(signature).ok()?;
    let signed = [time.as_bytes(), body].concat();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(&signed, &signature).ok()?;
    time.parse().ok()
}

/// Whether a call of Postmark brings the user and the password that we gave it (`Authorization: Basic …`).
pub fn postmark(user: &str, password: &str, authorization: &str) -> bool {
    let Some(given) = authorization.strip_prefix("Basic ").and_then(|text| STANDARD.decode(text.trim()).ok())
    else {
        return false;
    };
    // As MACs of both, so that the comparison tells nothing by its time.
    let ours = keyed(b"", &[user.as_bytes(), b":", password.as_bytes()]).finalize().into_bytes();
    !password.is_empty() && keyed(b"", &[&given]).verify_slice(&ours).is_ok()
}

fn keyed(key: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}
