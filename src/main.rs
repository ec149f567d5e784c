//! The command line: parse, then one function of [`netterms::commands`].

/// A request makes hundreds of small allocations: this one is a third faster at them, and steady in size.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    netterms::commands::run()
}
