//! The real program as a process, with the Discord that its settings name, and with no other.

use crate::stage::HOT_LEADS;
use rekindle_tests::{
    discord::{APPLICATION, FakeDiscord, GUILD, Person, TOKEN},
    outbound::Watch,
    program::Program,
};
use tokio::{net::TcpListener, task::JoinSet};

/// A program whose Discord is this one.
fn program(fake: &FakeDiscord, folder: &tempfile::TempDir) -> Program {
    let program = Program::new(&folder.path().join("data"))
        .env("REKINDLE__DISCORD__TOKEN", TOKEN)
        .env("REKINDLE__DISCORD__APPLICATION_ID", APPLICATION.to_string())
        .env("REKINDLE__DISCORD__API_URL", fake.url());
    let settings =
        format!("[discord]\nguilds = [\"{GUILD}\"]\nchannels = {{ hot-leads = \"{HOT_LEADS}\" }}\n");
    std::fs::create_dir_all(program.folder()).unwrap();
    std::fs::write(program.folder().join("rekindle.toml"), settings).unwrap();
    program
}

#[tokio::test(flavor = "multi_thread")]
async fn it_talks_over_tls_with_the_server_that_it_is_told_of_and_with_no_other() {
    let fake = FakeDiscord::start_with_tls().await;
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority.pem");
    std::fs::write(&authority, fake.authority()).unwrap();
    // Whatever is sent to another host than this machine goes through here, and is caught.
    let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://{}", trap.local_addr().unwrap());
    let mut caught = JoinSet::new();
    caught.spawn(async move { trap.accept().await.is_ok() });

    let program = program(&fake, &folder)
        .env("SSL_CERT_FILE", authority.to_str().unwrap())
        .env("HTTPS_PROXY", &proxy)
        .env("HTTP_PROXY", &proxy)
        .env("NO_PROXY", "localhost,127.0.0.1");
    let registered = program.run(&["discord", "register"]).await;
    assert_eq!(registered.code, Some(0), "{}", registered.stderr);
    assert_eq!(fake.commands(&GUILD.to_string()).as_array().unwrap().len(), 5);
    let up = program.start(&["up"]).await;
    let watch = Watch::over(up.id());
    fake.until_sessions(1, 0).await;
    let whoami = Person::in_our_guild(501, HOT_LEADS).commands(fake.id(), ["rekindle", "whoami"], &[]);
    fake.dispatch(&whoami);
    let words = fake.words(&whoami).await;
    assert!(words.contains("/link-chat/"), "{words}");
    let told = up.stderr();
    assert!(!told.contains(TOKEN) && !told.contains("token-"), "no token is logged: {told}");
    // A proxy hears of what asks for one; the gateway asks for none.
    assert!(watch.strangers().is_empty(), "somebody else was talked with: {:?}", watch.strangers());
    assert_eq!(up.terminate().await, Some(0));
    assert!(caught.try_join_next().is_none(), "something was sent to another host");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_takes_interactions_at_its_address() {
    let fake = FakeDiscord::start().await;
    let folder = tempfile::tempdir().unwrap();
    let program = program(&fake, &folder)
        .env("REKINDLE__DISCORD__TRANSPORT", "http")
        .env("REKINDLE__DISCORD__PUBLIC_KEY", fake.public_key());
    let up = program.start(&["up"]).await;
    // What time it is there, its own answers say.
    let health = up.http().get(up.at("/healthz")).send().await.unwrap();
    let date = health.headers()["date"].to_str().unwrap();
    let now = chrono::DateTime::parse_from_rfc2822(date).unwrap().timestamp();
    let whoami = Person::in_our_guild(501, HOT_LEADS).commands(fake.id(), ["rekindle", "whoami"], &[]);
    let to = up.at("/discord/interactions");
    let (status, answer) = fake.post(&to, &whoami, now).await;
    assert_eq!((status, &answer["type"]), (200, &5.into()));
    assert!(fake.words(&whoami).await.contains("/link-chat/"));
    assert_eq!(fake.post(&to, &whoami, now - 3_600).await.0, 401);
    assert_eq!(up.terminate().await, Some(0));
    assert_eq!(fake.sessions(), (0, 0), "the gateway is not opened, too");
}
