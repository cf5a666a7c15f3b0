//! `interlock`: a policy gateway for the Model Context Protocol.

mod approvals;
mod args;
mod attacks;
mod commands;
mod configured;
mod data_dir;
mod definitions;
mod exit;
mod input;
mod instance;
mod new_policy;
mod operators;
mod policy_tests;
mod recorded;
mod rehearsal;
mod sarif;
mod scratch;
mod server_name;
mod serving;
mod settings;
mod terminal;
mod tool_listing;
mod webhooks;
mod when;

use std::process::ExitCode;

use crate::args::{Args, Command};
use crate::exit::Exit;

// A gateway allocates and frees small messages all its life, on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = Args::of_command_line();
    let done = match args.command {
        Command::Init(init) => commands::init::run(&init),
        Command::Run(run) => commands::run::run(run),
        Command::Serve(serve) => commands::serve::run(&serve),
        Command::Grants(grants) => commands::grants::run(&grants),
        Command::Servers(servers) => commands::servers::run(&servers),
        Command::Credentials(credentials) => commands::credentials::run(&credentials),
        Command::Admin(admin) => commands::admin::run(&admin),
        Command::Approvals(approvals) => commands::approvals::run(&approvals),
        Command::Pins(pins) => commands::pins::run(&pins),
        Command::Check(check) => commands::check::run(&check),
        Command::Policy(policy) => commands::policy::run(&policy),
        Command::Explain(explain) => commands::explain::run(&explain),
        Command::Diff(diff) => commands::diff::run(&diff),
        Command::Test(test) => commands::test::run(&test),
        Command::Attacks(attacks) => commands::attacks::run(&attacks),
        Command::Scan(scan) => commands::scan::run(&scan),
        Command::Catalog(catalog) => commands::catalog::run(&catalog),
        Command::Inventory(inventory) => commands::inventory::run(&inventory),
        Command::Tools(tools) => commands::tools::run(&tools),
        Command::Audit(audit) => commands::audit::run(&audit),
        Command::Counters(counters) => commands::counters::run(&counters),
        Command::Status(status) => commands::status::run(&status),
        Command::Completions { shell } => commands::completions::run(shell),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(error) => {
            terminal::error(&error);
            Exit::Failed.into()
        }
    }
}
