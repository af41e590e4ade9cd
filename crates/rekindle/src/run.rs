//! Does what the command line says: one arm a command.

use crate::{
    args::{self, Args, Command, ConfigCommand},
    chats::{self, discord},
    config::{Config, SlackTransport},
    demo, dkim,
    exit::{self, Doing, Done, Halt, say},
    files,
    house::{self, House},
    import, mail_doctor, privacy, score, simulate, tell, template,
    up::{self, Which},
};
use rekindle_bot::{
    reply::Reply,
    slack::{self, Reached},
};
use rekindle_core::{activity::Trust, nearest::did_you_mean};
use rekindle_storage::keys::WriteKey;
use std::fs::File;

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
        Command::Playbook(args::Playbook::Migrate { sequence }) => migrate(args, sequence).await,
        Command::Simulate(asked) => simulate::run(&open(args).await?, asked).await,
        Command::Template(args::Template::List { json }) => {
            template::list(&args.config()?, &args.data, *json)
        }
        Command::Template(args::Template::Preview(asked)) => template::preview(args, asked).await,
        Command::Doctor(args::Doctor::Mail) => mail_doctor::run(&open(args).await?).await,
        Command::Doctor(args::Doctor::Chat) => doctor(&open(args).await?).await,
        Command::Dkim(args::Dkim::New { rsa, selector }) => {
            dkim::new(&args.config()?, &args.data, *rsa, selector.as_deref())
        }
        Command::Slack(args::Slack::Manifest) => {
            let config = args.config()?;
            let reached = match config.slack.transport {
                SlackTransport::Socket => Reached::BySocket,
                SlackTransport::Http => Reached::OverHttp,
            };
            exit::data(slack::manifest(&config.public_url(), reached).trim_end())
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
            serve_with(args, config, Which { web: false, bot: true, worker: false }).await
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
        Command::Key(args::Key::Rotate) => {
            let keys = open(args).await?.store.rotate_link_key().await.doing("make the key")?;
            say(format_args!(
                "There are {keys} keys for links now. The newest makes them from the next start of the worker; all are good."
            ));
            Ok(())
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
        Command::Discord(what) => discord::run(&open(args).await?, what).await,
        Command::Lead(args::Lead::Show(of)) => tell::lead(&open(args).await?, &of.email, of.json).await,
        Command::Lead(args::Lead::Export { email }) => privacy::export(&open(args).await?, email).await,
        Command::Lead(args::Lead::Erase { email, yes }) => {
            privacy::erase(&open(args).await?, email, *yes).await
        }
        Command::Score(what) => score::run(&open(args).await?, what).await,
        Command::Outbox { state, json } => tell::outbox(&open(args).await?, *state, *json).await,
        Command::Import(options) => import::run(&open(args).await?, options).await,
        Command::Playbook(args::Playbook::Apply) => {
            let house = open(args).await?;
            let before = house.store.load_playbooks().await.ok().map(|playbooks| playbooks.version());
            let version = house.apply_playbook().await?;
            match before == Some(version) {
                true => say(format_args!(
                    "Nothing has changed: version {version} of the playbook stays in force."
                )),
                false => say(format_args!(
                    "Version {version} of the playbook is in force; leads in flight stay on theirs."
                )),
            }
            Ok(())
        }
    }
}

/// Looks at the chats that the settings name.
async fn doctor(house: &House) -> Done {
    let found = chats::examine(house).await?;
    if found.is_empty() {
        say("The settings name no chat beside the console; docs/slack.md and docs/discord.md lead to one.");
    }
    let mut lines = found.iter().map(|one| match &one.wrong {
        None => format!("works   {}", one.what),
        Some(why) => format!("WRONG   {}\n        {why}", one.what),
    });
    exit::data(lines.by_ref().collect::<Vec<_>>().join("\n"))?;
    match found.iter().filter(|one| one.wrong.is_some()).count() {
        0 => Ok(()),
        many => Err(Halt::refused(format!("{many} of {} do not work yet", found.len()))),
    }
}

/// For a command beside the running house, whose calendar counts.
async fn open(args: &Args) -> Result<House, Halt> {
    House::visit(args.config()?, &args.data).await
}

async fn serve(args: &Args, which: Which) -> Done {
    serve_with(args, args.config()?, which).await
}

/// One door alone: says what of the folder's playbook is a draft, where that counts, and opens the door.
async fn serve_with(args: &Args, config: Config, which: Which) -> Done {
    let house = match which.worker {
        true => House::open(config, &args.data).await?,
        false => House::visit(config, &args.data).await?,
    };
    let _lock = match house.store.is_embedded() {
        true => Some(alone(args)?),
        false => None,
    };
    let listener = up::bind(&house, which).await?;
    if which.worker {
        tell_draft(&house).await?;
    }
    up::serve(&house, which, listener).await
}

/// One `up` a folder: two would both be right, and nobody would know which one answers. Doors that run apart may stand
/// beside each other (their work is made for that), and beside no `up`.
fn alone(args: &Args) -> Result<File, Halt> {
    let lock = files::lock_file(&args.data.join("lock")).doing("make the lock file")?;
    let (locked, apart) = match args.command {
        Command::Up(_) => (lock.try_lock(), ""),
        _ => {
            let why = " (Beside it, doors run apart only over PostgreSQL: database.url in rekindle.toml.)";
            (lock.try_lock_shared(), why)
        }
    };
    match locked {
        Ok(()) => Ok(lock),
        Err(_) => {
            let data = args.data.display();
            Err(Halt::refused(format!("Rekindle runs in {data} already; stop it first.{apart}")))
        }
    }
}

/// Says what of the folder's playbook is not in force.
async fn tell_draft(house: &House) -> Done {
    if let Some(draft) = house.draft().await? {
        say(draft);
    }
    Ok(())
}

async fn up(args: &Args) -> Done {
    let house = House::open(args.config()?, &args.data).await?;
    let _lock = alone(args)?;
    let listener = up::bind(&house, Which::ALL).await?;
    tell_draft(&house).await?;
    if let Some(first) = up::first_start(&house).await? {
        say(up::welcome(&house, &first));
    }
    up::serve(&house, Which::ALL, listener).await
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
    let (files, templates) = house::read_playbook(&args.data)?;
    for advice in house::half_translated(&files, &templates) {
        let file = args.data.join(files::PLAYBOOK).join(&advice.file);
        let line = advice.line.unwrap_or_default();
        say(format_args!("{}:{line}: advice: {}", file.display(), advice.message));
    }
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

/// `chat --as NAME TEXT`. With `--json` stdout is one object, however it ends.
async fn converse(args: &Args, chat: &args::Chat) -> Done {
    let said = match hear(args, chat).await {
        Err(halt) if chat.json => {
            let words = halt.told();
            let text = words.trim_end().trim_start_matches("rekindle: ");
            exit::json(&Reply { ok: false, code: Some(halt.word()), ..Reply::done(text) })?;
            return Err(halt);
        }
        said => said?,
    };
    if chat.json {
        exit::json(&said)?;
    }
    match said.ok {
        true if chat.json => Ok(()),
        true => exit::data(&said.text),
        false if said.is_failure() => {
            Err(Halt::Failed { doing: "do that".to_owned(), source: said.text.into() })
        }
        false if chat.json => Err(Halt::Told),
        false => Err(Halt::refused(&said.text)),
    }
}

/// What the desk answers, by the playbook that is in force in the database.
async fn hear(args: &Args, chat: &args::Chat) -> Result<Reply, Halt> {
    let house = open(args).await?;
    let member = match house.store.team().named(&chat.member).await {
        Ok(member) => member,
        Err(error) if error.refusal().is_some() => {
            return Ok(Reply::of_error(&error, house.config.team.zone));
        }
        Err(error) => return Err(tell::refused(error, &house)),
    };
    let desk = match house.read_playbook() {
        Ok((_, templates)) => up::foreseeing_desk(&house, templates.into()),
        // This is answered by the one that is in force.
        Err(_) => {
            tell_draft(&house).await?;
            up::desk(&house)
        }
    };
    Ok(desk.run(&member, "terminal", &chat.text()).await)
}

/// Moves the leads that are under way in a sequence to the version in force.
async fn migrate(args: &Args, sequence: &str) -> Done {
    let house = open(args).await?;
    let playbooks = house.store.load_playbooks().await.doing("read the playbook")?;
    let known = &playbooks.current().sequences;
    if !known.contains_key(sequence) {
        let near = did_you_mean(sequence, known.keys().map(String::as_str));
        return Err(Halt::refused(format!("there is no sequence “{sequence}”{near}")));
    }
    let (moved, stayed) = house.store.runs().migrate(sequence, &playbooks).await.doing("move the runs")?;
    say(format_args!("{moved} leads in {sequence} go on by version {}.", playbooks.version()));
    for (step, count) in stayed {
        say(format_args!(
            "{count} stay on theirs: they stand at “{step}”, which it does not have, or not as often."
        ));
    }
    Ok(())
}
