//! What is being done, on standard error, while it takes a while.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A line that says what is being done; nothing at all when standard error is no terminal.
pub struct Progress(ProgressBar);

/// Work that ends sooner is not reported.
const PATIENCE: Duration = Duration::from_millis(700);

impl Progress {
    /// A line that appears when the work takes a while.
    pub fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        let later = bar.clone();
        std::thread::spawn(move || {
            std::thread::sleep(PATIENCE);
            if !later.is_finished() {
                later.set_draw_target(ProgressDrawTarget::stderr());
                later.enable_steady_tick(Duration::from_millis(120));
            }
        });
        Self(bar)
    }

    /// Says what is being done now.
    pub fn step(&self, what: impl Into<String>) {
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
