//! The formula language: `value ~ log(distance) + contiguity | origin^year + destination^year`.
//!
//! | written | means |
//! | --- | --- |
//! | `y ~ x + z` | outcome and regressors; a constant is estimated unless `+ 0` or `- 1` |
//! | `log(x)`, `exp(x)`, `sqrt(x)`, `abs(x)`, `x^2` | functions and powers |
//! | `I(year >= 2004)`, `I(origin != destination)` | arithmetic and comparisons as a regressor |
//! | `x:z`, `x*z` | product of two regressors; `x + z + x:z` |
//! | `i(f, ref=A)`, `i(f, x)`, `i(f, i.g)` | an indicator, a slope of `x`, an indicator of `g` per level of `f` |
//! | `l(x)`, `l(x, 1:3)`, `f(x)`, `d(x)` | lags, leads, differences within a panel |
//! | <code>&#124; f + g^h</code> | fixed effects of `f` and of each combination of `g` and `h` |
//! | <code>&#124; f&#91;x&#93;</code>, <code>&#124; f&#91;&#91;x&#93;&#93;</code> | an intercept and a slope, or only a slope, per level of `f` |
//! | `` `a name` `` | a column whose name holds spaces or signs |
//!
//! It is the syntax that users of fixest and pyfixest know; several estimations in one formula are a
//! [`Specification`](crate::specification::Specification). `docs/reference/formula.md` has every
//! construct with an example.

use std::fmt;
use std::str::FromStr;

use crate::design::predictor_uses;
use crate::evaluate::{Role, Use, uses};
use crate::problem::{Problem, Report};

/// An arithmetic expression over the columns.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A constant.
    Number(f64),
    /// A text between quotes, to compare with.
    Text(String),
    /// A column.
    Column(String),
    /// `-x`.
    Minus(Box<Expr>),
    /// `x op y`.
    Binary(Box<Expr>, Operator, Box<Expr>),
    /// A function of one argument.
    Call(Function, Box<Expr>),
    /// The value so many units of time earlier (later when negative) in the same unit of the panel.
    Lag(Box<Expr>, i32),
    /// The value less the value so many units of time earlier.
    Difference(Box<Expr>, i32),
}

/// What stands between two expressions; a comparison is 1 where it holds and 0 elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `&`: both are not zero.
    And,
    /// `==`, of numbers or of texts.
    Equal,
    /// `!=`, of numbers or of texts.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    AtMost,
    /// `>`.
    More,
    /// `>=`.
    AtLeast,
    /// `+`.
    Plus,
    /// `-`.
    Minus,
    /// `*`.
    Times,
    /// `/`.
    Over,
    /// `^`.
    Power,
}

impl Operator {
    /// As it is written.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::And => "&",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::Over => "/",
            Self::Power => "^",
        }
    }

    /// How tightly it binds.
    fn strength(self) -> u8 {
        match self {
            Self::And => 1,
            Self::Plus | Self::Minus => 3,
            Self::Times | Self::Over => 4,
            Self::Power => 6,
            _ => 2,
        }
    }
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
    /// Absolute value.
    Abs,
}

impl Function {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Exp => "exp",
            Self::Sqrt => "sqrt",
            Self::Abs => "abs",
        }
    }
}

/// One factor of a term.
#[derive(Debug, Clone, PartialEq)]
pub enum Factor {
    /// A column or an expression, as one number per row.
    Numeric(Expr),
    /// `i(column, …)`: one column of numbers per level.
    Levels(Indicators),
}

/// `i(column, by, ref=…)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Indicators {
    /// The column whose levels are meant.
    pub column: String,
    /// The levels left out.
    pub references: Vec<String>,
    /// What the indicators are multiplied with.
    pub by: Option<By>,
}

/// The second argument of `i()`.
#[derive(Debug, Clone, PartialEq)]
pub enum By {
    /// A slope for each level; a column of texts counts as levels.
    Slope(Expr),
    /// `i.column`: an indicator for each pair of levels.
    Levels {
        /// The column.
        column: String,
        /// Its levels left out, `ref2=`.
        references: Vec<String>,
    },
}

/// Factors multiplied with each other: one regressor, or one per combination of levels.
pub type Term = Vec<Factor>;

/// One fixed effect, perhaps with slopes.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// The columns whose combinations are the levels.
    pub columns: Vec<String>,
    /// Whether each level has an intercept of its own: not in `f[[x]]`.
    pub intercept: bool,
    /// What has a slope of its own for each level.
    pub slopes: Vec<Expr>,
}

impl Effect {
    /// The name of the levels, such as `origin^year`.
    #[must_use]
    pub fn name(&self) -> String {
        effect_name(&self.columns)
    }
}

/// A formula of one estimation, parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    /// Left of `~`.
    pub outcome: Expr,
    /// Between `~` and `|`, each term once.
    pub terms: Vec<Term>,
    /// Whether a constant is estimated.
    pub constant: bool,
    /// `offset(…)` among the terms: added with coefficient one.
    pub offset: Option<Expr>,
    /// Right of `|`.
    pub effects: Vec<Effect>,
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

/// The columns used, each once.
fn names(found: &[Use<'_>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for used in found {
        if !names.iter().any(|name| name == used.column) {
            names.push(used.column.to_owned());
        }
    }
    names
}

impl Expr {
    /// The columns that the expression uses, each once.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        let mut found = Vec::new();
        uses(self, 0, Role::Number, &mut found);
        names(&found)
    }

    /// Reads an arithmetic expression such as `log(population)`.
    ///
    /// # Errors
    ///
    /// The first place that cannot be read.
    pub fn parse(text: &str) -> Result<Self, FormulaError> {
        crate::parse::expression(text)
    }

    /// Whether it needs the panel's order in time.
    #[must_use]
    pub fn lagged(&self) -> bool {
        match self {
            Self::Number(_) | Self::Text(_) | Self::Column(_) => false,
            Self::Minus(x) | Self::Call(_, x) => x.lagged(),
            Self::Binary(x, _, y) => x.lagged() || y.lagged(),
            Self::Lag(..) | Self::Difference(..) => true,
        }
    }

    /// How tightly the outermost operation binds.
    fn strength(&self) -> u8 {
        match self {
            Self::Binary(_, op, _) => op.strength(),
            Self::Minus(_) => 5,
            Self::Number(value) if value.is_sign_negative() => 5,
            _ => 7,
        }
    }
}

impl Formula {
    /// The columns that the formula uses, each once.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        let mut found = Vec::new();
        uses(&self.outcome, 0, Role::Number, &mut found);
        // Which columns hold text is not known without a table; both readings name the same ones.
        predictor_uses(self, self.offset.as_ref(), &|_| false, &mut found);
        names(&found)
    }

    /// Reads a formula of one estimation.
    ///
    /// # Errors
    ///
    /// The first place that cannot be read, with what was expected there; a formula that stands for
    /// several estimations.
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

/// How a name in the manner of Stata is written here: its operator, and the name behind it.
pub(crate) fn stata(name: &str) -> Option<(&str, &str)> {
    let (head, rest) = name.split_once('.')?;
    let letter = head.strip_prefix("ib").or_else(|| head.strip_prefix(|c| "lfdsLFDS".contains(c)));
    let operator = matches!(head, "i" | "c")
        || letter.is_some_and(|digits| digits.chars().all(|c| c.is_ascii_digit()));
    (operator && !rest.is_empty()).then_some((head, rest))
}

/// A column name as it must be written in a formula.
pub(crate) fn name(column: &str) -> String {
    let plain = column.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && column.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
        && stata(column).is_none();
    if plain { column.to_owned() } else { format!("`{column}`") }
}

/// A text between quotes.
fn quoted(text: &str) -> String {
    let quote = if text.contains('"') { '\'' } else { '"' };
    format!("{quote}{text}{quote}")
}

/// The name of a level as it must be written after `ref=`.
fn level(label: &str) -> String {
    let number = label.parse::<f64>().is_ok_and(|v| v.is_finite() && v.to_string() == label);
    if number || !name(label).starts_with('`') { label.to_owned() } else { quoted(label) }
}

fn references(argument: &str, labels: &[String]) -> String {
    match labels {
        [] => String::new(),
        [one] => format!(", {argument}={}", level(one)),
        more => {
            let more: Vec<String> = more.iter().map(|label| level(label)).collect();
            format!(", {argument}=c({})", more.join(", "))
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let within = |f: &mut fmt::Formatter<'_>, x: &Expr, least: u8| {
            if x.strength() < least { write!(f, "({x})") } else { write!(f, "{x}") }
        };
        match self {
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(text) => write!(f, "{}", quoted(text)),
            Self::Column(column) => write!(f, "{}", name(column)),
            Self::Minus(x) => {
                write!(f, "-")?;
                within(f, x, 6)
            }
            Self::Binary(x, Operator::Power, y) => {
                // Powers go right to left, all else left to right.
                within(f, x, 7)?;
                write!(f, "^")?;
                within(f, y, 6)
            }
            Self::Binary(x, op, y) => {
                // Comparisons do not chain.
                let own = op.strength();
                within(f, x, own + u8::from(own == 2))?;
                write!(f, " {} ", op.sign())?;
                within(f, y, own + 1)
            }
            Self::Call(function, x) => write!(f, "{}({x})", function.name()),
            Self::Lag(x, by) if *by < 0 => write!(f, "f({x}, {})", by.unsigned_abs()),
            Self::Lag(x, by) => write!(f, "l({x}, {by})"),
            Self::Difference(x, by) => write!(f, "d({x}, {by})"),
        }
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Numeric(x)
                if x.strength() == 7 && !matches!(x, Expr::Number(_) | Expr::Text(_)) =>
            {
                write!(f, "{x}")
            }
            Self::Numeric(x) => write!(f, "I({x})"),
            Self::Levels(i) => {
                write!(f, "i({}", name(&i.column))?;
                match &i.by {
                    Some(By::Slope(x)) => write!(f, ", {x}")?,
                    Some(By::Levels { column, .. }) => write!(f, ", i.{}", name(column))?,
                    None => {}
                }
                write!(f, "{}", references("ref", &i.references))?;
                if let Some(By::Levels { references: second, .. }) = &i.by {
                    write!(f, "{}", references("ref2", second))?;
                }
                write!(f, ")")
            }
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name())?;
        if self.slopes.is_empty() {
            return Ok(());
        }
        let slopes: Vec<String> = self.slopes.iter().map(Expr::to_string).collect();
        let (open, close) = if self.intercept { ("[", "]") } else { ("[[", "]]") };
        write!(f, "{open}{}{close}", slopes.join(", "))
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
        let terms = self.terms.iter().map(term_name).collect();
        let effects: Vec<String> = self.effects.iter().map(Effect::to_string).collect();
        write!(f, "{} ~ ", self.outcome)?;
        write_right(f, terms, self.constant, self.offset.as_ref(), &effects)
    }
}

/// Writes what stands right of `~`.
pub(crate) fn write_right(
    f: &mut fmt::Formatter<'_>,
    mut terms: Vec<String>,
    constant: bool,
    offset: Option<&Expr>,
    effects: &[String],
) -> fmt::Result {
    terms.extend(offset.map(|x| format!("offset({x})")));
    if !constant {
        terms.push("0".to_owned());
    } else if terms.is_empty() {
        terms.push("1".to_owned());
    }
    write!(f, "{}", terms.join(" + "))?;
    if !effects.is_empty() {
        write!(f, " | {}", effects.join(" + "))?;
    }
    Ok(())
}
