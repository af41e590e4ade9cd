//! A claimed delivery becomes the bytes of a mail: what the template may say, whose links it carries, under which number.
//!
//! Every link holds a token of this delivery (`/c/` a click, `/o/` the offer, `/s/` a survey's answer, `/u/` the way
//! out), so that whoever follows it needs no name. The Message-ID is the delivery's id, the same at every retry.

mod plan;

use self::plan::Plan;
use crate::settings::Settings;
use chrono_tz::Tz;
use rekindle_core::{
    delivery::MailKind,
    ids::DeliveryId,
    language::{Language, language_of},
    link::{BAIT, KeyRing, Purpose},
    offer::{last_day, over_at},
    playbook::Playbooks,
    sequence::OfferTerms,
    time::Moment,
    zone::zone_of,
};
use rekindle_mail::{
    compose::{Bulk, ComposeError, Envelope, Party, compose},
    dkim::{self, DkimError},
    letter::{Addressee, Letter, Offer, Sender},
    mark,
    templates::{LinkKind, RenderError, Rendered, Templates},
};
use rekindle_storage::{
    Result, Store,
    offers::Offer as Promised,
    outbox::{Claimed, Frozen},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock},
};

/// Why a mail cannot be written. What a marketer reads as the reason of the delivery.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LetterError {
    /// The lead has no address.
    #[error("the lead has no e-mail address")]
    NoAddress,
    /// The template is missing, or wants what is not there.
    #[error("the mail cannot be written: {0}")]
    Render(#[from] RenderError),
    /// What was written is no mail.
    #[error("the mail cannot be made: {0}")]
    Compose(#[from] ComposeError),
    /// It cannot be signed.
    #[error("the mail cannot be made: {0}")]
    Sign(#[from] DkimError),
    /// The template links to an answer that the survey of its step does not have.
    #[error("the mail links to the answer “{0}”, which the survey of its step does not have")]
    NoAnswer(String),
    /// A link has no number: the mail was changed while it was written.
    #[error("a link of the mail has no number yet")]
    NoNumber,
}

impl LetterError {
    /// Whether the words hold nothing personal, so that a log may have them.
    pub fn may_be_logged(&self) -> bool {
        !matches!(self, Self::Compose(_))
    }
}

/// A mail, written, and the offer that it makes.
#[derive(Debug, Clone)]
pub struct Written {
    /// Its bytes.
    pub frozen: Frozen,
    /// The offer.
    pub offer: Option<Promised>,
}

/// Numbers of a mail's links, by their addresses.
type Numbers = Arc<HashMap<String, i32>>;

/// Writes letters.
#[derive(Debug)]
pub struct Letters {
    settings: Arc<Settings>,
    templates: Arc<Templates>,
    numbers: RwLock<BTreeMap<String, Numbers>>,
}

impl Letters {
    /// Letters from these templates, in the name that the settings say.
    pub fn new(settings: Arc<Settings>, templates: impl Into<Arc<Templates>>) -> Self {
        Self { settings, templates: templates.into(), numbers: RwLock::default() }
    }

    /// The variant of the mail for the lead's language; the mail itself where its offer is not made in that one: no letter is written
    /// in two.
    fn variant<'a>(&'a self, claimed: &'a Claimed, plan: &Plan<'_>) -> &'a str {
        let to = &claimed.to;
        let language = language_of(to.language.as_deref(), to.country.as_deref());
        let variant = self.templates.in_language(&claimed.mail, language.as_ref());
        let untold = |terms: &OfferTerms| {
            self.templates.language(variant).is_ok_and(|language| terms.gives_in(language).is_none())
        };
        if variant != claimed.mail && plan.offer.is_some_and(untold) { &claimed.mail } else { variant }
    }

    /// Sees to it that the links of these mails have their numbers.
    ///
    /// # Errors
    /// As the database says.
    pub async fn number_links(
        &self,
        store: &Store,
        claimed: &[Claimed],
        playbooks: &Playbooks,
    ) -> Result<()> {
        let mut wanted: Vec<(&str, &str)> =
            claimed.iter().map(|c| (self.variant(c, &Plan::of(c, playbooks)), c.mail.as_str())).collect();
        wanted.sort_unstable();
        wanted.dedup();
        for (variant, mail) in wanted {
            if self.numbers_of(variant).is_some() {
                continue;
            }
            let Ok(links) = self.templates.links(variant) else { continue };
            let urls = links.iter().filter_map(|link| match &link.kind {
                LinkKind::Click { url } => Some(url.clone()),
                _ => None,
            });
            let numbers = store.links().destinations(mail, &urls.collect::<Vec<_>>()).await?;
            let mut known = self.numbers.write().unwrap_or_else(PoisonError::into_inner);
            known.insert(variant.to_owned(), Arc::new(numbers));
        }
        Ok(())
    }

    fn numbers_of(&self, variant: &str) -> Option<Numbers> {
        self.numbers.read().unwrap_or_else(PoisonError::into_inner).get(variant).cloned()
    }

    /// The address that the bounces of a mail go to.
    pub fn envelope(&self, delivery: DeliveryId, ring: &KeyRing) -> String {
        match &self.settings.bounce_domain {
            Some(domain) => mark::envelope(ring, delivery, domain),
            None => self.settings.from.as_str().to_owned(),
        }
    }

    /// Writes one mail; [`Self::number_links`] came before. `now` is the date that the mail bears.
    ///
    /// # Errors
    /// [`LetterError`]: this mail will not become better by waiting.
    pub fn write(
        &self,
        claimed: &Claimed,
        playbooks: &Playbooks,
        ring: &KeyRing,
        now: Moment,
    ) -> Result<Written, LetterError> {
        let (to, row) = (&claimed.to, claimed.ticket.id.0);
        let email = to.email.as_ref().ok_or(LetterError::NoAddress)?;
        let plan = Plan::of(claimed, playbooks);
        let variant = self.variant(claimed, &plan);
        let links = self.templates.links(variant)?;
        let mut urls: HashMap<&LinkKind, String> = HashMap::new();
        let numbers = self.numbers_of(variant).unwrap_or_default();
        for link in links {
            urls.insert(&link.kind, self.url(&link.kind, claimed, &plan, &numbers, ring)?);
        }
        let unsubscribe = self.address("u", &ring.token(Purpose::Unsubscribe, row, 0));
        let url = |kind: &LinkKind| urls.get(kind).cloned().unwrap_or_else(|| unsubscribe.clone());
        let letter = self.letter(claimed, self.templates.language(variant)?, &plan, ring, now);
        // The subjects of a plan are in the language of the mail itself.
        let subject = plan.subject(claimed.variant).filter(|_| variant == claimed.mail);
        let rendered = self.templates.render(variant, subject, &letter, url)?;
        let rendered = match self.settings.opens && plan.is_marketing {
            true => with_picture(rendered, &self.address("i", &ring.token(Purpose::Picture, row, 0))),
            false => rendered,
        };
        let bulk = plan.is_marketing.then(|| Bulk {
            list_name: format!("{} {}", self.settings.company, plan.sequence),
            list_id: format!("{}.{}", plan.label(), self.settings.list_domain),
            unsubscribe_url: unsubscribe.clone(),
            unsubscribe_mailto: self.settings.stop_mail_to(ring, claimed.ticket.id),
            postal_address: self.settings.postal_address.clone(),
            feedback_id: format!("{}:{}:rekindle", plan.launch(claimed.campaign), claimed.step),
        });
        let envelope = Envelope {
            from: Party {
                name: Some(self.signs().to_owned()),
                address: self.settings.from.as_str().to_owned(),
            },
            to: Party {
                name: to.name.clone().filter(|_| claimed.form.is_none()),
                address: email.as_str().to_owned(),
            },
            reply_to: self.settings.reply_to.as_ref().map(|to| to.as_str().to_owned()),
            message_id: format!("{}@{}", claimed.message_id, self.settings.from.domain()),
            date: now,
            bulk,
        };
        let mut bytes = compose(&envelope, &rendered)?;
        if self.settings.postmark {
            // Its webhooks name no Message-ID of ours, but what such a header holds (postmarkapp.com/developer/user-guide/send-email-with-smtp).
            let mark = format!("X-PM-Metadata-mail: {}\r\n", envelope.message_id);
            bytes.splice(0..0, mark.into_bytes());
        }
        let bytes = dkim::sign(&self.settings.signers, bytes, now)?;
        let offer = plan.offer.map(|terms| self.promised(claimed, terms, ring, now));
        Ok(Written { frozen: Frozen { recipient: email.as_str().to_owned(), bytes }, offer })
    }

    /// The offer of a mail that is written now.
    fn promised(&self, claimed: &Claimed, terms: &OfferTerms, ring: &KeyRing, now: Moment) -> Promised {
        let (zone, id) = (self.zone_of(claimed), claimed.ticket.id);
        Promised {
            delivery: id,
            lead: claimed.ticket.lead,
            code: ring.offer_code(id.0),
            gives: terms.gives.clone(),
            over_at: over_at(last_day(terms, now, zone), zone),
            taken_at: None,
            redeemed_at: None,
        }
    }

    fn zone_of(&self, claimed: &Claimed) -> Tz {
        zone_of(claimed.to.zone.as_deref(), claimed.to.country.as_deref(), self.settings.zone).0
    }

    fn letter(
        &self,
        claimed: &Claimed,
        language: &Language,
        plan: &Plan<'_>,
        ring: &KeyRing,
        now: Moment,
    ) -> Letter {
        let to = &claimed.to;
        if claimed.kind == MailKind::Confirmation {
            return self.asking_back(claimed);
        }
        let offer = plan.offer.map(|terms| {
            let last_day = last_day(terms, now, self.zone_of(claimed));
            Offer::of(terms, language, ring.offer_code(claimed.ticket.id.0), last_day)
        });
        Letter {
            lead: Addressee {
                first_name: to.greeting().map(ToOwned::to_owned),
                name: to.name.clone(),
                company: to.company.clone(),
                title: to.title.clone(),
                topic: to.topic.clone(),
                email: to.email.as_ref().map(|email| email.as_str().to_owned()).unwrap_or_default(),
            },
            sender: self.sender(),
            offer,
            form: None,
        }
    }

    /// A letter that asks back says nothing of the lead: whoever filled in the form may be somebody else.
    fn asking_back(&self, claimed: &Claimed) -> Letter {
        let email = claimed.to.email.as_ref().map(|email| email.as_str().to_owned()).unwrap_or_default();
        Letter {
            lead: Addressee { email, ..Addressee::default() },
            sender: self.sender(),
            offer: None,
            form: claimed.form.clone(),
        }
    }

    fn sender(&self) -> Sender {
        Sender {
            name: self.signs().to_owned(),
            company: self.settings.company.clone(),
            postal_address: self.settings.postal_address.clone(),
        }
    }

    /// Who signs: a person where there is one, otherwise the organisation.
    fn signs(&self) -> &str {
        self.settings.from_name.as_deref().unwrap_or(&self.settings.company)
    }

    fn url(
        &self,
        kind: &LinkKind,
        claimed: &Claimed,
        plan: &Plan<'_>,
        numbers: &HashMap<String, i32>,
        ring: &KeyRing,
    ) -> Result<String, LetterError> {
        let row = claimed.ticket.id.0;
        Ok(match kind {
            LinkKind::Click { url } => {
                let number = numbers.get(url).and_then(|number| u32::try_from(*number).ok());
                let number = number.ok_or(LetterError::NoNumber)?;
                self.address("c", &ring.token(Purpose::Click, row, number))
            }
            LinkKind::Bait => self.address("c", &ring.token(Purpose::Click, row, BAIT)),
            LinkKind::Offer => self.address("o", &ring.token(Purpose::Offer, row, 0)),
            LinkKind::Unsubscribe => self.address("u", &ring.token(Purpose::Unsubscribe, row, 0)),
            LinkKind::Confirm => self.address("y", &ring.token(Purpose::Confirm, row, 0)),
            LinkKind::Preferences => self.address("p", &ring.token(Purpose::Preferences, row, 0)),
            LinkKind::Survey { answer } => {
                let number = plan.answer(answer).ok_or_else(|| LetterError::NoAnswer(answer.clone()))?;
                self.address("s", &ring.token(Purpose::Survey, row, number))
            }
        })
    }

    fn address(&self, door: &str, token: &str) -> String {
        format!("{}/{door}/{token}", self.settings.public_url.trim_end_matches('/'))
    }
}

/// A letter with the picture that tells its opening, behind all else.
fn with_picture(letter: Rendered, address: &str) -> Rendered {
    let picture = format!(r#"<img src="{address}" width="1" height="1" alt="" />"#);
    let at = letter.html.rfind("</body>").unwrap_or(letter.html.len());
    let (before, after) = letter.html.split_at(at);
    Rendered { html: format!("{before}{picture}{after}"), ..letter }
}
