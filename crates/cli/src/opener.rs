//! Showing a page in the user's browser.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// Opens a file with the platform's opener, without a shell in between.
pub fn open(path: &Path) -> Result<(), Failure> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut command = opener();
    let child =
        command.arg(&path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    match child {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::new(format!(
            "{} cannot be started ({error}); open {} in a browser yourself",
            command.get_program().to_string_lossy(),
            path.display()
        ))),
    }
}

#[cfg(target_os = "macos")]
fn opener() -> Command {
    Command::new("open")
}

#[cfg(target_os = "windows")]
fn opener() -> Command {
    Command::new("explorer")
}

#[cfg(not(any(target_os = "macos", target_os = "windows")))]
fn opener() -> Command {
    Command::new("xdg-open")
}
