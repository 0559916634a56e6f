//! What a verb leaves behind: text, advice, a page to open, an exit code.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::failure::Failure;
use crate::opener;

/// The outcome of a verb.
#[derive(Debug, Default)]
#[must_use]
pub struct Output {
    /// For standard output.
    pub text: Vec<u8>,
    /// For standard error: what must not mix with data.
    pub advice: String,
    /// A page to show.
    pub page: Option<PathBuf>,
    /// Whether the data failed a check.
    pub failed: bool,
}

impl Output {
    /// Text alone.
    pub fn text(text: impl Into<Vec<u8>>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Writes the text to standard output and the advice to standard error.
    pub fn print(&self) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        out.write_all(&self.text)?;
        out.flush()?;
        eprint!("{}", self.advice);
        Ok(())
    }

    /// Opens the page, where there is one.
    pub fn open(&self) -> Result<(), Failure> {
        self.page.as_deref().map_or(Ok(()), opener::open)
    }

    /// The exit code of the program.
    pub fn code(&self) -> ExitCode {
        if self.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}
