//! What an operator may write, and what is said of what they may not.

use super::*;
use rekindle_core::chat::Secret;

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
fn refused(file: &str, variables: &[(&str, &str)]) -> String {
    let errors =
        Config::read(Some(("rekindle.toml", file)), &env(variables)).expect_err("this should be refused");
    errors.iter().map(|e| format!("{e}\n")).collect()
}

#[test]
fn the_embedded_file_is_the_default_and_every_setting_is_in_it() {
    let config = Config::read(None, &[]).unwrap();
    assert_eq!(config.web.listen.port(), 8787);
    assert_eq!(config.public_url(), "http://127.0.0.1:8787");
    assert_eq!(config.list_domain(), "example.test");
    assert!(config.mail.relay.is_none() && config.clock.start.is_none());
    assert!(
        matches!(config.transport(Path::new("d")), Transport::Folder(folder) if folder == Path::new("d/mail"))
    );
    assert_eq!(config.origin("mail.url"), Some(&Origin::Default));
    // Written out and read back, it is the same.
    let again = Config::read(Some(("rekindle.toml", DEFAULT)), &[]).unwrap();
    assert_eq!(format!("{:?}", again.mail), format!("{:?}", config.mail));
    let commented = DEFAULT
        .lines()
        .zip(DEFAULT.lines().skip(1))
        .filter(|(_, line)| line.contains(" = ") && !line.starts_with('#'));
    assert_eq!(
        commented.filter(|(above, _)| above.starts_with('[') || above.is_empty()).count(),
        0,
        "each is explained"
    );
}

#[test]
fn the_file_wins_over_the_default_and_the_environment_over_the_file() {
    let file = "[mail]\nsessions = 8\ncompany = \"Acme\"\n";
    let variables = env(&[
        ("REKINDLE__MAIL__SESSIONS", "16"),
        ("REKINDLE__MAIL__URL", "smtp://127.0.0.1:2525"),
        ("REKINDLE__CLOCK__SPEED", "3600"),
        ("REKINDLE__CLOCK__START", "2026-11-02T09:00:00+01:00"),
    ]);
    let config = Config::read(Some(("rekindle.toml", file)), &variables).unwrap();
    assert_eq!((config.mail.sessions, config.mail.company.as_str()), (16, "Acme"));
    assert_eq!(config.clock.speed, 3600.0);
    assert_eq!(config.clock.start.unwrap().to_rfc3339(), "2026-11-02T08:00:00+00:00");
    assert_eq!(config.origin("mail.company"), Some(&Origin::File("rekindle.toml".to_owned(), 3)));
    assert_eq!(
        config.origin("mail.sessions"),
        Some(&Origin::Environment("REKINDLE__MAIL__SESSIONS".to_owned()))
    );
}

#[test]
fn what_is_unknown_is_refused_with_its_line_and_the_nearest_name() {
    let text = refused("[mial]\nurl = \"\"\n\n[mail]\nsesions = 4\nlisten = \"x\"\nrelay = 1\n", &[]);
    assert!(text.contains("rekindle.toml:1:2: there is no section “mial”; did you mean \"mail\"?"), "{text}");
    assert!(text.contains("   1 | [mial]"), "{text}");
    assert_eq!(text.matches("mial").count(), 2, "it is told once, with its line: {text}");
    for empty in ["[mial]\n", "[mail]\n\n[mial]\n# url = \"\"\n"] {
        assert!(refused(empty, &[]).contains("there is no section “mial”"), "{empty}");
    }
    assert!(Config::read(Some(("rekindle.toml", "[mail]\n# url = \"\"\n")), &[]).is_ok());
    assert!(refused("[mail]\nur = \"\"\n", &[]).contains("did you mean “url”?"));
    assert!(
        text.contains("rekindle.toml:5:1: there is no key “sesions” in [mail]; did you mean “sessions”?"),
        "{text}"
    );
    assert!(text.contains("   5 | sesions = 4\n       | ^"), "{text}");
    assert!(text.contains("“listen” in [mail]; there is one in [web]"), "{text}");
    assert!(text.contains("“relay” in [mail]; known are url, from"), "{text}");
    let text = refused("speed = 2\nmail = 3\n", &[]);
    assert!(
        text.contains("no section “speed”") && text.contains("“mail” is a section: write [mail]"),
        "{text}"
    );
    assert!(refused("[mail\n", &[]).starts_with("rekindle.toml:1:"));
}

#[test]
fn what_is_wrong_is_told_all_at_once_at_the_value() {
    let text = refused(
        "[team]\nzone = \"Europe/Berln\"\n[web]\nlisten = \"8787\"\n[schedule]\ncool_leads = \"0 6 * *\"\n[mail]\nsessions = 0\nurl = \"imap://x\"\n[clock]\nspeed = 0\nstart = 7\n[log]\nlevel = \"infos\"\nformat = \"xml\"\n",
        &[],
    );
    for wanted in [
        "rekindle.toml:2:8: there is no time zone “Europe/Berln”; did you mean \"Europe/Berlin\"?",
        "rekindle.toml:4:10: “8787” is no address to listen at",
        "rekindle.toml:6:14: \"0 6 * *\" has 4 of the five fields",
        "rekindle.toml:8:12: this is a number from 1 to 64, and 0 is not",
        "rekindle.toml:9:7: a relay begins with smtp:// or smtps://",
        "rekindle.toml:11:9: the speed of the calendar is more than 0",
        "rekindle.toml:12:9: clock.start is a text in quotation marks, such as \"\"; this is a whole number",
        "rekindle.toml:14:9: there is no log level “infos”; did you mean \"info\"?",
        "rekindle.toml:15:10: there is no log format “xml”",
    ] {
        assert!(text.contains(wanted), "{wanted}\n-- is not in\n{text}");
    }
}

#[test]
fn what_listens_is_checked_and_what_opens_it_is_not_shown() {
    let text = refused(
        "[inbox]\nurl = \"imaps://me:hidden@\"\nout_of_office = \"soon\"\n[hooks]\nses_topic = \"bounces\"\nsendgrid_key = \"AAAA\"\ngeneric_secret = \"hidden\"\n",
        &[],
    );
    for wanted in [
        "rekindle.toml:2:7: the mailbox has no host",
        "rekindle.toml:3:17: ",
        "rekindle.toml:5:13: “bounces” is no topic of SNS",
        "rekindle.toml:6:16: this is no verification key of SendGrid",
        "rekindle.toml:7:18: this is no secret of a webhook: those begin with whsec_",
    ] {
        assert!(text.contains(wanted), "{wanted}\n-- is not in\n{text}");
    }
    assert!(!text.contains("hidden"), "{text}");
    let file = "[inbox]\nurl = \"imaps://me:hidden@mail.acme.test\"\n[hooks]\nmailgun_key = \"hidden\"\npostmark_password = \"hidden\"\ngeneric_secret = \"whsec_hidden\"\n";
    let config = Config::read(Some(("rekindle.toml", file)), &[]).unwrap();
    assert!(!format!("{} {config:?}", config.show()).contains("hidden"), "{}", config.show());
}

#[test]
fn what_is_wrong_in_the_environment_is_told_with_the_variable() {
    let text = refused(
        "",
        &[
            ("REKINDLE__MAIL__SESSIONS", "many"),
            ("REKINDLE__CLOCK__SPEDE", "2"),
            ("REKINDLE__TEAM__ZONE", "Mars"),
        ],
    );
    assert!(
        text.contains(
            "environment variable REKINDLE__MAIL__SESSIONS: mail.sessions is a whole number, such as 4"
        ),
        "{text}"
    );
    assert!(
        text.contains(
            "REKINDLE__CLOCK__SPEDE: there is no such setting; did you mean REKINDLE__CLOCK__SPEED?"
        ),
        "{text}"
    );
    assert!(
        text.contains("environment variable REKINDLE__TEAM__ZONE: there is no time zone “Mars”"),
        "{text}"
    );
    let text = refused("", &[("REKINDLE__DATA", "x")]);
    assert!(text.contains("a variable is REKINDLE__SECTION__KEY"), "{text}");
}

#[test]
fn the_calendar_is_not_moved_while_mail_reaches_people() {
    let relay = "[mail]\nurl = \"smtp://me:s3cret@relay.example.com\"\nfrom = \"a@example.com\"\npostal_address = \"Here 1\"\n";
    assert!(Config::read(Some(("f", relay)), &[]).is_ok());
    let text = refused(relay, &[("REKINDLE__CLOCK__SPEED", "60")]);
    assert!(
        text.starts_with("environment variable REKINDLE__CLOCK__SPEED: clock.speed moves the calendar"),
        "{text}"
    );
    assert!(!text.contains("s3cret"), "{text}");
    assert!(
        refused(relay, &[("REKINDLE__CLOCK__START", "2026-11-02T09:00:00Z")]).contains("clock.start moves")
    );
    for here in ["smtp://127.0.0.1:2525", "smtp://localhost:25", "smtp://[::1]:25", ""] {
        let variables = env(&[("REKINDLE__MAIL__URL", here), ("REKINDLE__CLOCK__SPEED", "60")]);
        assert!(Config::read(None, &variables).is_ok(), "{here}");
    }
    assert!(Config::read(Some(("f", relay)), &[]).unwrap().run_at(60.0).is_err());
    assert!(Config::read(None, &[]).unwrap().run_at(f64::NAN).is_err());
}

#[test]
fn a_relay_that_reaches_people_wants_an_address_that_is_no_example() {
    let text = refused("", &[("REKINDLE__MAIL__URL", "smtp://relay.example.com")]);
    assert!(
        text.contains("mail.postal_address is still the example") && text.contains("mail.from is still"),
        "{text}"
    );
    assert!(text.starts_with("rekindle.toml: mail.from") && text.contains("under [mail]"), "{text}");
}

#[test]
fn no_password_is_shown() {
    let file = "[mail]\nurl = \"smtp://me:s3cret@127.0.0.1:2525\"\n[database]\nurl = 'postgres://u:s3cr:et@h/db?password=s3cret&x=1'\n";
    let config = Config::read(Some(("rekindle.toml", file)), &[]).unwrap();
    let shown = config.show();
    assert!(!shown.contains("s3cr"), "{shown}");
    assert!(
        shown.contains("smtp://me:***@127.0.0.1:2525") && shown.contains("file rekindle.toml:2"),
        "{shown}"
    );
    assert!(shown.contains("postgres://u:***@h/db?password=***&x=1"), "{shown}");
    assert!(shown.parse::<toml::Table>().is_ok(), "it is TOML: {shown}");
    assert!(!format!("{:?}", config.mail).contains("s3cret"));
    // Nor in an error about the line, or about a file that cannot be read at all.
    let text = refused("[mail]\nurl = \"imap://me:s3cret@h\"\nurl = 3 3\n", &[]);
    assert!(!text.contains("s3cret"), "{text}");
    let text = refused("[mail]\nurl = \"smtp://me:s3cret@h:0\"\n", &[]);
    assert!(!text.contains("s3cret") && text.contains("me:***@h"), "{text}");
}

#[test]
fn an_argument_wins_over_all() {
    let mut config = Config::read(None, &[]).unwrap();
    config.listen_at("0.0.0.0:9000".parse().unwrap());
    assert_eq!(config.public_url(), "http://127.0.0.1:9000");
    assert!(
        config.show().contains("listen = \"0.0.0.0:9000\"") && config.show().contains("argument --listen")
    );
    config.run_at(60.0).unwrap();
    assert!(config.show().contains("speed = 60.0"), "{}", config.show());
}

#[test]
fn the_database_is_a_file_in_the_data_folder_unless_told() {
    let config = Config::read(None, &[]).unwrap();
    let url = config.database_url(Path::new("/tmp/d")).unwrap();
    assert_eq!(url, "sqlite:///tmp/d/rekindle.db");
    let told = env(&[("REKINDLE__DATABASE__URL", "postgres://h/db")]);
    assert_eq!(Config::read(None, &told).unwrap().database_url(Path::new("x")).unwrap(), "postgres://h/db");
    assert!(refused("[database]\nurl = \"mysql://x\"\n", &[]).contains("sqlite:// or postgres://"));
}

#[test]
fn a_chat_needs_what_it_needs_and_its_tokens_are_shown_nowhere() {
    let token = ("REKINDLE__SLACK__BOT_TOKEN", "xoxb-canary");
    let missing = refused("", &[token]);
    assert!(
        missing.contains("slack.workspaces is missing") && missing.contains("slack.app_token is missing"),
        "{missing}"
    );
    let missing = refused("[slack]\ntransport = \"http\"\nworkspaces = [\"T1\"]\n", &[token]);
    assert!(missing.contains("slack.signing_secret is missing"), "{missing}");
    let missing = refused("[discord]\nguilds = [\"1\"]\n", &[("REKINDLE__DISCORD__TOKEN", "canary")]);
    assert!(missing.contains("discord.application_id is missing"), "{missing}");

    let file = "[slack]\nbot_token = \"xoxb-canary\"\nworkspaces = [\"T1\"]\n[slack.channels]\nhot-leads = \"C1\"\n\"#ops\" = \"C2\"\n";
    let variables = env(&[("REKINDLE__SLACK__APP_TOKEN", "xapp-canary")]);
    let config = Config::read(Some(("rekindle.toml", file)), &variables).unwrap();
    assert_eq!(config.slack.channels["hot-leads"], "C1");
    assert_eq!(config.slack.bot_token.as_ref().map(Secret::reveal), Some("xoxb-canary"));
    let told = format!("{config:?}{}", config.show());
    assert!(!told.contains("canary"), "{told}");
    assert!(config.show().contains("hot-leads"), "{}", config.show());

    for (file, why) in [
        ("[slack]\nbot_token = \"xapp-canary\"\n", "this is no bot token of Slack: those begin with xoxb-"),
        ("[slack]\nbot_tokem = \"xoxb-canary\"\n", "did you mean “bot_token”?"),
        ("[slack]\nbot_token = 1\n", "slack.bot_token is a text"),
        ("[slack]\ntransport = \"sockets\"\n", "there is no transport “sockets”"),
        ("[slack.channels]\nops = \"#ops\"\n", "“#ops” is no id of a channel"),
        (
            "[slack.roles]\nS1 = \"seller\"\n",
            "there is no role “seller”; there are viewer, sales, marketing, admin",
        ),
        ("[slack]\nworkspaces = [\"my team\"]\n", "“my team” is no id"),
    ] {
        let said = refused(file, &[]);
        assert!(said.contains(why) && !said.contains("canary"), "{file}: {said}");
    }
    for foreign in
        ["https://evil.test", "http://127.0.0.1.evil.test", "http://10.0.0.1:80", "http://user@127.0.0.1"]
    {
        for section in ["slack", "discord"] {
            let said = refused(&format!("[{section}]\napi_url = \"{foreign}\"\n"), &[]);
            assert!(said.contains("our tokens would go to") || said.contains("more or less than"), "{said}");
        }
    }
    for here in ["http://127.0.0.1:18080", "http://localhost:1", "http://[::1]:9/x"] {
        assert!(Config::read(None, &env(&[("REKINDLE__SLACK__API_URL", here)])).is_ok(), "{here}");
    }
}

#[cfg(unix)]
#[test]
fn a_token_may_stand_in_a_file_that_only_its_owner_reads() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "xoxb-canary\n").unwrap();
    let file = format!(
        "[slack]\nbot_token = {:?}\nworkspaces = [\"T1\"]\napp_token = \"xapp-1\"\n",
        path.display().to_string()
    );
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let said = refused(&file, &[]);
    assert!(said.contains("others on this machine may read this file"), "{said}");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let config = Config::read(Some(("rekindle.toml", &file)), &[]).unwrap();
    assert_eq!(config.slack.bot_token.as_ref().map(Secret::reveal), Some("xoxb-canary"));
    assert!(config.show().contains(&path.display().to_string()), "where it is may be shown");
}

#[test]
fn a_signature_needs_a_key_and_a_domain_that_vouches_for_the_sender() {
    let pem = rekindle_mail::dkim::new_ed25519().unwrap();
    let key = pem.lines().nth(1).unwrap();
    let escaped = pem.replace('\n', "\\n");
    let keys = format!("{{ rk1 = \"{escaped}\", rk2 = \"{escaped}\" }}");
    let file = |domain: &str, keys: &str| {
        format!("[mail]\nfrom = \"Ana <ana@mail.acme.test>\"\n[dkim]\ndomain = \"{domain}\"\nkeys = {keys}\n")
    };
    let right = Config::read(Some(("rekindle.toml", &file("acme.test", &keys))), &[]).unwrap();
    assert_eq!(right.signers.len(), 2, "one for each key");
    assert_eq!(right.signers[0].record_name(), "rk1._domainkey.acme.test");
    let told = format!("{right:?}{}", right.show());
    assert!(!told.contains(key) && told.contains("rk1 = \"***\""), "{told}");
    let by_environment =
        [("REKINDLE__DKIM__DOMAIN", "example.test"), ("REKINDLE__DKIM__KEYS", keys.as_str())];
    assert_eq!(Config::read(None, &env(&by_environment)).unwrap().signers.len(), 2);
    assert!(Config::read(None, &[]).unwrap().signers.is_empty(), "nobody signs by default");

    for (domain, keys, why) in [
        ("evil.test", keys.as_str(), "dkim.domain is evil.test, and mail.from is at mail.acme.test"),
        ("", &keys, "dkim.domain is missing"),
        ("acme.test", "{}", "dkim.keys is empty"),
        ("acme.test", "{ rk1 = \"no key\" }", "rk1: this is no private key"),
        ("acme.test", "{ \"a b\" = \"no key\" }", "“a b” is no selector"),
        ("acme.test", "{ rk1 = \"/nowhere/rk1.pem\" }", "/nowhere/rk1.pem: this file cannot be read"),
    ] {
        let refused = refused(&file(domain, keys), &[]);
        assert!(refused.contains(why) && !refused.contains(key), "{refused}");
    }
}
