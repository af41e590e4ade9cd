//! Mail providers whom anybody can have an address from: such an address says nothing of a company.

use std::sync::LazyLock;

/// In order.
static DOMAINS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let lines = include_str!("freemail.txt").lines().map(str::trim);
    let mut domains: Vec<&str> = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    domains.sort_unstable();
    domains
});

/// Whether anybody can have an address at this domain (written in small letters, as addresses are kept).
pub fn is_free(domain: &str) -> bool {
    DOMAINS.binary_search(&domain).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_told_from_companies() {
        let free = [
            "gmail.com",
            "gmx.de",
            "qq.com",
            "orange.fr",
            "yahoo.co.jp",
            "proton.me",
            "hey.com",
            "mailinator.com",
        ];
        assert!(free.iter().all(|domain| is_free(domain)), "{free:?}");
        let companies = ["acme.test", "siemens.com", "sap.com", "microsoft.com", "example.com", ""];
        assert!(!companies.iter().any(|domain| is_free(domain)), "{companies:?}");
        assert!(DOMAINS.len() > 14_000, "the whole list is there");
    }
}
