//! `rekindle template list` and `preview`: the mails there are, and one of them as its reader would see it.

use crate::{
    args,
    config::{Config, Mail},
    exit::{self, Doing, Done, Halt, say},
    files::{self, TEMPLATES},
    house::{self, House},
    tell,
};
use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};
use rekindle_core::{language::Language, nearest::did_you_mean, playbook::Playbook, time::Clock};
use rekindle_mail::{
    letter::Sender,
    preview::{Preview, Reader, Setting, show},
    templates::RenderError,
};
use serde_json::json;
use std::{
    io::{ErrorKind, IsTerminal, Write},
    path::{Path, PathBuf},
};

/// The folder of previews, in the data folder.
pub(crate) const FOLDER: &str = "preview";

/// Lists the mails: languages, the sequences that send them, size, and what must be put right.
///
/// # Errors
/// When playbook or mails are wrong.
pub(crate) fn list(config: &Config, data: &Path, as_json: bool) -> Done {
    let (written, templates) = house::read_playbook(data)?;
    let (sender, today) = (sender(config), config.clock().calendar().date_naive());
    let playbook = Playbook::parse(&written)?;
    let problems = templates.check();
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_header(["mail", "languages", "sent by", "HTML", "subject"]);
    let mut all = Vec::new();
    for mail in templates.mails() {
        let variants: Vec<&str> = [mail].into_iter().chain(templates.variants(mail)).collect();
        let tag = |name: &&str| templates.language(name).ok().map(Language::tag);
        let languages: Vec<&str> = variants.iter().filter_map(tag).collect();
        let used: Vec<&str> = playbook.sending(mail).map(|(sequence, _)| sequence.name.as_str()).collect();
        let wrong = variants
            .iter()
            .map(|name| format!("{name}/"))
            .map(|folder| problems.iter().filter(|p| p.fatal && p.file.starts_with(&folder)).count())
            .sum::<usize>();
        let setting = Setting { sender: &sender, plan: playbook.sending(mail).next(), today };
        let (bytes, subject) = match show(&templates, mail, &Reader::Sample, None, &setting) {
            Ok(preview) => (preview.rendered.html.len(), preview.rendered.subject),
            Err(why) => (0, why.to_string()),
        };
        all.push(json!({ "mail": mail, "languages": languages, "sent_by": used, "bytes": bytes, "subject": subject, "wrong": wrong }));
        let sent_by = if used.is_empty() { "nobody".to_owned() } else { used.join(", ") };
        let subject =
            if wrong > 0 { format!("WRONG, see rekindle playbook check: {subject}") } else { subject };
        table.add_row([
            mail.to_owned(),
            languages.join(", "),
            sent_by,
            format!("{} KB", bytes.div_ceil(1024)),
            subject,
        ]);
    }
    if as_json { exit::json(&all) } else { exit::data(table) }
}

/// Writes a mail as its reader would see it to files, says where they are, and opens them for who sits before it.
///
/// # Errors
/// When there is no such mail or lead, or it cannot be rendered.
pub(crate) async fn preview(args: &args::Args, asked: &args::Preview) -> Done {
    let config = args.config()?;
    let language = asked.language.as_deref().map(|told| {
        Language::parse(told)
            .ok_or_else(|| Halt::refused(format!("“{told}” is no language, such as de or pt-BR")))
    });
    let language = language.transpose()?;
    let (written, templates) = house::read_playbook(&args.data)?;
    let playbook = Playbook::parse(&written)?;
    let (sender, today) = (sender(&config), config.clock().calendar().date_naive());
    let reader = match (&asked.lead, asked.empty) {
        (Some(email), _) => {
            let house = House::visit(config, &args.data).await?;
            let lead = house.store.leads().named(email).await.map_err(|e| tell::refused(e, &house))?;
            Reader::Lead(Box::new(lead))
        }
        (None, true) => Reader::Empty,
        (None, false) => Reader::Sample,
    };
    let setting = Setting { sender: &sender, plan: playbook.sending(&asked.mail).next(), today };
    let shown = show(&templates, &asked.mail, &reader, language.as_ref(), &setting);
    let shown = shown.map_err(|why| Halt::refused(in_folder(&args.data, &why)))?;
    if let Some(wanted) = language.filter(|wanted| wanted.primary() != shown.language.primary()) {
        let there: Vec<&str> = templates.variants(&asked.mail).collect();
        let near = did_you_mean(&format!("{}.{}", asked.mail, wanted.tag()), there.iter().copied());
        say(format_args!("There is no “{}” in {}{near}: this is the mail itself.", asked.mail, wanted.tag()));
    }
    let folder = std::path::absolute(args.data.join(FOLDER)).doing("find the data folder")?;
    let (html, text) = write(&folder, &shown)?;
    say(format_args!("Subject:  {}\nInbox:    {}", shown.rendered.subject, shown.inbox_line));
    exit::data(html.display())?;
    exit::data(text.display())?;
    if std::io::stdout().is_terminal() && !asked.no_open && open::that_detached(&html).is_err() {
        say("No browser could be opened; open the first of these files in one.");
    }
    Ok(())
}

/// Who writes, by the settings.
pub(crate) fn sender(config: &Config) -> Sender {
    let Mail { from, company, postal_address, .. } = &config.mail;
    Sender {
        name: from.name.clone().unwrap_or_else(|| company.clone()),
        company: company.clone(),
        postal_address: postal_address.clone(),
    }
}

/// What is wrong with a mail, with the file where it lies.
fn in_folder(data: &Path, why: &RenderError) -> String {
    match why {
        RenderError::Template(error) => format!("{}/{error}", data.join(TEMPLATES).display()),
        other => other.to_string(),
    }
}

/// Writes both parts, each its owner's alone: a lead may be named in them.
fn write(folder: &Path, shown: &Preview) -> Result<(PathBuf, PathBuf), Halt> {
    files::private_folder(folder).doing("make the folder of previews")?;
    let text = format!("Subject: {}\n\n{}", shown.rendered.subject, shown.rendered.text);
    let mut paths = Vec::new();
    for (ending, content) in [("html", &shown.rendered.html), ("txt", &text)] {
        let path = folder.join(format!("{}.{ending}", shown.variant));
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error).doing("replace a preview")?,
            _ => {}
        }
        let mut file = files::private_file(&path).doing("write the preview")?;
        file.write_all(content.as_bytes()).doing("write the preview")?;
        paths.push(path);
    }
    let text = paths.pop().unwrap_or_default();
    Ok((paths.pop().unwrap_or_default(), text))
}
