//! Whether what a browser calls itself (RFC 9110, 10.1.5) is a name that a person's browser gives.
//!
//! It is asked the other way round: names of machines are without number and new every week, while a browser of a person has a
//! form and few parts. So a name is a person's when each of its parts is one that such browsers have, and none of its words is one by
//! which machines tell what they are. Held against 2,118 names of machines (crawler-user-agents) and against 10,000 names of
//! visitors by how often they come (user-agents): docs/mail.md has the figures.

/// Where people's browsers say that they run: how the first comment begins.
const SYSTEMS: [&str; 13] = [
    "Windows NT",
    "Windows Phone",
    "Macintosh",
    "iPhone",
    "iPad",
    "iPod",
    "X11",
    "Wayland",
    "Linux",
    "Android",
    "Mobile",
    "Tablet",
    "CrOS",
];

/// The parts that people's browsers, and the apps in which they read mails, are made of.
const PARTS: &str = "Aloha AlohaBrowser AppleWebKit Atom AVG Avast Avira Brave CCleaner Chrome Chromium Coc_Coc_Browser CriOS Ddg \
    DuckDuckGo Ecosia Edg Edge EdgA EdgiOS Epiphany Falkon Fedora Firefox Focus FxiOS GSA Gecko HeyTapBrowser HuaweiBrowser Iceweasel \
    Iron KAKAOTALK Kiwi Klar Konqueror LibreWolf Line LinkedInApp MQQBrowser Maxthon MetaSr MicroMessenger MiuiBrowser Mobile Mozilla \
    NAVER Norton OPR OPRGX OPT OPX OPiOS Opera OppoBrowser Outlook-Android Outlook-iOS OutlookMobile PHX PaleMoon Puffin QQBrowser \
    QtWebEngine Quark SA Safari SamsungBrowser SeaMonkey Sidekick Silk Slack Slack_SSB Sleipnir Snapchat Teams Thunderbird UCBrowser \
    Ubuntu Unique Version Viasat VivoBrowser Vivaldi Waterfox Whale YaApp_Android YaApp_iOS YaBrowser YaSearchBrowser Yowser coc_coc_browser like";

/// Words by which machines tell what they are, in small letters: in a comment of a person's browser stands none of them.
const WORDS: [&str; 30] = [
    "agent",
    "archiv",
    "bot",
    "check",
    "compatible",
    "crawl",
    "datanyze",
    "feed",
    "fetch",
    "foregenix",
    "geedo",
    "headless",
    "http",
    "index",
    "monitor",
    "preview",
    "proxy",
    "python",
    "rigor",
    "scan",
    "search",
    "seo",
    "spider",
    "turingos",
    "www.",
    "@",
    ".com",
    ".org",
    ".net",
    ".io",
];

/// Whether a person's browser gives this name.
pub fn is_of_a_person(name: &str) -> bool {
    if !name.starts_with("Mozilla/5.0 (") {
        return false;
    }
    let mut comments = 0;
    parts(name).all(|part| match part {
        Part::Comment(comment) => {
            comments += 1;
            let knows_system = comments > 1 || SYSTEMS.iter().any(|system| comment.starts_with(system));
            knows_system && !tells(comment)
        }
        Part::Product(product) => {
            let product = product.split('/').next().unwrap_or_default().trim_matches(['[', ']']);
            let is_number = product.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            is_number || PARTS.split_ascii_whitespace().any(|part| part == product)
        }
    })
}

fn tells(comment: &str) -> bool {
    // Cubot makes telephones.
    let comment = comment.to_lowercase().replace("cubot", "");
    WORDS.iter().any(|word| comment.contains(word))
}

/// A piece of a name: `product/version`, or a comment without its brackets.
enum Part<'a> {
    Product(&'a str),
    Comment(&'a str),
}

fn parts(name: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = name;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', ';', ',', ')']);
        if rest.is_empty() {
            return None;
        }
        if let Some(inside) = rest.strip_prefix('(') {
            let end = end_of_comment(inside);
            let comment = &inside[..end];
            rest = &inside[end..];
            return Some(Part::Comment(comment));
        }
        let end = rest.find([' ', ';', ',', '(', ')']).unwrap_or(rest.len());
        let (product, after) = rest.split_at(end);
        rest = after;
        Some(Part::Product(product))
    })
}

/// Where a comment ends, brackets within it closed.
fn end_of_comment(inside: &str) -> usize {
    let mut open = 0;
    for (at, c) in inside.char_indices() {
        match c {
            '(' => open += 1,
            ')' if open == 0 => return at,
            ')' => open -= 1,
            _ => {}
        }
    }
    inside.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_come_with_browsers() {
        for name in [
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/151.0.0.0 Safari/537.36",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/151.0.0.0 Safari/537.36 Edg/151.0.0.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/151.0.0.0 Safari/537.36 OPR/135.0.0.0 (Edition std-2)",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [LinkedInApp]/9.31",
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Mozilla/5.0 (Linux; Android 15; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Linux; Android 11; CUBOT_X30 Build/RP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/120.0.0.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
            "Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0",
        ] {
            assert!(is_of_a_person(name), "{name}");
        }
    }

    #[test]
    fn machines_come_with_anything_else() {
        for name in [
            "",
            " ",
            "curl/8.5.0",
            "Mozilla/5.0",
            "Mozilla/5.0 (",
            "Mozilla/5.0 ()",
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Playwright/1.40.0",
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/97.0 Safari/537.36 (ThousandEyes Agent)",
        ] {
            assert!(!is_of_a_person(name), "{name}");
        }
    }

    /// The names of crawler-user-agents, from the corpora beside the project: no machine of them is taken for a person.
    #[test]
    fn m2_every_known_machine_is_one() {
        let corpus =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora/bots/crawler-user-agents.json");
        let Ok(text) = std::fs::read_to_string(corpus) else {
            return eprintln!("skipped: the corpora are not here");
        };
        let crawlers: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        let names = crawlers.iter().flat_map(|crawler| crawler["instances"].as_array().into_iter().flatten());
        let names: Vec<&str> = names.filter_map(serde_json::Value::as_str).collect();
        assert!(names.len() > 2_000);
        let people: Vec<&&str> = names.iter().filter(|name| is_of_a_person(name)).collect();
        assert!(people.is_empty(), "{} of {}: {people:#?}", people.len(), names.len());
    }

    /// The names by which visitors come (npm's user-agents, a JSON array with the weight of each), when `USER_AGENTS` says where they are:
    /// `npm pack user-agents && tar xzf user-agents-*.tgz package/dist/user-agents.json`.
    #[test]
    fn m2_hardly_a_person_is_taken_for_a_machine() {
        let Some(path) = option_env!("USER_AGENTS") else {
            return eprintln!("skipped: USER_AGENTS is not set");
        };
        let visitors: Vec<serde_json::Value> =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let weight = |visitor: &serde_json::Value| visitor["weight"].as_f64().unwrap();
        let lost = |visitor: &&serde_json::Value| !is_of_a_person(visitor["userAgent"].as_str().unwrap());
        let all: f64 = visitors.iter().map(weight).sum();
        let lost: f64 = visitors.iter().filter(lost).map(weight).sum();
        eprintln!("{:.3} % of {} visitors are taken for machines", lost / all * 100.0, visitors.len());
        assert!(lost / all < 0.005);
    }
}
