//! The formula language: `value ~ log(distance) + contiguity | origin^year + destination^year`.
//!
//! | written | means |
//! | --- | --- |
//! | `y ~ x + z` | outcome and regressors; a constant is estimated unless `+ 0` or `- 1` |
//! | `log(x)`, `exp(x)`, `sqrt(x)` | functions; inside them `+ - * / ^` and brackets are arithmetic |
//! | `I(x^2)` | arithmetic as a regressor |
//! | `x:z` | product of two regressors |
//! | `x*z` | `x + z + x:z` |
//! | `i(x)`, `i(x, ref=A)` | an indicator for each level of `x`, without the reference level |
//! | <code>&#124; f + g^h</code> | fixed effects of `f` and of each combination of `g` and `h` |
//! | `` `a name` `` | a column whose name holds spaces or signs |
//!
//! It is the syntax that users of fixest and pyfixest know.

use std::fmt;
use std::str::FromStr;

use crate::problem::{Problem, Report};

/// An arithmetic expression over the columns.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A constant.
    Number(f64),
    /// A column.
    Column(String),
    /// `-x`.
    Minus(Box<Expr>),
    /// `x op y` with one of `+ - * / ^`.
    Binary(Box<Expr>, char, Box<Expr>),
    /// A function of one argument.
    Call(Function, Box<Expr>),
}

/// The functions an expression may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// Natural logarithm.
    Log,
    /// Exponential.
    Exp,
    /// Square root.
    Sqrt,
}

impl Function {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Exp => "exp",
            Self::Sqrt => "sqrt",
        }
    }
}

/// One factor of a term.
#[derive(Debug, Clone, PartialEq)]
pub enum Factor {
    /// A column or an expression, as one number per row.
    Numeric(Expr),
    /// `i(column, ref=…)`: one indicator per level.
    Levels {
        /// The column whose levels are meant.
        column: String,
        /// The level left out.
        reference: Option<String>,
    },
}

/// Factors multiplied with each other: one regressor, or one per combination of levels.
pub type Term = Vec<Factor>;

/// A formula, parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    /// Left of `~`.
    pub outcome: Expr,
    /// Between `~` and `|`, each term once.
    pub terms: Vec<Term>,
    /// Whether a constant is estimated.
    pub constant: bool,
    /// Right of `|`: each effect as the columns it combines.
    pub effects: Vec<Vec<String>>,
}

/// Where a formula cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormulaError {
    /// The formula.
    pub formula: String,
    /// Position of the fault in characters from 0.
    pub at: usize,
    /// What was expected there.
    pub expected: String,
    /// How to mend it.
    pub remedy: String,
}

impl fmt::Display for FormulaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "formula, character {}: expected {}", self.at + 1, self.expected)?;
        writeln!(f, "  {}", self.formula)?;
        write!(f, "  {}^ {}", " ".repeat(self.at), self.remedy)
    }
}

impl std::error::Error for FormulaError {}

impl From<FormulaError> for Report {
    fn from(error: FormulaError) -> Self {
        let caret = format!("{}\n  {}^", error.formula, " ".repeat(error.at));
        Problem::new(
            "bad-formula",
            "formula",
            format!("{} at character {}:\n  {caret}", error.expected, error.at + 1),
            error.remedy,
        )
        .value(&error.formula)
        .into()
    }
}

impl Expr {
    /// Reads an arithmetic expression such as `log(population)`.
    ///
    /// # Errors
    ///
    /// The first place that cannot be read.
    pub fn parse(text: &str) -> Result<Self, FormulaError> {
        crate::parse::expression(text)
    }

    /// The columns the expression uses, in order, repeated as often as used.
    #[must_use]
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::Number(_) => Vec::new(),
            Self::Column(name) => vec![name],
            Self::Minus(x) | Self::Call(_, x) => x.columns(),
            Self::Binary(x, _, y) => [x.columns(), y.columns()].concat(),
        }
    }

    /// How tightly the outermost operation binds.
    fn strength(&self) -> u8 {
        match self {
            Self::Binary(_, '+' | '-', _) => 1,
            Self::Binary(_, '*' | '/', _) => 2,
            Self::Minus(_) => 3,
            Self::Number(value) if value.is_sign_negative() => 3,
            Self::Binary(..) => 4,
            _ => 5,
        }
    }
}

impl Formula {
    /// Reads a formula.
    ///
    /// # Errors
    ///
    /// The first place that cannot be read, with what was expected there.
    pub fn parse(text: &str) -> Result<Self, FormulaError> {
        crate::parse::formula(text)
    }
}

impl FromStr for Formula {
    type Err = FormulaError;

    fn from_str(text: &str) -> Result<Self, FormulaError> {
        Self::parse(text)
    }
}

/// A column name as it must be written in a formula.
fn name(column: &str) -> String {
    let plain = column.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && column.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    if plain { column.to_owned() } else { format!("`{column}`") }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let within = |f: &mut fmt::Formatter<'_>, x: &Expr, least: u8| {
            if x.strength() < least { write!(f, "({x})") } else { write!(f, "{x}") }
        };
        match self {
            Self::Number(value) => write!(f, "{value}"),
            Self::Column(column) => write!(f, "{}", name(column)),
            Self::Minus(x) => {
                write!(f, "-")?;
                within(f, x, 4)
            }
            Self::Binary(x, op, y) => {
                // Left to right, except that powers go right to left.
                let own = self.strength();
                let (left, right) = if *op == '^' { (5, 4) } else { (own, own + 1) };
                within(f, x, left)?;
                if *op == '^' {
                    write!(f, "^")?
                } else {
                    write!(f, " {op} ")?
                }
                within(f, y, right)
            }
            Self::Call(function, x) => write!(f, "{}({x})", function.name()),
        }
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Numeric(x @ (Expr::Column(_) | Expr::Call(..))) => write!(f, "{x}"),
            Self::Numeric(x) => write!(f, "I({x})"),
            Self::Levels { column, reference: None } => write!(f, "i({})", name(column)),
            Self::Levels { column, reference: Some(level) } => {
                write!(f, "i({}, ref={})", name(column), name(level))
            }
        }
    }
}

/// The name of a term, as in a table of results.
#[must_use]
pub fn term_name(term: &Term) -> String {
    term.iter().map(Factor::to_string).collect::<Vec<_>>().join(":")
}

/// The name of an effect, such as `origin^year`.
#[must_use]
pub fn effect_name(columns: &[String]) -> String {
    columns.iter().map(|column| name(column)).collect::<Vec<_>>().join("^")
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ~ ", self.outcome)?;
        let mut terms: Vec<String> = self.terms.iter().map(term_name).collect();
        if !self.constant {
            terms.push("0".to_owned());
        } else if terms.is_empty() {
            terms.push("1".to_owned());
        }
        write!(f, "{}", terms.join(" + "))?;
        if !self.effects.is_empty() {
            let effects: Vec<String> = self.effects.iter().map(|e| effect_name(e)).collect();
            write!(f, " | {}", effects.join(" + "))?;
        }
        Ok(())
    }
}
