//! The real program, on a leash: with `ON_A_LEASH` set it ends when its stdin does, so that no test leaves one behind.

use std::io::{Read, stdin};
use std::process::{ExitCode, exit};
use std::thread;

fn main() -> ExitCode {
    if std::env::var_os("ON_A_LEASH").is_some() {
        thread::spawn(|| {
            let _ = stdin().read_to_end(&mut Vec::new());
            exit(99);
        });
    }
    rekindle::main()
}
