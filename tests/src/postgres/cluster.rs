//! One PostgreSQL server shared by all test processes of a run.
//!
//! A folder below `target/tmp` holds everything that the processes agree by:
//!
//! | file | who holds or writes it |
//! | --- | --- |
//! | `start.lock` | exclusively, whoever is looking for the server, starting it or ending it |
//! | `in_use.lock` | shared, every test process for as long as it lives (the kernel lets go for the dead) |
//! | `keeper.lock` | exclusively, `keeper.sh` and its server: free means that neither lives |
//! | `cluster` | port and home of the server; true only while `keeper.lock` is held |
//! | `log` | what initdb, the keeper and the server had to say |
//!
//! The first process that needs a server starts `keeper.sh` in a session of its own; it starts the
//! server, stops it when nobody has used it for some seconds, and removes its home. A server dies
//! with its keeper; a home that a killed keeper left is removed by the next one to start.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use super::binaries::{self, Account};
use super::sql;

/// How the server differs from PostgreSQL's defaults.
///
/// `fsync` is off: the tests kill processes of ours, never the machine or this server, and what a
/// server has told the kernel survives that. `synchronous_commit` keeps its default.
pub(super) const SETTINGS: &[(&str, &str)] = &[
    ("listen_addresses", "127.0.0.1"),
    ("max_connections", "300"),
    ("fsync", "off"),
    ("full_page_writes", "off"),
];

/// What `keeper.sh` runs.
pub(super) const KEEPER: &str = include_str!("keeper.sh");

const HOME_PREFIX: &str = "rekindle-postgres-";
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// A running server, kept for at least as long as this value lives.
pub(super) struct Cluster {
    pub(super) port: u16,
    /// Data and socket.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests look whether it is gone"))]
    pub(super) home: PathBuf,
    _in_use: File,
}

impl Cluster {
    /// The server that `folder` speaks of, started if there is none; it stops when nobody has held a
    /// `Cluster` of this folder for `idle` seconds.
    ///
    /// # Panics
    /// When PostgreSQL is missing or does not start, with what it said.
    pub(super) fn join(folder: &Path, idle: u32) -> Cluster {
        fs::create_dir_all(folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
        let start = lock_file(folder, "start.lock");
        start.lock().expect("start.lock can be locked");
        let in_use = lock_file(folder, "in_use.lock");
        in_use.lock_shared().expect("in_use.lock can be locked");

        let (port, home) = running(folder).unwrap_or_else(|| {
            // Another program may take the free port before the server does, so not only once.
            (0..2).find_map(|_| try_start(folder, idle).ok()).unwrap_or_else(|| {
                try_start(folder, idle).unwrap_or_else(|why| {
                    panic!(
                        "PostgreSQL does not start. {why}\nIts log, {}:\n{}",
                        folder.join("log").display(),
                        log_of(folder)
                    )
                })
            })
        });
        Cluster { port, home, _in_use: in_use }
    }
}

fn lock_file(folder: &Path, name: &str) -> File {
    let path = folder.join(name);
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

fn log_of(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap_or_else(|why| why.to_string())
}

/// The port and home of the server that is already there. Called under `start.lock`.
fn running(folder: &Path) -> Option<(u16, PathBuf)> {
    for _ in 0..100 {
        match lock_file(folder, "keeper.lock").try_lock() {
            Ok(()) => {
                remove_leftovers(folder);
                return None;
            }
            Err(TryLockError::WouldBlock) => {
                if let Some((port, home)) = recorded(folder)
                    && TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
                {
                    return Some((port, home));
                }
            }
            Err(TryLockError::Error(why)) => panic!("keeper.lock: {why}"),
        }
        // The server fell and its keeper has yet to notice.
        sleep(LOOK_AGAIN);
    }
    panic!("a keeper holds {} but its server does not answer", folder.join("keeper.lock").display());
}

fn recorded(folder: &Path) -> Option<(u16, PathBuf)> {
    let record = fs::read_to_string(folder.join("cluster")).ok()?;
    let (port, home) = record.trim_end().split_once(' ')?;
    Some((port.parse().ok()?, PathBuf::from(home)))
}

fn remove_leftovers(folder: &Path) {
    if let Some((_, home)) = recorded(folder)
        && let Some(name) = home.file_name()
        && name.to_string_lossy().starts_with(HOME_PREFIX)
    {
        let _ = fs::remove_dir_all(&home);
    }
    let _ = fs::remove_file(folder.join("cluster"));
}

/// A new home, and a keeper with a server in it that answers. Called under `start.lock`.
fn try_start(folder: &Path, idle: u32) -> Result<(u16, PathBuf), String> {
    let programs = binaries::find();
    let account = Account::to_become();
    let log = File::create(folder.join("log")).map_err(|why| format!("log: {why}"))?;

    // Not below `target`: that may lie in a home folder which the server's account may not enter.
    let home = tempfile::Builder::new()
        .prefix(HOME_PREFIX)
        .tempdir()
        .map_err(|why| format!("no temporary folder: {why}"))?;
    let port = free_port()?;
    fs::write(folder.join("cluster"), format!("{port} {}\n", home.path().display()))
        .map_err(|why| format!("the record of the cluster: {why}"))?;
    if let Some(Account { uid, gid }) = account {
        chown(home.path(), Some(uid), Some(gid)).map_err(|why| format!("chown: {why}"))?;
    }

    initialise(&programs, account, home.path(), &log)?;
    // From here on the home is the keeper's to remove.
    let home = home.keep();
    let mut keeper = start_keeper(folder, &home, idle, server(&programs, account, &home, port), &log)?;
    for _ in 0..30 {
        // Waits for the server by itself, up to two seconds.
        let first_words = sql::run(port, async |server| {
            sql::execute(server, "CREATE SEQUENCE IF NOT EXISTS database_number").await
        });
        if first_words.is_ok() {
            return Ok((port, home));
        }
        if let Ok(Some(status)) = keeper.try_wait() {
            return Err(format!("Its keeper ended with {status}."));
        }
    }
    let _ = keeper.kill();
    let _ = keeper.wait();
    Err("It did not answer within a minute.".to_owned())
}

fn free_port() -> Result<u16, String> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|why| format!("no free port on the loopback: {why}"))
}

fn initialise(programs: &Path, account: Option<Account>, home: &Path, log: &File) -> Result<(), String> {
    let words = binaries::bound_to_its_parent(account, &programs.join("initdb"));
    let status = command(&words, log)?
        .current_dir(home)
        .arg("--pgdata")
        .arg(home.join("data"))
        // Whoever may use this machine's loopback may use this server; it holds nothing of anybody's.
        .args(["--username=postgres", "--auth=trust"])
        .args(["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"])
        .status()
        .map_err(|why| format!("setpriv: {why}"))?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("initdb ended with {status}.")),
    }
}

/// The words that start the server.
fn server(programs: &Path, account: Option<Account>, home: &Path, port: u16) -> Vec<String> {
    let mut words = binaries::bound_to_its_parent(account, &programs.join("postgres"));
    words.extend(["-D".to_owned(), home.join("data").display().to_string()]);
    words.extend(["-p".to_owned(), port.to_string()]);
    words.extend(["-k".to_owned(), home.display().to_string()]);
    for (name, value) in SETTINGS {
        words.extend(["-c".to_owned(), format!("{name}={value}")]);
    }
    words
}

/// Starts the keeper in a session of its own, so that neither the end of this process, nor an
/// interrupt at the terminal, nor a test runner that kills a whole process group takes it along.
fn start_keeper(
    folder: &Path,
    home: &Path,
    idle: u32,
    server: Vec<String>,
    log: &File,
) -> Result<Child, String> {
    let words = ["setsid", "sh", "-c", KEEPER, "keeper.sh"].map(str::to_owned);
    command(&words, log)?
        .arg(folder)
        .arg(home)
        .arg(idle.to_string())
        .args(server)
        .spawn()
        .map_err(|why| format!("setsid: {why}"))
}

/// A command that says everything into `log`: a test runner waits for whoever holds its pipes.
fn command(words: &[String], log: &File) -> Result<Command, String> {
    let copy = || log.try_clone().map_err(|why| format!("log: {why}"));
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).stdin(Stdio::null()).stdout(copy()?).stderr(copy()?);
    Ok(command)
}
