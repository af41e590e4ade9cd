//! Amazon SNS: believed by a certificate that is fetched from Amazon, and subscribed to where the topic is ours.

use rekindle_mail::hooks::sns;
use std::{
    fmt::Debug,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

/// Gets a page over https, from the address alone: no redirect is followed, and little is read.
pub trait Fetch: Send + Sync + Debug {
    /// The body of the page; why not, in words.
    fn get<'a>(&'a self, url: &'a str) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send + 'a>>;
}

/// What a body of SNS is.
pub(super) enum Word {
    /// Something is told.
    Notification,
    /// We were asked whether we want to hear, and said yes; or it is an end of that.
    Confirmed,
    /// It is not from our topic.
    Forged,
}

/// Believes SNS.
#[derive(Debug)]
pub(super) struct Sns {
    fetch: Arc<dyn Fetch>,
    /// The certificate that was needed last, and where it is.
    certificate: Mutex<Option<(String, Vec<u8>)>>,
}

impl Sns {
    pub(super) fn new(fetch: Arc<dyn Fetch>) -> Self {
        Self { fetch, certificate: Mutex::default() }
    }

    /// What this body is. Amazon is asked only for what is at SNS, and confirmed only what our topic has signed.
    pub(super) async fn believes(&self, topic: &str, body: &[u8]) -> Result<Word, String> {
        // Before anything is fetched: anybody may post here.
        let Some(url) = sns::certificate_url(body).filter(|_| sns::names_topic(topic, body)) else {
            return Ok(Word::Forged);
        };
        let certificate = self.certificate(&url).await?;
        if !sns::is_signed(&certificate, topic, body) {
            return Ok(Word::Forged);
        }
        self.keep(url, certificate);
        match sns::subscribe_url(body) {
            Some(url) => self.fetch.get(&url).await.map(|_| Word::Confirmed),
            None if sns::is_notification(body) => Ok(Word::Notification),
            None => Ok(Word::Confirmed),
        }
    }

    async fn certificate(&self, url: &str) -> Result<Vec<u8>, String> {
        let known = self.certificate.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known.filter(|(at, _)| at == url) {
            Some((_, certificate)) => Ok(certificate),
            None => self.fetch.get(url).await,
        }
    }

    fn keep(&self, url: String, certificate: Vec<u8>) {
        *self.certificate.lock().unwrap_or_else(PoisonError::into_inner) = Some((url, certificate));
    }
}
