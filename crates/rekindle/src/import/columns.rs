//! What each column of a file holds: by its header, or as `--map` says.

use super::headers::{self, Known};
use rekindle_core::{
    consent::ConsentState,
    nearest::{did_you_mean, nearest},
};
use std::{collections::BTreeSet, fmt};

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Field {
    /// The address.
    Email,
    /// The full name.
    Name,
    /// The first name.
    FirstName,
    /// The last name.
    LastName,
    /// What they do at work.
    Title,
    /// Where they work.
    Company,
    /// Their country.
    Country,
    /// Their time zone.
    Zone,
    /// The id that the site calls them by, in `identify`.
    UserId,
    /// Says this no wherever it is filled in with anything but "no".
    Refusal(ConsentState),
    /// Says yes or no to mail, or the word of a state. A yes counts only with `--basis`.
    Consent,
    /// Says how an agreement came about; one that is not finished counts as none.
    Evidence,
    /// Says what happened last, which may have been a no.
    LastActivity,
    /// Says that the row is deleted where it comes from: `--basis` does not cover it.
    Deleted,
    /// Kept under this name.
    Trait(String),
    /// Left out.
    Nothing,
}

impl Field {
    /// The names that `--map` knows, and what they mean.
    const NAMES: [(&str, Self); 15] = [
        ("email", Self::Email),
        ("name", Self::Name),
        ("firstName", Self::FirstName),
        ("lastName", Self::LastName),
        ("title", Self::Title),
        ("company", Self::Company),
        ("country", Self::Country),
        ("timezone", Self::Zone),
        ("userId", Self::UserId),
        ("consent", Self::Consent),
        ("unsubscribed", Self::Refusal(ConsentState::Unsubscribed)),
        ("objected", Self::Refusal(ConsentState::Objected)),
        ("bounced", Self::Refusal(ConsentState::Bounced)),
        ("complained", Self::Refusal(ConsentState::Complained)),
        ("-", Self::Nothing),
    ];

    /// Whether the column tells whether we may write.
    pub fn is_about_consent(&self) -> bool {
        matches!(self, Self::Refusal(_) | Self::Consent | Self::Evidence | Self::LastActivity)
    }

    /// Whether one column at the most may hold it.
    fn is_single(&self) -> bool {
        use Field::*;
        matches!(
            self,
            Email
                | Name
                | FirstName
                | LastName
                | Title
                | Company
                | Country
                | Zone
                | UserId
                | Consent
                | Trait(_)
        )
    }

    fn parse(text: &str) -> Result<Self, String> {
        let folded = headers::fold(text);
        let named = Self::NAMES
            .into_iter()
            .find(|(name, _)| *name == text || (!folded.is_empty() && headers::fold(name) == folded));
        if let Some((_, field)) = named {
            return Ok(field);
        }
        if let Some(name) = text.strip_prefix("traits.").map(str::trim).filter(|name| !name.is_empty()) {
            if is_reserved(name) {
                return Err(format!("“{name}” is a field, no trait; write {name} without traits."));
            }
            return Ok(Self::Trait(name.to_owned()));
        }
        if let Some(name) = headers::traits().find(|name| *name == text) {
            return Ok(Self::Trait(name.to_owned()));
        }
        let known = || Self::NAMES.iter().map(|(name, _)| *name);
        let hint = match nearest(text, known().chain(headers::traits())) {
            Some(near) => format!("; did you mean \"{near}\"?"),
            None => format!("; fields are {}", known().collect::<Vec<_>>().join(", ")),
        };
        Err(format!(
            "there is no field “{text}”{hint} (to keep the column as a trait, write traits.{})",
            headers::seen(text)
        ))
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trait(name) => write!(f, "traits.{name}"),
            Self::Evidence => f.write_str("how they agreed"),
            Self::LastActivity => f.write_str("what happened last"),
            Self::Deleted => f.write_str("deleted"),
            field => f.write_str(
                Self::NAMES.iter().find(|(_, known)| known == field).map_or("-", |(name, _)| name),
            ),
        }
    }
}

/// A column of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its header, as it stands in the file.
    pub header: String,
    /// What it holds.
    pub field: Field,
    /// What it is kept as, beside its field.
    pub(super) kept_as: Option<String>,
    /// Whether the header is one we know, or `--map` names it; another is kept as a trait under its own name.
    pub recognised: bool,
}

/// Names under which traits are fields to the lead.
fn is_reserved(name: &str) -> bool {
    matches!(
        name,
        "email"
            | "name"
            | "firstName"
            | "lastName"
            | "title"
            | "company"
            | "country"
            | "timezone"
            | "consent"
    )
}

/// What the columns hold. What `--map` names comes first; of several columns for one field the one with the most
/// usual header has it, and the others are kept as traits.
pub(super) fn of(headers: &[String], map: &[String]) -> Result<Vec<Column>, String> {
    let mut fields: Vec<Option<Field>> = vec![None; headers.len()];
    for told in map {
        let (column, field) = told
            .rsplit_once('=')
            .ok_or_else(|| format!("“{told}”: write COLUMN=FIELD, for example --map 'Work email=email'"))?;
        let at = find(headers, column.trim())?;
        let field = Field::parse(field.trim())?;
        if fields[at].is_some() {
            return Err(format!("“{told}”: the column “{}” is named twice", headers::seen(&headers[at])));
        }
        if field.is_single() && fields.iter().flatten().any(|known| *known == field) {
            return Err(format!("“{told}”: another column is {field} already"));
        }
        fields[at] = Some(field);
    }
    let told: Vec<bool> = fields.iter().map(Option::is_some).collect();

    let known: Vec<Option<Known>> = headers.iter().map(|header| headers::known(header)).collect();
    let mut ranked: Vec<usize> = (0..headers.len()).filter(|at| !told[*at]).collect();
    ranked.sort_by_key(|at| (known[*at].as_ref().map_or(usize::MAX, |known| known.rank), *at));
    let mut names = Names::new(fields.iter().flatten());
    for at in ranked {
        let field = match &known[at] {
            Some(known) if !known.field.is_single() => known.field.clone(),
            Some(known) if !fields.iter().flatten().any(|taken| *taken == known.field) => {
                match &known.field {
                    Field::Trait(name) if names.0.contains(name) => {
                        Field::Trait(names.free(&headers[at], at))
                    }
                    field => field.clone(),
                }
            }
            _ => Field::Trait(names.free(&headers[at], at)),
        };
        if let Field::Trait(name) = &field {
            names.0.insert(name.clone());
        }
        fields[at] = Some(field);
    }
    let columns = headers.iter().enumerate().zip(fields);
    Ok(columns
        .map(|((at, header), field)| {
            let field = field.unwrap_or(Field::Nothing);
            let evidence = field.is_about_consent() || field == Field::Deleted;
            let kept_as = evidence.then(|| names.free(header, at));
            names.0.extend(kept_as.clone());
            Column { header: header.clone(), field, kept_as, recognised: told[at] || known[at].is_some() }
        })
        .collect())
}

/// Where the column is that `--map` names: by its header, or by its number as `#3`.
fn find(headers: &[String], column: &str) -> Result<usize, String> {
    let same = |header: &&String| {
        headers::fold(header) == headers::fold(column) && !headers::fold(column).is_empty()
    };
    if let Some(at) = headers.iter().position(|header| header == column) {
        return Ok(at);
    }
    if let Some(at) = column.strip_prefix('#').and_then(|number| number.parse::<usize>().ok()) {
        let out = || format!("there is no column {column}: there are {}", headers.len());
        return at.checked_sub(1).filter(|at| *at < headers.len()).ok_or_else(out);
    }
    if let (Some(header), 1) = (headers.iter().find(same), headers.iter().filter(same).count()) {
        return Ok(headers.iter().position(|known| known == header).unwrap_or_default());
    }
    let seen: Vec<String> = headers.iter().map(|header| headers::seen(header)).collect();
    Err(format!("there is no column “{column}”{}", did_you_mean(column, seen.iter().map(String::as_str))))
}

/// The names of traits that are taken.
struct Names(BTreeSet<String>);

impl Names {
    fn new<'a>(fields: impl Iterator<Item = &'a Field>) -> Self {
        Self(
            fields
                .filter_map(|f| if let Field::Trait(name) = f { Some(name.clone()) } else { None })
                .collect(),
        )
    }

    /// A name for a column that no other has: its own, with a number where that is taken. Headers that we know have one
    /// name however an export spells them.
    fn free(&self, header: &str, at: usize) -> String {
        let own = match headers::known(header) {
            Some(_) => headers::camel(header),
            None => headers::seen(header),
        };
        let own = if own.is_empty() { format!("column{}", at + 1) } else { own };
        let taken = |name: &str| is_reserved(name) || self.0.contains(name);
        if !taken(&own) {
            return own;
        }
        (2..).map(|n| format!("{own}{n}")).find(|name| !taken(name)).unwrap_or(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(headers: &[&str], map: &[&str]) -> Result<Vec<String>, String> {
        let owned = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        Ok(of(&owned(headers), &owned(map))?.iter().map(|c| c.field.to_string()).collect())
    }

    #[test]
    fn exports_of_crms_are_mapped_by_their_headers() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../../shared/corpora/crm-headers/crm-headers.json");
        let Ok(text) = std::fs::read_to_string(path) else {
            println!("skipped, 3 cases");
            return;
        };
        let corpus: serde_json::Value = serde_json::from_str(&text).unwrap();
        let list = |value: &serde_json::Value| -> Vec<String> {
            value.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
        };
        for export in ["hubspot_all_contacts_export", "salesforce_lead"] {
            let headers = list(&corpus[export]["columns"]);
            let columns = of(&headers, &[]).unwrap();
            let unknown: Vec<&str> =
                columns.iter().filter(|c| !c.recognised).map(|c| c.header.as_str()).collect();
            assert!(unknown.len() * 10 <= headers.len(), "{export}: {unknown:?}");
            println!("{export}: {} of {} recognised", headers.len() - unknown.len(), headers.len());
            for consent in list(&corpus[export]["consent_columns"]) {
                let column = columns.iter().find(|c| c.header == consent).unwrap();
                assert!(column.field.is_about_consent(), "{export}: {consent} is {}", column.field);
            }
            for field in [
                Field::Email,
                Field::FirstName,
                Field::LastName,
                Field::Title,
                Field::Company,
                Field::Country,
            ] {
                assert_eq!(columns.iter().filter(|c| c.field == field).count(), 1, "{export}: {field}");
            }
            // Nothing is lost: all have a place of their own.
            let mut places: Vec<String> =
                columns.iter().map(|c| c.kept_as.clone().unwrap_or_else(|| c.field.to_string())).collect();
            places.sort();
            places.dedup();
            assert_eq!(places.len(), headers.len(), "{export}");
        }
        for header in [
            "Do Not Email",
            "Last Activity",
            "HasOptedOutOfEmail",
            "Email Opt Out",
            "Opted out of email: Newsletter",
        ] {
            assert!(of(&[header.to_owned()], &[]).unwrap()[0].field.is_about_consent(), "{header}");
        }
    }

    #[test]
    fn the_most_usual_header_has_the_field_and_no_column_is_lost() {
        let told = columns(
            &["Work email", "Email", "Email", "Phone", "Phone Number", "Foo bar", "foo-bar", ""],
            &[],
        )
        .unwrap();
        assert_eq!(
            told,
            [
                "traits.workEmail",
                "email",
                "traits.email2",
                "traits.phone",
                "traits.phoneNumber",
                "traits.Foo bar",
                "traits.foo-bar",
                "traits.column8"
            ]
        );
    }

    #[test]
    fn what_map_says_comes_first() {
        let told = columns(
            &["Email", "Mail 2", "job", "y", "x"],
            &["mail 2=email", "job=title", "y=-", "#5=traits.score_x"],
        )
        .unwrap();
        assert_eq!(told, ["traits.email2", "email", "title", "-", "traits.score_x"]);
        assert_eq!(columns(&["a"], &["a=industry"]).unwrap(), ["traits.industry"]);
        assert_eq!(columns(&["a=b"], &["a=b=email"]).unwrap(), ["email"]);
    }

    #[test]
    fn a_map_that_makes_no_sense_is_refused_with_the_nearest_name() {
        for (map, wanted) in [
            (&["Emial=email"][..], "no column “Emial”; did you mean \"Email\"?"),
            (&["Email=emial"], "no field “emial”; did you mean \"email\"?"),
            (&["Email=wombat"], "write traits.wombat"),
            (&["Email"], "write COLUMN=FIELD"),
            (&["Email=email", "Name=email"], "another column is email already"),
            (&["#9=email"], "no column #9: there are 2"),
            (&["Name=title", "name=company"], "“name=company”: the column “Name” is named twice"),
            (&["Name=traits.consent"], "is a field"),
        ] {
            let refused = columns(&["Email", "Name"], map).unwrap_err();
            assert!(refused.contains(wanted), "{refused}");
        }
    }
}
