//! Letters: templates become mails, mails become bytes, bytes are handed to a relay exactly once.
//!
//! The only crate that knows MIME and SMTP. It knows no storage and no clock: everything it needs comes in as a value. In reading
//! order:
//!
//! 1. [`letter`]: what a template may say of a lead, a sender and an offer.
//! 2. [`templates`]: MJML and text compiled once, rendered in microseconds, checked before anything is launched.
//!    [`preview`]: a mail as its reader would see it.
//! 3. [`compose`]: a rendered letter and an envelope become the bytes of a message (RFC 5322, RFC 8058); [`dkim`] signs them.
//! 4. [`outcome`]: what can happen to a mail on its way out.
//! 5. [`transport`]: where mail goes: an SMTP relay ([`smtp`]), a folder ([`folder`]) or the memory ([`memory`]).
//! 6. [`heard`]: what comes back, told apart: fates, complaints, machines, people; [`mark`] says whose it is; [`inbox`]: the mailbox
//!    where it comes; [`hooks`]: the same, told by a provider's webhook.
//! 7. [`doctor`]: whether mail in our name will be believed, by what the DNS and the relay say.

pub mod compose;
pub mod dkim;
pub mod doctor;
pub mod folder;
pub mod heard;
pub mod hooks;
pub mod inbox;
pub mod letter;
pub mod mark;
pub mod memory;
pub mod outcome;
mod place;
pub mod preview;
pub mod smtp;
pub mod templates;
mod tls;
pub mod transport;
