//! What a computation can end in: bad input, a numerical status, advice. Never mixed.
//!
//! | kind | type | when |
//! | --- | --- | --- |
//! | bad input | [`InputError`] | the caller gave arrays that cannot mean anything; says what and how to mend it |
//! | numerical outcome | [`Status`] | stands in every result beside its residual, bound or certificate |
//! | advice | [`Note`] | rows dropped, columns found collinear: counted and listed |
//!
//! A bug of ours is a panic and nothing else.

use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Input that a kernel refuses. The fields name the place; the message names the remedy.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// Two arrays that must be equally long are not.
    #[error("{what} has {got} entries, expected {expected}")]
    Length {
        /// Name of the argument.
        what: String,
        /// Entries needed.
        expected: usize,
        /// Entries given.
        got: usize,
    },
    /// A value outside its domain: negative, missing or infinite.
    #[error("{what}, entry {index}: {} is not allowed; {remedy}", readable(*value))]
    Value {
        /// Name of the argument.
        what: String,
        /// Position from 0.
        index: usize,
        /// The value found.
        value: f64,
        /// What to do about it.
        remedy: String,
    },
    /// An index or a setting outside its range.
    #[error("{what}: got {got}, expected {expected}; {remedy}")]
    Setting {
        /// Name of the option or argument.
        what: String,
        /// What is allowed.
        expected: String,
        /// What was given.
        got: String,
        /// What to do about it.
        remedy: String,
    },
    /// The arrays are well formed, but the question has no answer on them.
    #[error("{what} is not defined here: {reason}; {remedy}")]
    Undefined {
        /// The number asked for.
        what: String,
        /// Why it does not exist.
        reason: String,
        /// What to do about it.
        remedy: String,
    },
    /// Nothing is left to compute with.
    #[error("{what}: no data; {remedy}")]
    Empty {
        /// Name of the argument.
        what: String,
        /// What to do about it.
        remedy: String,
    },
}

/// A number with a power of ten where its digits would run on.
#[must_use]
pub fn readable(value: f64) -> String {
    const LONG: f64 = 1e15;
    if value.is_finite() && value.abs() >= LONG { format!("{value:e}") } else { value.to_string() }
}

/// How an iteration or a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// The stopping rule was met.
    Converged,
    /// The step limit came first: the numbers are not an answer.
    MaxIterations,
    /// No step improved any more, short of the stopping rule.
    NoProgress,
    /// The question has no single answer on this data.
    NotIdentified,
    /// No solution satisfies the constraints.
    Infeasible,
    /// A solution with this proven relative gap to the best possible one (0: optimal).
    Optimal {
        /// (bound - objective) / objective, not negative.
        gap: f64,
    },
}

/// A piece of advice that travels with a result: what happened, how often, and where.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Note {
    /// Stable short name, such as `separated` or `singletons`.
    pub code: &'static str,
    /// One sentence for the reader.
    pub message: String,
    /// How many rows, columns or places.
    pub count: usize,
    /// Their positions from 0 in the caller's arrays, where positions make sense.
    pub rows: Vec<usize>,
}

impl<'de> Deserialize<'de> for Note {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Written {
            code: String,
            message: String,
            count: usize,
            rows: Vec<usize>,
        }
        let Written { code, message, count, rows } = Written::deserialize(input)?;
        Ok(Self { code: kept(code), message, count, rows })
    }
}

/// Codes are words of the program: each one read is kept for the rest of the process, once, and
/// compares with those the program writes.
fn kept(code: String) -> &'static str {
    static READ: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = read.get(code.as_str()) {
        return known;
    }
    let kept: &'static str = Box::leak(code.into_boxed_str());
    read.insert(kept);
    kept
}
