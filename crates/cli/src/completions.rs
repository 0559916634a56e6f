//! `emporion completions`: what a shell needs to complete verbs and options.

use clap::CommandFactory as _;

use crate::args::{Arguments, Completions};
use crate::failure::Failure;
use crate::output::Output;

/// Writes the completions of a shell.
pub fn run(arguments: &Completions) -> Result<Output, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "emporion", &mut text);
    Ok(Output::text(text))
}
