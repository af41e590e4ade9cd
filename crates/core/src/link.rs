//! Links in mails: a token says which row it means, for which purpose, and that we made it.
//!
//! Layout: one byte of version, one of key id, sixteen of row id, four of a number within the row
//! (which link, which answer), sixteen of HMAC-SHA-256 over purpose and all that (truncated to 128
//! bits, RFC 2104 section 5), in base64url without padding: 51 characters. A token of one purpose is worth nothing for another, and whatever
//! is wrong with a token, the answer is the same "not found".

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt};
use uuid::Uuid;

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Follow a link of a mail.
    Click,
    /// Take an offer.
    Offer,
    /// Answer a survey.
    Survey,
    /// Stop the mail.
    Unsubscribe,
    /// Sign in, once.
    SignIn,
    /// Say who somebody in a chat is, once.
    LinkChat,
}

impl Purpose {
    /// All purposes.
    pub const ALL: [Self; 6] =
        [Self::Click, Self::Offer, Self::Survey, Self::Unsubscribe, Self::SignIn, Self::LinkChat];

    fn domain(self) -> &'static [u8] {
        match self {
            Self::Click => b"rekindle/1/click",
            Self::Offer => b"rekindle/1/offer",
            Self::Survey => b"rekindle/1/survey",
            Self::Unsubscribe => b"rekindle/1/unsubscribe",
            Self::SignIn => b"rekindle/1/sign-in",
            Self::LinkChat => b"rekindle/1/link-chat",
        }
    }
}

const VERSION: u8 = 1;
const SIGNED: usize = 1 + 1 + 16 + 4;
const LENGTH: usize = SIGNED + 16;

/// What a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meant {
    /// The row.
    pub row: Uuid,
    /// Which of its links or answers.
    pub number: u32,
}

/// The secrets that tokens are made with: the newest makes, all check. Never printed.
#[derive(Clone)]
pub struct KeyRing {
    keys: BTreeMap<u8, [u8; 32]>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRing({} keys)", self.keys.len())
    }
}

impl KeyRing {
    /// A ring of keys by id; `None` when there is none.
    pub fn new(keys: BTreeMap<u8, [u8; 32]>) -> Option<Self> {
        (!keys.is_empty()).then_some(Self { keys })
    }

    /// A token for a row and a number within it.
    pub fn token(&self, purpose: Purpose, row: Uuid, number: u32) -> String {
        let (id, key) = self.keys.iter().next_back().expect("a ring has at least one key");
        let mut token = [0; LENGTH];
        token[0] = VERSION;
        token[1] = *id;
        token[2..18].copy_from_slice(row.as_bytes());
        token[18..SIGNED].copy_from_slice(&number.to_be_bytes());
        let tag = mac(key, purpose, &token[..SIGNED]).finalize().into_bytes();
        token[SIGNED..].copy_from_slice(&tag[..16]);
        URL_SAFE_NO_PAD.encode(token)
    }

    /// What a token means, if we made it for this purpose.
    pub fn check(&self, purpose: Purpose, token: &str) -> Option<Meant> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        if bytes.len() != LENGTH || bytes[0] != VERSION {
            return None;
        }
        let key = self.keys.get(&bytes[1])?;
        mac(key, purpose, &bytes[..SIGNED]).verify_truncated_left(&bytes[SIGNED..]).ok()?;
        let number = u32::from_be_bytes(bytes[18..SIGNED].try_into().ok()?);
        Some(Meant { row: Uuid::from_slice(&bytes[2..18]).ok()?, number })
    }

    /// The code of the offer in a mail: derived, so that it need not be stored before it is taken.
    /// Eight characters that cannot be mistaken for each other (Crockford's base 32).
    pub fn offer_code(&self, delivery: Uuid) -> String {
        const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let (_, key) = self.keys.iter().next().expect("a ring has at least one key");
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
        mac.update(b"rekindle/1/offer-code");
        mac.update(delivery.as_bytes());
        let tag = mac.finalize().into_bytes();
        tag.iter().take(8).map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
    }

    /// What an address is remembered by once it may not be written to any more: a salted hash of its
    /// canonical form, which outlives the lead.
    pub fn suppression_hash(&self, canonical: &str) -> String {
        // The oldest key, so that a rotation does not forget anybody.
        let (_, key) = self.keys.iter().next().expect("a ring has at least one key");
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
        mac.update(b"rekindle/1/suppression");
        mac.update(canonical.as_bytes());
        hex(&mac.finalize().into_bytes())
    }
}

/// The plain hash that write keys and session tokens are stored by: they are random already.
pub fn digest(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

fn mac(key: &[u8; 32], purpose: Purpose, message: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(purpose.domain());
    mac.update(message);
    mac
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(ids: &[u8]) -> KeyRing {
        KeyRing::new(ids.iter().map(|id| (*id, [*id; 32])).collect()).unwrap()
    }

    #[test]
    fn every_flipped_bit_and_every_other_purpose_is_nothing() {
        let ring = ring(&[1]);
        let row = Uuid::from_u128(42);
        let token = ring.token(Purpose::Offer, row, 7);
        assert_eq!(ring.check(Purpose::Offer, &token), Some(Meant { row, number: 7 }));
        for purpose in Purpose::ALL.into_iter().filter(|p| *p != Purpose::Offer) {
            assert_eq!(ring.check(purpose, &token), None);
        }
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(ring.check(Purpose::Offer, &URL_SAFE_NO_PAD.encode(flipped)), None, "bit {bit}");
        }
        for cut in 0..token.len() {
            assert_eq!(ring.check(Purpose::Offer, &token[..cut]), None);
        }
    }

    #[test]
    fn old_tokens_and_suppressions_survive_a_new_key() {
        let row = Uuid::from_u128(42);
        let old = ring(&[1]).token(Purpose::Click, row, 0);
        assert_eq!(ring(&[1, 2]).check(Purpose::Click, &old).map(|meant| meant.row), Some(row));
        assert_eq!(ring(&[2]).check(Purpose::Click, &old), None);
        assert_eq!(ring(&[1]).suppression_hash("a@b.test"), ring(&[1, 2]).suppression_hash("a@b.test"));
    }
}
