//! Pages that others tell us to get: over https alone, without redirects, little of them, and not for long (threats 4.3, 1 and 2).

use rekindle_web::hooks::Fetch;
use reqwest::{Client, redirect::Policy};
use std::{pin::Pin, time::Duration};

/// As much of a page as is read.
const MOST: usize = 64 * 1024;
/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Gets pages.
#[derive(Debug)]
pub(crate) struct Pages(Client);

impl Pages {
    /// As this machine trusts.
    ///
    /// # Errors
    /// When this machine has no authorities.
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .https_only(true)
            .redirect(Policy::none())
            .no_proxy()
            .timeout(PATIENCE)
            .build()?;
        Ok(Self(client))
    }

    async fn page(&self, url: &str) -> Result<Vec<u8>, String> {
        let words = |error: reqwest::Error| error.without_url().to_string();
        let mut answer = self.0.get(url).send().await.map_err(words)?;
        if !answer.status().is_success() {
            return Err(format!("the answer is {}", answer.status()));
        }
        let mut page = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(words)? {
            page.extend_from_slice(&chunk);
            if page.len() > MOST {
                return Err(format!("the answer is longer than {MOST} bytes"));
            }
        }
        Ok(page)
    }
}

impl Fetch for Pages {
    fn get<'a>(&'a self, url: &'a str) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send + 'a>> {
        Box::pin(self.page(url))
    }
}
