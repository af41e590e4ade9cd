//! What the worker needs to know beside the database and the templates.

use chrono::TimeDelta;
use chrono_tz::Tz;
use rekindle_core::{
    email::EmailAddress, ids::DeliveryId, link::KeyRing, outflow::Limits, prediction::Needed,
    schedule::Schedule,
};
use rekindle_mail::{dkim::Signer, inbox::Inbox, mark, transport::Transport};
use std::{path::PathBuf, sync::Arc};

/// How mail leaves, in whose name, and when the daily work is done.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where mail goes.
    pub transport: Transport,
    /// The name that people read as the sender, if there is one; otherwise the organisation's.
    pub from_name: Option<String>,
    /// Who writes.
    pub from: EmailAddress,
    /// The domain of the addresses that bounces go to (VERP); without one they go to `from`, where nobody tells them apart.
    pub bounce_domain: Option<String>,
    /// The mailbox where bounces and answers come, if we read it.
    pub inbox: Option<Inbox>,
    /// Whether Postmark tells us of our mails: it gives back what a header of its own holds.
    pub postmark: bool,
    /// How much longer the next step of a run waits when a machine has answered.
    pub out_of_office: TimeDelta,
    /// Who signs the mails; none where the relay does.
    pub signers: Arc<Vec<Signer>>,
    /// Where answers go, if not to `from`.
    pub reply_to: Option<EmailAddress>,
    /// The organisation, as mails name it.
    pub company: String,
    /// Its postal address, which the law wants in every mail.
    pub postal_address: String,
    /// The domain that List-Ids end in.
    pub list_domain: String,
    /// The address by which leads reach us: what every link begins with.
    pub public_url: String,
    /// The zone of leads that have none, and of the cron table.
    pub zone: Tz,
    /// Whether mails carry a picture that tells when they are opened.
    pub opens: bool,
    /// How fast mail may leave.
    pub pace: Limits,
    /// How many mails may be on their way to one recipient's domain at once.
    pub at_once_to_domain: Option<usize>,
    /// How many sessions with the relay may be open at once; at least one is.
    pub sessions: usize,
    /// Where fates that the database does not take are kept on the disk; without one, in memory alone.
    pub journal: Option<PathBuf>,
    /// When leads that went quiet are looked for.
    pub cool_leads: Schedule,
    /// When a new model is trained, if ever.
    pub train_model: Option<Schedule>,
    /// When all leads that did something are predicted anew, if ever.
    pub predict_leads: Option<Schedule>,
    /// What must be there before a prediction is shown.
    pub needed: Needed,
    /// After how long archived leads are erased, if ever.
    pub forget_archived_after: Option<chrono::TimeDelta>,
}

impl Settings {
    /// The `mailto:` that stops the mail (rule U7), where somebody reads what is written there.
    pub(crate) fn stop_mail_to(&self, ring: &KeyRing, mail: DeliveryId) -> Option<String> {
        self.inbox.as_ref()?;
        let domain = self.bounce_domain.as_deref()?;
        Some(mark::unsubscribe_mailto(ring, mail, domain))
    }
}
