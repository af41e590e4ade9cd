//! Random leads with what they did, and random questions about them: few words, so that questions and leads often meet,
//! and of each word what comes near it.

use chrono::TimeDelta;
use proptest::{collection::vec, option, prelude::*, sample::select};
use rekindle_core::{
    activity::{Activity, Kind, names},
    arrival::Arrival,
    consent::ConsentState,
    ids::LeadId,
    lead::{Journey, Lead, Lifecycle, Nurture},
    score::{CLICKS, Fading},
    segment::{
        Comparison, Deed, Doing, Field, Having, Often, Phrase, Points, Predicate, Standing, TextTest,
        ValueTest, When,
    },
    team::Handle,
    time::Moment,
};
use serde_json::{Map, Value, json};

use crate::told::track;

/// Texts as leads and senders write them: in any case and script, with blanks around, with what LIKE and JSON mind.
const TEXTS: [&str; 30] = [
    "Director",
    "director of sales",
    "DIREKTOR",
    "VP, Sales",
    "vpn",
    "Vice\u{a0}President",
    " pro\t",
    "PRO",
    "Pro",
    "pro\u{2003}",
    "ÉCOLE",
    "école",
    "Straße",
    "STRASSE",
    "ΣΑΣ",
    "σας",
    "K\u{212a}",
    "kk",
    "İstanbul",
    "i\u{307}stanbul",
    "ผู้จัดการฝ่ายขาย",
    "営業部長",
    "100%",
    "100_",
    "100!",
    "a'b\"c\\d",
    "42",
    "0042",
    "true",
    "9999999999999999",
];

/// What is asked for: those, and parts of them.
fn asked() -> impl Strategy<Value = String> {
    let parts = vec![
        "dire",
        "VP",
        "president",
        "pro",
        "é",
        "ss",
        "σ",
        "k",
        "K",
        "i",
        "i\u{307}",
        "ผู้จัดการ",
        "部長",
        "%",
        "_",
        "!",
        "'b\"",
        "\\",
        "4",
        "42.0",
        "true",
        "5",
        "2.5",
        "1e21",
        "-3",
        "TH",
        "th",
        "nobody",
    ];
    prop_oneof![select(TEXTS.to_vec()), select(parts)].prop_map(str::to_owned)
}

fn text() -> impl Strategy<Value = String> {
    let blank = vec!["", " ", "\u{3000}"];
    prop_oneof![12 => select(TEXTS.to_vec()), 1 => select(blank)].prop_map(str::to_owned)
}

const NAMES: [&str; 6] = ["plan", "Plan", "two words", "$.a[0]", "q\"u\\o%te", "ราคา"];

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => text().prop_map(Value::from),
        4 => select(vec![
            json!(5), json!(5.0), json!(2.5), json!(1e21), json!(-3), json!(42), json!(true), json!(false), json!(null),
            json!([1]), json!({"a": "pro"}), json!(0.1), json!(9_007_199_254_740_993_i64),
        ]),
    ]
}

fn properties() -> impl Strategy<Value = Map<String, Value>> {
    vec((select(NAMES.to_vec()), value()), 0..4)
        .prop_map(|pairs| pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// How long ago: moments at the edges of what is asked, and a microsecond beside them.
fn age() -> impl Strategy<Value = TimeDelta> {
    let days = select(vec![0_i64, 1, 2, 3, 7, 14, 30, 60]).prop_map(TimeDelta::days);
    let off = select(vec![-3_600_000_000_i64, -1, 0, 1, 1_800_000_000]).prop_map(TimeDelta::microseconds);
    (days, off).prop_map(|(days, off)| days + off)
}

fn span() -> impl Strategy<Value = TimeDelta> {
    select(vec![1_i64, 2, 3, 7, 14, 30, 60]).prop_map(TimeDelta::days)
}

const DEEDS: [&str; 5] =
    ["Demo Requested", "demo requested", "Webinar Attended", "Email Opened", names::CLICKED];
const PATHS: [&str; 7] = ["/pricing", "/Pricing/x", "/pricing_%", "/docs/pricing", "/É", "/é", "/jobs!"];

/// Something that a lead did: how, what, where, how long ago, and what was told with it.
#[derive(Debug, Clone)]
pub(crate) struct Deeds {
    name: &'static str,
    path: Option<&'static str>,
    age: TimeDelta,
    properties: Map<String, Value>,
}

impl Deeds {
    pub(crate) fn arrival(&self, id: &str, lead: LeadId, now: Moment) -> Arrival {
        let mut arrival = track(id, self.name, now - self.age);
        if self.name == names::CLICKED {
            arrival.kind = Kind::Mail;
        }
        arrival.human = Activity::is_human(arrival.kind, self.name);
        arrival.path = self.path.map(str::to_owned);
        arrival.properties = self.properties.clone();
        arrival.who.lead = Some(lead);
        arrival
    }
}

fn deeds() -> impl Strategy<Value = Deeds> {
    let links = (option::of(value()), option::of(value()));
    (select(DEEDS.to_vec()), option::of(select(PATHS.to_vec())), age(), properties(), links).prop_map(
        |(name, path, age, mut properties, (link, mail))| {
            properties.extend(link.map(|link| ("link".to_owned(), link)));
            properties.extend(mail.map(|mail| ("mail".to_owned(), mail)));
            Deeds { name, path, age, properties }
        },
    )
}

/// A sum that fades: its half-life in seconds, of which group it is, and how much.
type Sum = (Option<i64>, Option<&'static str>, f64);

/// A lead: what is to stand on its row, and what it did.
#[derive(Debug, Clone)]
pub(crate) struct Somebody {
    texts: Vec<Option<String>>,
    traits: Map<String, Value>,
    tags: Vec<String>,
    points: (f64, Vec<Sum>, bool, bool),
    stands: (usize, usize, usize, usize),
    owner: Option<&'static str>,
    quiet: Option<TimeDelta>,
    pub(crate) deeds: Vec<Deeds>,
}

pub(crate) fn somebody() -> impl Strategy<Value = Somebody> {
    let half_lives = select(vec![None, Some(30 * 86_400), Some(10 * 86_400), Some(20 * 86_400)]);
    let points = select(vec![-10.5, 0.0, 4.5, 7.0, 10.0, 25.0, 51.0, 80.0, 119.0]);
    let groups = option::of(select(vec![CLICKS, "web content"]));
    let sums = vec((half_lives, groups, points), 0..6);
    let points = (select(vec![-5.0, 0.0, 5.0, 9.5, 10.0, 40.25]), sums, any::<bool>(), any::<bool>());
    (
        vec(option::of(text()), 5),
        properties(),
        vec(text(), 0..3),
        points,
        (0..5_usize, 0..3_usize, 0..3_usize, 0..8_usize),
        option::of(select(vec!["ana", "Éva", "none"])),
        option::of(age()),
        vec(deeds(), 0..7),
    )
        .prop_map(|(texts, traits, tags, points, stands, owner, quiet, deeds)| Somebody {
            texts,
            traits,
            tags,
            points,
            stands,
            owner,
            quiet,
            deeds,
        })
}

impl Somebody {
    /// Writes all of it on a lead.
    pub(crate) fn write_on(&self, lead: &mut Lead, now: Moment) {
        let mut texts = self.texts.iter().cloned();
        let mut next = || texts.next().flatten();
        (lead.title, lead.company, lead.country, lead.zone, lead.name) =
            (next(), next(), next(), next(), next());
        lead.traits = self.traits.clone();
        lead.tags = self.tags.clone();
        let (fit, sums, may_be_hot, hot) = &self.points;
        (lead.points.fit, lead.points.at, lead.hot) = (*fit, now, *hot);
        lead.worth.may_be_hot = *may_be_hot;
        lead.worth.sums = sums
            .iter()
            // Only rules of twenty days count clicks here, and they count nothing else; those of the group never fade, or in ten.
            .map(|(half_life, group, points)| {
                let half_life = match group {
                    Some(CLICKS) => Some(20 * 86_400),
                    Some(_) => half_life.filter(|half| *half == 10 * 86_400),
                    None => half_life.filter(|half| *half != 20 * 86_400),
                };
                (Fading { half_life, group: group.map(str::to_owned) }, *points)
            })
            .collect();
        let (lifecycle, journey, nurture, consent) = self.stands;
        lead.lifecycle = Lifecycle::ALL[lifecycle % Lifecycle::ALL.len()];
        lead.journey = Journey::ALL[journey % Journey::ALL.len()];
        lead.nurture = Nurture::ALL[nurture % Nurture::ALL.len()];
        lead.consent.state = ConsentState::ALL[consent % ConsentState::ALL.len()];
        lead.owner = self.owner.and_then(Handle::of);
        lead.last_human_at = self.quiet.map(|age| now - age);
    }
}

fn value_test() -> impl Strategy<Value = ValueTest> {
    use Comparison::*;
    let compared = select(vec![AtLeast, Above, AtMost, Below, Equal, Different]);
    prop_oneof![
        vec(asked(), 1..4).prop_map(ValueTest::Is),
        asked().prop_map(ValueTest::Contains),
        Just(ValueTest::Exists),
        (compared, select(vec![-3_i64, 0, 2, 3, 5, 42]))
            .prop_map(|(is, than)| ValueTest::Number { is, than }),
    ]
}

fn of_text() -> impl Strategy<Value = Predicate> {
    let plain = vec![
        Field::Title,
        Field::Company,
        Field::Country,
        Field::Zone,
        Field::Name,
        Field::Email,
        Field::Domain,
    ];
    let field =
        prop_oneof![select(plain), select(NAMES.to_vec()).prop_map(|name| Field::Trait(name.to_owned())),];
    let phrases = vec(asked().prop_filter_map("no letter", |text| Phrase::new(&text)), 1..3);
    let test =
        prop_oneof![3 => value_test().prop_map(TextTest::Value), 1 => phrases.prop_map(TextTest::Matches)];
    (field, test).prop_map(|(of, is)| Predicate::Text { of, is })
}

fn doing() -> impl Strategy<Value = Doing> {
    let patterns =
        vec!["/pricing*", "/PRICING", "*pricing", "/pric*x", "/pricing_*", "*", "/É", "/jobs!", "*%*"];
    let what = prop_oneof![
        select(DEEDS.to_vec()).prop_map(|name| Deed::Named(name.to_owned())),
        select(patterns).prop_map(|pattern| Deed::Viewed(pattern.to_owned())),
        asked().prop_map(Deed::Clicked),
    ];
    let having = (select(NAMES.to_vec()), value_test(), any::<bool>())
        .prop_map(|(property, is, denied)| Having { property: property.to_owned(), is, denied });
    let when = prop_oneof![span().prop_map(When::Within), span().prop_map(When::Before)];
    let how = prop_oneof![
        3 => (1_u32..4).prop_map(Often::AtLeast),
        1 => (1_u32..4).prop_map(Often::AtMost),
        1 => (1_u32..4).prop_map(Often::Exactly),
        1 => Just(Often::First),
        1 => Just(Often::Last),
    ];
    (what, vec(having, 0..2), option::of(when), how).prop_map(|(what, having, when, how)| Doing {
        what,
        having,
        when,
        how,
    })
}

fn leaf() -> impl Strategy<Value = Predicate> {
    use Comparison::*;
    let of = select(vec![Points::Score, Points::Fit, Points::Engagement]);
    let is = select(vec![AtLeast, Above, AtMost, Below, Equal, Different]);
    let than = prop_oneof![-12_i64..130, select(vec![i64::MIN, i64::MAX, 99, 100, 1000, 1001])];
    let standing = select(Standing::ALL.to_vec()).prop_flat_map(|of| {
        vec(select(of.words()), 1..4).prop_map(move |any_of| Predicate::Standing { of, any_of })
    });
    let plain = vec![
        Predicate::Everyone,
        Predicate::Hot,
        Predicate::FreeMail,
        Predicate::Unowned,
        Predicate::OwnedBy(vec!["ANA ".to_owned(), "none".to_owned()]),
        Predicate::OwnedBy(vec!["éva".to_owned()]),
        Predicate::Segment("x".to_owned()),
    ];
    prop_oneof![
        2 => select(plain),
        3 => (of, is, than).prop_map(|(of, is, than)| Predicate::Points { of, is, than }),
        5 => of_text(),
        2 => standing,
        1 => asked().prop_map(Predicate::Tagged),
        1 => span().prop_map(Predicate::QuietFor),
        8 => doing().prop_map(Predicate::Did),
    ]
}

/// A question.
pub(crate) fn question() -> impl Strategy<Value = Predicate> {
    leaf().prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Predicate::All),
            vec(inner.clone(), 0..4).prop_map(Predicate::Any),
            inner.prop_map(Predicate::negate),
        ]
    })
}
