//! `emporion`: trade economics from a case folder to a brief, on the command line.
//!
//! # Where to start
//!
//! [`args`] is every verb and option; each verb has one file of the same name; [`data`] opens what
//! the user names; [`answer`] is what a verb found, and prints as a table, JSON, CSV or Markdown.

mod answer;
mod args;
mod brief;
mod check;
mod completions;
mod data;
mod demo;
mod divert;
mod embedded;
mod estimate;
mod failure;
mod measure;
mod new;
mod opener;
mod output;
mod progress;
mod render;
mod select;
mod simulate;
mod site;

use std::process::ExitCode;

use clap::Parser;

use args::Arguments;
use failure::Failure;
use output::Output;
use progress::Progress;

fn main() -> ExitCode {
    run().unwrap_or_else(|failure| failure.report())
}

/// The whole program.
fn run() -> Result<ExitCode, Failure> {
    let arguments = Arguments::parse();
    let progress = Progress::new();
    let outcome: Result<Output, Failure> = arguments.verb.run(&progress);
    progress.finish();
    let output = outcome?;
    output.print()?;
    output.open()?;
    Ok(output.code())
}
