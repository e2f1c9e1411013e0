//! The executable: see `contoso_shop` for the house.

use std::process::ExitCode;

use clap::Parser;
use contoso_shop::cli::Cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // The only place that reads the environment. What is not Unicode is none of our settings.
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    cli.run(variables)
}
