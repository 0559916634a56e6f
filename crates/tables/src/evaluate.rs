//! Expressions as one number per row.

use std::collections::HashMap;

use crate::formula::{Expr, Function, Operator};
use crate::lag::Lags;
use crate::problem::Problem;
use crate::rows::Rows;
use crate::table::{MISSING, Table, Values};

/// How a formula uses a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// In arithmetic: it must hold numbers.
    Number,
    /// Compared with == or !=: numbers or texts.
    Either,
    /// For its levels.
    Group,
}

/// A column that a formula uses, perhaps some units of time earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Use<'a> {
    pub column: &'a str,
    pub lag: i32,
    pub role: Role,
}

/// Notes every use of a column in an expression.
pub(crate) fn uses<'a>(expr: &'a Expr, lag: i32, role: Role, found: &mut Vec<Use<'a>>) {
    match expr {
        Expr::Number(_) | Expr::Text(_) => {}
        Expr::Column(column) => {
            let one = Use { column, lag, role };
            if !found.contains(&one) {
                found.push(one);
            }
        }
        Expr::Minus(x) | Expr::Call(_, x) => uses(x, lag, Role::Number, found),
        Expr::Binary(x, op, y) => {
            let equality = matches!(op, Operator::Equal | Operator::NotEqual);
            let role = if equality { Role::Either } else { Role::Number };
            uses(x, lag, role, found);
            uses(y, lag, role, found);
        }
        Expr::Lag(x, by) => uses(x, lag + by, role, found),
        Expr::Difference(x, by) => {
            uses(x, lag, Role::Number, found);
            uses(x, lag + by, Role::Number, found);
        }
    }
}

/// A table, the rows meant, and where their lags are.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub table: &'a Table,
    pub rows: &'a Rows,
    pub lags: &'a Lags,
}

impl Source<'_> {
    /// An expression for each row.
    pub fn numbers(&self, expr: &Expr, problems: &mut Vec<Problem>) -> Vec<f64> {
        self.at(expr, 0, problems)
    }

    fn at(&self, expr: &Expr, lag: i32, problems: &mut Vec<Problem>) -> Vec<f64> {
        let values = match expr {
            Expr::Number(value) => vec![*value; self.rows.len()],
            // Told when the columns were checked.
            Expr::Text(_) => vec![f64::NAN; self.rows.len()],
            Expr::Column(name) => return self.column(name, lag),
            Expr::Minus(x) => {
                let mut values = self.at(x, lag, problems);
                values.iter_mut().for_each(|v| *v = -*v);
                values
            }
            Expr::Binary(x, op, y) if self.texts(x) || self.texts(y) => {
                match self.compare(x, *op, y, lag) {
                    Ok(values) => return values,
                    Err(problem) => {
                        problems.push(*problem);
                        return vec![0.0; self.rows.len()];
                    }
                }
            }
            Expr::Binary(x, op, y) => {
                let (x, y) = (self.at(x, lag, problems), self.at(y, lag, problems));
                combine(x, *op, &y)
            }
            Expr::Call(function, x) => {
                let mut values = self.at(x, lag, problems);
                if let Some(problem) = self.outside_domain(*function, expr, &values) {
                    problems.push(problem);
                    return vec![f64::NAN; self.rows.len()];
                }
                let apply = match function {
                    Function::Log => f64::ln,
                    Function::Exp => f64::exp,
                    Function::Sqrt => f64::sqrt,
                    Function::Abs => f64::abs,
                };
                values.iter_mut().for_each(|v| *v = apply(*v));
                values
            }
            Expr::Lag(x, by) => self.at(x, lag + by, problems),
            Expr::Difference(x, by) => {
                let now = self.at(x, lag, problems);
                combine(now, Operator::Minus, &self.at(x, lag + by, problems))
            }
        };
        let bad = |v: &f64| !v.is_finite();
        // NaN alone comes from a part that was told already.
        let told = problems.iter().any(|p| p.code == "outside-domain")
            && values.iter().filter(|v| bad(v)).all(|v| v.is_nan());
        if values.iter().any(bad) && !told {
            let bad: Vec<usize> = (0..values.len()).filter(|&i| bad(&values[i])).collect();
            let remedy = "a division by zero or a number too large: select other rows";
            let found = values[bad[0]];
            problems.push(self.outside(expr, &bad, found, "a finite value", remedy));
        }
        values
    }

    /// A column of numbers; NaN where the lag points nowhere.
    fn column(&self, name: &str, lag: i32) -> Vec<f64> {
        match self.table.column(name).map(|c| &c.values) {
            Some(Values::Number(all)) if lag == 0 => self.rows.gather(all),
            Some(Values::Number(all)) => {
                let earlier = |row| self.lags.row(row, lag).map_or(f64::NAN, |row| all[row]);
                self.rows.iter().map(earlier).collect()
            }
            _ => vec![f64::NAN; self.rows.len()],
        }
    }

    /// Whether an expression is a text in each row.
    fn texts(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Text(_) => true,
            Expr::Column(name) => {
                self.table.column(name).is_some_and(|c| matches!(c.values, Values::Text { .. }))
            }
            Expr::Lag(x, _) => self.texts(x),
            _ => false,
        }
    }

    /// `==` or `!=` of texts, as 0 or 1.
    fn compare(
        &self,
        x: &Expr,
        op: Operator,
        y: &Expr,
        lag: i32,
    ) -> Result<Vec<f64>, Box<Problem>> {
        let equal = match op {
            Operator::Equal => true,
            Operator::NotEqual => false,
            _ => {
                let problem = Problem::new(
                    "text-in-arithmetic",
                    self.table.path(),
                    "numbers on both sides",
                    "texts can only be compared with == and !=",
                );
                return Err(Box::new(problem.value(format!("{x} {} {y}", op.sign()))));
            }
        };
        let mut known: HashMap<&str, u32> = HashMap::new();
        let mut codes = |expr| self.text_codes(expr, lag, &mut known);
        let (Some(x), Some(y)) = (codes(x), codes(y)) else {
            let problem = Problem::new(
                "text-against-number",
                self.table.path(),
                "two texts or two numbers",
                "one side is a column of numbers, the other of texts: read both as one kind, or put \
                 quotes around a label",
            );
            return Err(Box::new(problem.value(format!("{x} {} {y}", op.sign()))));
        };
        Ok(x.iter().zip(&y).map(|(x, y)| f64::from(u8::from((x == y) == equal))).collect())
    }

    /// The text of each row as a code that is shared by all texts of a comparison.
    fn text_codes<'a>(
        &'a self,
        expr: &'a Expr,
        lag: i32,
        known: &mut HashMap<&'a str, u32>,
    ) -> Option<Vec<u32>> {
        let mut number = |text: &'a str| {
            let next = known.len() as u32;
            *known.entry(text).or_insert(next)
        };
        match expr {
            Expr::Text(text) => Some(vec![number(text); self.rows.len()]),
            Expr::Lag(x, by) => self.text_codes(x, lag + by, known),
            Expr::Column(name) => {
                let Values::Text { codes, labels } = &self.table.column(name)?.values else {
                    return None;
                };
                let shared: Vec<u32> = labels.iter().map(|label| number(label)).collect();
                let code = |row| match self.lags.row(row, lag).map(|row| codes[row]) {
                    None | Some(MISSING) => MISSING,
                    Some(code) => shared[code as usize],
                };
                Some(self.rows.iter().map(code).collect())
            }
            _ => None,
        }
    }

    /// What is wrong with the arguments of a function.
    fn outside_domain(&self, function: Function, expr: &Expr, values: &[f64]) -> Option<Problem> {
        let inside = |v: f64| match function {
            Function::Log => v > 0.0,
            Function::Sqrt => v >= 0.0,
            Function::Exp | Function::Abs => true,
        };
        let outside = |v: f64| !v.is_nan() && !inside(v);
        if !values.iter().any(|&v| outside(v)) {
            return None;
        }
        let bad: Vec<usize> = (0..values.len()).filter(|&i| outside(values[i])).collect();
        let (expected, remedy) = match function {
            Function::Log => (
                "values above zero under log",
                "select the rows above zero, or, for an outcome with zeros, estimate Poisson on the \
                 value itself instead of its logarithm",
            ),
            _ => ("values of zero or more under sqrt", "select the rows of zero or more"),
        };
        Some(self.outside(expr, &bad, values[bad[0]], expected, remedy))
    }

    /// A problem with some rows' values, naming their lines.
    pub fn outside(
        &self,
        expr: &Expr,
        bad: &[usize],
        found: f64,
        expected: &str,
        remedy: &str,
    ) -> Problem {
        const SHOWN: usize = 10;
        let line = |&i: &usize| self.table.line(self.rows.get(i)).to_string();
        let mut lines: Vec<String> = bad.iter().take(SHOWN).map(line).collect();
        if bad.len() > SHOWN {
            lines.push(format!("and {} more", bad.len() - SHOWN));
        }
        let rows = if bad.len() == 1 { "1 row is" } else { &format!("{} rows are", bad.len()) };
        self.table
            .problem(
                "outside-domain",
                self.rows.get(bad[0]),
                &expr.to_string(),
                expected,
                format!("{rows} concerned (lines {}): {remedy}", lines.join(", ")),
            )
            .value(found.to_string())
    }
}

/// Combines two lists of numbers, in the memory of the first.
fn combine(mut x: Vec<f64>, op: Operator, y: &[f64]) -> Vec<f64> {
    fn with(x: &mut [f64], y: &[f64], f: impl Fn(f64, f64) -> f64) {
        x.iter_mut().zip(y).for_each(|(x, &y)| *x = f(*x, y));
    }
    // Missing stays missing.
    fn when(x: &mut [f64], y: &[f64], holds: impl Fn(f64, f64) -> bool) {
        with(x, y, |x, y| {
            if x.is_nan() || y.is_nan() { f64::NAN } else { f64::from(u8::from(holds(x, y))) }
        });
    }
    match op {
        Operator::Plus => with(&mut x, y, |x, y| x + y),
        Operator::Minus => with(&mut x, y, |x, y| x - y),
        Operator::Times => with(&mut x, y, |x, y| x * y),
        Operator::Over => with(&mut x, y, |x, y| x / y),
        Operator::Power => with(&mut x, y, f64::powf),
        Operator::And => when(&mut x, y, |x, y| x != 0.0 && y != 0.0),
        Operator::Equal => when(&mut x, y, |x, y| x == y),
        Operator::NotEqual => when(&mut x, y, |x, y| x != y),
        Operator::Less => when(&mut x, y, |x, y| x < y),
        Operator::AtMost => when(&mut x, y, |x, y| x <= y),
        Operator::More => when(&mut x, y, |x, y| x > y),
        Operator::AtLeast => when(&mut x, y, |x, y| x >= y),
    }
    x
}
