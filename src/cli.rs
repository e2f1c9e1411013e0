//! The command line.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::config::{self, Settings};
use crate::ops::{drain, healthcheck};
use crate::roles::{
    self, DeadLetterRequest, FailedJobs, Pieces, ProductId, StockRequest, TokenCommand,
};

/// Exit code for settings that cannot be used (V-30); clap uses the same for arguments.
const BAD_SETTINGS: u8 = 2;

const EXAMPLES: &str = "\
Examples:
  contoso-shop                                  the whole shop on this machine: http://127.0.0.1:8080
  contoso-shop token --user alice               a token to call its API with
  ROLE=worker contoso-shop                      a process that only works on jobs
  contoso-shop check-config --config shop.toml  which settings are in effect, and what is wrong with them

Settings come from the built-in defaults, then config/{environment}.toml or --config, then environment variables such as
ROLE, HANGFIRE_WORKER_COUNT, ConnectionStrings__Redis or Jobs__Lease. Logs go to standard error.
Exit codes: 0 done, 1 failed, 2 wrong arguments or settings.";

/// Order intake with live status: a checkout API, a SignalR hub and a job engine in one executable.
#[derive(Debug, Parser)]
#[command(name = "contoso-shop", version, after_help = EXAMPLES, max_term_width = 110)]
pub struct Cli {
    /// Settings file to use instead of config/{environment}.toml
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Serve what the role says, until SIGTERM or Ctrl-C (default)
    Serve,
    /// Bring the database's schema up to date and exit
    Migrate,
    /// Show every setting in effect and where it comes from, or everything that is wrong
    CheckConfig {
        /// Print the commented default settings file instead
        #[arg(long)]
        explain: bool,
    },
    /// Print a development token
    Token {
        /// Whose token: its `sub` claim
        #[arg(long)]
        user: String,
        /// Give it the admin role
        #[arg(long)]
        admin: bool,
        /// Hours until it expires
        #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=24 * 365))]
        hours: u32,
    },
    /// Mark this pod as draining and wait: a preStop hook that needs no shell
    Drain {
        /// Marker file [default: the setting Drain__File]
        #[arg(long)]
        file: Option<PathBuf>,
        /// How long to wait for load balancers to turn away
        #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(..=3600))]
        seconds: u64,
        /// Remove the marker instead: the pod becomes ready again
        #[arg(long)]
        cancel: bool,
    },
    /// Look at background jobs that have failed for good, and give them another chance
    Jobs {
        #[command(subcommand)]
        action: JobsAction,
    },
    /// Show what is left of a product, or set it; the shop shows it within 5 seconds
    Stock {
        /// The product's id, such as LTD-001
        product: ProductId,
        /// Pieces, or `unlimited`
        #[arg(value_name = "PIECES")]
        set: Option<Pieces>,
    },
    /// Look at events that could not be delivered, and deliver them again
    DeadLetters {
        #[command(subcommand)]
        action: DeadLettersAction,
    },
    /// Ask whether the server is ready; exit code 0 or 1
    Healthcheck {
        /// What to ask [default: /health/ready on the address of the setting Ops__Listen]
        #[arg(long)]
        url: Option<String>,
    },
}

#[derive(Debug, Clone, Subcommand)]
enum JobsAction {
    /// List failed jobs, newest first: number, kind, queue, attempts, error
    List {
        /// Show at most this many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
    },
    /// Put failed jobs back into their queues with all their attempts; doing it twice changes
    /// nothing
    ///
    /// A job that is put back runs again from its start. An order that its job has given up is
    /// accepted again and processed anew, if there is still enough in stock.
    Requeue {
        /// Numbers of failed jobs
        #[arg(required_unless_present = "all", value_name = "JOB")]
        jobs: Vec<i64>,
        /// All failed jobs
        #[arg(long, conflicts_with = "jobs")]
        all: bool,
    },
}

#[derive(Debug, Clone, Subcommand)]
enum DeadLettersAction {
    /// List dead letters, oldest first: id, correlation id, status, deliveries, cause
    List {
        /// Show at most this many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
    },
    /// Put events back into the stream; doing it twice changes nothing, and no tab hears of an
    /// event twice
    Replay {
        /// Ids of dead letters
        #[arg(required_unless_present = "all", value_name = "LETTER")]
        letters: Vec<String>,
        /// All that can be read
        #[arg(long, conflicts_with = "letters")]
        all: bool,
    },
}

impl Cli {
    /// Does what the command line says. `variables` is the environment.
    pub fn run(self, variables: impl IntoIterator<Item = (String, String)>) -> ExitCode {
        if matches!(self.command, Some(Command::CheckConfig { explain: true })) {
            print!("{}", config::DEFAULTS);
            return ExitCode::SUCCESS;
        }
        let settings = match config::load(variables, self.config.as_deref()) {
            Ok(settings) => settings,
            Err(problems) => {
                eprintln!("{problems}");
                return ExitCode::from(BAD_SETTINGS);
            }
        };
        match self.command.unwrap_or(Command::Serve) {
            Command::Serve => block_on(roles::serve(settings)),
            Command::Migrate => block_on(roles::migrate(settings)),
            Command::CheckConfig { .. } => check_config(&settings),
            Command::Token { user, admin, hours } => {
                let valid_for = Duration::from_secs(u64::from(hours) * 3600);
                block_on(roles::token(settings, TokenCommand { user, admin, valid_for }))
            }
            Command::Drain { file, seconds, cancel } => {
                let file: &Path = file.as_deref().unwrap_or(&settings.drain.file);
                report(if cancel {
                    drain::unmark(file)
                } else {
                    drain::mark_and_wait(file, Duration::from_secs(seconds))
                })
            }
            Command::Jobs { action } => block_on(roles::failed_jobs(
                settings,
                match action {
                    JobsAction::List { limit } => FailedJobs::List { limit: limit as usize },
                    JobsAction::Requeue { jobs, all: _ } => FailedJobs::Requeue { jobs },
                },
            )),
            Command::Stock { product, set } => {
                block_on(roles::stock(settings, StockRequest { product, set }))
            }
            Command::DeadLetters { action } => block_on(roles::dead_letters(
                settings,
                match action {
                    DeadLettersAction::List { limit } => {
                        DeadLetterRequest::List { limit: limit as usize }
                    }
                    DeadLettersAction::Replay { letters, all: _ } => {
                        DeadLetterRequest::Replay { letters }
                    }
                },
            )),
            Command::Healthcheck { url } => {
                let url = url.unwrap_or_else(|| healthcheck::ready_url(settings.ops.listen));
                block_on(async move { report(healthcheck::ask(&url).await) })
            }
        }
    }
}

fn check_config(settings: &Settings) -> ExitCode {
    print!("{}", settings.dump());
    for warning in &settings.warnings {
        eprintln!("warning: {warning}");
    }
    ExitCode::SUCCESS
}

fn report(outcome: Result<String, String>) -> ExitCode {
    match outcome {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(text) => {
            eprintln!("{text}");
            ExitCode::FAILURE
        }
    }
}

/// The listeners bring threads of their own; this runtime runs everything else.
fn block_on(work: impl Future<Output = ExitCode>) -> ExitCode {
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let code = runtime.block_on(work);
            // Blocking work that hangs must not keep a stopped process alive.
            runtime.shutdown_timeout(Duration::from_secs(1));
            code
        }
        Err(error) => {
            eprintln!("cannot start: {error}");
            ExitCode::FAILURE
        }
    }
}
