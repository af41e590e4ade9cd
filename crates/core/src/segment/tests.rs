//! What the language takes, what it refuses and how, and what leads answer.

mod answers;
mod properties;

use super::Predicate;

#[test]
fn good_texts_have_one_canonical_form() {
    for (text, canonical) in [
        (
            r#"score >= 60 and viewed "/pricing*" in last 14 days and not did "Demo Requested""#,
            r#"score >= 60 and viewed "/pricing*" in last 14 days and not did "Demo Requested""#,
        ),
        (
            "country in (TH, SG) and title matches director and quiet for 30 days",
            "country in (TH, SG) and title matches director and quiet for 30 days",
        ),
        (
            "title matches manager, director, head, chief, vp",
            "title matches manager, director, head, chief, vp",
        ),
        (r#"clicked "offer""#, r#"clicked "offer""#),
        ("true", "everyone"),
        ("EVERYONE", "everyone"),
        ("Score>=60 AND Hot", "score >= 60 and hot"),
        ("score ≥ 60 or fit ≠ -5", "score >= 60 or fit != -5"),
        ("engagement < 10 or hot and fit > 3", "engagement < 10 or hot and fit > 3"),
        ("(engagement < 10 or hot) and fit = 3", "(engagement < 10 or hot) and fit = 3"),
        ("((hot)) and (fit = 3 and (hot))", "hot and fit = 3 and hot"),
        ("not not hot", "not not hot"),
        ("not (hot or fit = 3)", "not (hot or fit = 3)"),
        ("country = IN", "country = IN"),
        ("trait.state in (OR, 'CA')", "trait.state in (\"OR\", CA)"),
        ("country in (TH)", "country = TH"),
        ("country not in (TH, SG)", "country not in (TH, SG)"),
        ("not country = TH", "country != TH"),
        ("title not matches vp", "not title matches vp"),
        ("title not exists", "not title exists"),
        ("company = “Acme & Sons”", "company = \"Acme & Sons\""),
        (r#"company = "a \"b\" \\ c""#, r#"company = "a \"b\" \\ c""#),
        ("name contains 'O\\'Brien'", "name contains O'Brien"),
        ("email contains @acme.test", "email contains @acme.test"),
        ("domain = acme.test", "domain = acme.test"),
        ("trait.plan = pro", "trait.plan = pro"),
        ("Trait.Plan exists", "trait.Plan exists"),
        ("trait.\"Company Size\" = 200", "trait.\"Company Size\" = 200"),
        ("lifecycle = MQL and journey != decision", "lifecycle = mql and journey != decision"),
        ("nurture in (cold, archived)", "nurture in (cold, archived)"),
        ("grade in (a1, A2)", "grade in (A1, A2)"),
        ("consent not in (unknown)", "consent != unknown"),
        ("owner = none", "owner = none"),
        ("owner != none", "owner != none"),
        ("owner = \"none\"", "owner = \"none\""),
        ("owner in (ana, \"Ben B\")", "owner in (ana, \"Ben B\")"),
        ("tag vip", "tag \"vip\""),
        ("quiet for 2 weeks", "quiet for 14 days"),
        ("quiet for 36h", "quiet for 36 hours"),
        ("quiet for 1 day or quiet for 90 minutes", "quiet for 1 day or quiet for 90 minutes"),
        (
            "did \"Demo Requested\" at least 3 times in the last 48 hours",
            "did \"Demo Requested\" in last 2 days at least 3 times",
        ),
        ("did X at least 1 time", "did \"X\""),
        ("did X at most 1 times", "did \"X\" at most 1 time"),
        ("did X exactly 2 times in last 1 day", "did \"X\" in last 1 day exactly 2 times"),
        ("did X more than 2 weeks ago", "did \"X\" more than 14 days ago"),
        ("FIRST viewed '/pricing*' in the last 7 days", "first viewed \"/pricing*\" in last 7 days"),
        ("last did X more than 30 days ago and hot", "last did \"X\" more than 30 days ago and hot"),
        (
            "did \"Plan Chosen\" with plan = pro, 'Seats left' >= 5, coupon not exists in last 2 days or hot",
            "did \"Plan Chosen\" with plan = pro, \"Seats left\" >= 5, coupon not exists in last 2 days or hot",
        ),
        (
            "did X with plan in (a, b), in != \"last\" in last 2h",
            "did \"X\" with plan in (a, b), in != last in last 2 hours",
        ),
        ("clicked offer with to contains '@acme'", "clicked \"offer\" with to contains @acme"),
        ("trait.seats >= 50 and not trait.seats < 9", "trait.seats >= 50 and not trait.seats < 9"),
        ("zone = Asia/Bangkok", "zone = Asia/Bangkok"),
        ("segment \"gone cold\" and hot", "segment \"gone cold\" and hot"),
        ("hot\n  and\tscore\u{a0}> 1", "hot and score > 1"),
        ("title matches \"vice president\", ผู้จัดการ", "title matches \"vice president\", ผู้จัดการ"),
    ] {
        let predicate = Predicate::parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
        assert_eq!(predicate.to_string(), canonical, "{text}");
        assert_eq!(Predicate::parse(canonical).expect("canonical text"), predicate, "{text}");
        let json = serde_json::to_value(&predicate).expect("a text");
        assert_eq!(json, serde_json::json!(canonical));
        assert_eq!(serde_json::from_value::<Predicate>(json).expect("a text"), predicate);
    }
}

#[test]
fn bad_texts_are_shown_with_the_wrong_word() {
    let mut seen = String::new();
    for text in BAD_TEXTS {
        let error = Predicate::parse(text).expect_err(text);
        assert!(text.get(error.at.clone()).is_some(), "{text}: {:?}", error.at);
        seen.push_str(&format!("{error}\n\n"));
    }
    let expected = include_str!("tests/refusals.txt");
    assert_eq!(seen.trim_end(), expected.trim_end(), "\n{seen}");
}

/// Texts that are no segments; `refusals.txt` has what is said of each, in this order.
const BAD_TEXTS: [&str; 78] = [
    "",
    "scroe >= 60",
    "employees > 50",
    "score 60",
    "score => 60",
    "score >< 60",
    "score >= sixty",
    "score >= 60.5",
    "score >=",
    "title >= 5",
    "title is vp",
    "title = ",
    "title = \"\"",
    "title = and hot",
    "title mathces vp",
    "title matches director vp",
    "title matches director,",
    "title matches \"++\"",
    "country = New York City and hot",
    "country in TH, SG",
    "country in (TH SG)",
    "country in (New York, SG)",
    "country in ()",
    "country in (TH,)",
    "country in (TH",
    "lifecycle = mqll",
    "lifecycle = hot",
    "grade in (A1, D4)",
    "journey exists",
    "journey > decision",
    "owner in (none, ana)",
    "owner ana",
    "tag",
    "hot hot",
    "hot adn score > 5",
    "hot and",
    "hot and or score > 5",
    "or hot",
    "not",
    "(hot or score > 5",
    "hot) and score > 5",
    "(hot vip)",
    "hot, score > 5",
    "\"gone cold\"",
    "hot and \"gone cold",
    "hot\u{7} and score > 5",
    "quiet 30 days",
    "quiet for days",
    "quiet for 30",
    "quiet for 3 months",
    "quiet for 3 dyas",
    "quiet for 0 days",
    "quiet for 99999999999999999999 days",
    "did Demo Requested",
    "did \"Demo Requested\" in 14 days",
    "did \"Demo Requested\" within 14 days",
    "did \"Demo Requested\" at 2 times",
    "did \"Demo Requested\" at most 0 times",
    "did \"Demo Requested\" exactly many times",
    "did \"Demo Requested\" exacly 2 times",
    "did not \"Demo Requested\"",
    "did X more than 30 days",
    "did X more 30 days ago",
    "did X in last 2 days more than 3 days ago",
    "first did X",
    "frist did X in last 2 days",
    "first vieved '/x' in last 2 days",
    "last did X in last 2 days at least 2 times",
    "did X with",
    "did X with plan",
    "did X with plan matches pro",
    "did X with plan = pro, hot",
    "trait.seats >= many",
    "did \"Demo Requested\" at least 0 times",
    "did X in last 2 days in last 3 days",
    "viewed \"https://acme.test/pricing\"",
    "trait = pro",
    "hot and\n  ชื่อ = x and hot",
];

#[test]
fn a_text_too_long_or_too_deep_is_refused_before_it_hurts() {
    let long = format!("tag \"{}\"", "x".repeat(9_000));
    let error = Predicate::parse(&long).expect_err("too long");
    assert_eq!(error.message, "the segment is longer than 8192 bytes");
    assert!(error.to_string().len() < 500, "the text is not shown whole");
    for (open, close) in [("(", ")"), ("not ", "")] {
        let nested = |depth| format!("{}hot{}", open.repeat(depth), close.repeat(depth));
        assert!(Predicate::parse(&nested(32)).is_ok());
        let error = Predicate::parse(&nested(33)).expect_err("too deep");
        assert_eq!(error.at.start, 32 * open.len());
        assert!(Predicate::parse(&nested(2_000)).is_err());
    }
}

#[test]
fn a_long_line_is_shown_around_the_wrong_word() {
    let text = format!("{} and scroe > 5 and {}", ["hot"; 60].join(" and "), ["hot"; 60].join(" and "));
    let error = Predicate::parse(&text).expect_err("a slip");
    let shown = error.to_string();
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[1].starts_with("  …") && lines[1].ends_with('…'), "{shown}");
    let column = lines[2].find('^').expect("carets");
    let under: String = lines[1].chars().skip(column).take(5).collect();
    assert_eq!(under, "scroe", "{shown}");
}

#[test]
fn a_list_of_one_part_says_nothing() {
    let both = Predicate::All(vec![Predicate::Hot, Predicate::Unowned]);
    let wrapped = Predicate::negate(Predicate::Any(vec![Predicate::All(vec![both])]));
    assert_eq!(wrapped.to_string(), "not (hot and owner = none)");
}

#[test]
fn levels_are_compared_in_their_order() {
    for (text, same) in [
        ("level >= Manager", "level >= manager"),
        ("level > manager", "level >= director"),
        ("level < manager", "level = individual"),
        ("level <= manager", "level in (individual, manager)"),
        ("level = director", "level = director"),
        ("level != director", "level != director"),
        ("level in (manager, director, executive)", "level >= manager"),
        ("freemail and not level >= manager", "freemail and level not in (manager, director, executive)"),
    ] {
        let predicate = Predicate::parse(text).expect("good text");
        assert_eq!(predicate.to_string(), same);
        assert_eq!(Predicate::parse(same), Ok(predicate));
    }
    for (text, why) in [
        ("level >= manger", "did you mean manager?"),
        ("level > 5", "known are individual, manager, director, executive"),
    ] {
        let error = Predicate::parse(text).expect_err("no level");
        assert_eq!(error.help.as_deref(), Some(why), "{error}");
    }
}

#[test]
fn the_help_stays_on_one_line() {
    let error = Predicate::parse("did Demo\nRequested").expect_err("no quotes");
    assert_eq!(
        error.to_string(),
        "`Requested` follows a finished condition\n  Requested\n  ^^^^^^^^^\n  \
         a value of several words stands in quotes: \"Demo Requested\""
    );
}

#[test]
fn it_knows_what_it_needs() {
    let parse = |text| Predicate::parse(text).expect("good text");
    assert!(parse("last did x more than 2 days ago").needs_activities());
    assert!(parse("hot or not viewed '/x' in last 2 days").needs_activities());
    assert!(!parse("quiet for 30 days and title exists").needs_activities());
    let named = parse("segment a and not (segment 'b c' or hot)");
    assert_eq!(named.refers().collect::<Vec<_>>(), ["a", "b c"]);
    assert_eq!(named.leaves().count(), 3);
}
