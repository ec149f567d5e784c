//! The command line: parse, then one function of [`netterms::commands`].

fn main() -> std::process::ExitCode {
    netterms::commands::run()
}
