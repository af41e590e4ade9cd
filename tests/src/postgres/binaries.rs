//! Where PostgreSQL's programs are on this machine, and as whom they may run.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder that holds `initdb` and `postgres`, links resolved.
///
/// Looked for on `PATH`, then where `pg_config` points, then the newest of Debian's
/// `/usr/lib/postgresql/<version>/bin`.
///
/// # Panics
/// When there is none, saying how to get one: a test that needs PostgreSQL never skips itself.
pub(super) fn find() -> PathBuf {
    on_path().or_else(by_pg_config).or_else(|| newest_in(Path::new("/usr/lib/postgresql"))).unwrap_or_else(
        || {
            panic!(
                "PostgreSQL's server programs (initdb, postgres) are not on this machine: \
                 looked on PATH, at `pg_config --bindir` and in /usr/lib/postgresql/*/bin. \
                 `./check` installs them, or on Debian: apt-get install postgresql"
            )
        },
    )
}

fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find_map(|folder| complete(&folder))
}

fn by_pg_config() -> Option<PathBuf> {
    let said = Command::new("pg_config").arg("--bindir").output().ok()?;
    complete(Path::new(String::from_utf8(said.stdout).ok()?.trim()))
}

fn newest_in(versions: &Path) -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(versions)
        .ok()?
        .flatten()
        .filter_map(|version| {
            let number = version.file_name().to_str()?.parse().ok()?;
            Some((number, complete(&version.path().join("bin"))?))
        })
        .collect();
    found.sort();
    found.pop().map(|(_, folder)| folder)
}

/// The real folder of `initdb` as seen from `folder`, if `postgres` lies beside it.
fn complete(folder: &Path) -> Option<PathBuf> {
    let initdb = fs::canonicalize(folder.join("initdb")).ok()?;
    let real = initdb.parent()?;
    real.join("postgres").is_file().then(|| real.to_path_buf())
}

/// Somebody a server may run as; PostgreSQL refuses to be root.
#[derive(Clone, Copy)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Account {
    /// Nobody else when the tests are not root; the account `postgres` if there is one, or else
    /// `nobody`, when they are.
    pub(crate) fn to_become() -> Option<Account> {
        if current_uid() != 0 {
            return None;
        }
        let passwd = fs::read_to_string("/etc/passwd").expect("/etc/passwd is readable by root");
        let account = ["postgres", "nobody"].iter().find_map(|name| account_in(&passwd, name));
        Some(account.expect("/etc/passwd names neither `postgres` nor `nobody`"))
    }
}

/// The user of this process.
pub(super) fn current_uid() -> u32 {
    fs::metadata("/proc/self").expect("/proc is mounted (these tests run on Linux)").uid()
}

fn account_in(passwd: &str, name: &str) -> Option<Account> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then_some(())?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Account { uid, gid })
    })
}

/// `program`, to be run as `account`, and killed when the process that started it dies; of a server,
/// the sessions then end by themselves. (Not `SIGQUIT`: a shell makes its background jobs ignore it.)
pub(crate) fn bound_to_its_parent(account: Option<Account>, program: &Path) -> Vec<String> {
    let mut words = vec!["setpriv".to_owned(), "--pdeathsig=KILL".to_owned()];
    if let Some(Account { uid, gid }) = account {
        words.push(format!("--reuid={uid}"));
        words.push(format!("--regid={gid}"));
        words.push("--clear-groups".to_owned());
    }
    words.push("--".to_owned());
    words.push(program.display().to_string());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_complete_version_wins_and_ten_is_newer_than_nine() {
        let versions = tempfile::tempdir().unwrap();
        for (version, programs) in
            [("9", &["initdb", "postgres"][..]), ("10", &["initdb", "postgres"]), ("11", &["initdb"])]
        {
            let bin = versions.path().join(version).join("bin");
            fs::create_dir_all(&bin).unwrap();
            for program in programs {
                fs::write(bin.join(program), "").unwrap();
            }
        }
        let newest = newest_in(versions.path()).unwrap();
        assert_eq!(newest, fs::canonicalize(versions.path().join("10/bin")).unwrap());
    }

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let passwd = "root:x:0:0::/:/bin/sh\npostgresql:x:7:8::/:/bin/sh\npostgres:x:101:104::/:/bin/sh\n";
        let account = account_in(passwd, "postgres").unwrap();
        assert_eq!((account.uid, account.gid), (101, 104));
        assert!(account_in(passwd, "nobody").is_none());
    }
}
