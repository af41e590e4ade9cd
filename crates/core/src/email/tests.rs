//! What is an address and what is not, and the isemail list of 164.

use proptest::prelude::*;

use super::*;

fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn an_address_has_one_spelling() {
    assert_eq!(email(" Ann.Lee+Demo@Example.COM ").as_str(), "ann.lee+demo@example.com");
    assert_eq!(email("a@例え.jp").as_str(), "a@xn--r8jz45g.jp");
    assert_eq!(email("a@BÜCHER.de").domain(), "xn--bcher-kva.de");
    assert_eq!(email("ü@example.com").as_str(), "ü@example.com");
}

#[test]
fn a_refusal_says_why_and_never_the_address() {
    use EmailError::*;
    for (text, why) in [
        ("", Empty),
        ("  ", Empty),
        ("secret", NoAt),
        ("@example.com", Half),
        ("secret@", Half),
        ("secret@localhost", NoTopLevel),
        ("secret@[127.0.0.1]", DomainLiteral),
        ("secret@127.0.0.1", Domain),
        ("Ann <secret@example.com>", DisplayName),
        ("\"secret\"@example.com", Quoted),
        ("(secret)a@example.com", Comment),
        ("sec ret@example.com", Space),
        ("secret@example.com\r\nBcc: b@example.com", ControlCharacter),
        ("secret@example.com\n", ControlCharacter),
        ("secret\u{0}@example.com", ControlCharacter),
        ("secret..a@example.com", Local),
        ("secret,a@example.com", Local),
        ("secret@a@example.com", Local),
        ("secret@exa_mple.com", Domain),
        ("secret@-example.com", Domain),
        ("secret@example..com", Domain),
    ] {
        let error = EmailAddress::parse(text).unwrap_err();
        assert_eq!(error, why, "{text:?}");
        assert!(!error.to_string().contains("secret"));
    }
    let long = format!("{}@example.com", "a".repeat(65));
    assert_eq!(EmailAddress::parse(&long), Err(TooLong));
}

#[test]
fn the_key_is_one_for_a_mailbox_at_google() {
    let key = |text: &str| email(text).canonical();
    assert_eq!(key("Ann.Lee+news@GoogleMail.com"), "annlee@gmail.com");
    assert_eq!(key("annlee@gmail.com"), "annlee@gmail.com");
    assert_eq!(key("+tag@gmail.com"), "+tag@gmail.com");
    assert_eq!(key("Ann.Lee+news@example.com"), "ann.lee+news@example.com");
    assert_eq!(key("a@BÜCHER.de"), "a@xn--bcher-kva.de");
}

#[test]
fn logs_do_not_see_it_and_serde_checks_it() {
    let address = email("ann@example.com");
    assert_eq!(format!("{address:?} {address}"), "[email] ann@example.com");
    assert_eq!(serde_json::to_string(&address).unwrap(), "\"ann@example.com\"");
    assert_eq!(serde_json::from_str::<EmailAddress>("\"Ann@Example.com\"").unwrap(), address);
    assert!(serde_json::from_str::<EmailAddress>("\"ann\"").is_err());
}

/// The text of an element, its entities read; the list writes control characters as U+2400 and more.
fn element(test: &str, name: &str) -> String {
    let text = test
        .split_once(&format!("<{name}>"))
        .and_then(|(_, rest)| rest.split_once(&format!("</{name}>")))
        .map_or("", |(text, _)| text);
    let mut read = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        let (entity, after) = after.split_once(';').unwrap();
        read.push_str(before);
        read.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            code => {
                let code = u32::from_str_radix(code.strip_prefix("#x").unwrap(), 16).unwrap();
                char::from_u32(if (0x2400..0x2420).contains(&code) { code - 0x2400 } else { code }).unwrap()
            }
        });
        rest = after;
    }
    read + rest
}

#[test]
fn the_isemail_list_is_judged_as_the_module_says() {
    let list =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora/email-address/isemail/test/tests.xml");
    let Ok(list) = std::fs::read_to_string(list) else {
        println!("skipped, 164 cases");
        return;
    };
    let (mut seen, mut valid, mut wrong) = (0, 0, 0);
    for test in list.split("<test id=").skip(1) {
        let (address, category) = (element(test, "address"), element(test, "category"));
        let judged = EmailAddress::parse(&address);
        seen += 1;
        match category.as_str() {
            "ISEMAIL_VALID_CATEGORY" => {
                valid += 1;
                // The one plain form that is refused: a top-level domain alone.
                let expected = if address == "test@io" { Err(EmailError::NoTopLevel) } else { Ok(()) };
                assert_eq!(judged.map(|_| ()), expected, "{address}");
            }
            "ISEMAIL_ERR" => {
                wrong += 1;
                assert!(judged.is_err(), "{address:?}");
            }
            // Comments, quotes, domain literals and what RFC 5322 calls obsolete; spaces around the whole are taken off.
            "ISEMAIL_CFWS" | "ISEMAIL_DEPREC" | "ISEMAIL_RFC5321" | "ISEMAIL_RFC5322" => {
                let only_spaces = address.trim_matches(' ') == "test@iana.org";
                assert_eq!(judged.is_ok(), only_spaces, "{address:?}");
            }
            // Plain ones whose domain has no mail server: not for a parser to know.
            "ISEMAIL_DNSWARN" => assert!(judged.is_ok(), "{address:?}: {judged:?}"),
            other => panic!("{other} is a new category"),
        }
    }
    assert_eq!((seen, valid, wrong), (164, 14, 66));
}

proptest! {
    #[test]
    fn what_is_accepted_is_its_own_spelling(text in "[a-zA-ZÜßİ0-9.+_-]{1,12}@[a-zA-Zü例0-9.-]{1,12}\\.[a-zA-Z]{2,5}") {
        if let Ok(address) = EmailAddress::parse(&text) {
            prop_assert_eq!(&email(address.as_str()), &address);
            let key = email(&address.canonical());
            prop_assert_eq!(key.canonical(), key.as_str());
            prop_assert!(address.domain().is_ascii());
        }
    }

    #[test]
    fn nothing_accepted_can_break_out_of_a_header(text in "\\PC{0,10}[\r\n\t <>\"@,;:]{0,3}\\PC{0,10}@\\PC{1,10}\\.com") {
        if let Ok(address) = EmailAddress::parse(&text) {
            let unsafe_here = |c: char| c.is_control() || c.is_whitespace() || "<>\"(),;:[]\\".contains(c);
            prop_assert!(!address.as_str().contains(unsafe_here));
            prop_assert_eq!(address.as_str().matches('@').count(), 1);
        }
    }
}
