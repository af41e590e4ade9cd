//! The real program as a process: run for a command, or started and left to serve, then asked to stop or killed.
//!
//! ```no_run
//! # async fn story() {
//! use rekindle_tests::program::Program;
//! let folder = tempfile::tempdir().unwrap();
//! let program = Program::new(folder.path());
//! let key = program.data(&["key", "new", "crm"]).await;
//! let up = program.start(&["up"]).await;
//! let answer = up.http().post(up.at("/v1/track")).basic_auth(key, Some("")).send().await;
//! assert_eq!(up.terminate().await, Some(0));
//! # }
//! ```
//!
//! Nothing of the environment reaches it but `PATH` and `HOME`, and what a test gives it. Each [`Program`] has ports of its own, for
//! as long as it lives, so that links keep their meaning over a restart. A process that a test leaves behind dies with the test,
//! however that ends.

use serde_json::Value;
use std::{
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

/// How long a start may take until it is ready, and a stop until it is done.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program with its data folder and its environment.
#[derive(Debug, Clone)]
pub struct Program {
    data: PathBuf,
    named: bool,
    environment: Vec<(String, String)>,
    web: u16,
    bot: u16,
}

/// How a command ended, and what it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it printed as data.
    pub stdout: String,
    /// What it said in words.
    pub stderr: String,
}

/// A process that serves. Killed when it is dropped.
#[derive(Debug)]
pub struct Running {
    /// `http://127.0.0.1:PORT`; of `worker`, where it would be.
    pub url: String,
    child: Child,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
    http: reqwest::Client,
}

impl Program {
    /// The program on a data folder, which need not be there yet.
    #[must_use]
    pub fn new(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            named: true,
            environment: Vec::new(),
            web: free_port(),
            bot: free_port(),
        }
    }

    /// The program without a data folder named, at work in this folder; what it makes for a while, it makes there, too.
    #[must_use]
    pub fn unnamed(folder: &Path) -> Self {
        let folder_of_its_own = folder.to_str().expect("a folder of tests has a plain name");
        Self { named: false, ..Self::new(folder) }.env("TMPDIR", folder_of_its_own)
    }

    /// With a setting from the environment: `.env("REKINDLE__MAIL__URL", "smtp://127.0.0.1:2525")`.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.data
    }

    /// Where `up`, `web` and `demo` listen, as an URL without a slash at its end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.web)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program_file());
        command.env_clear();
        for name in ["PATH", "HOME", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        match self.named {
            true => command.arg("--data").arg(&self.data),
            false => command.current_dir(&self.data),
        };
        command
            .args(arguments)
            .env("REKINDLE__WEB__LISTEN", format!("127.0.0.1:{}", self.web))
            .env("REKINDLE__BOT__LISTEN", format!("127.0.0.1:{}", self.bot))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// When it does not end within a minute.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        let running = self.command(arguments).stdin(Stdio::null()).output();
        let output = timeout(PATIENCE, running)
            .await
            .unwrap_or_else(|_| panic!("{arguments:?} has not ended within {PATIENCE:?}"))
            .expect("the program can be started");
        Output {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs a command that must succeed; what it printed, trimmed.
    ///
    /// # Panics
    /// When it does not exit with 0.
    pub async fn data(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        assert_eq!(output.code, Some(0), "{arguments:?}: {output:#?}");
        output.stdout.trim().to_owned()
    }

    /// Runs a command that must succeed and print JSON.
    ///
    /// # Panics
    /// When it does not exit with 0, or prints something else.
    pub async fn json(&self, arguments: &[&str]) -> Value {
        let text = self.data(arguments).await;
        serde_json::from_str(&text)
            .unwrap_or_else(|why| panic!("{arguments:?} printed no JSON ({why}): {text}"))
    }

    /// Says a command in chat; the answer, whether it is a yes or a no. It must come with the exit code that belongs to it.
    ///
    /// # Panics
    /// When answer and exit code do not fit, or there is no answer.
    pub async fn chat(&self, member: &str, text: &str) -> Value {
        let output = self.run(&["chat", "--as", member, "--json", text]).await;
        let answer: Value = serde_json::from_str(&output.stdout)
            .unwrap_or_else(|why| panic!("{text}: no JSON ({why}): {output:#?}"));
        let ok = answer["ok"].as_bool().expect("an answer says whether it is ok");
        assert_eq!(output.code, Some(if ok { 0 } else { 2 }), "{text}: {output:#?}");
        answer
    }

    /// Starts a command that serves, and waits until it is ready. `up`, `web`, `bot` and `demo` listen at a port of this program
    /// unless the arguments name one.
    ///
    /// # Panics
    /// When it ends, or is not ready within a minute.
    pub async fn start(&self, arguments: &[&str]) -> Running {
        let mut running = self.spawn(arguments);
        let worker = arguments.contains(&"worker");
        let ready = async {
            loop {
                if let Some(status) = running.child.try_wait().expect("a child can be asked") {
                    // The readers need a moment for the last words.
                    sleep(Duration::from_millis(100)).await;
                    panic!("{arguments:?} ended with {status} before it was ready:\n{}", running.stderr());
                }
                let ready = if worker {
                    running.stderr().contains("The worker is at work")
                } else {
                    let asked = running.http.get(format!("{}/readyz", running.url)).send().await;
                    asked.is_ok_and(|answer| answer.status().is_success())
                };
                if ready {
                    return;
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        if timeout(PATIENCE, ready).await.is_err() {
            panic!("{arguments:?} is not ready within {PATIENCE:?}:\n{}", running.stderr());
        }
        running
    }

    /// Starts a command that serves, and waits for nothing.
    ///
    /// # Panics
    /// When there is no such program.
    #[must_use]
    pub fn spawn(&self, arguments: &[&str]) -> Running {
        let address = match arguments.iter().position(|a| *a == "--listen") {
            Some(at) => arguments.get(at + 1).expect("--listen names an address").to_string(),
            None if arguments.contains(&"bot") => format!("127.0.0.1:{}", self.bot),
            None => format!("127.0.0.1:{}", self.web),
        };
        let mut child = self
            .command(arguments)
            .env("ON_A_LEASH", "1")
            .stdin(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let stdout = collect(child.stdout.take().expect("stdout is piped"));
        let stderr = collect(child.stderr.take().expect("stderr is piped"));
        let http = client();
        Running { url: format!("http://{address}"), child, stdout, stderr, http }
    }
}

impl Running {
    /// The process's number.
    ///
    /// # Panics
    /// When it has ended and was waited for.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// An address on it: `.at("/v1/track")`.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// A client without cookies, which follows no redirection.
    #[must_use]
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// What it printed as data so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.stdout.lock().expect("a reader does not panic").clone()
    }

    /// What it said in words so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.lock().expect("a reader does not panic").clone()
    }

    /// Whether it still runs.
    ///
    /// # Panics
    /// When the system cannot tell.
    #[must_use]
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("a child can be asked").is_none()
    }

    /// Sends a signal by its name: `STOP`, `CONT`, `TERM`, `INT`.
    ///
    /// # Panics
    /// When the process is gone.
    pub async fn signal(&self, name: &str) {
        let line = format!("kill -{name} {}", self.id());
        let sent = Command::new("sh").arg("-c").arg(&line).status().await.expect("there is a shell");
        assert!(sent.success(), "{line} failed");
    }

    /// Kills it as a power cut would, and waits until it is gone.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub async fn kill9(mut self) {
        self.child.kill().await.expect("a child can be killed");
    }

    /// Asks it to stop (SIGTERM) and waits; its exit code, `None` when a signal ended it.
    ///
    /// # Panics
    /// When it has not stopped within a minute.
    pub async fn terminate(mut self) -> Option<i32> {
        self.signal("TERM").await;
        self.ended().await
    }

    /// Waits until it has ended by itself; its exit code, `None` when a signal ended it.
    ///
    /// # Panics
    /// When it has not ended within a minute.
    pub async fn ended(&mut self) -> Option<i32> {
        // `wait` would close its stdin, which is its leash.
        let leash = self.child.stdin.take();
        let ended = timeout(PATIENCE, self.child.wait()).await;
        drop(leash);
        ended
            .unwrap_or_else(|_| panic!("it has not ended within {PATIENCE:?}:\n{}", self.stderr()))
            .expect("a child can be waited for")
            .code()
    }
}

/// A client without cookies, which follows no redirection and no proxy.
///
/// # Panics
/// Never: nothing it is made of can fail.
#[must_use]
pub fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(Duration::from_secs(30))
        .build()
        .expect("a client without TLS needs nothing")
}

/// Asks again and again until the answer is there; panics in these words when it has not come in time.
///
/// # Panics
/// When the time is up.
pub async fn within<T>(at_most: Duration, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let until = Instant::now() + at_most;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < until, "within {at_most:?}: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// `target/debug/rekindle-under-test`, which Cargo builds before the tests of this crate.
fn program_file() -> PathBuf {
    let this = std::env::current_exe().expect("a test knows its own file");
    let found = this.ancestors().skip(1).take(3).map(|folder| folder.join("rekindle-under-test"));
    found
        .into_iter()
        .find(|file| file.is_file())
        .expect("Cargo builds rekindle-under-test beside the tests; `cargo build -p rekindle-tests --bins`")
}

/// A port of this machine that nobody listens at. It lies below those that the system gives to outgoing connections, so that
/// none of them takes it in the meantime.
///
/// # Panics
/// When all are taken.
#[must_use]
pub fn free_port() -> u16 {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    (0..20_000)
        .map(|_| {
            let number = std::process::id().wrapping_mul(61) + GIVEN.fetch_add(1, Ordering::Relaxed);
            10_000 + (number % 22_000) as u16
        })
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("one of 20,000 ports is free")
}

fn collect(from: impl AsyncRead + Unpin + Send + 'static) -> Arc<Mutex<String>> {
    let heard = Arc::new(Mutex::new(String::new()));
    let keep = heard.clone();
    #[expect(clippy::disallowed_methods, reason = "the reader ends with the process that it listens to")]
    tokio::spawn(async move {
        let mut lines = BufReader::new(from).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut all = keep.lock().expect("a reader does not panic");
            all.push_str(&line);
            all.push('\n');
        }
    });
    heard
}
