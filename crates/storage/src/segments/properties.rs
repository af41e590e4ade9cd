//! What is asked of properties of activities, which are kept as they came.
//!
//! Neither database folds letters as `core` does. But a question has few letters, and only what folds into these can make
//! a text equal to it or have it inside: those few are folded, which answers the same.

use super::sql::{Sql, anywhere, list};
use rekindle_core::segment::{Having, MOST_DIGITS, ValueTest, fold};
use sea_orm::DbBackend;
use std::{collections::HashMap, sync::LazyLock};

/// What Unicode calls white space: what [`fold`] takes off the ends.
static BLANKS: LazyLock<String> =
    LazyLock::new(|| ('\0'..=char::MAX).filter(|c| c.is_whitespace()).collect());

/// For each small letter those beyond ASCII that fold into it, or into several with it.
static CAPITALS: LazyLock<HashMap<char, Vec<char>>> = LazyLock::new(|| {
    let mut capitals: HashMap<char, Vec<char>> = HashMap::new();
    for capital in '\u{80}'..=char::MAX {
        if !capital.to_lowercase().eq([capital]) {
            for small in capital.to_lowercase() {
                capitals.entry(small).or_default().push(capital);
            }
        }
    }
    capitals
});

/// Whether an activity `a` has a property that answers so.
pub(super) fn asks(backend: DbBackend, having: &Having) -> Sql {
    let from = match backend {
        DbBackend::Postgres => "EXISTS (SELECT 1 FROM (SELECT a.properties -> ? AS value) p WHERE ",
        _ => "EXISTS (SELECT 1 FROM json_each(a.properties) p WHERE p.key = ? AND ",
    };
    let asked = Sql::of(from, vec![having.property.as_str().into()])
        .then(answers(backend, &having.is))
        .within("", ")");
    if having.denied { asked.opposite() } else { asked }
}

fn answers(backend: DbBackend, is: &ValueTest) -> Sql {
    let words = Words::of(backend);
    let text = || Sql::plain(words.text);
    let digits = || {
        Sql::plain(format!(
            "{} AND length({text}) BETWEEN 1 AND {MOST_DIGITS} AND {}",
            words.is_text,
            words.only_digits,
            text = words.text
        ))
    };
    match is {
        ValueTest::Exists => {
            let blank = trimmed(backend, text()).within("", " = ''");
            Sql::all(vec![
                Sql::plain(words.is_there),
                Sql::all(vec![Sql::plain(words.is_text), blank]).opposite(),
            ])
        }
        ValueTest::Is(values) => {
            let wanted: Vec<String> = values.iter().map(|value| fold(value)).collect();
            let mut ways = Vec::new();
            if !wanted.is_empty() {
                let same = folded(backend, text(), &wanted).then(list(wanted).within(" IN (", ")"));
                ways.push(Sql::all(vec![Sql::plain(words.is_text), same]));
            }
            let numbers = is.numbers();
            if !numbers.is_empty() {
                let among = Sql::plain(words.number).then(list(numbers).within(" IN (", ")"));
                ways.push(
                    Sql::plain(format!("CASE WHEN {} THEN ", words.is_number))
                        .then(among)
                        .within("", " ELSE FALSE END"),
                );
            }
            Sql::any(ways)
        }
        ValueTest::Contains(part) => {
            let part = fold(part);
            let like = folded(backend, text(), std::slice::from_ref(&part))
                .then(Sql::of(" LIKE ? ESCAPE '!'", vec![anywhere(&part).into()]));
            Sql::all(vec![Sql::plain(words.is_text), like])
        }
        ValueTest::Number { is, than } => Sql::plain(format!(
            "CASE WHEN {} OR ({}) THEN {}{} ELSE FALSE END",
            words.is_number,
            digits().text,
            words.number,
            super::compared(*is, *than).text
        )),
    }
}

/// The words of a database for a value `p` of JSON.
struct Words {
    is_there: &'static str,
    is_text: &'static str,
    is_number: &'static str,
    text: &'static str,
    number: &'static str,
    only_digits: &'static str,
}

impl Words {
    fn of(backend: DbBackend) -> Self {
        match backend {
            DbBackend::Postgres => Self {
                is_there: "jsonb_typeof(p.value) <> 'null'",
                is_text: "jsonb_typeof(p.value) IN ('string', 'boolean')",
                is_number: "jsonb_typeof(p.value) = 'number'",
                text: "(p.value #>> '{}')",
                number: "(p.value #>> '{}')::double precision",
                only_digits: "(p.value #>> '{}') !~ '[^0-9]'",
            },
            _ => Self {
                is_there: "p.type <> 'null'",
                is_text: "p.type IN ('text', 'true', 'false')",
                is_number: "p.type IN ('integer', 'real')",
                text: "(CASE WHEN p.type IN ('true', 'false') THEN p.type ELSE p.atom END)",
                number: "CAST(p.atom AS REAL)",
                only_digits: "(CASE WHEN p.type IN ('true', 'false') THEN p.type ELSE p.atom END) NOT GLOB '*[^0-9]*'",
            },
        }
    }
}

/// The text of a property of an activity `a`; nothing where it is no text.
pub(super) fn text_of(backend: DbBackend, property: &str) -> Sql {
    let text = match backend {
        DbBackend::Postgres => {
            "(SELECT p.value #>> '{}' FROM (SELECT a.properties -> ? AS value) p WHERE jsonb_typeof(p.value) = 'string')"
        }
        _ => "(SELECT p.atom FROM json_each(a.properties) p WHERE p.key = ? AND p.type = 'text')",
    };
    Sql::of(text, vec![property.into()])
}

fn trimmed(backend: DbBackend, text: Sql) -> Sql {
    let trim = if backend == DbBackend::Postgres { "btrim(" } else { "trim(" };
    text.within(trim, "").then(Sql::of(", ?)", vec![BLANKS.as_str().into()]))
}

/// A text, folded as far as it can matter to these, which are folded.
pub(super) fn folded(backend: DbBackend, text: Sql, wanted: &[String]) -> Sql {
    let mut letters: Vec<char> = wanted.iter().flat_map(|text| text.chars()).collect();
    letters.sort_unstable();
    letters.dedup();
    let mut capitals: Vec<char> =
        letters.iter().filter_map(|letter| CAPITALS.get(letter)).flatten().copied().collect();
    capitals.sort_unstable();
    capitals.dedup();
    let small = match backend {
        DbBackend::Postgres => trimmed(backend, text).within("lower((", ") COLLATE \"C\")"),
        _ => trimmed(backend, text).within("lower(", ")"),
    };
    capitals.into_iter().fold(small, |text, capital| {
        let pair = vec![capital.to_string().into(), capital.to_lowercase().to_string().into()];
        text.within("replace(", "").then(Sql::of(", ?, ?)", pair))
    })
}
