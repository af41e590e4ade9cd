//! What holds for any question: it survives being written and read, and no text breaks the reader.

use super::answers::answer;
use crate::segment::{
    Comparison, Deed, Doing, Field, Having, Often, Phrase, Points, Predicate, Standing, TextTest, ValueTest,
    When,
};
use chrono::TimeDelta;
use proptest::{collection::vec, option, prelude::*, sample::select};

/// Any text that can be written: not blank, no control characters. Often a word of the language.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec!["and", "OR", "none", "in", "last", "not", "TH", "vp", "-5", "\\", "'", "“x”"])
            .prop_map(str::to_owned),
        "[a-zA-Z0-9 .,()\"'\\\\=<>é“„\u{200b}ผ้-]{1,8}",
        "\\PC{1,6}",
    ]
    .prop_filter("blank", |text| !text.trim().is_empty() && !text.chars().any(char::is_control))
}

fn field() -> impl Strategy<Value = Field> {
    let plain = vec![
        Field::Title,
        Field::Company,
        Field::Country,
        Field::Zone,
        Field::Name,
        Field::Email,
        Field::Domain,
    ];
    prop_oneof![select(plain), value().prop_map(Field::Trait)]
}

fn value_test() -> impl Strategy<Value = ValueTest> {
    prop_oneof![
        vec(value(), 1..4).prop_map(ValueTest::Is),
        value().prop_map(ValueTest::Contains),
        Just(ValueTest::Exists),
    ]
}

/// What only traits and properties can be asked.
fn number_test() -> impl Strategy<Value = ValueTest> {
    use Comparison::*;
    (select(vec![AtLeast, Above, AtMost, Below]), any::<i64>())
        .prop_map(|(is, than)| ValueTest::Number { is, than })
}

fn text_test() -> impl Strategy<Value = TextTest> {
    let phrase = value().prop_filter_map("no letter", |text| Phrase::new(&text));
    prop_oneof![
        3 => value_test().prop_map(TextTest::Value),
        1 => vec(phrase, 1..4).prop_map(TextTest::Matches),
    ]
}

fn having() -> impl Strategy<Value = Having> {
    let denied = (value(), value_test(), any::<bool>());
    prop_oneof![
        denied.prop_map(|(property, is, denied)| Having { property, is, denied }),
        (value(), number_test()).prop_map(|(property, is)| Having { property, is, denied: false }),
    ]
}

fn doing() -> impl Strategy<Value = Doing> {
    let when = prop_oneof![span().prop_map(When::Within), span().prop_map(When::Before)];
    let often = prop_oneof![
        (1u32..9).prop_map(Often::AtLeast),
        (1u32..9).prop_map(Often::AtMost),
        (1u32..9).prop_map(Often::Exactly),
    ];
    let timed =
        (when.clone(), select(vec![Often::First, Often::Last])).prop_map(|(when, how)| (Some(when), how));
    let how = prop_oneof![3 => (option::of(when), often), 1 => timed];
    (deed(), vec(having(), 0..3), how).prop_map(|(what, having, (when, how))| Doing {
        what,
        having,
        when,
        how,
    })
}

fn standing() -> impl Strategy<Value = Predicate> {
    select(Standing::ALL.to_vec()).prop_flat_map(|of| {
        vec(select(of.words()), 1..4).prop_map(move |any_of| Predicate::Standing { of, any_of })
    })
}

fn span() -> impl Strategy<Value = TimeDelta> {
    (1i64..5_000, select(vec![1i64, 60, 24 * 60])).prop_map(|(n, unit)| TimeDelta::minutes(n * unit))
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        value().prop_map(Deed::Named),
        value().prop_map(|rest| Deed::Viewed(format!("/{rest}"))),
        value().prop_map(Deed::Clicked),
    ]
}

fn points() -> impl Strategy<Value = Predicate> {
    use Comparison::*;
    let of = select(vec![Points::Score, Points::Fit, Points::Engagement]);
    let is = select(vec![AtLeast, Above, AtMost, Below, Equal, Different]);
    (of, is, any::<i64>()).prop_map(|(of, is, than)| Predicate::Points { of, is, than })
}

fn leaf() -> impl Strategy<Value = Predicate> {
    prop_oneof![
        select(vec![Predicate::Everyone, Predicate::Hot, Predicate::FreeMail, Predicate::Unowned]),
        points(),
        (field(), text_test()).prop_map(|(of, is)| Predicate::Text { of, is }),
        standing(),
        vec(value(), 1..3).prop_map(Predicate::OwnedBy),
        value().prop_map(Predicate::Tagged),
        value().prop_map(Predicate::Segment),
        span().prop_map(Predicate::QuietFor),
        (value().prop_map(Field::Trait), number_test())
            .prop_map(|(of, is)| Predicate::Text { of, is: TextTest::Value(is) }),
        doing().prop_map(Predicate::Did),
    ]
}

/// Questions in the flat form that parsing gives.
fn flat() -> impl Strategy<Value = Predicate> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Predicate::all),
            vec(inner.clone(), 0..4).prop_map(Predicate::any),
            inner.prop_map(Predicate::negate),
        ]
    })
}

/// Questions as nobody would write them: empty lists, lists of one part, `All` in `All`.
fn crooked() -> impl Strategy<Value = Predicate> {
    let hollow = vec![
        Predicate::Text { of: Field::Title, is: TextTest::Value(ValueTest::Is(Vec::new())) },
        Predicate::Text { of: Field::Title, is: TextTest::Matches(Vec::new()) },
        Predicate::Standing { of: Standing::Grade, any_of: Vec::new() },
        Predicate::OwnedBy(Vec::new()),
    ];
    prop_oneof![9 => leaf(), 1 => select(hollow)].prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Predicate::All),
            vec(inner.clone(), 0..3).prop_map(Predicate::Any),
            inner.prop_map(Predicate::negate),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn what_is_written_reads_as_the_same(predicate in flat()) {
        let text = predicate.to_string();
        match Predicate::parse(&text) {
            Ok(read) => prop_assert_eq!(read, predicate, "{}", text),
            Err(error) => prop_assert!(false, "{error}"),
        }
    }

    #[test]
    fn however_it_was_built_it_reads_as_a_canonical_text(predicate in crooked()) {
        let text = predicate.to_string();
        match Predicate::parse(&text) {
            Ok(read) => {
                prop_assert_eq!(answer(&predicate, |_| ()), answer(&read, |_| ()), "{}", text);
                prop_assert_eq!(Predicate::parse(&read.to_string()), Ok(read));
            }
            Err(error) => prop_assert!(false, "{error}"),
        }
    }

    #[test]
    fn no_text_breaks_the_reader(words in vec(select(SOUP.to_vec()), 0..12), noise in "\\PC{0,4}", glue in " ?") {
        let text = format!("{}{noise}", words.join(&glue));
        match Predicate::parse(&text) {
            Ok(read) => prop_assert_eq!(Predicate::parse(&read.to_string()), Ok(read)),
            Err(error) => {
                prop_assert!(text.get(error.at.clone()).is_some());
                prop_assert!(error.to_string().lines().count() <= 4, "{error}");
            }
        }
    }
}

const SOUP: [&str; 52] = [
    "score",
    "fit",
    "title",
    "country",
    "trait.x",
    "trait.",
    "lifecycle",
    "grade",
    "owner",
    "tag",
    "hot",
    "quiet",
    "for",
    "did",
    "viewed",
    "clicked",
    "segment",
    "everyone",
    "and",
    "or",
    "not",
    "in",
    "last",
    "at",
    "least",
    "times",
    "most",
    "exactly",
    "more",
    "than",
    "ago",
    "with",
    "first",
    "zone",
    "matches",
    "contains",
    "exists",
    "=",
    "!=",
    ">=",
    "(",
    ")",
    ",",
    "\"",
    "'a b'",
    "none",
    "mql",
    "A1",
    "30",
    "days",
    "\"/x*\"",
    "ผู้\n",
];
