//! Does what the command line says: one arm a command.

use crate::{
    args::{self, Args, Command, ConfigCommand},
    demo,
    exit::{self, Doing, Done, Halt, say},
    files,
    house::{self, House},
    import, tell,
    up::{self, Which},
};
use rekindle_bot::desk::Desk;
use rekindle_core::activity::Trust;
use rekindle_storage::keys::WriteKey;

/// Does it.
///
/// # Errors
/// Why it is not done.
pub async fn run(args: &Args) -> Done {
    match &args.command {
        Command::Init => init(args),
        Command::Config(ConfigCommand::Show) => exit::data(args.config()?.show().trim_end()),
        Command::Config(ConfigCommand::Check) => {
            args.config()?;
            say("The settings are right.");
            Ok(())
        }
        Command::Playbook(args::Playbook::Check) => {
            args.config()?;
            check_playbook(args)
        }
        Command::Demo(options) => {
            let named = (args.data != std::path::Path::new("./data")).then_some(args.data.as_path());
            demo::run(args.config()?, options, named).await
        }
        Command::Up(_) => up(args).await,
        Command::Web(_) => serve(args, Which { web: true, bot: false, worker: false }).await,
        Command::Bot(door) => {
            let mut config = args.config()?;
            if let Some(address) = door.listen {
                config.bot.listen = address;
            }
            let house = open_with(args, config).await?;
            up::serve(&house, Which { web: false, bot: true, worker: false }).await
        }
        Command::Worker => serve(args, Which { web: false, bot: false, worker: true }).await,
        Command::Migrate => {
            open(args).await?;
            say("The database is up to date.");
            Ok(())
        }
        Command::Key(args::Key::New { name, public, origin, basis }) => {
            let house = open(args).await?;
            let key = WriteKey {
                name: name.clone(),
                trust: if *public { Trust::Browser } else { Trust::Server },
                origins: origin.iter().cloned().collect(),
                basis: basis.clone(),
            };
            let secret = house.store.keys().make(key).await.map_err(|e| tell::refused(e, &house))?;
            exit::data(secret)
        }
        Command::Team(args::Team::Add { name, role }) => {
            let house = open(args).await?;
            let member = house.store.team().add(name, *role).await.map_err(|e| tell::refused(e, &house))?;
            say(format_args!(
                "{} is {} now. This link signs them in, once, within a day:",
                member.name, member.role
            ));
            exit::data(up::sign_in_link(&house, &member).await?)
        }
        Command::Link { name } => {
            let house = open(args).await?;
            let member = house.store.team().named(name).await.map_err(|e| tell::refused(e, &house))?;
            exit::data(up::sign_in_link(&house, &member).await?)
        }
        Command::Chat(chat) => converse(args, chat).await,
        Command::Lead(args::Lead::Show(of)) => tell::lead(&open(args).await?, &of.email, of.json).await,
        Command::Score(args::Score::Explain(of)) => tell::score(&open(args).await?, &of.email, of.json).await,
        Command::Outbox { state, json } => tell::outbox(&open(args).await?, *state, *json).await,
        Command::Import(options) => import::run(&open(args).await?, options).await,
        Command::Playbook(args::Playbook::Apply) => {
            let house = open(args).await?;
            let version = house.apply_playbook().await?;
            say(format_args!(
                "Version {version} of the playbook is in force; leads in flight stay on theirs."
            ));
            Ok(())
        }
    }
}

async fn open(args: &Args) -> Result<House, Halt> {
    open_with(args, args.config()?).await
}

async fn open_with(args: &Args, config: crate::config::Config) -> Result<House, Halt> {
    House::open(config, &args.data).await
}

/// Reads the playbook of the folder again, applies it, and opens the doors.
async fn serve(args: &Args, which: Which) -> Done {
    let house = open(args).await?;
    if which.worker {
        house.apply_playbook().await?;
    }
    up::serve(&house, which).await
}

async fn up(args: &Args) -> Done {
    let house = open(args).await?;
    // One `up` a folder: two would both be right, and nobody would know which one answers.
    let lock = files::lock_file(&args.data.join("lock")).doing("make the lock file")?;
    if lock.try_lock().is_err() {
        let text = format!("`rekindle up` runs in {} already; stop it first.", args.data.display());
        return Err(Halt::refused(text));
    }
    house.apply_playbook().await?;
    house.store.set_public_url(&house.config.public_url()).await.doing("say where the house is")?;
    if let Some(first) = up::first_start(&house).await? {
        say(up::welcome(&house, &first));
    }
    up::serve(&house, Which::ALL).await
}

fn init(args: &Args) -> Done {
    let done = files::init(&args.data).doing("write the files")?;
    for path in &done.written {
        exit::data(path.display())?;
    }
    for path in &done.kept {
        say(format_args!("{} is there already and stays as it is.", path.display()));
    }
    Ok(())
}

fn check_playbook(args: &Args) -> Done {
    let (_, templates) = house::read_playbook(&args.data)?;
    let problems = templates.check();
    let fatal = problems.iter().filter(|problem| problem.fatal).count();
    for problem in &problems {
        let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
        let weight = if problem.fatal { "" } else { "advice: " };
        let file = args.data.join(files::TEMPLATES).join(&problem.file);
        say(format_args!("{}{line}: {weight}{}", file.display(), problem.what));
    }
    match fatal {
        0 => {
            say("The playbook is right.");
            Ok(())
        }
        1 => Err(Halt::refused("one thing must be put right before these mails can be sent")),
        n => Err(Halt::refused(format!("{n} things must be put right before these mails can be sent"))),
    }
}

/// `chat --as NAME TEXT`
async fn converse(args: &Args, chat: &args::Chat) -> Done {
    let house = open(args).await?;
    let member = match house.store.team().named(&chat.member).await {
        Ok(member) => member,
        Err(error) if chat.json => {
            let Some(refusal) = error.refusal() else { return Err(tell::refused(error, &house)) };
            exit::json(&serde_json::json!({
                "ok": false, "code": refusal.code(), "text": refusal.text(house.config.team.zone),
            }))?;
            return Err(Halt::Told);
        }
        Err(error) => return Err(tell::refused(error, &house)),
    };
    let templates = std::sync::Arc::new(house.templates()?);
    let desk = Desk::new(house.store.clone(), up::bot_settings(&house)).with_templates(templates);
    let reply = desk.run(&member, "terminal", &chat.text()).await;
    if chat.json {
        exit::json(&reply)?;
        if reply.is_failure() {
            return Err(Halt::Failed { doing: "do that".to_owned(), source: reply.text.into() });
        }
        return if reply.ok { Ok(()) } else { Err(Halt::Told) };
    }
    match reply.ok {
        true => exit::data(&reply.text),
        false if reply.is_failure() => {
            Err(Halt::Failed { doing: "do that".to_owned(), source: reply.text.into() })
        }
        false => Err(Halt::refused(&reply.text)),
    }
}
