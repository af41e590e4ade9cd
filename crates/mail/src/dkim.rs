//! Signs mails (DKIM, RFC 6376 and 8463; rule S1): RSA or Ed25519, relaxed/relaxed, no length, no expiry.
//!
//! Each field that is signed is named once more than it stands, so that nobody can add one; so are those that could be added to change
//! what a reader sees. The time of a signature is the mail's own date: the same mail is the same bytes.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use mail_auth::{
    common::{
        crypto::{Algorithm, Ed25519Key, RsaKey, Sha256, SigningKey},
        headers::{Writable, Writer},
    },
    dkim::{Canonicalization, Signature, canonicalize::CanonicalHeaders},
};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};

/// What is signed where it stands.
const SIGNED: &[&str] = &[
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "MIME-Version",
    "Content-Type",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Auto-Submitted",
    "Precedence",
    "Feedback-ID",
];
/// What nobody may add, though it does not stand there.
const NEVER_ADDED: &[&str] = &["From", "To", "Cc", "Subject", "Date", "Reply-To", "Sender", "Content-Type"];
/// A string of a TXT record holds no more (RFC 1035 section 3.3.14).
const MOST_OF_A_STRING: usize = 255;
/// What stands before an RSA key in a SubjectPublicKeyInfo (RFC 5280): its algorithm, without parameters.
const RSA_ALGORITHM: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// Why a key cannot sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DkimError {
    /// Not the text of a private key.
    #[error(
        "this is no private key: it begins with -----BEGIN PRIVATE KEY-----; rekindle dkim new makes one"
    )]
    NoKey,
    /// A key that nobody verifies, or everybody can break.
    #[error("this key is neither RSA of 2048 to 4096 bits nor Ed25519; rekindle dkim new makes one")]
    WrongKind,
    /// A selector that cannot stand in the DNS.
    #[error("“{0}” is no selector: it is letters, digits and hyphens, such as rk1")]
    Selector(String),
    /// The library refuses.
    #[error("the mail cannot be signed: {0}")]
    Signing(String),
    /// There is no such generator on this machine.
    #[error("no key can be made: {0}")]
    Making(String),
}

/// A key, with the names under which the world finds it.
pub struct Signer {
    domain: String,
    selector: String,
    key: Key,
}

enum Key {
    Rsa(RsaKey<Sha256>),
    Ed25519(Ed25519Key),
}

/// Without the key.
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.record_name())
    }
}

impl Signer {
    /// A signer for a domain, from a private key in PEM (PKCS 8 or PKCS 1).
    ///
    /// # Errors
    /// When that is no key, or none that should sign mail.
    pub fn new(domain: &str, selector: &str, pem: &str) -> Result<Self, DkimError> {
        let fine = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if selector.is_empty() || selector.len() > 63 || !selector.chars().all(fine) {
            return Err(DkimError::Selector(selector.chars().take(100).collect()));
        }
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| DkimError::NoKey)?;
        let ed25519 = match &der {
            PrivateKeyDer::Pkcs8(key) => {
                Ed25519Key::from_pkcs8_maybe_unchecked_der(key.secret_pkcs8_der()).ok()
            }
            _ => None,
        };
        let key = match ed25519 {
            Some(key) => Key::Ed25519(key),
            None => Key::Rsa(RsaKey::from_key_der(der).map_err(|_| DkimError::WrongKind)?),
        };
        Ok(Self { domain: domain.to_owned(), selector: selector.to_owned(), key })
    }

    /// The domain that it signs for.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The name of the TXT record that the world verifies with.
    pub fn record_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }

    /// The text of that record (RFC 6376 section 3.6.1).
    pub fn record(&self) -> String {
        match &self.key {
            Key::Rsa(key) => {
                format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(subject_public_key(&key.public_key())))
            }
            Key::Ed25519(key) => format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode(key.public_key())),
        }
    }

    /// The same as a zone file has it: in strings, none too long.
    pub fn record_in_strings(&self) -> String {
        let record = self.record();
        let strings = record
            .as_bytes()
            .chunks(MOST_OF_A_STRING)
            .map(|part| format!("\"{}\"", String::from_utf8_lossy(part)));
        strings.collect::<Vec<_>>().join(" ")
    }

    fn sign(&self, message: &Message<'_>, date: DateTime<Utc>) -> Result<String, DkimError> {
        let signature = Signature {
            v: 1,
            d: self.domain.clone(),
            s: self.selector.clone(),
            t: u64::try_from(date.timestamp()).unwrap_or_default(),
            ch: Canonicalization::Relaxed,
            cb: Canonicalization::Relaxed,
            ..Signature::default()
        };
        let signed = match &self.key {
            Key::Rsa(key) => sign_with(key, Algorithm::RsaSha256, signature, message),
            Key::Ed25519(key) => sign_with(key, Algorithm::Ed25519Sha256, signature, message),
        };
        let mut header = Vec::with_capacity(1024);
        signed?.write(&mut header, true);
        String::from_utf8(header).map_err(|e| DkimError::Signing(e.to_string()))
    }
}

fn sign_with(
    key: &impl SigningKey,
    algorithm: Algorithm,
    mut signature: Signature,
    message: &Message<'_>,
) -> Result<Signature, DkimError> {
    signature.a = algorithm;
    signature.h = message.names.iter().map(|name| (*name).to_owned()).collect();
    signature.bh = key.hash(Canonicalization::Relaxed.canonical_body(message.body, 0)).as_ref().to_vec();
    // The library turns the order round, as it reads a head from its end.
    let fields = message.fields.iter().rev().copied().collect();
    let head = Canonicalization::Relaxed.canonical_headers(fields);
    let signed =
        key.sign(Signable { head, signature: &signature }).map_err(|e| DkimError::Signing(e.to_string()))?;
    signature.b = signed;
    Ok(signature)
}

/// What is signed: the fields, and the signature without itself (RFC 6376 section 3.7).
struct Signable<'a> {
    head: CanonicalHeaders<'a>,
    signature: &'a Signature,
}

impl Writable for Signable<'_> {
    fn write(self, writer: &mut impl Writer) {
        self.head.write(writer);
        self.signature.write(writer, false);
    }
}

/// A message as a signature sees it.
struct Message<'a> {
    /// The fields that stand there and are signed.
    fields: Vec<(&'a [u8], &'a [u8])>,
    /// Their names, each once more than it stands.
    names: Vec<&'static str>,
    body: &'a [u8],
}

impl<'a> Message<'a> {
    fn read(bytes: &'a [u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(bytes.len(), |at| at + 2);
        let (head, rest) = bytes.split_at(end);
        let all = fields(head);
        let mut message =
            Self { fields: Vec::new(), names: Vec::new(), body: rest.get(2..).unwrap_or_default() };
        for name in SIGNED {
            // From the end: that is how a verifier counts fields of the same name.
            let named = all.iter().rev().filter(|(known, _)| known.eq_ignore_ascii_case(name.as_bytes()));
            for field in named {
                message.fields.push(*field);
                message.names.push(name);
            }
        }
        let stands: Vec<&str> = message.names.clone();
        let to_seal = SIGNED.iter().chain(NEVER_ADDED.iter().filter(|name| !SIGNED.contains(name)));
        message.names.extend(to_seal.filter(|name| stands.contains(name) || NEVER_ADDED.contains(name)));
        message
    }
}

/// The fields of a head, with what ends their lines.
fn fields(head: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut starts: Vec<usize> = vec![0];
    let mut at = 0;
    while let Some(next) = head[at..].windows(2).position(|two| two == b"\r\n").map(|found| at + found + 2) {
        if head.get(next).is_some_and(|first| !matches!(first, b' ' | b'\t')) {
            starts.push(next);
        }
        at = next;
    }
    starts.push(head.len());
    let fields = starts.windows(2).map(|pair| &head[pair[0]..pair[1]]);
    fields
        .filter_map(|field| {
            let colon = field.iter().position(|b| *b == b':')?;
            Some((&field[..colon], &field[colon + 1..]))
        })
        .collect()
}

/// Puts the signature of each signer above a message.
///
/// # Errors
/// When the library refuses.
pub fn sign(signers: &[Signer], message: Vec<u8>, date: DateTime<Utc>) -> Result<Vec<u8>, DkimError> {
    if signers.is_empty() {
        return Ok(message);
    }
    let read = Message::read(&message);
    let signatures = signers.iter().map(|signer| signer.sign(&read, date)).collect::<Result<Vec<_>, _>>()?;
    let mut signed = signatures.concat().into_bytes();
    signed.extend_from_slice(&message);
    Ok(signed)
}

/// Whether a mail from this domain can pass DMARC by a signature of that one: they are the same, or one is below the other (relaxed
/// alignment, RFC 7489 section 3.1.1, as far as it can be told without a list of registries).
pub fn is_aligned(from: &str, signing: &str) -> bool {
    let is_below = |one: &str, other: &str| {
        other.contains('.') && one.strip_suffix(other).is_some_and(|rest| rest.ends_with('.'))
    };
    from == signing || is_below(from, signing) || is_below(signing, from)
}

/// A new Ed25519 key, in PEM (PKCS 8).
///
/// # Errors
/// When the machine has no randomness.
pub fn new_ed25519() -> Result<String, DkimError> {
    let key = Ed25519Key::generate_pkcs8().map_err(|e| DkimError::Making(e.to_string()))?;
    let text = STANDARD.encode(key);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n");
    Ok(format!("-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n"))
}

/// An RSA key as the DNS wants it: a SubjectPublicKeyInfo around what PKCS 1 calls a public key.
fn subject_public_key(key: &[u8]) -> Vec<u8> {
    // A bit string begins with how many bits of its last byte do not count.
    let bits = der(0x03, &[&[0], key].concat());
    der(0x30, &[&RSA_ALGORITHM, bits.as_slice()].concat())
}

/// A value of DER, of a length that is told in two bytes, as those of keys are.
fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes();
    [&[tag, 0x82, length[0], length[1]], value].concat()
}
