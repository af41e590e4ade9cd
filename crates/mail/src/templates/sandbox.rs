//! What a template may do: fill in, choose, repeat. Nothing reaches a file, an environment or another template, nothing runs on for
//! ever, and nothing can grow without end: there are no variables to pile text up in, and no filter that multiplies it.

use minijinja::{AutoEscape, Environment, UndefinedBehavior, filters, functions, tests};

use super::error::did_you_mean;
use super::source::jinja_of;

/// How many steps one part of one mail may take. The shipped mails take a few hundred.
const FUEL: u64 = 50_000;

/// What a `{% … %}` may begin with.
const STATEMENTS: [&str; 6] = ["if", "elif", "else", "endif", "for", "endfor"];

/// An engine that knows no template, and what is harmless.
pub(super) fn engine() -> Environment<'static> {
    let mut engine = Environment::empty();
    engine.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    engine.set_fuel(Some(FUEL));
    engine.set_auto_escape_callback(|name| {
        if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
    });
    engine.add_filter("default", filters::default);
    engine.add_filter("upper", filters::upper);
    engine.add_filter("lower", filters::lower);
    engine.add_filter("title", filters::title);
    engine.add_filter("capitalize", filters::capitalize);
    engine.add_filter("trim", filters::trim);
    engine.add_filter("escape", filters::escape);
    engine.add_filter("length", filters::length);
    engine.add_filter("round", filters::round);
    engine.add_test("defined", tests::is_defined);
    engine.add_test("undefined", tests::is_undefined);
    engine.add_function("range", functions::range);
    engine
}

/// The first statement of a source that is not for mails, with its line.
pub(super) fn stranger(source: &str) -> Option<(usize, String)> {
    let statements = jinja_of(source).into_iter().filter_map(|(line, jinja)| {
        let inside = jinja.strip_prefix("{%")?.trim_start_matches(['-', '+']);
        let inside = inside.trim_end_matches("%}").trim_end_matches(['-', '+']).trim();
        Some((line, inside))
    });
    statements.into_iter().find_map(|(line, inside)| {
        let word = inside.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        if !STATEMENTS.contains(&word) {
            let near = did_you_mean(word, STATEMENTS);
            return Some((
                line,
                format!("“{word}” has no place in a mail; there are if, elif, else and for{near}"),
            ));
        }
        inside.ends_with("recursive").then(|| (line, "a loop in a mail cannot call itself".to_owned()))
    })
}
