//! Throwaway PostgreSQL: a fresh empty database for each test, in one server for the whole run.
//!
//! ```no_run
//! let database = rekindle_tests::postgres::database();
//! println!("{}", database.url());
//! ```
//!
//! The first test that asks starts the server, in about a second; the others, in whatever process,
//! find it; ten seconds after the last test process has ended it is gone with all its files.

pub(crate) mod binaries;
mod cluster;
mod sql;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::OnceLock;

use cluster::Cluster;

/// Seconds that the server outlives its last test process.
const IDLE: u32 = 10;

/// A fresh, empty database; dropped with this value, whoever may still be connected to it.
pub struct Database {
    port: u16,
    name: String,
    url: String,
}

/// Creates a database in the server of this test run, which is started if need be.
///
/// # Panics
/// When there is no PostgreSQL on this machine (`./check` installs it), or when it does not work.
#[must_use]
pub fn database() -> Database {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    Database::create(CLUSTER.get_or_init(|| Cluster::join(&folder(), IDLE)))
}

impl Database {
    /// Where the database is, for a program to connect to; over TCP, on the loopback.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    fn create(cluster: &Cluster) -> Database {
        let port = cluster.port;
        let created = sql::run(port, async |server| {
            let number: i64 = sql::value(server, "SELECT nextval('database_number')").await?;
            let name = format!("test_{number}");
            sql::execute(server, &format!("CREATE DATABASE {name}")).await?;
            Ok(name)
        });
        let name = created.unwrap_or_else(|why| panic!("no database for this test: {why}"));
        let url = sql::url(port, &name);
        Database { port, name, url }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // What cannot be dropped now goes with the server.
        let _ = sql::run(self.port, async |server| {
            let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
            sql::execute(server, &statement).await
        });
    }
}

/// Where the test processes of this checkout, this user and this version of the set-up meet.
fn folder() -> PathBuf {
    let mut set_up = DefaultHasher::new();
    (cluster::SETTINGS, cluster::KEEPER).hash(&mut set_up);
    let program = std::env::current_exe().expect("a test knows its own file");
    let target = program
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").is_file())
        .or(program.parent())
        .expect("a file lies in a folder");
    target.join("tmp").join(format!("postgres-{}-{:016x}", binaries::current_uid(), set_up.finish()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::net::{Ipv4Addr, TcpStream};
    use std::path::Path;
    use std::thread::{self, sleep};
    use std::time::Duration;

    use sea_orm::ConnectionTrait;

    use super::*;

    async fn connect(database: &Database) -> sea_orm::DatabaseConnection {
        sea_orm::Database::connect(database.url()).await.unwrap()
    }

    /// When the server of `port` was started, to tell one server from the next.
    fn started_at(port: u16) -> String {
        sql::run(port, async |server| sql::value(server, "SELECT pg_postmaster_start_time()::text").await)
            .unwrap()
    }

    fn databases_named(port: u16, name: &str) -> i64 {
        let count = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
        sql::run(port, async |server| sql::value(server, &count).await).unwrap()
    }

    fn within(seconds: u32, happens: impl Fn() -> bool) -> bool {
        (0..seconds * 10).any(|_| {
            sleep(Duration::from_millis(100));
            happens()
        })
    }

    fn answers(port: u16) -> bool {
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
    }

    /// Whether server and files are gone soon after the server has been idle for two seconds.
    fn leaves_nothing(port: u16, home: &Path) -> bool {
        within(15, || !home.exists() && !answers(port))
    }

    #[tokio::test]
    async fn two_databases_are_empty_and_know_nothing_of_each_other() {
        let (one, other) = (database(), database());
        let (in_one, in_other) = (connect(&one).await, connect(&other).await);
        for place in [&in_one, &in_other] {
            // Fails where the table is there already.
            let create = "CREATE TABLE lead (email text)";
            place.execute_unprepared(create).await.unwrap();
        }
        let insert = "INSERT INTO lead VALUES ('dana@example.com')";
        in_one.execute_unprepared(insert).await.unwrap();
        let count = "SELECT count(*) FROM lead";
        assert_eq!(sql::value::<i64>(&in_one, count).await.unwrap(), 1);
        assert_eq!(sql::value::<i64>(&in_other, count).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_dropped_database_is_gone_even_while_somebody_is_connected() {
        let database = database();
        let _connected = connect(&database).await;
        let (port, name) = (database.port, database.name.clone());
        assert_eq!(databases_named(port, &name), 1);
        drop(database);
        assert_eq!(databases_named(port, &name), 0);
    }

    #[test]
    fn all_who_come_at_once_get_one_server_and_it_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let clusters: Vec<Cluster> = thread::scope(|scope| {
            let join = || Cluster::join(folder.path(), 2);
            let joining: Vec<_> = (0..6).map(|_| scope.spawn(join)).collect();
            joining.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let (port, home) = (clusters[0].port, clusters[0].home.clone());
        assert!(clusters.iter().all(|cluster| cluster.port == port));
        let first_start = started_at(port);

        // In use for longer than it may be idle: still the same server.
        sleep(Duration::from_millis(3500));
        assert_eq!(Cluster::join(folder.path(), 2).port, port);
        assert_eq!(started_at(port), first_start);

        drop(clusters);
        assert!(leaves_nothing(port, &home), "{} is left", home.display());
        assert!(!folder.path().join("cluster").exists());
    }

    #[test]
    fn after_a_killed_keeper_the_server_dies_and_the_next_start_tidies_up() {
        let folder = tempfile::tempdir().unwrap();
        let first = Cluster::join(folder.path(), 2);
        let server = fs::read_to_string(first.home.join("data/postmaster.pid")).unwrap();
        let server = server.lines().next().unwrap();
        let status = fs::read_to_string(format!("/proc/{server}/status")).unwrap();
        let keeper = status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap();
        let killed = std::process::Command::new("kill").args(["-KILL", keeper.trim()]).status().unwrap();
        assert!(killed.success());
        assert!(within(5, || !answers(first.port)), "the server outlives its keeper");

        let second = Cluster::join(folder.path(), 2);
        assert!(!first.home.exists(), "{} is left", first.home.display());
        assert_ne!(first.home, second.home);
        assert_eq!(databases_named(second.port, "postgres"), 1);
        drop(first);
        let (port, home) = (second.port, second.home.clone());
        drop(second);
        assert!(leaves_nothing(port, &home), "{} is left", home.display());
    }
}
