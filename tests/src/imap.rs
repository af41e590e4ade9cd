//! A throwaway IMAP server: Debian's Dovecot with a folder, a port and a user of its own, which speaks TLS by an authority of the test's.
//!
//! Mail is put into its maildir as a mail server would, and what was done with a message is read there: no client of IMAP but
//! ours is in the way.

use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

use tempfile::TempDir;

use crate::postgres::binaries::{Account, bound_to_its_parent};
use crate::program::free_port;
use crate::tls::Authority;

/// Whose mailbox it is, and the password.
const USER: &str = "bounces";
const PASSWORD: &str = "secret:of-the-test";
/// How often it is looked for after a start, and how long between two looks.
const LOOKS: u32 = 1_200;
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// An IMAP server, as long as it is held.
pub struct Dovecot {
    home: TempDir,
    account: Option<Account>,
    child: Child,
    port: u16,
    authority: String,
}

/// A message as it lies in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lying {
    /// The letters of its flags: S seen, F flagged.
    pub flags: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Dovecot {
    /// Starts one.
    ///
    /// # Panics
    /// When Dovecot is missing, saying how to get it, or does not start.
    #[must_use]
    pub fn start() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let authority = Authority::new();
        let (certificate, key) = authority.server();
        let account = Account::to_become();
        let port = free_port();
        let path = home.path();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("our own folder");
        fs::write(path.join("cert.pem"), certificate).expect("a file");
        fs::write(path.join("key.pem"), key).expect("a file");
        fs::write(path.join("dovecot.conf"), config(path, port)).expect("a file");
        for folder in ["", "cur", "new", "tmp"] {
            fs::create_dir(path.join("mail").join(folder)).expect("a folder");
        }
        if let Some(Account { uid, gid }) = account {
            for file in
                ["", "cert.pem", "key.pem", "dovecot.conf", "mail", "mail/cur", "mail/new", "mail/tmp"]
            {
                chown(path.join(file), Some(uid), Some(gid)).expect("root gives away");
            }
        }
        let child = serve(path, account);
        let server = Self { home, account, child, port, authority: authority.certificate().to_owned() };
        server.until_ready();
        server
    }

    /// `imaps://user:password@localhost:port/INBOX`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("imaps://{USER}:{}@localhost:{}/INBOX", PASSWORD.replace(':', "%3A"), self.port)
    }

    /// The certificate of the authority that vouches for it: PEM.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Delivers a message.
    ///
    /// # Panics
    /// When the disk says no.
    pub fn deliver(&self, message: &[u8]) {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("1700000000.{:06}.test", NEXT.fetch_add(1, Ordering::Relaxed));
        let written = self.mail().join("tmp").join(&name);
        fs::write(&written, message).expect("a file");
        if let Some(Account { uid, gid }) = self.account {
            chown(&written, Some(uid), Some(gid)).expect("root gives away");
        }
        fs::rename(&written, self.mail().join("new").join(&name)).expect("one disk");
    }

    /// What lies in a folder; `""` is the inbox.
    ///
    /// # Panics
    /// When the disk says no.
    #[must_use]
    pub fn lying(&self, folder: &str) -> Vec<Lying> {
        let folder = if folder.is_empty() { self.mail() } else { self.mail().join(format!(".{folder}")) };
        let mut all: Vec<(String, Lying)> = Vec::new();
        for place in ["new", "cur"] {
            for entry in fs::read_dir(folder.join(place)).into_iter().flatten().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                // Renamed by the server meanwhile: it is seen under its new name the next time.
                let Ok(bytes) = fs::read(entry.path()) else { continue };
                let flags = name.split_once(":2,").map_or("", |(_, flags)| flags).to_owned();
                all.push((name, Lying { flags, bytes }));
            }
        }
        all.sort_by(|one, other| one.0.cmp(&other.0));
        all.into_iter().map(|(_, message)| message).collect()
    }

    /// Stops it, does this, and starts it again.
    ///
    /// # Panics
    /// When it does not start again.
    pub fn away(&mut self, meanwhile: impl FnOnce()) {
        self.stop();
        meanwhile();
        self.child = serve(self.home.path(), self.account);
        self.until_ready();
    }

    /// Lets it count its messages anew (UIDVALIDITY), as after its index was lost.
    ///
    /// # Panics
    /// When it does not start again.
    pub fn count_anew(&mut self) {
        let mail = self.mail();
        self.away(|| {
            for entry in fs::read_dir(mail).expect("the maildir").flatten() {
                if entry.file_name().to_string_lossy().starts_with("dovecot") {
                    fs::remove_file(entry.path()).expect("an index");
                }
            }
        });
    }

    fn mail(&self) -> PathBuf {
        self.home.path().join("mail")
    }

    fn until_ready(&self) {
        let answers = || TcpStream::connect(("127.0.0.1", self.port)).is_ok_and(greets);
        if !(0..LOOKS).any(|_| {
            answers() || {
                sleep(LOOK_AGAIN);
                false
            }
        }) {
            let log = fs::read_to_string(self.home.path().join("log")).unwrap_or_default();
            panic!("Dovecot does not answer:\n{log}");
        }
    }

    /// Asks it to stop, since what it has begun ends with it only then.
    fn stop(&mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        if !asked.is_ok_and(|asked| asked.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A port with TLS says nothing before it is spoken to, and closes what it does not understand.
fn greets(mut socket: TcpStream) -> bool {
    use std::io::Write;
    let _ = socket.set_read_timeout(Some(Duration::from_secs(5)));
    socket.write_all(b"no TLS\r\n").is_ok() && socket.read(&mut [0; 64]).is_ok()
}

fn serve(home: &Path, account: Option<Account>) -> Child {
    let program =
        ["/usr/sbin/dovecot", "/usr/local/sbin/dovecot"].map(Path::new).into_iter().find(|p| p.is_file());
    let program = program.expect(
        "there is no /usr/sbin/dovecot on this machine: `./check` installs it, or on Debian: apt-get install dovecot-imapd",
    );
    let words = bound_to_its_parent(account, program);
    Command::new(&words[0])
        .args(&words[1..])
        .args(["-F", "-c"])
        .arg(home.join("dovecot.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("dovecot can be started")
}

/// What this machine calls a user or a group.
fn called(list: &str, id: u32) -> String {
    let text = fs::read_to_string(list).expect("everybody may read who there is");
    let id = id.to_string();
    let named = |line: &str| {
        (line.split(':').nth(2) == Some(&id)).then(|| line.split(':').next().map(str::to_owned))?
    };
    text.lines().find_map(named).unwrap_or_else(|| panic!("{list} names nobody with the id {id}"))
}

fn config(home: &Path, port: u16) -> String {
    let own = fs::metadata("/proc/self").expect("/proc is mounted (these tests run on Linux)");
    let (uid, gid) = Account::to_become().map_or((own.uid(), own.gid()), |of| (of.uid, of.gid));
    let (user, group) = (called("/etc/passwd", uid), called("/etc/group", gid));
    let home = home.display();
    format!(
        r#"base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{home}/cert.pem
ssl_key = <{home}/key.pem
mail_location = maildir:{home}/mail
maildir_stat_dirs = yes
mailbox_idle_check_interval = 1 secs
first_valid_uid = 1
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/home
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
"#
    )
}
