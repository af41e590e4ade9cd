//! Pieces of SQL with their values, put together into conditions.

use sea_orm::Value;

/// A piece of SQL, with a `?` for each of its values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sql {
    pub(crate) text: String,
    pub(crate) values: Vec<Value>,
}

impl Sql {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), values: Vec::new() }
    }

    pub(super) fn of(text: impl Into<String>, values: Vec<Value>) -> Self {
        Self { text: text.into(), values }
    }

    pub(super) fn truth(is: bool) -> Self {
        Self::plain(if is { "TRUE" } else { "FALSE" })
    }

    pub(super) fn all(parts: Vec<Self>) -> Self {
        Self::joined(parts, " AND ").unwrap_or_else(|| Self::truth(true))
    }

    pub(super) fn any(parts: Vec<Self>) -> Self {
        Self::joined(parts, " OR ").unwrap_or_else(|| Self::truth(false))
    }

    pub(super) fn opposite(self) -> Self {
        Self { text: format!("NOT ({})", self.text), ..self }
    }

    /// False where it would be neither true nor false.
    pub(super) fn two_valued(self) -> Self {
        Self { text: format!("(({}) IS TRUE)", self.text), ..self }
    }

    /// Around it, `{}` in the place of it.
    pub(super) fn within(self, before: &str, after: &str) -> Self {
        Self { text: format!("{before}{}{after}", self.text), ..self }
    }

    /// With more values behind its own.
    pub(super) fn then(mut self, more: Self) -> Self {
        self.text.push_str(&more.text);
        self.values.extend(more.values);
        self
    }

    /// In halves of halves: SQLite takes no tree of more than a thousand levels.
    fn joined(mut parts: Vec<Self>, between: &str) -> Option<Self> {
        match parts.len() {
            0 | 1 => parts.pop(),
            many => {
                let rest = parts.split_off(many / 2);
                let first = Self::joined(parts, between)?.within("(", between);
                Some(first.then(Self::joined(rest, between)?.within("", ")")))
            }
        }
    }
}

/// `?, ?, ?` with these values.
pub(super) fn list<V: Into<Value>>(values: impl IntoIterator<Item = V>) -> Sql {
    let values: Vec<Value> = values.into_iter().map(Into::into).collect();
    Sql::of(crate::transaction::list_of(values.len()), values)
}

/// A pattern of LIKE, with `!` before what stands for itself, that finds `text` anywhere.
pub(super) fn anywhere(text: &str) -> String {
    format!("%{}%", literal(text))
}

/// A text as LIKE takes it for itself, with `ESCAPE '!'`.
pub(super) fn literal(text: &str) -> String {
    text.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}
