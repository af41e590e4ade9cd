//! The house, opened: settings, data folder, database, playbook and mails, for whatever command.

use crate::{
    config::Config,
    exit::{Doing, Halt},
    files,
};
use rekindle_core::{
    playbook::{Files, Playbook},
    read::FileError,
    sequence::MailStep,
    time::SharedClock,
};
use rekindle_mail::templates::Templates;
use rekindle_storage::Store;
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

    /// The same, with a clock that somebody else holds too.
    ///
    /// # Errors
    /// The same.
    pub async fn open_with(config: Config, data: &Path, clock: SharedClock) -> Result<Self, Halt> {
        files::private_folder(data).doing(format!("make the folder {}", data.display()))?;
        let url = config.database_url(data).doing("find the data folder")?;
        let store = Store::open(&url, clock).await.doing("open the database")?;
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
        self.read_playbook().map(|(_, templates)| templates)
    }
}

/// Reads playbook and mails of a data folder, and holds them against each other.
///
/// # Errors
/// Everything that is wrong, each with its file and line.
pub fn read_playbook(data: &Path) -> Result<(Files, Templates), Halt> {
    let files = files::playbook_files(data)?;
    let playbook = Playbook::parse(&files);
    let templates = Templates::load(&files::template_files(data)?);
    let mut errors = Vec::new();
    match (playbook, templates) {
        (Ok(playbook), Ok(templates)) => {
            let names: Vec<&str> = templates.names().collect();
            errors.extend(playbook.check_mails(&files, &names));
            errors.extend(survey_answers(&playbook, &templates));
            if errors.is_empty() {
                return Ok((files, templates));
            }
        }
        (playbook, templates) => {
            errors.extend(playbook.err().into_iter().flatten());
            errors.extend(templates.err().into_iter().flatten().map(|error| FileError {
                file: format!("templates/{}", error.file),
                line: error.line,
                column: 1,
                excerpt: String::new(),
                message: error.what,
            }));
        }
    }
    Err(Halt::Files(errors))
}

/// A survey mail may only link to answers that its step of the plan has.
fn survey_answers(playbook: &Playbook, templates: &Templates) -> Vec<FileError> {
    use rekindle_mail::templates::LinkKind;
    let mut errors = Vec::new();
    for (name, sequence) in &playbook.sequences {
        for step in 0..sequence.step.len() {
            let Some(MailStep { mail, subjects, survey, .. }) = sequence.mail_at(step) else { continue };
            let file = format!("sequences/{name}.toml");
            for subject in subjects {
                if let Err(error) = templates.check_subject(subject) {
                    errors.push(FileError::whole(&file, format!("subject “{subject}”: {error}")));
                }
            }
            let answers: Vec<&str> =
                survey.iter().flat_map(|s| s.answers.iter().map(|answer| answer.key.as_str())).collect();
            for link in templates.links(mail).unwrap_or_default() {
                if let LinkKind::Survey { answer } = &link.kind
                    && !answers.contains(&answer.as_str())
                {
                    let help = rekindle_core::nearest::did_you_mean(answer, answers.iter().copied());
                    errors.push(FileError::whole(
                        &file,
                        format!("the mail “{mail}” links to the survey answer “{answer}”, which its step does not have{help}"),
                    ));
                }
            }
        }
    }
    errors
}
