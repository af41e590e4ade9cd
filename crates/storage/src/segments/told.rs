//! What was told of a lead, kept on its row in the forms in which questions compare it: neither database folds
//! letters as `core` does, and neither finds whole words.
//!
//! `{"title": ["vp, sales", " vp sales "], "trait.seats": [null, null, 50.0], "level": "executive", "tags": ["vip"]}`: of each text its
//! [`fold`] and its [`Phrase::ground`], then the number that it is, if it is one. A list or an object is `[]`.

use super::sql::{Sql, anywhere, list};
use rekindle_core::{
    email::EmailAddress,
    freemail::is_free,
    lead::Lead,
    level::level_of,
    segment::{Field, Phrase, TextTest, Told, ValueTest, fold},
};
use sea_orm::{DbBackend, Value};
use serde_json::{Map, Value as Json, json};

/// What is kept of a lead.
pub(crate) fn of(lead: &Lead) -> Json {
    let email = lead.email.as_ref();
    let texts = [
        (Field::Title, lead.title.as_deref()),
        (Field::Company, lead.company.as_deref()),
        (Field::Country, lead.country.as_deref()),
        (Field::Zone, lead.zone.as_deref()),
        (Field::Name, lead.name.as_deref()),
        (Field::Email, email.map(EmailAddress::as_str)),
        (Field::Domain, email.map(EmailAddress::domain)),
    ];
    let mut all = Map::new();
    for (field, text) in texts {
        if let Some(told) = text.and_then(Told::text) {
            all.insert(key(&field), compared(&told));
        }
    }
    for (name, value) in &lead.traits {
        if let Some(told) = Told::of(value) {
            all.insert(key(&Field::Trait(name.clone())), compared(&told));
        }
    }
    // What lists say of title and address stands beside them.
    if let Some(level) = lead.title.as_deref().and_then(level_of) {
        all.insert("level".to_owned(), level.word().into());
    }
    if email.is_some_and(|email| is_free(email.domain())) {
        all.insert("free".to_owned(), true.into());
    }
    if !lead.tags.is_empty() {
        all.insert("tags".to_owned(), lead.tags.iter().map(|tag| fold(tag)).collect());
    }
    Json::Object(all)
}

fn compared(told: &Told<'_>) -> Json {
    match (told, told.number()) {
        (Told::Text(text), None) => json!([fold(text), Phrase::ground(text)]),
        (Told::Text(text), Some(number)) => json!([fold(text), Phrase::ground(text), number]),
        (Told::Number(number), _) => json!([null, null, number]),
        (Told::Many, _) => json!([]),
    }
}

/// Under which name a field is kept. Marks that would end the name in a path of SQLite are written as percent and number.
fn key(of: &Field) -> String {
    let word = match of {
        Field::Title => "title",
        Field::Company => "company",
        Field::Country => "country",
        Field::Zone => "zone",
        Field::Name => "name",
        Field::Email => "email",
        Field::Domain => "domain",
        Field::Trait(name) => {
            let mut key = String::from("trait.");
            for c in name.chars() {
                match c {
                    '"' | '\\' | '%' => key.push_str(&format!("%{:02x}", u32::from(c))),
                    c if c.is_control() => key.push_str(&format!("%{:02x}", u32::from(c))),
                    c => key.push(c),
                }
            }
            return key;
        }
    };
    word.to_owned()
}

/// What is asked of a field.
pub(super) fn asks(backend: DbBackend, of: &Field, is: &TextTest) -> Sql {
    // Written out where it is a word of ours: an index on it is found by its text.
    let told = match of {
        Field::Trait(_) => Sql::of("lead.told -> ?", vec![key(of).into()]),
        _ => Sql::plain(format!("lead.told -> '{}'", key(of))),
    };
    let part = |at: usize| told.clone().within("(", &format!(" ->> {at})"));
    let number = || match backend {
        DbBackend::Postgres => part(2).within("", "::double precision"),
        _ => part(2).within("CAST(", " AS REAL)"),
    };
    let like = |at: usize, text: &str| {
        part(at).then(Sql::of(" LIKE ? ESCAPE '!'", vec![Value::from(anywhere(text))]))
    };
    match is {
        TextTest::Value(ValueTest::Exists) => told.within("(", ") IS NOT NULL"),
        TextTest::Value(test @ ValueTest::Is(values)) => {
            let text = |values: &[String]| match values {
                [] => Sql::truth(false),
                values => part(0).then(list(values.iter().map(|value| fold(value))).within(" IN (", ")")),
            };
            match (of, test.numbers()) {
                (Field::Trait(_), numbers) if !numbers.is_empty() => {
                    let among = number().then(list(numbers).within(" IN (", ")"));
                    Sql::any(vec![text(values), Sql::all(vec![part(0).within("", " IS NULL"), among])])
                }
                _ => text(values),
            }
        }
        TextTest::Value(ValueTest::Contains(part)) => like(0, &fold(part)),
        TextTest::Value(ValueTest::Number { is, than }) => number().then(super::compared(*is, *than)),
        // The text is taken out of what is told once for all phrases. They have letters, digits and blanks only: nothing to escape.
        TextTest::Matches(phrases) if backend == DbBackend::Postgres && phrases.len() > 1 => {
            let any = list(phrases.iter().map(|phrase| format!("%{}%", phrase.needle())));
            part(1).then(any.within(" LIKE ANY (ARRAY[", "])"))
        }
        TextTest::Matches(phrases) => {
            Sql::any(phrases.iter().map(|phrase| like(1, phrase.needle())).collect())
        }
    }
}

/// Whether a lead is at one of these levels.
pub(super) fn of_level(any_of: &[&'static str]) -> Sql {
    list(any_of.iter().copied()).within("lead.told ->> 'level' IN (", ")")
}

/// Whether anybody can have such an address.
pub(super) fn free() -> Sql {
    Sql::plain("(lead.told -> 'free') IS NOT NULL")
}

/// Whether a lead carries a tag.
pub(super) fn tagged(backend: DbBackend, tag: &str) -> Sql {
    let text = match backend {
        DbBackend::Postgres => "lead.told -> 'tags' @> to_jsonb(CAST(? AS text))",
        _ => "EXISTS (SELECT 1 FROM json_each(lead.told, '$.tags') t WHERE t.value = ?)",
    };
    Sql::of(text, vec![fold(tag).into()])
}
