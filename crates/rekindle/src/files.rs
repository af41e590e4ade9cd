//! The files of a data folder: what is embedded, what the operator and the marketer lay over it, and writing them out.
//!
//! A file of `DIR/playbook` or `DIR/templates` replaces the embedded one of the same path, or is one more. Data folders
//! are readable by their owner alone, since leads are in them.

use rekindle_core::{playbook::Files, read::FileError};
use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

/// The folder of the playbook, in the data folder.
pub const PLAYBOOK: &str = "playbook";
/// The folder of the mails, in the data folder.
pub const TEMPLATES: &str = "templates";

macro_rules! embedded {
    (files: $($path:literal,)* mails: $($mail:literal,)*) => {
        /// All files the program carries: path below `config/`, which is also that below the data folder, and text.
        pub const EMBEDDED: &[(&str, &str)] = &[
            $(($path, include_str!(concat!("../../../config/", $path))),)*
            $(
                embedded!($mail, "/subject.txt"),
                embedded!($mail, "/body.mjml"),
                embedded!($mail, "/body.txt"),
            )*
        ];
    };
    ($mail:literal, $file:literal) => {
        (concat!("templates/", $mail, $file), include_str!(concat!("../../../config/templates/", $mail, $file)))
    };
}

embedded! {
    files:
    "rekindle.toml",
    "playbook/scoring.toml",
    "playbook/segments.toml",
    "playbook/routing.toml",
    "playbook/sunset.toml",
    "playbook/forms.toml",
    "playbook/frequency.toml",
    "playbook/stages.toml",
    "playbook/sequences/asked-later.toml",
    "playbook/sequences/re-engagement.toml",
    "playbook/sequences/pricing.toml",
    "playbook/sequences/welcome.toml",
    "templates/_layout.mjml",
    "templates/_footer.mjml",
    "templates/_footer.de.mjml",
    mails:
    "breakup",
    "breakup.de",
    "offer",
    "offer.de",
    "survey",
    "survey.de",
    "pricing-1",
    "pricing-1.de",
    "pricing-2",
    "pricing-2.de",
    "pricing-3",
    "pricing-3.de",
    "welcome",
    "welcome.de",
    "education",
    "education.de",
    "case-study",
    "case-study.de",
    "objections",
    "objections.de",
    "comparison",
    "comparison.de",
    "call-to-action",
    "call-to-action.de",
    "confirm-subscription",
    "confirm-subscription.de",
    "asked-later",
    "asked-later.de",
}

/// The playbook of a data folder: paths below the playbook's folder, and texts.
///
/// # Errors
/// Each file that cannot be read. A folder that is not there is no error.
pub fn playbook_files(data: &Path) -> Result<Files, Vec<FileError>> {
    overlaid(data, PLAYBOOK)
}

/// The mails of a data folder: paths below the templates' folder, and texts. Where a mail of the folder takes the place of an
/// embedded one, the embedded variants of that one are gone, too: they say what the marketer no longer says.
///
/// # Errors
/// Each file that cannot be read. A folder that is not there is no error.
pub fn template_files(data: &Path) -> Result<BTreeMap<String, String>, Vec<FileError>> {
    let mut files = overlaid(data, TEMPLATES)?;
    let theirs = |mail: &str| data.join(TEMPLATES).join(mail).is_dir();
    files.retain(|path, _| match path.split_once('/').map(|(folder, _)| (folder, folder.split_once('.'))) {
        Some((folder, Some((mail, _)))) => theirs(folder) || !theirs(mail),
        _ => true,
    });
    Ok(files)
}

/// Copies a folder with all that is in it.
///
/// # Errors
/// What cannot be read or written.
pub fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &target)?,
            false => _ = fs::copy(entry.path(), target)?,
        }
    }
    Ok(())
}

fn overlaid(data: &Path, folder: &str) -> Result<BTreeMap<String, String>, Vec<FileError>> {
    let ours = EMBEDDED.iter().filter_map(|(path, text)| {
        let path = path.strip_prefix(folder)?.strip_prefix('/')?;
        Some((path.to_owned(), (*text).to_owned()))
    });
    let mut files: BTreeMap<String, String> = ours.collect();
    let mut errors = Vec::new();
    lay(&data.join(folder), "", &mut files, &mut errors);
    if errors.is_empty() { Ok(files) } else { Err(errors) }
}

/// Lays a folder, and those inside, over what is there. What editors and systems leave behind is passed over.
fn lay(folder: &Path, below: &str, files: &mut BTreeMap<String, String>, errors: &mut Vec<FileError>) {
    let mut wrong =
        |path: &Path, why: String| errors.push(FileError::whole(&path.display().to_string(), why));
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound && below.is_empty() => return,
        Err(error) => return wrong(folder, format!("this folder cannot be read: {error}")),
    };
    let mut inner = Vec::new();
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return wrong(folder, format!("this folder cannot be read: {error}")),
        };
        let path = entry.path();
        let Ok(name) = entry.file_name().into_string() else {
            wrong(&path, "the name of this file is not UTF-8".to_owned());
            continue;
        };
        if name.starts_with(['.', '#']) || name.ends_with(['~', '#']) {
            continue;
        }
        let name = format!("{below}{name}");
        // Links are followed: a playbook may be kept elsewhere.
        if path.is_dir() {
            inner.push((path, format!("{name}/")));
            continue;
        }
        match fs::read(&path).map(String::from_utf8) {
            Ok(Ok(text)) => {
                let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
                files.insert(name, text);
            }
            Ok(Err(error)) => {
                let byte = error.utf8_error().valid_up_to();
                wrong(&path, format!("this is not UTF-8 text, from byte {byte} on; save it as UTF-8"));
            }
            Err(error) => wrong(&path, format!("this file cannot be read: {error}")),
        }
    }
    for (path, below) in inner {
        // A link back to a folder above would never end.
        if below.matches('/').count() > 8 {
            errors.push(FileError::whole(
                &path.display().to_string(),
                "folders are nested too deeply; is it a link to a folder above?",
            ));
            return;
        }
        lay(&path, &below, files, errors);
    }
}

/// What [`init`] did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Initialised {
    /// Files written.
    pub written: Vec<PathBuf>,
    /// Files that were there, and were left alone.
    pub kept: Vec<PathBuf>,
}

/// Writes all embedded files into a data folder, to edit. What is there is never touched.
///
/// # Errors
/// When a folder cannot be made or a file not written; files written before stay.
pub fn init(data: &Path) -> io::Result<Initialised> {
    let mut done = Initialised::default();
    for (path, text) in EMBEDDED {
        let path = data.join(path);
        if let Some(folder) = path.parent() {
            private_folder(folder)?;
        }
        match private_file(&path) {
            Ok(mut file) => {
                file.write_all(text.as_bytes()).map_err(|e| named(&path, e))?;
                done.written.push(path);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => done.kept.push(path),
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Makes a folder, and those above it, that only their owner may look into. One that is there stays as it is.
///
/// # Errors
/// When it cannot be made; the error names it.
pub fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|e| named(path, e))
}

/// Shuts a data folder that others may look into: leads and passwords are in it. One in which other things lie too is
/// left alone, and so is one of somebody else; whoever runs the house is warned then.
#[cfg(unix)]
pub fn shut(data: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let Ok(mode) = fs::metadata(data).map(|folder| folder.permissions().mode()) else { return };
    if mode & 0o077 == 0 {
        return;
    }
    let ours = fs::read_dir(data)
        .is_ok_and(|entries| entries.flatten().all(|entry| entry.file_name().to_str().is_some_and(is_ours)));
    let shut = ours && fs::set_permissions(data, fs::Permissions::from_mode(0o700)).is_ok();
    if !shut {
        tracing::warn!(
            folder = %data.display(),
            mode = format!("{:o}", mode & 0o777),
            "others on this machine may look into the data folder; chmod 700 shuts it"
        );
    }
}

/// Nothing to shut.
#[cfg(not(unix))]
pub fn shut(_: &Path) {}

/// Whether a name in a data folder is one that we give.
fn is_ours(name: &str) -> bool {
    matches!(name, "lock" | "mail" | crate::dkim::FOLDER | crate::template::FOLDER | PLAYBOOK | TEMPLATES)
        || name.starts_with("rekindle.")
}

/// Makes a new file that only its owner may read.
///
/// # Errors
/// When it exists, or cannot be made; the error names it.
pub fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|e| named(path, e))
}

/// Opens the file that says who runs in a folder; makes it where it is not there. It stays when its holder ends: only the
/// lock on it counts.
///
/// # Errors
/// When it cannot be made or opened; the error names it.
pub fn lock_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|e| named(path, e))
}

/// The same error, with the file in its words.
pub(crate) fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rekindle_core::playbook::Playbook;

    #[test]
    fn every_shipped_file_is_embedded() {
        fn walk(folder: &Path, root: &Path, found: &mut Vec<String>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, root, found);
                } else {
                    found.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config");
        let mut shipped = Vec::new();
        walk(&root, &root, &mut shipped);
        shipped.sort();
        let mut embedded: Vec<String> = EMBEDDED.iter().map(|(path, _)| (*path).to_owned()).collect();
        embedded.sort();
        assert_eq!(embedded, shipped);
    }

    #[test]
    fn the_shipped_playbook_is_right_with_its_mails() {
        let files = playbook_files(Path::new("/nowhere")).unwrap();
        let playbook = Playbook::parse(&files).unwrap();
        let mails = template_files(Path::new("/nowhere")).unwrap();
        let mails: Vec<&str> = mails.keys().filter_map(|path| path.strip_suffix("/subject.txt")).collect();
        assert_eq!(playbook.check_mails(&files, &mails), []);
    }

    #[test]
    fn files_of_the_folder_are_laid_over_the_embedded_ones() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("playbook/sequences");
        fs::create_dir_all(&folder).unwrap();
        fs::write(data.path().join("playbook/routing.toml"), "\u{feff}alerts = \"x\"\n").unwrap();
        fs::write(folder.join("welcome.toml"), "name = \"welcome\"\n").unwrap();
        fs::write(folder.join(".welcome.toml.swp"), [0xff]).unwrap();
        fs::write(folder.join("welcome.toml~"), "old").unwrap();
        let files = playbook_files(data.path()).unwrap();
        assert_eq!(files["routing.toml"], "alerts = \"x\"\n");
        assert_eq!(files["sequences/welcome.toml"], "name = \"welcome\"\n");
        assert!(files.contains_key("sequences/re-engagement.toml") && files.contains_key("scoring.toml"));
        assert_eq!(files.len(), 10, "{:?}", files.keys());
    }

    #[test]
    fn a_mail_of_the_folder_is_not_sent_in_the_embedded_words_of_another_language() {
        let data = tempfile::tempdir().unwrap();
        let has = |path: &str| template_files(data.path()).unwrap().contains_key(path);
        assert!(has("breakup.de/body.mjml"));
        fs::create_dir_all(data.path().join("templates/breakup")).unwrap();
        fs::write(data.path().join("templates/breakup/subject.txt"), "Goodbye").unwrap();
        assert!(has("breakup/body.mjml") && !has("breakup.de/body.mjml") && has("survey.de/body.mjml"));
        fs::create_dir_all(data.path().join("templates/breakup.de")).unwrap();
        fs::write(data.path().join("templates/breakup.de/subject.txt"), "Lebewohl").unwrap();
        assert!(has("breakup.de/body.mjml"), "who writes a variant has the rest of it");
    }

    #[test]
    fn a_file_that_is_no_text_is_named() {
        let data = tempfile::tempdir().unwrap();
        fs::create_dir_all(data.path().join("templates/breakup")).unwrap();
        fs::write(data.path().join("templates/breakup/body.txt"), b"Ol\xe1").unwrap();
        let errors = template_files(data.path()).unwrap_err();
        let text = errors[0].to_string();
        assert!(
            text.contains("breakup/body.txt") && text.contains("not UTF-8 text, from byte 2 on"),
            "{text}"
        );
    }

    #[test]
    fn init_writes_all_once_and_never_touches_what_is_there() {
        let data = tempfile::tempdir().unwrap();
        let data = data.path().join("new");
        private_folder(&data).unwrap();
        fs::write(data.join("rekindle.toml"), "# mine\n").unwrap();
        let first = init(&data).unwrap();
        assert_eq!(
            (first.written.len(), &first.kept[..]),
            (EMBEDDED.len() - 1, &[data.join("rekindle.toml")][..])
        );
        assert_eq!(fs::read_to_string(data.join("rekindle.toml")).unwrap(), "# mine\n");
        let second = init(&data).unwrap();
        assert_eq!((second.written.len(), second.kept.len()), (0, EMBEDDED.len()));
        assert_eq!(playbook_files(&data), playbook_files(Path::new("/nowhere")));
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_may_look_into_is_shut_where_all_in_it_is_ours() {
        use std::os::unix::fs::PermissionsExt;
        let data = tempfile::tempdir().unwrap();
        let mode = || fs::metadata(data.path()).unwrap().permissions().mode() & 0o777;
        let open = || fs::set_permissions(data.path(), fs::Permissions::from_mode(0o755)).unwrap();
        open();
        for file in ["rekindle.toml", "rekindle.db-wal", "lock"] {
            fs::write(data.path().join(file), "").unwrap();
        }
        shut(data.path());
        assert_eq!(mode(), 0o700);
        open();
        fs::write(data.path().join("thesis.txt"), "").unwrap();
        shut(data.path());
        assert_eq!(mode(), 0o755, "somebody else's things are in it");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_written_is_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let data = tempfile::tempdir().unwrap();
        let data = data.path().join("a/b");
        init(&data).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&data), mode(&data.join("playbook"))), (0o700, 0o700));
        assert_eq!(mode(&data.join("playbook/scoring.toml")), 0o600);
    }
}
