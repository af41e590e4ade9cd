//! The program: all of it is in the library, so that tests run the same.

fn main() -> std::process::ExitCode {
    rekindle::main()
}
