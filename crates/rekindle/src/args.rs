//! What can be typed: every command, its arguments, its help.

mod marketer;
mod values;

pub use marketer::{Playbook, Preview, Simulate, Template};

use self::values::{address, basis, named, origin, roles, states};
use crate::config::Config;
use clap::{Args as Arguments, Parser, Subcommand, ValueHint};
use rekindle_core::{delivery::DeliveryState, team::Role};
use std::{net::SocketAddr, path::PathBuf};

/// Tells your team in chat when a lead turns hot, and writes to those who go quiet.
///
/// Everything is kept in one folder (--data), made when it is not there. Nothing leaves this machine until you name a
/// mail relay in its rekindle.toml. Data goes to stdout, words to stderr; exit 0 is done, 2 refused, 1 failed.
#[derive(Debug, Parser)]
#[command(
    name = "rekindle",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    max_term_width = 100
)]
#[command(after_long_help = "\
To look around, with invented leads and no account anywhere:
  rekindle demo

To begin:
  rekindle team add \"Ana López\" --role admin   # prints a link that signs Ana in
  rekindle key new website                      # prints the key your site sends activities with
  rekindle up")]
pub struct Args {
    /// The folder with settings, playbook, mails and database.
    #[arg(long, global = true, value_name = "DIR", default_value = "./data", value_hint = ValueHint::DirPath)]
    pub data: PathBuf,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run everything: intake, console, dashboard, mail, and the daily work.
    ///
    /// Serves until it is told to stop (Ctrl-C or SIGTERM), and then finishes what it has begun.
    /// GET /healthz says that it is alive, GET /readyz that it takes traffic.
    #[command(after_long_help = "Example:\n  rekindle up --data /var/lib/rekindle --listen 0.0.0.0:8787")]
    Up(Listen),
    /// Run the leads' door alone: intake, links in mails, dashboard (several processes share a PostgreSQL).
    Web(Listen),
    /// Run the team's door alone: cards out, clicks and commands in (several processes share a PostgreSQL).
    Bot(Listen),
    /// Run the mail and the daily work alone (several processes share a PostgreSQL).
    Worker,
    /// Look around: invented leads turn hot and go quiet before your eyes.
    ///
    /// Uses a folder of its own that is gone afterwards, unless --data is given. Mail is written to files. The browser opens with you
    /// signed in.
    #[command(
        after_long_help = "Examples:\n  rekindle demo\n  rekindle demo --speed 21600 --no-open    # a day every four seconds, no browser"
    )]
    Demo(Demo),
    /// Write settings, playbook and mails into the folder, to edit.
    ///
    /// Files that are there are never overwritten. What you do not change you may delete again: the program carries its own copy.
    #[command(after_long_help = "Example:\n  rekindle init --data /etc/rekindle")]
    Init,
    /// Bring the database up to this version of the program (`up` does so by itself).
    Migrate,
    /// Keys that let your site and your servers send activities.
    #[command(subcommand)]
    Key(Key),
    /// The people who work the leads.
    #[command(subcommand)]
    Team(Team),
    /// Print a new one-time sign-in link for a member of the team.
    #[command(after_long_help = "Example:\n  rekindle link ana")]
    Link {
        /// The member, as `team add` named them.
        name: String,
    },
    /// Say something to Rekindle as a member of the team would in chat.
    #[command(after_long_help = "\
Examples:
  rekindle chat --as ana '/lead claim kim@acme.test'
  rekindle chat --as ana --json '/campaign launch re-engagement \"gone cold\"'
  rekindle chat --as ana '/campaign launch re-engagement \"gone cold\"' --confirm ID")]
    Chat(Chat),
    /// Discord: its slash commands, and the link that lets the bot in.
    #[command(subcommand)]
    Discord(Discord),
    /// Look whether what the settings name works.
    #[command(subcommand)]
    Doctor(Doctor),
    /// DKIM: the keys that sign our mails.
    #[command(subcommand)]
    Dkim(Dkim),
    /// Slack: what it has to know of us.
    #[command(subcommand)]
    Slack(Slack),
    /// What is known of a lead.
    #[command(subcommand)]
    Lead(Lead),
    /// Take in leads from a CSV file, such as an export of HubSpot or Salesforce.
    ///
    /// Delimiter, encoding and columns are recognised; a column that is not known is kept as a trait under its own name. Columns that
    /// say no (unsubscribed, opted out, bounced) are honoured, and no import undoes a no. Rows that cannot be taken in go to
    /// FILE.errors.csv with the reason (a cell that a spreadsheet would run gets a single quote in front). The same file imported twice in the same way changes nothing.
    #[command(after_long_help = "\
Examples:
  rekindle import contacts.csv --dry-run
  rekindle import contacts.csv --basis 'customers of our webinar 2026'
  rekindle import bank.csv --email-from 'row{\u{1b}[0mn}@leads.test' --map job=title --map y=-

A FIELD is email, name, firstName, lastName, title, company, country, timezone, userId, consent, unsubscribed, objected,
bounced, complained, the name of a known trait (phone, industry, city), traits.NAME for any other, or - to leave it out.")]
    Import(Import),
    /// What a lead's score is made of.
    #[command(subcommand)]
    Score(Score),
    /// Mails and other messages on their way, with the relay's last answer.
    #[command(
        after_long_help = "Examples:\n  rekindle outbox            # what is not done yet\n  rekindle outbox unknown    # those whose fate a person has to find out"
    )]
    Outbox {
        /// Only those that stand here.
        #[arg(value_parser = states())]
        state: Option<DeliveryState>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// What the marketer writes: rules, segments, sequences.
    #[command(subcommand)]
    Playbook(Playbook),
    /// Print what the plans will do, before they do it: each lead's dated steps, totals by day, what has to wait.
    ///
    /// Works on a copy of the data with a clock that leaps; nothing is sent, and nothing is changed. No lead does anything in it.
    #[command(
        after_long_help = "Examples:\n  rekindle simulate\n  rekindle simulate --lead kim@acme.test --days 30\n  rekindle simulate --playbook ./new     what a new playbook would change"
    )]
    Simulate(Simulate),
    /// The mails: which there are, and how each looks to its reader.
    #[command(subcommand)]
    Template(Template),
    /// What the operator writes: settings.
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// Where to listen.
#[derive(Debug, Arguments)]
pub struct Listen {
    /// Address and port, in place of the one in the settings.
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = address)]
    pub listen: Option<SocketAddr>,
}

/// `demo`
#[derive(Debug, Arguments)]
pub struct Demo {
    /// How many times faster than real time days pass; 43200 is a day every two seconds.
    #[arg(long, value_name = "TIMES", default_value_t = 43200.0)]
    pub speed: f64,
    /// Do not open the browser.
    #[arg(long)]
    pub no_open: bool,
    /// Address and port, in place of the one in the settings.
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = address)]
    pub listen: Option<SocketAddr>,
}

/// `key`
#[derive(Debug, Subcommand)]
pub enum Key {
    /// Make a write key and print it. It is shown this once.
    #[command(after_long_help = "\
Examples:
  rekindle key new crm                                               # for a server: keep it secret
  rekindle key new website --public --origin https://www.acme.test   # for a page: anybody can read it
  rekindle key new webinar --basis 'webinar form 2026'               # who comes with it has agreed to mail")]
    New {
        /// What it is for; activities carry it as their source.
        #[arg(value_parser = named)]
        name: String,
        /// For a page, where anybody can read it: it may add to what is known, and change nothing.
        #[arg(long, requires = "origin")]
        public: bool,
        /// The site that a public key is used on.
        #[arg(long, value_name = "URL", requires = "public", value_hint = ValueHint::Url, value_parser = origin)]
        origin: Option<String>,
        /// What allows mail to the leads that come with this key, in your words: 'webinar form 2026' says that they agreed;
        /// 'enquiry: …' (6 months), 'business: …' (24 months) and 'interest LIA-7: …' name another basis.
        #[arg(long, value_name = "NAME", conflicts_with = "public", value_parser = basis)]
        basis: Option<String>,
    },
    /// Make a new key for the links in mails. Links in mails that are out stay good.
    #[command(after_long_help = "Example:\n  rekindle key rotate")]
    Rotate,
}

/// `team`
#[derive(Debug, Subcommand)]
pub enum Team {
    /// Add a person and print a one-time sign-in link for console and dashboard.
    #[command(after_long_help = "Example:\n  rekindle team add \"Ana López\" --role sales")]
    Add {
        /// What they are called.
        name: String,
        /// What they may do: viewer looks, sales works leads, marketing launches campaigns, admin may do all that and manage the team.
        #[arg(long, value_parser = roles())]
        role: Role,
    },
}

/// `doctor`
#[derive(Debug, Subcommand)]
pub enum Doctor {
    /// The chats: tokens, workspaces, channels. Nothing is posted; what does not work is said with what would mend it.
    #[command(after_long_help = "Example:\n  rekindle doctor chat")]
    Chat,
    /// Whether our mail will be believed: SPF, DKIM, DMARC, MX, the relay and our own address.
    ///
    /// Nothing is sent; what is wrong is said with what would mend it. What was found is remembered: where mail reaches people, a campaign
    /// begins only within 30 days of a look that found nothing wrong, with the settings that are in force.
    #[command(after_long_help = "Example:\n  rekindle doctor mail")]
    Mail,
}

/// `dkim`
#[derive(Debug, Subcommand)]
pub enum Dkim {
    /// Make a key, and print the DNS record to publish and the settings that use it.
    ///
    /// It is for `dkim.domain` of the settings, or the domain of `mail.from`, and lies in the folder dkim of the data folder, where only
    /// its owner may read it.
    #[command(after_long_help = "Examples:\n  rekindle dkim new\n  rekindle dkim new --rsa --selector s2026")]
    New {
        /// RSA with 2048 bits, which every provider verifies, by the machine's openssl; otherwise Ed25519, which is small and fast.
        #[arg(long)]
        rsa: bool,
        /// The name of the key in the DNS; otherwise rk-ed25519 or rk-rsa.
        #[arg(long, value_name = "NAME")]
        selector: Option<String>,
    },
}

/// `slack`
#[derive(Debug, Subcommand)]
pub enum Slack {
    /// Print the manifest of the app, as YAML: to be pasted where Slack makes an app.
    ///
    /// It follows `slack.transport` of the settings: with "http" it names the addresses at `web.public_url`. docs/slack.md leads on.
    #[command(after_long_help = "Example:\n  rekindle slack manifest > manifest.yaml")]
    Manifest,
}

/// `chat`
#[derive(Debug, Arguments)]
pub struct Chat {
    /// The member who speaks.
    #[arg(long = "as", value_name = "NAME")]
    pub member: String,
    /// The answer as JSON.
    #[arg(long)]
    pub json: bool,
    /// Do what was previewed under this id.
    #[arg(long, value_name = "ID")]
    pub confirm: Option<String>,
    /// The command, as in chat.
    #[arg(required = true, value_name = "TEXT")]
    words: Vec<String>,
}

impl Chat {
    /// The text as it would be typed in chat, `--confirm ID` at its end.
    pub fn text(&self) -> String {
        let text = self.words.join(" ");
        match &self.confirm {
            Some(id) => format!("{text} --confirm {id}"),
            None => text,
        }
    }
}

/// `lead`
#[derive(Debug, Subcommand)]
pub enum Lead {
    /// Everything about one lead: score, consent, activities, plans, mails, alerts.
    #[command(after_long_help = "Example:\n  rekindle lead show kim@acme.test --json")]
    Show(OfLead),
    /// Everything that is kept of one lead, as one JSON: what they may ask for.
    #[command(after_long_help = "Example:\n  rekindle lead export kim@acme.test > kim.json")]
    Export {
        /// The lead's e-mail address.
        email: String,
    },
    /// Erase one lead, for good: all that export shows. Nobody writes to the address again, and only its salted hash is kept for that.
    #[command(after_long_help = "Example:\n  rekindle lead erase kim@acme.test")]
    Erase {
        /// The lead's e-mail address.
        email: String,
        /// Do not ask for the address once more.
        #[arg(long)]
        yes: bool,
    },
}

/// `score`
#[derive(Debug, Subcommand)]
pub enum Score {
    /// The lines that add up to a lead's score, each with the rule behind it.
    #[command(after_long_help = "Example:\n  rekindle score explain kim@acme.test")]
    Explain(OfLead),
    /// What other rules would have done: who would have turned hot, how many of those were won, against the rules in force.
    ///
    /// Every lead lives through the time once more, by both. Nothing is changed.
    #[command(
        after_long_help = "Examples:\n  rekindle score backtest                      # scoring.toml of the data folder, as it was edited\n  rekindle score backtest bolder.toml --days 180"
    )]
    Backtest(Backtest),
    /// Put rules in force, with the reason why; leads are counted anew beside the worker's other work.
    #[command(
        after_long_help = "Examples:\n  rekindle score publish --note 'webinars were worth too much'\n  rekindle score publish bolder.toml\n  rekindle score publish --again 3             # the rules of an earlier version again"
    )]
    Publish(Publish),
    /// Which rules were in force since when, what changed and why; and how far the counting is.
    #[command(after_long_help = "Example:\n  rekindle score history")]
    History {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// `score backtest`
#[derive(Debug, Arguments)]
pub struct Backtest {
    /// The draft; otherwise scoring.toml of the data folder.
    pub file: Option<PathBuf>,
    /// How far back.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub days: u16,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// `score publish`
#[derive(Debug, Arguments)]
pub struct Publish {
    /// The draft; otherwise scoring.toml of the data folder.
    pub file: Option<PathBuf>,
    /// The rules of an earlier version instead.
    #[arg(long, value_name = "VERSION", conflicts_with = "file")]
    pub again: Option<i64>,
    /// Why, for the history.
    #[arg(long)]
    pub note: Option<String>,
}

/// Which lead, and how to print it.
#[derive(Debug, Arguments)]
pub struct OfLead {
    /// The lead's e-mail address.
    pub email: String,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// `import`
#[derive(Debug, Arguments)]
pub struct Import {
    /// The CSV file.
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// What a column holds, where it is not recognised or recognised wrongly.
    #[arg(long = "map", value_name = "COLUMN=FIELD")]
    pub map: Vec<String>,
    /// Makes addresses for rows without one.
    // clap takes the three characters for a line break, unless something that nobody sees stands between them.
    #[arg(
        long,
        value_name = "PATTERN",
        help = "Make addresses for rows without one; {\u{1b}[0mn} is the row's number: 'row{\u{1b}[0mn}@leads.test'"
    )]
    pub email_from: Option<String>,
    /// What allows mail to these leads, in your words; without it they get none. 'webinar form 2026' says that they agreed;
    /// 'business since 2025-03-01: customers' (24 months), 'enquiry: …' (6 months) and 'interest LIA-7: …' name another basis.
    #[arg(long, value_name = "NAME")]
    pub basis: Option<String>,
    /// Only say what would happen.
    #[arg(long)]
    pub dry_run: bool,
    /// Counts as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `config`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the settings in force and where each comes from; passwords are left out.
    Show,
    /// Read the settings and say what is wrong.
    Check,
}

impl Args {
    /// The settings of the data folder, with `--listen` and `--speed` laid over them. For `bot`, `--listen` is not laid over:
    /// its own setting is `bot.listen`.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn config(&self) -> Result<Config, Vec<rekindle_core::read::FileError>> {
        let mut config = Config::load(&self.data)?;
        let (listen, speed) = match &self.command {
            Command::Up(door) | Command::Web(door) => (door.listen, None),
            Command::Demo(demo) => (demo.listen, Some(demo.speed)),
            _ => (None, None),
        };
        if let Some(address) = listen {
            config.listen_at(address);
        }
        if let Some(speed) = speed {
            config.run_at(speed)?;
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, error::ErrorKind};

    fn parse(line: &[&str]) -> Result<Args, clap::Error> {
        Args::try_parse_from(["rekindle"].iter().chain(line))
    }

    #[test]
    fn the_declaration_is_sound_and_every_command_says_what_it_does() {
        fn told(command: &clap::Command) {
            for inner in command.get_subcommands() {
                assert!(inner.get_about().is_some(), "{} says nothing", inner.get_name());
                for argument in inner.get_arguments() {
                    assert!(argument.get_help().is_some(), "{} of {}", argument.get_id(), inner.get_name());
                }
                told(inner);
            }
        }
        Args::command().debug_assert();
        told(&Args::command());
    }

    #[test]
    fn the_commands_of_the_contract_are_understood() {
        for line in [
            "up --data D --listen 127.0.0.1:9000",
            "--data D worker",
            "web",
            "bot --listen localhost:9001",
            "demo --no-open --speed 60 --listen 127.0.0.1:0",
            "init",
            "migrate",
            "key new crm --basis form",
            "key new site --public --origin https://a.test",
            "team add Ana --role sales",
            "link ana",
            "chat --as ana --json /help",
            "lead show kim@acme.test --json",
            "lead export kim@acme.test",
            "lead erase kim@acme.test --yes",
            "import f.csv --map A=email --map B=- --email-from row{n}@leads.test --basis b --dry-run --json",
            "score explain kim@acme.test --json",
            "score backtest bolder.toml --days 180 --json",
            "score publish --again 3 --note because",
            "score history --json",
            "outbox",
            "outbox unknown --json",
            "playbook check",
            "playbook apply --data D",
            "dkim new --rsa --selector s2026",
            "doctor mail",
            "template list --json",
            "template preview breakup --lead kim@acme.test --language de --no-open",
            "template preview breakup --empty",
            "config show",
            "config check",
        ] {
            let line: Vec<&str> = line.split(' ').collect();
            assert!(parse(&line).is_ok(), "{line:?}: {:?}", parse(&line));
        }
        assert_eq!(parse(&["up"]).unwrap().data, PathBuf::from("./data"));
    }

    #[test]
    fn the_pattern_of_addresses_is_shown_as_it_is_written() {
        let mut command = Args::command();
        let import = command.find_subcommand_mut("import").unwrap();
        let (long, short) = (import.render_long_help().to_string(), import.render_help().to_string());
        assert!(long.contains("--email-from 'row{n}@leads.test'"), "{long}");
        assert!(
            long.contains("{n} is the row's number") && short.contains("{n} is the row's number"),
            "{short}"
        );
    }

    #[test]
    fn a_browser_key_names_a_site_as_browsers_do() {
        for (text, site) in [
            ("https://www.acme.test", "https://www.acme.test"),
            ("https://Acme.test/", "https://acme.test"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(origin(text).as_deref(), Ok(site));
        }
        assert!(origin("https://acme.test/path").unwrap_err().contains("alone: https://acme.test"));
        for text in ["not an origin", "acme.test", "https://", "https://a b", "https://a.test:x", ""] {
            assert!(origin(text).unwrap_err().contains("is no site"), "{text}");
        }
    }

    #[test]
    fn chat_takes_one_text_or_several_words_and_a_confirmation_on_either_side() {
        let text = |line: &[&str]| match parse(line).unwrap().command {
            Command::Chat(chat) => chat.text(),
            other => panic!("{other:?}"),
        };
        assert_eq!(text(&["chat", "--as", "ana", "/lead claim kim@acme.test"]), "/lead claim kim@acme.test");
        assert_eq!(
            text(&["chat", "--as", "ana", "/lead", "claim", "kim@acme.test", "--json"]),
            "/lead claim kim@acme.test"
        );
        assert_eq!(
            text(&["chat", "--as", "ana", "/campaign launch a b", "--confirm", "X1"]),
            "/campaign launch a b --confirm X1"
        );
        assert_eq!(
            text(&["chat", "--as", "ana", "/campaign launch a b --confirm X1"]),
            "/campaign launch a b --confirm X1"
        );
    }

    #[test]
    fn what_is_wrong_is_refused_with_two_and_the_nearest_word() {
        for (line, wanted) in [
            ("team add Ana --role sale", "sales"),
            ("outbox unknwon", "unknown"),
            ("playbook chek", "check"),
            ("up --listen 9000", "no address to listen at"),
            ("key new site --public", "--origin"),
            ("key new site --public --origin https://a.test/x", "a page of a site"),
            ("key new site --origin https://a.test", "--public"),
            ("key new site --basis interest:customers", "interest LIA-7"),
        ] {
            let error = parse(&line.split(' ').collect::<Vec<_>>()).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}");
            assert!(error.to_string().contains(wanted), "{line}: {error}");
        }
        assert_eq!(parse(&["--help"]).unwrap_err().kind(), ErrorKind::DisplayHelp);
    }
}

/// `rekindle discord`
#[derive(Debug, Subcommand)]
pub enum Discord {
    /// Register the slash commands with Discord, in the servers that the settings name.
    ///
    /// Puts them in place of what was there. Where they are there already, nothing is sent.
    #[command(after_long_help = "Example:\n  rekindle discord register")]
    Register {
        /// Everywhere that the bot is, instead; it takes Discord up to an hour.
        #[arg(long)]
        global: bool,
    },
    /// Print the link by which the admin of a server lets the bot in.
    Invite,
}
