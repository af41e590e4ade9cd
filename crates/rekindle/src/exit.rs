//! How a command ends: 0 done, 2 refused (and said why), 1 failed. Data goes to stdout, words to stderr.

use miette::{
    GraphicalReportHandler, LabeledSpan, MietteDiagnostic, MietteError, MietteSpanContents, Report,
    SourceCode, SourceSpan, SpanContents,
};
use rekindle_core::read::FileError;
use serde::Serialize;
use std::{
    error::Error,
    fmt::Display,
    io::{self, ErrorKind, IsTerminal, Write},
    process::ExitCode,
};

/// Why a command ends without being done.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// It may not or cannot be done as asked; the reader can put it right. Exit 2.
    #[error("{0}")]
    Refused(String),
    /// Refused, and a script has the reason on stdout already. Exit 2.
    #[error("refused")]
    Told,
    /// Files of settings or of the playbook are wrong. Exit 2.
    #[error("{}", all(.0))]
    Files(Vec<FileError>),
    /// Something broke. Exit 1.
    #[error("{doing}")]
    Failed {
        /// What was being done: "open the database".
        doing: String,
        /// What broke.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// How a command ended.
pub type Done = Result<(), Halt>;

impl Halt {
    /// A no, in words.
    pub fn refused(why: impl Display) -> Self {
        Self::Refused(why.to_string())
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::Refused(_) | Self::Told | Self::Files(_) => 2,
            Self::Failed { .. } => 1,
        }
    }

    /// For scripts: which kind of end it is.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Refused(_) | Self::Told => "refused",
            Self::Files(_) => "wrong_files",
            Self::Failed { .. } => "failed",
        }
    }

    /// In words, as they go to a file.
    pub fn told(&self) -> String {
        self.words(false)
    }

    /// In words, for people.
    fn words(&self, graphical: bool) -> String {
        match self {
            Self::Refused(why) => format!("rekindle: {why}\n"),
            Self::Told => String::new(),
            Self::Files(errors) if graphical => errors.iter().map(drawn).collect(),
            Self::Files(errors) => format!("{}\n", all(errors)),
            Self::Failed { doing, source } => {
                let mut text = format!("rekindle: could not {doing}: {source}\n");
                let mut said = source.to_string();
                let mut cause = source.source();
                while let Some(error) = cause {
                    let because = error.to_string();
                    // Many errors repeat their cause in their own words.
                    if !said.contains(&because) {
                        text.push_str(&format!("  because: {because}\n"));
                        said = because;
                    }
                    cause = error.source();
                }
                text
            }
        }
    }
}

impl From<Vec<FileError>> for Halt {
    fn from(errors: Vec<FileError>) -> Self {
        Self::Files(errors)
    }
}

impl From<FileError> for Halt {
    fn from(error: FileError) -> Self {
        Self::Files(vec![error])
    }
}

/// Says what was being done when something broke: `.doing("open the database")?`.
pub trait Doing<T> {
    /// Ends the command as failed, with these words after "could not".
    ///
    /// # Errors
    /// [`Halt::Failed`].
    fn doing(self, what: impl Into<String>) -> Result<T, Halt>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> Doing<T> for Result<T, E> {
    fn doing(self, what: impl Into<String>) -> Result<T, Halt> {
        self.map_err(|error| Halt::Failed { doing: what.into(), source: error.into() })
    }
}

/// Prints a line of data to stdout. Whoever reads may have enough and hang up: that ends the command quietly.
///
/// # Errors
/// When stdout cannot be written.
pub fn data(line: impl Display) -> Done {
    let mut out = io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.doing("write to stdout"),
    }
}

/// Prints a value to stdout as one line of JSON.
///
/// # Errors
/// When it is no JSON, or stdout cannot be written.
pub fn json(value: &impl Serialize) -> Done {
    data(serde_json::to_string(value).doing("write JSON")?)
}

/// Prints words to stderr.
pub fn say(words: impl Display) {
    // Nobody is left to be told when stderr is gone.
    let _ = writeln!(io::stderr().lock(), "{words}");
}

/// Says how a command ended, and gives its exit code.
pub fn finish(done: Done) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(halt) => {
            let _ = write!(io::stderr().lock(), "{}", halt.words(io::stderr().is_terminal()));
            ExitCode::from(halt.code())
        }
    }
}

fn all(errors: &[FileError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The one line of a file that an error is about: a source that knows its number.
#[derive(Debug)]
struct Line {
    file: String,
    number: usize,
    text: String,
}

impl SourceCode for Line {
    fn read_span<'a>(
        &'a self,
        _: &SourceSpan,
        _: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let whole = SourceSpan::from((0, self.text.len()));
        let (data, line) = (self.text.as_bytes(), self.number - 1);
        Ok(Box::new(MietteSpanContents::new_named(self.file.clone(), data, whole, line, 0, self.number)))
    }
}

/// The error with its line drawn below it, in colours where the terminal has them.
fn drawn(error: &FileError) -> String {
    let Some(number) = error.line else { return format!("rekindle: {error}\n") };
    let before = error.excerpt.chars().take(error.column.saturating_sub(1));
    let start: usize = before.map(char::len_utf8).sum();
    let marked = error.excerpt[start..].chars().take_while(|c| !c.is_whitespace() && *c != '=');
    let length = marked.map(char::len_utf8).sum::<usize>().max(1);
    let diagnostic = MietteDiagnostic::new(error.message.clone()).with_label(LabeledSpan::new(
        Some("here".to_owned()),
        start,
        length,
    ));
    // A blank at the end, so that what is missing at the end of a line can be pointed at.
    let source = Line { file: error.file.clone(), number, text: format!("{} ", error.excerpt) };
    let report = Report::new(diagnostic).with_source_code(source);
    let mut text = String::new();
    match GraphicalReportHandler::new().render_report(&mut text, report.as_ref()) {
        Ok(()) => text,
        Err(_) => format!("{error}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_is_two_and_failed_is_one() {
        assert_eq!(Halt::refused("Ana has this lead.").code(), 2);
        assert_eq!(Halt::Told.code(), 2);
        assert_eq!(Halt::from(FileError::whole("a.toml", "missing")).code(), 2);
        let failed = Err::<(), _>(io::Error::other("disk full")).doing("write the file").unwrap_err();
        assert_eq!(failed.code(), 1);
        assert_eq!(finish(Ok(())), ExitCode::SUCCESS);
    }

    #[test]
    fn what_broke_is_told_with_its_causes_each_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("the relay hung up")]
        struct Outer(#[source] io::Error);
        let halt = Err::<(), _>(Outer(io::Error::other("reset by peer"))).doing("send the mail").unwrap_err();
        assert_eq!(
            halt.words(false),
            "rekindle: could not send the mail: the relay hung up\n  because: reset by peer\n"
        );
    }

    #[test]
    fn a_wrong_line_is_shown_with_its_place() {
        let text = "[mail]\nsesions = 4\n";
        let halt = Halt::from(FileError::at("rekindle.toml", text, 7, "there is no key “sesions”"));
        assert!(
            halt.words(false)
                .starts_with("rekindle.toml:2:1: there is no key “sesions”\n     2 | sesions = 4\n")
        );
        let drawn = halt.words(true);
        assert!(
            drawn.contains("rekindle.toml:2:1") && drawn.contains("sesions = 4") && drawn.contains("here"),
            "{drawn}"
        );
        let end = Halt::from(FileError::at("x", "ab", 2, "it ends here"));
        assert!(end.words(true).contains("it ends here"));
    }
}
