//! The house, opened: settings, data folder, database, playbook and mails, for whatever command.

use crate::{
    config::{Config, redacted},
    exit::{Doing, Halt},
    files::{self, PLAYBOOK, TEMPLATES},
};
use rekindle_core::{
    playbook::{Files, Playbook},
    read::{self, FileError},
    sequence::{MailStep, Sequence},
    time::SharedClock,
};
use rekindle_mail::templates::{TemplateError, Templates};
use rekindle_storage::{Store, playbooks::Published};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// The house, opened.
#[derive(Debug, Clone)]
pub struct House {
    /// The settings.
    pub config: Arc<Config>,
    /// The data folder.
    pub data: PathBuf,
    /// The database.
    pub store: Store,
}

impl House {
    /// Opens the house: makes folder and database when they are not there, and migrates. Where no
    /// playbook was applied yet, the one in the folder is.
    ///
    /// # Errors
    /// What is wrong with folder, database or playbook.
    pub async fn open(config: Config, data: &Path) -> Result<Self, Halt> {
        let clock = config.clock();
        Self::open_with(config, data, clock).await
    }

    /// The same, for who comes beside the process in which time passes: where that one has moved its calendar, it is
    /// the calendar here too. Whoever writes to people does not follow: for them the calendar is never moved.
    ///
    /// # Errors
    /// The same.
    pub async fn visit(config: Config, data: &Path) -> Result<Self, Halt> {
        let clock = config.clock();
        let house = Self::open_with(config, data, clock.clone()).await?;
        if !house.config.reaches_people()
            && let Some(anchor) = house.store.anchor().await.doing("read the calendar of the house")?
        {
            clock.follow(anchor);
        }
        Ok(house)
    }

    /// The same, with a clock that somebody else holds too.
    ///
    /// # Errors
    /// The same.
    pub async fn open_with(config: Config, data: &Path, clock: SharedClock) -> Result<Self, Halt> {
        files::private_folder(data).doing(format!("make the folder {}", data.display()))?;
        files::shut(data);
        let url = config.database_url(data).doing("find the data folder")?;
        let doing = || format!("open the database {}", redacted(&url));
        let store = Store::open(&url, clock).await.doing(doing())?;
        let store = store.with_spool(&data.join("spool")).doing("make the spool")?;
        let house = Self { config: Arc::new(config), data: data.to_owned(), store };
        if house.store.playbooks().await.is_err() {
            house.apply_playbook().await?;
        }
        Ok(house)
    }

    /// Reads playbook and mails of the folder, and holds them against each other.
    ///
    /// # Errors
    /// Everything that is wrong, each with its file and line.
    pub fn read_playbook(&self) -> Result<(Files, Templates), Halt> {
        read_playbook(&self.data)
    }

    /// Puts the playbook of the folder in force; its version.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub async fn apply_playbook(&self) -> Result<i64, Halt> {
        let (files, _) = self.read_playbook()?;
        self.store.apply_playbook(&files).await.doing("keep the playbook")
    }

    /// The mails of the folder.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn templates(&self) -> Result<Templates, Halt> {
        let mails = files::template_files(&self.data)?;
        Templates::load(&mails).map_err(|errors| Halt::Files(of_mails(&self.data, &mails, errors)))
    }

    /// The mails of the folder, for whoever sends those of the playbook in force.
    ///
    /// # Errors
    /// Everything that is wrong with them, and what the playbook in force would send and they do not have.
    pub async fn mails_in_force(&self) -> Result<Templates, Halt> {
        let templates = self.templates()?;
        let Some(in_force) = self.in_force().await? else { return Ok(templates) };
        let names: Vec<&str> = templates.mails().collect();
        let playbook = Playbook::parse(&in_force.files).map_err(Halt::Files)?;
        let mut errors = playbook.check_mails(&in_force.files, &names);
        errors.extend(survey_answers(&in_force.files, &templates));
        if errors.is_empty() {
            return Ok(templates);
        }
        // These are not the folder's: what is wrong there would be told with its path.
        let version = in_force.version;
        let of_database =
            |error: FileError| FileError { file: format!("version {version}, {}", error.file), ..error };
        Err(Halt::Files(errors.into_iter().map(of_database).collect()))
    }

    /// The version of the playbook that is in force, if one is: the newest that this program can read.
    ///
    /// # Errors
    /// As the database says.
    pub async fn in_force(&self) -> Result<Option<Published>, Halt> {
        let Ok(playbooks) = self.store.playbooks().await else { return Ok(None) };
        let versions = self.store.playbook_versions().await.doing("read the playbook")?;
        Ok(versions.into_iter().find(|one| one.version == playbooks.version()))
    }

    /// What of the folder's playbook is not in force, in words: it is a draft until somebody puts it there, and no restart does.
    ///
    /// # Errors
    /// As the database says.
    pub async fn draft(&self) -> Result<Option<String>, Halt> {
        let Some(in_force) = self.in_force().await? else { return Ok(None) };
        let version = in_force.version;
        let files = match self.read_playbook() {
            Ok((files, _)) => files,
            Err(halt @ Halt::Files(_)) => {
                return Ok(Some(format!(
                    "{}\nSo the playbook in {} is not in force: version {version}, which is in the database, goes on.",
                    halt.told().trim_end(),
                    self.data.display()
                )));
            }
            Err(halt) => return Err(halt),
        };
        let all = files.keys().chain(in_force.files.keys().filter(|file| !files.contains_key(*file)));
        let other: Vec<&str> =
            all.filter(|file| files.get(*file) != in_force.files.get(*file)).map(String::as_str).collect();
        Ok((!other.is_empty()).then(|| {
            format!(
                "Version {version} of the playbook is in force. The draft in {} differs in {}: `rekindle playbook apply` puts all of it in force, \
                 `rekindle score publish` the rules of scoring.",
                self.data.join(PLAYBOOK).display(),
                other.join(", ")
            )
        }))
    }
}

/// Reads another playbook to hold against the one of the house: of a data folder, or of a folder of playbook files alone, which then
/// writes the mails of the house.
///
/// # Errors
/// Everything that is wrong, each with its file and line, or that there is no such folder.
pub fn playbook_of(folder: &Path, data: &Path) -> Result<(Files, Templates), Halt> {
    if !folder.is_dir() {
        return Err(Halt::refused(format!("there is no folder {}", folder.display())));
    }
    if folder.join(PLAYBOOK).is_dir() || folder.join(TEMPLATES).is_dir() {
        return read_playbook(folder);
    }
    let whole = tempfile::tempdir().doing("make a folder")?;
    for (below, from) in [(PLAYBOOK, folder.to_owned()), (TEMPLATES, data.join(TEMPLATES))] {
        if from.is_dir() {
            files::copy(&from, &whole.path().join(below)).doing(format!("read {}", from.display()))?;
        }
    }
    read_playbook(whole.path())
}

/// Reads playbook and mails of a data folder, and holds them against each other.
///
/// # Errors
/// Everything that is wrong, each with its file and line.
pub fn read_playbook(data: &Path) -> Result<(Files, Templates), Halt> {
    let files = files::playbook_files(data)?;
    let mails = files::template_files(data)?;
    let playbook = Playbook::parse(&files);
    let templates = Templates::load(&mails);
    let of_playbook = |error: FileError| FileError { file: in_folder(data, PLAYBOOK, &error.file), ..error };
    let mut errors = Vec::new();
    match (playbook, templates) {
        (Ok(playbook), Ok(templates)) => {
            let names: Vec<&str> = templates.mails().collect();
            errors.extend(playbook.faults(&files).into_iter().map(of_playbook));
            errors.extend(playbook.check_mails(&files, &names).into_iter().map(of_playbook));
            errors.extend(survey_answers(&files, &templates).into_iter().map(of_playbook));
            if errors.is_empty() {
                return Ok((files, templates));
            }
        }
        (playbook, templates) => {
            errors.extend(playbook.err().into_iter().flatten().map(of_playbook));
            errors.extend(of_mails(data, &mails, templates.err().unwrap_or_default()));
        }
    }
    Err(Halt::Files(errors))
}

fn in_folder(data: &Path, folder: &str, file: &str) -> String {
    data.join(folder).join(file).display().to_string()
}

/// What is wrong with mails, each with its file.
fn of_mails(data: &Path, mails: &Files, errors: Vec<TemplateError>) -> Vec<FileError> {
    let told = |error: TemplateError| {
        let text = mails.get(&error.file).map(String::as_str).unwrap_or_default();
        FileError { file: in_folder(data, TEMPLATES, &error.file), ..shown(text, error) }
    };
    errors.into_iter().map(told).collect()
}

/// What is wrong with a mail, with the line it stands in, at the word that it is about.
fn shown(text: &str, error: TemplateError) -> FileError {
    let Some(line) = error.line else { return FileError::whole(&error.file, error.what) };
    let begins: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let excerpt = text[begins..].lines().next().unwrap_or_default();
    let words = error.what.split(['“', '”', '<', '>', '"']).skip(1).step_by(2);
    let word = words.filter(|word| !word.is_empty()).find_map(|word| excerpt.find(word));
    let at = word.unwrap_or_else(|| excerpt.len() - excerpt.trim_start().len());
    FileError::at(&error.file, text, begins + at, error.what)
}

/// A survey mail may only link to answers that its step of the plan has.
fn survey_answers(files: &Files, templates: &Templates) -> Vec<FileError> {
    use rekindle_mail::templates::LinkKind;
    let mut errors = Vec::new();
    for (file, text) in files.iter().filter(|(file, _)| file.starts_with("sequences/")) {
        let Ok(sequence) = read::toml::<Sequence>(file, text) else { continue };
        for step in 0..sequence.step.len() {
            let Some(MailStep { mail, subjects, survey, .. }) = sequence.mail_at(step) else { continue };
            let mut wrong = |path: String, why: String| {
                let at = read::place(text, &path).map_or(0, |place| place.start);
                errors.push(FileError::at(file, text, at, why));
            };
            for (number, subject) in subjects.iter().enumerate() {
                let path = format!("step[{step}].subjects[{number}]");
                if subject.trim().is_empty() {
                    wrong(path, "this subject is empty".to_owned());
                } else if let Err(error) = templates.check_subject(subject) {
                    wrong(path, format!("subject “{subject}”: {error}"));
                }
            }
            let answers: Vec<&str> =
                survey.iter().flat_map(|s| s.answers.iter().map(|answer| answer.key.as_str())).collect();
            for link in templates.links(mail).unwrap_or_default() {
                if let LinkKind::Survey { answer } = &link.kind
                    && !answers.contains(&answer.as_str())
                {
                    let help = rekindle_core::nearest::did_you_mean(answer, answers.iter().copied());
                    wrong(
                        format!("step[{step}]"),
                        format!(
                            "the mail “{mail}” links to the survey answer “{answer}”, which its step does not have{help}"
                        ),
                    );
                }
            }
        }
    }
    errors
}

/// Offers that are not made in every language of their mail: leads who read such a one get the mail itself, which is not wrong, and
/// seldom meant.
pub fn half_translated(files: &Files, templates: &Templates) -> Vec<FileError> {
    let mut found = Vec::new();
    for (file, text) in files.iter().filter(|(file, _)| file.starts_with("sequences/")) {
        let Ok(sequence) = read::toml::<Sequence>(file, text) else { continue };
        for step in 0..sequence.step.len() {
            let Some(MailStep { mail, offer: Some(terms), .. }) = sequence.mail_at(step) else { continue };
            let languages = templates.variants(mail).filter_map(|variant| templates.language(variant).ok());
            for language in languages.filter(|language| terms.gives_in(language).is_none()) {
                let (at, tag) = (read::place(text, &format!("step[{step}].offer")), language.tag());
                let why = format!(
                    "“{mail}.{tag}” is never sent from here, since its offer has no words in it; add gives_in = {{ {tag} = \"…\" }}"
                );
                found.push(FileError::at(file, text, at.map_or(0, |place| place.start), why));
            }
        }
    }
    found
}
