//! Links in mails: a token says which row it means, for which purpose, and that we made it.
//!
//! Layout: one byte of version, one of key id, sixteen of row id, four of a number within the row
//! (which link, which answer), sixteen of HMAC-SHA-256 over purpose and all that (truncated to 128
//! bits, RFC 2104 section 5), in base64url without padding: 51 characters. Where a server may fold capitals (the local part of an
//! address, a Message-ID), the same without the number, in small letters of base 32: 55 characters. A token of one purpose is worth nothing for another, and whatever
//! is wrong with a token, the answer is the same "not found".

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};
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
    /// Say how one wants to be written to.
    Preferences,
    /// Say that it was oneself who filled in a form.
    Confirm,
    /// Tell when a form was opened.
    Form,
    /// Sign in, once.
    SignIn,
    /// Say who somebody in a chat is, once.
    LinkChat,
    /// Be the envelope that a mail came in: where its bounces go (VERP).
    Envelope,
    /// Be the Message-ID of a mail: what answers and returned mails name.
    MessageId,
    /// Stop the mail by writing to us.
    UnsubscribeByMail,
    /// Load the picture that tells an open.
    Picture,
}

impl Purpose {
    /// All purposes.
    pub const ALL: [Self; 13] = [
        Self::Click,
        Self::Offer,
        Self::Survey,
        Self::Unsubscribe,
        Self::Preferences,
        Self::Confirm,
        Self::Form,
        Self::SignIn,
        Self::LinkChat,
        Self::Envelope,
        Self::MessageId,
        Self::UnsubscribeByMail,
        Self::Picture,
    ];

    fn domain(self) -> &'static [u8] {
        match self {
            Self::Click => b"rekindle/1/click",
            Self::Offer => b"rekindle/1/offer",
            Self::Survey => b"rekindle/1/survey",
            Self::Unsubscribe => b"rekindle/1/unsubscribe",
            Self::Preferences => b"rekindle/1/preferences",
            Self::Confirm => b"rekindle/1/confirm",
            Self::Form => b"rekindle/1/form",
            Self::SignIn => b"rekindle/1/sign-in",
            Self::LinkChat => b"rekindle/1/link-chat",
            Self::Envelope => b"rekindle/1/envelope",
            Self::MessageId => b"rekindle/1/message-id",
            Self::UnsubscribeByMail => b"rekindle/1/unsubscribe-by-mail",
            Self::Picture => b"rekindle/1/picture",
        }
    }
}

/// The number of a click that no person can make: of the hidden link, by which machines give themselves away. Links of a mail have
/// numbers from 1.
pub const BAIT: u32 = 0;

const VERSION: u8 = 1;
const SIGNED: usize = 1 + 1 + 16 + 4;
const LENGTH: usize = SIGNED + 16;
/// What is signed of a token in small letters: no number.
const SMALL_SIGNED: usize = 1 + 1 + 16;
const SMALL_LENGTH: usize = SMALL_SIGNED + 16;
/// RFC 4648 in small letters: digits and letters that no server takes for special.
const SMALL: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// What a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meant {
    /// The row.
    pub row: Uuid,
    /// Which of its links or answers.
    pub number: u32,
}

/// The secrets that tokens are made with: the newest makes, all check. Never printed. Clones are one ring.
#[derive(Clone)]
pub struct KeyRing {
    keys: Arc<RwLock<BTreeMap<u8, [u8; 32]>>>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRing({} keys)", self.keys().len())
    }
}

impl KeyRing {
    /// A ring of keys by id; `None` when there is none.
    pub fn new(keys: BTreeMap<u8, [u8; 32]>) -> Option<Self> {
        (!keys.is_empty()).then(|| Self { keys: Arc::new(RwLock::new(keys)) })
    }

    fn keys(&self) -> RwLockReadGuard<'_, BTreeMap<u8, [u8; 32]>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key that makes tokens.
    fn newest(&self) -> (u8, [u8; 32]) {
        self.keys().iter().next_back().map(|(id, key)| (*id, *key)).expect("a ring has at least one key")
    }

    /// The key of what must not change when a new one comes.
    fn oldest(&self) -> [u8; 32] {
        self.keys().values().next().copied().expect("a ring has at least one key")
    }

    fn key(&self, id: u8) -> Option<[u8; 32]> {
        self.keys().get(&id).copied()
    }

    /// Takes keys that were made elsewhere; none is ever forgotten.
    pub fn learn(&self, keys: BTreeMap<u8, [u8; 32]>) {
        self.keys.write().unwrap_or_else(PoisonError::into_inner).extend(keys);
    }

    /// Whether a token may be one of ours by a key that this ring does not have.
    pub fn is_of_an_unknown_key(&self, token: &str) -> bool {
        let bytes = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        bytes.len() == LENGTH && bytes[0] == VERSION && self.key(bytes[1]).is_none()
    }

    /// A token for a row and a number within it.
    pub fn token(&self, purpose: Purpose, row: Uuid, number: u32) -> String {
        let (id, key) = self.newest();
        let mut token = [0; LENGTH];
        token[0] = VERSION;
        token[1] = id;
        token[2..18].copy_from_slice(row.as_bytes());
        token[18..SIGNED].copy_from_slice(&number.to_be_bytes());
        let tag = mac(&key, purpose, &token[..SIGNED]).finalize().into_bytes();
        token[SIGNED..].copy_from_slice(&tag[..16]);
        URL_SAFE_NO_PAD.encode(token)
    }

    /// What a token means, if we made it for this purpose.
    pub fn check(&self, purpose: Purpose, token: &str) -> Option<Meant> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        if bytes.len() != LENGTH || bytes[0] != VERSION {
            return None;
        }
        let key = self.key(bytes[1])?;
        mac(&key, purpose, &bytes[..SIGNED]).verify_truncated_left(&bytes[SIGNED..]).ok()?;
        let number = u32::from_be_bytes(bytes[18..SIGNED].try_into().ok()?);
        Some(Meant { row: Uuid::from_slice(&bytes[2..18]).ok()?, number })
    }

    /// A token for a row that survives a server which folds capitals: 55 small letters and digits.
    pub fn small_token(&self, purpose: Purpose, row: Uuid) -> String {
        let (id, key) = self.newest();
        let mut token = [0; SMALL_LENGTH];
        token[0] = VERSION;
        token[1] = id;
        token[2..SMALL_SIGNED].copy_from_slice(row.as_bytes());
        let tag = mac(&key, purpose, &token[..SMALL_SIGNED]).finalize().into_bytes();
        token[SMALL_SIGNED..].copy_from_slice(&tag[..16]);
        to_small(&token)
    }

    /// The row that a token in small letters means, if we made it for this purpose.
    pub fn check_small(&self, purpose: Purpose, token: &str) -> Option<Uuid> {
        let bytes = from_small(token)?;
        if bytes[0] != VERSION {
            return None;
        }
        let key = self.key(bytes[1])?;
        mac(&key, purpose, &bytes[..SMALL_SIGNED]).verify_truncated_left(&bytes[SMALL_SIGNED..]).ok()?;
        Uuid::from_slice(&bytes[2..SMALL_SIGNED]).ok()
    }

    /// The code of the offer in a mail, derived from it: three groups of four characters that cannot be mistaken for each other
    /// (Crockford's base 32), sixty bits, so that among millions no two are the same.
    pub fn offer_code(&self, delivery: Uuid) -> String {
        const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let key = self.oldest();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes a key of any length");
        mac.update(b"rekindle/1/offer-code");
        mac.update(delivery.as_bytes());
        let tag = mac.finalize().into_bytes();
        let letters: Vec<char> =
            tag.iter().take(12).map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
        letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
    }

    /// What an address is remembered by once it may not be written to any more: a salted hash of its
    /// canonical form, which outlives the lead.
    pub fn suppression_hash(&self, canonical: &str) -> String {
        // The oldest key, so that a rotation does not forget anybody.
        let key = self.oldest();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes a key of any length");
        mac.update(b"rekindle/1/suppression");
        mac.update(canonical.as_bytes());
        hex(&mac.finalize().into_bytes())
    }
}

/// The plain hash that write keys and session tokens are stored by: they are random already.
pub fn digest(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// Base 32 of RFC 4648, in small letters, without padding.
fn to_small(bytes: &[u8; SMALL_LENGTH]) -> String {
    let bit = |at: usize| bytes.get(at / 8).is_some_and(|byte| byte & (0x80 >> (at % 8)) != 0);
    let letter = |at: usize| (at..at + 5).fold(0, |value, at| value * 2 + usize::from(bit(at)));
    (0..SMALL_LENGTH * 8).step_by(5).map(|at| char::from(SMALL[letter(at)])).collect()
}

/// The bytes that [`to_small`] wrote, from small letters or capitals; `None` for all that it does not write.
fn from_small(text: &str) -> Option<[u8; SMALL_LENGTH]> {
    if text.len() != (SMALL_LENGTH * 8).div_ceil(5) {
        return None;
    }
    let mut bytes = [0; SMALL_LENGTH];
    for (place, letter) in text.bytes().enumerate() {
        let value = SMALL.iter().position(|known| *known == letter.to_ascii_lowercase())?;
        for bit in (0..5).filter(|bit| value & (16 >> bit) != 0) {
            let at = place * 5 + bit;
            *bytes.get_mut(at / 8)? |= 0x80 >> (at % 8);
        }
    }
    Some(bytes)
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
    fn a_small_token_survives_capitals_and_nothing_else() {
        let ring = ring(&[1]);
        let row = Uuid::from_u128(u128::MAX / 3);
        let token = ring.small_token(Purpose::Envelope, row);
        assert_eq!(token.len(), 55);
        assert!(token.bytes().all(|b| SMALL.contains(&b)), "{token}");
        assert_eq!(ring.check_small(Purpose::Envelope, &token), Some(row));
        assert_eq!(ring.check_small(Purpose::Envelope, &token.to_uppercase()), Some(row));
        for purpose in Purpose::ALL.into_iter().filter(|p| *p != Purpose::Envelope) {
            assert_eq!(ring.check_small(purpose, &token), None);
        }
        for at in 0..token.len() {
            for other in SMALL.iter().chain(b"01=_-.A").map(|b| char::from(*b)) {
                let mut forged: Vec<char> = token.chars().collect();
                if forged[at].eq_ignore_ascii_case(&other) {
                    continue;
                }
                forged[at] = other;
                let forged: String = forged.into_iter().collect();
                assert_eq!(ring.check_small(Purpose::Envelope, &forged), None, "{forged}");
            }
            assert_eq!(ring.check_small(Purpose::Envelope, &token[..at]), None);
        }
    }

    #[test]
    fn old_tokens_and_suppressions_survive_a_new_key() {
        let row = Uuid::from_u128(42);
        let old = ring(&[1]).token(Purpose::Click, row, 0);
        assert_eq!(ring(&[1, 2]).check(Purpose::Click, &old).map(|meant| meant.row), Some(row));
        assert_eq!(ring(&[2]).check(Purpose::Click, &old), None);
        assert_eq!(ring(&[1]).suppression_hash("a@b.test"), ring(&[1, 2]).suppression_hash("a@b.test"));
        assert_eq!(ring(&[1]).offer_code(row), ring(&[1, 2]).offer_code(row));
    }

    #[test]
    fn a_ring_learns_what_was_made_elsewhere() {
        let (old, new, row) = (ring(&[1]), ring(&[1, 2]), Uuid::from_u128(42));
        let token = new.token(Purpose::Click, row, 0);
        assert_eq!(old.check(Purpose::Click, &token), None);
        assert!(old.is_of_an_unknown_key(&token) && !old.is_of_an_unknown_key("nonsense"));
        old.clone().learn(BTreeMap::from([(2, [2; 32])]));
        assert_eq!(old.check(Purpose::Click, &token).map(|meant| meant.row), Some(row));
        assert!(!old.is_of_an_unknown_key(&token));
    }
}
