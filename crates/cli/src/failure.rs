//! What stops the program, as one readable report.

use std::io;
use std::process::ExitCode;

use emporion_model::outcome::InputError;
use emporion_tables::{Problem, Report};

/// More problems than this are counted instead of listed: the first ones show the pattern.
const LISTED: usize = 40;

/// Why there is no answer.
#[derive(Debug)]
pub enum Failure {
    /// The input is refused: every problem with its place and remedy.
    Refused(Report),
    /// One sentence with the remedy in it.
    Stopped(String),
    /// The reader of our output went away: nothing to report.
    Unread,
}

impl Failure {
    /// A sentence that says what is wrong and what to do.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self::Stopped(sentence.into())
    }

    /// A file that could not be written or read.
    pub fn file(doing: &str, path: &std::path::Path, error: &io::Error) -> Self {
        Self::new(format!(
            "cannot {doing} {}: {error}; check the path and the rights of the folder",
            path.display()
        ))
    }

    /// Prints the report on standard error and gives the exit code.
    pub fn report(&self) -> ExitCode {
        match self {
            Self::Unread => return ExitCode::SUCCESS,
            Self::Stopped(sentence) => eprintln!("error: {sentence}"),
            Self::Refused(report) => eprintln!("error: {}", shortened(report)),
        }
        ExitCode::FAILURE
    }
}

/// The report, with the problems beyond the first ones counted.
pub fn shortened(report: &Report) -> String {
    if report.len() <= LISTED {
        return report.to_string();
    }
    let first: Report = report.problems[..LISTED].to_vec().into();
    let text = first.to_string();
    let listed = text.split_once('\n').map_or("", |(_, list)| list);
    format!("{} problems\n{listed}\n\nand {} more", report.len(), report.len() - LISTED)
}

impl From<Report> for Failure {
    fn from(report: Report) -> Self {
        Self::Refused(report)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem.into())
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Unread,
            _ => Self::new(format!("cannot write the answer: {error}")),
        }
    }
}
