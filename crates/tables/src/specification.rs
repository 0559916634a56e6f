//! Several estimations in one formula, such as `c(y1, y2) ~ x + csw0(a, b) | sw(f, g)`.
//!
//! | written | stands for the estimations with |
//! | --- | --- |
//! | `c(y1, y2) ~ …` | each outcome |
//! | `sw(a, b)` | `a`; `b` |
//! | `sw0(a, b)` | nothing; `a`; `b` |
//! | `csw(a, b)` | `a`; `a + b` |
//! | `csw0(a, b)` | nothing; `a`; `a + b` |
//! | `mvsw(a, b)` | nothing; `a`; `b`; `a + b`: every subset, small ones first |
//!
//! Each argument may be a sum, `sw(a, b + c)`, and the functions stand among the terms or among the
//! effects.

use std::fmt;
use std::str::FromStr;

use crate::formula::{Effect, Expr, Formula, FormulaError, Term, term_name, write_right};

/// How the arguments of a stepwise function are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Steps {
    /// `sw`: one after the other.
    Each,
    /// `sw0`: none, then one after the other.
    NoneAndEach,
    /// `csw`: the first, the first two, ...
    Cumulative,
    /// `csw0`: none, the first, the first two, ...
    NoneAndCumulative,
    /// `mvsw`: every subset, by size.
    Subsets,
}

impl Steps {
    /// Its name in a formula, for each of them.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("sw", Self::Each),
        ("sw0", Self::NoneAndEach),
        ("csw", Self::Cumulative),
        ("csw0", Self::NoneAndCumulative),
        ("mvsw", Self::Subsets),
    ];

    fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, steps)| *steps == self).map_or("sw", |(name, _)| name)
    }

    /// Number of steps for so many arguments.
    pub(crate) fn count(self, arguments: usize) -> usize {
        match self {
            Self::Each | Self::Cumulative => arguments,
            Self::NoneAndEach | Self::NoneAndCumulative => arguments + 1,
            Self::Subsets => 1usize.checked_shl(arguments as u32).unwrap_or(usize::MAX),
        }
    }

    /// The arguments in each step, by position.
    fn choices(self, n: usize) -> Vec<Vec<usize>> {
        let none = || std::iter::once(Vec::new());
        let each = (0..n).map(|i| vec![i]);
        let cumulative = (1..=n).map(|i| (0..i).collect());
        match self {
            Self::Each => each.collect(),
            Self::NoneAndEach => none().chain(each).collect(),
            Self::Cumulative => cumulative.collect(),
            Self::NoneAndCumulative => none().chain(cumulative).collect(),
            Self::Subsets => {
                let mut all: Vec<Vec<usize>> = (0..1usize << n)
                    .map(|mask| (0..n).filter(|i| mask >> i & 1 == 1).collect())
                    .collect();
                all.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
                all
            }
        }
    }
}

/// A part of a sum: always there, or a stepwise function.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece<T> {
    /// In every estimation.
    Always(T),
    /// In some of them; each argument is a sum.
    Stepwise(Steps, Vec<Vec<T>>),
}

impl<T> Piece<T> {
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Always(_) => 1,
            Self::Stepwise(steps, arguments) => steps.count(arguments.len()),
        }
    }
}

/// A formula that may stand for several estimations, parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Specification {
    /// Left of `~`: one, or those of `c(…)`.
    pub outcomes: Vec<Expr>,
    /// Between `~` and `|`.
    pub terms: Vec<Piece<Term>>,
    /// Whether a constant is estimated.
    pub constant: bool,
    /// `offset(…)` among the terms.
    pub offset: Option<Expr>,
    /// Right of `|`.
    pub effects: Vec<Piece<Effect>>,
}

/// What one estimation of several has to itself.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Variation {
    /// `outcome`, `terms`, `effects`, or `sample`.
    pub what: &'static str,
    /// The outcome, the terms of the step, or the level of the column that splits the sample.
    pub value: String,
}

/// One estimation of several.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimation {
    /// Its formula.
    pub formula: Formula,
    /// What varies between the estimations, in the order outcome, terms, effects; empty for a single
    /// one.
    pub label: Vec<Variation>,
}

impl Specification {
    /// Reads a formula.
    ///
    /// # Errors
    ///
    /// The first place that cannot be read, with what was expected there.
    pub fn parse(text: &str) -> Result<Self, FormulaError> {
        crate::parse::specification(text)
    }

    /// How many estimations it stands for.
    #[must_use]
    pub fn count(&self) -> usize {
        let terms = self.terms.iter().map(Piece::count);
        let effects = self.effects.iter().map(Piece::count);
        terms.chain(effects).fold(self.outcomes.len(), usize::saturating_mul)
    }

    /// The estimations, each with a label of what varies.
    ///
    /// Outcomes vary slowest, then terms, then effects.
    #[must_use]
    pub fn expand(&self) -> Vec<Estimation> {
        let terms = expand(&self.terms);
        let effects = expand(&self.effects);
        let mut all = Vec::with_capacity(self.count());
        for outcome in &self.outcomes {
            for (terms, terms_step) in &terms {
                for (effects, effects_step) in &effects {
                    let mut label = Vec::new();
                    if self.outcomes.len() > 1 {
                        label.push(Variation { what: "outcome", value: outcome.to_string() });
                    }
                    let steps = [
                        ("terms", terms_step.as_ref().map(|s| shown(s, term_name))),
                        ("effects", effects_step.as_ref().map(|s| shown(s, Effect::to_string))),
                    ];
                    for (what, step) in steps {
                        label.extend(step.map(|value| Variation { what, value }));
                    }
                    let formula = Formula {
                        outcome: outcome.clone(),
                        terms: terms.clone(),
                        constant: self.constant,
                        offset: self.offset.clone(),
                        effects: effects.clone(),
                    };
                    all.push(Estimation { formula, label });
                }
            }
        }
        all
    }
}

/// The terms or effects of a step in words.
fn shown<T>(step: &[T], name: impl Fn(&T) -> String) -> String {
    if step.is_empty() {
        return "none".to_owned();
    }
    step.iter().map(name).collect::<Vec<_>>().join(" + ")
}

/// Each sum with what its steps added to it, None when nothing varies.
type Expanded<T> = Vec<(Vec<T>, Option<Vec<T>>)>;

fn expand<T: Clone + PartialEq>(pieces: &[Piece<T>]) -> Expanded<T> {
    let mut all: Expanded<T> = vec![(Vec::new(), None)];
    for piece in pieces {
        match piece {
            Piece::Always(one) => {
                for (sum, _) in &mut all {
                    if !sum.contains(one) {
                        sum.push(one.clone());
                    }
                }
            }
            Piece::Stepwise(steps, arguments) => {
                let choices = steps.choices(arguments.len());
                let mut next = Vec::with_capacity(all.len() * choices.len());
                for (sum, added) in &all {
                    for choice in &choices {
                        let (mut sum, mut added) = (sum.clone(), added.clone().unwrap_or_default());
                        for one in choice.iter().flat_map(|&i| &arguments[i]) {
                            added.push(one.clone());
                            if !sum.contains(one) {
                                sum.push(one.clone());
                            }
                        }
                        next.push((sum, Some(added)));
                    }
                }
                all = next;
            }
        }
    }
    all
}

impl FromStr for Specification {
    type Err = FormulaError;

    fn from_str(text: &str) -> Result<Self, FormulaError> {
        Self::parse(text)
    }
}

impl fmt::Display for Specification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcomes[..] {
            [one] => write!(f, "{one} ~ ")?,
            more => {
                let more: Vec<String> = more.iter().map(Expr::to_string).collect();
                write!(f, "c({}) ~ ", more.join(", "))?;
            }
        }
        let terms = self.terms.iter().map(|piece| written(piece, term_name)).collect();
        let effects: Vec<String> =
            self.effects.iter().map(|piece| written(piece, Effect::to_string)).collect();
        write_right(f, terms, self.constant, self.offset.as_ref(), &effects)
    }
}

fn written<T>(piece: &Piece<T>, name: impl Fn(&T) -> String + Copy) -> String {
    match piece {
        Piece::Always(one) => name(one),
        Piece::Stepwise(steps, arguments) => {
            let arguments: Vec<String> = arguments
                .iter()
                .map(|sum| sum.iter().map(name).collect::<Vec<_>>().join(" + "))
                .collect();
            format!("{}({})", steps.name(), arguments.join(", "))
        }
    }
}
