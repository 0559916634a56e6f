//! What is being done, on standard error, while it takes a while.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A line that says what is being done; nothing at all when standard error is no terminal.
pub struct Progress(ProgressBar);

impl Progress {
    /// A line that is not shown before the first [`step`](Self::step).
    pub fn new() -> Self {
        Self(ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()))
    }

    /// Says what is being done now.
    pub fn step(&self, what: impl Into<String>) {
        if self.0.is_hidden() {
            let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})");
            self.0.set_draw_target(ProgressDrawTarget::stderr());
            self.0.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            self.0.enable_steady_tick(Duration::from_millis(120));
        }
        self.0.set_message(what.into());
    }

    /// Says which of several steps is being done.
    pub fn step_of(&self, step: usize, all: usize, what: &str) {
        self.step(format!("{step}/{all} {what}"));
    }

    /// Takes the line away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
