//! Reads the formula language, one character at a time; see [`crate::formula`].

use crate::formula::{Expr, Factor, Formula, FormulaError, Function, Term};

/// Brackets inside brackets beyond this are refused rather than overflow the stack.
const DEEPEST: usize = 100;

/// Reads `outcome ~ terms | effects`.
pub(crate) fn formula(text: &str) -> Result<Formula, FormulaError> {
    let mut p = Parser::new(text);
    let outcome = p.expr()?;
    p.expect('~', "~ after the outcome", "write: value ~ log(distance) | origin + destination")?;
    let mut formula = Formula { outcome, terms: Vec::new(), constant: true, effects: Vec::new() };
    p.terms(&mut formula)?;
    if p.take('|') {
        loop {
            formula.effects.push(p.effect()?);
            if !p.take('+') {
                break;
            }
        }
    }
    match p.peek() {
        None => Ok(formula),
        Some('|' | '~') => Err(p.error(
            "the end of the formula",
            "instrumental variables are not estimated here; combine effects with + after one |",
        )),
        Some('[') => Err(p.error(
            "+, ^ or the end of the formula",
            "slopes that vary by level are not estimated here; use i(level):x before the |",
        )),
        Some(_) => Err(p.error("+, |, ^ or the end of the formula", "an operator is missing here")),
    }
}

/// Reads an arithmetic expression.
pub(crate) fn expression(text: &str) -> Result<Expr, FormulaError> {
    let mut p = Parser::new(text);
    let expr = p.expr()?;
    match p.peek() {
        None => Ok(expr),
        Some(_) => Err(p.error("the end of the expression", "an operator is missing here")),
    }
}

struct Parser<'a> {
    text: &'a str,
    chars: Vec<char>,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, chars: text.chars().collect(), at: 0, depth: 0 }
    }

    fn error(&self, expected: &str, remedy: &str) -> FormulaError {
        FormulaError {
            formula: self.text.to_owned(),
            at: self.at,
            expected: expected.to_owned(),
            remedy: remedy.to_owned(),
        }
    }

    /// The next character that is no space.
    fn peek(&mut self) -> Option<char> {
        while self.chars.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
        self.chars.get(self.at).copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: char, expected: &str, remedy: &str) -> Result<(), FormulaError> {
        if self.take(wanted) { Ok(()) } else { Err(self.error(expected, remedy)) }
    }

    /// A column's name, plain or between backticks.
    fn name(&mut self) -> Result<String, FormulaError> {
        match self.peek() {
            Some('`') => {
                let open = self.at + 1;
                match self.chars[open..].iter().position(|&c| c == '`') {
                    Some(length) if length > 0 => {
                        self.at = open + length + 1;
                        Ok(self.chars[open..open + length].iter().collect())
                    }
                    _ => Err(self.error("a name between backticks", "close the backtick")),
                }
            }
            Some(c) if c.is_alphabetic() || c == '_' => {
                let from = self.at;
                while self
                    .chars
                    .get(self.at)
                    .is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
                {
                    self.at += 1;
                }
                Ok(self.chars[from..self.at].iter().collect())
            }
            _ => Err(self.error(
                "the name of a column",
                "a name starts with a letter; put other names between backticks",
            )),
        }
    }

    fn number(&mut self) -> Result<f64, FormulaError> {
        let from = self.at;
        let mut end = self.at;
        while let Some(&c) = self.chars.get(end) {
            let exponent = matches!(c, '+' | '-')
                && end > from
                && matches!(self.chars[end - 1], 'e' | 'E')
                && self.chars.get(end + 1).is_some_and(char::is_ascii_digit);
            if c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E') || exponent {
                end += 1;
            } else {
                break;
            }
        }
        let text: String = self.chars[from..end].iter().collect();
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => {
                self.at = end;
                Ok(value)
            }
            _ => Err(self.error("a number", "write a number such as 2 or 0.5")),
        }
    }

    fn terms(&mut self, formula: &mut Formula) -> Result<(), FormulaError> {
        let mut minus = self.take('-');
        loop {
            match self.peek() {
                Some(c) if c.is_ascii_digit() => {
                    let at = self.at;
                    let value = self.number()?;
                    if value == 0.0 || value == 1.0 {
                        formula.constant = (value == 1.0) != minus;
                    } else {
                        self.at = at;
                        return Err(self.error(
                            "1 or 0",
                            "only the constant may be a number: + 1 keeps it, + 0 or - 1 leaves it out",
                        ));
                    }
                }
                _ if minus => {
                    return Err(self.error(
                        "1 after -",
                        "only the constant can be taken out: leave the other terms away",
                    ));
                }
                _ => {
                    for term in self.product()? {
                        if !formula.terms.contains(&term) {
                            formula.terms.push(term);
                        }
                    }
                }
            }
            minus = match self.peek() {
                Some('+') => false,
                Some('-') => true,
                _ => return Ok(()),
            };
            self.at += 1;
        }
    }

    /// Factors joined by `:` and `*`; `x*z` stands for `x + z + x:z`.
    fn product(&mut self) -> Result<Vec<Term>, FormulaError> {
        // More crossings than this give more terms than anyone can read.
        const MOST: usize = 64;
        let mut terms = self.interaction()?;
        while self.take('*') {
            let right = self.interaction()?;
            let crossed: Vec<Term> = terms
                .iter()
                .flat_map(|left| right.iter().map(move |r| [left.as_slice(), r].concat()))
                .collect();
            terms.extend(right);
            terms.extend(crossed);
            if terms.len() > MOST {
                return Err(
                    self.error("fewer crossings", "write the interactions one by one with :")
                );
            }
        }
        Ok(terms)
    }

    fn interaction(&mut self) -> Result<Vec<Term>, FormulaError> {
        let mut term = vec![self.factor()?];
        while self.take(':') {
            term.push(self.factor()?);
        }
        Ok(vec![term])
    }

    fn factor(&mut self) -> Result<Factor, FormulaError> {
        let start = self.at;
        let quoted = self.peek() == Some('`');
        let name = self.name()?;
        if !quoted && self.peek() == Some('(') {
            match name.as_str() {
                "i" => return self.levels(),
                "I" => {
                    self.at += 1;
                    let expr = self.expr()?;
                    self.expect(')', "a closing bracket", "close the bracket of I(")?;
                    return Ok(Factor::Numeric(expr));
                }
                _ => {
                    self.at = start;
                    return Ok(Factor::Numeric(self.primary()?));
                }
            }
        }
        if self.peek() == Some('^') {
            return Err(self.error(
                "+, :, * or |",
                "a power is written I(x^2); effects combined with ^ stand after the |",
            ));
        }
        Ok(Factor::Numeric(Expr::Column(name)))
    }

    /// `(column)` or `(column, ref=level)` after `i`.
    fn levels(&mut self) -> Result<Factor, FormulaError> {
        self.expect('(', "an opening bracket", "write i(column)")?;
        let column = self.name()?;
        let mut reference = None;
        if self.take(',') {
            let remedy = "name the level left out: i(column, ref=A)";
            if self.name()? != "ref" {
                return Err(self.error("ref=", remedy));
            }
            self.expect('=', "=", remedy)?;
            reference = Some(match self.peek() {
                Some(c) if c.is_ascii_digit() => self.number()?.to_string(),
                _ => self.name()?,
            });
        }
        self.expect(')', "a closing bracket", "close the bracket of i(")?;
        Ok(Factor::Levels { column, reference })
    }

    /// Columns combined by `^`.
    fn effect(&mut self) -> Result<Vec<String>, FormulaError> {
        let mut columns = vec![self.name()?];
        while self.take('^') {
            columns.push(self.name()?);
        }
        if self.peek() == Some('(') {
            return Err(self.error(
                "+, ^ or the end of the formula",
                "fixed effects are columns, not functions of columns",
            ));
        }
        Ok(columns)
    }

    fn expr(&mut self) -> Result<Expr, FormulaError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.error("fewer brackets", "simplify the expression"));
        }
        let mut left = self.multiplied()?;
        while let Some(op @ ('+' | '-')) = self.peek() {
            self.at += 1;
            left = Expr::Binary(Box::new(left), op, Box::new(self.multiplied()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn multiplied(&mut self) -> Result<Expr, FormulaError> {
        let mut left = self.signed()?;
        while let Some(op @ ('*' | '/')) = self.peek() {
            self.at += 1;
            left = Expr::Binary(Box::new(left), op, Box::new(self.signed()?));
        }
        Ok(left)
    }

    fn signed(&mut self) -> Result<Expr, FormulaError> {
        if self.take('-') {
            return Ok(Expr::Minus(Box::new(self.power()?)));
        }
        self.power()
    }

    fn power(&mut self) -> Result<Expr, FormulaError> {
        let base = self.primary()?;
        if !self.take('^') {
            return Ok(base);
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.error("fewer powers", "simplify the expression"));
        }
        let exponent = self.power()?;
        self.depth -= 1;
        Ok(Expr::Binary(Box::new(base), '^', Box::new(exponent)))
    }

    fn primary(&mut self) -> Result<Expr, FormulaError> {
        match self.peek() {
            Some('(') => {
                self.at += 1;
                let inner = self.expr()?;
                self.expect(')', "a closing bracket", "close the bracket")?;
                Ok(inner)
            }
            Some(c) if c.is_ascii_digit() || c == '.' => Ok(Expr::Number(self.number()?)),
            other => {
                let at = self.at;
                let name = self.name()?;
                if other == Some('`') || self.peek() != Some('(') {
                    return Ok(Expr::Column(name));
                }
                let function = match name.as_str() {
                    "log" | "ln" => Function::Log,
                    "exp" => Function::Exp,
                    "sqrt" => Function::Sqrt,
                    _ => {
                        self.at = at;
                        return Err(self.error(
                            "a known function",
                            "known are log, exp, sqrt, and as whole terms I(…) and i(…)",
                        ));
                    }
                };
                self.at += 1;
                let inner = self.expr()?;
                self.expect(')', "a closing bracket", "close the bracket")?;
                Ok(Expr::Call(function, Box::new(inner)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<String> {
        Formula::parse(text).unwrap().terms.iter().map(crate::formula::term_name).collect()
    }

    #[test]
    fn the_gravity_formula_by_hand() {
        let f =
            formula("value ~ log(distance) + contiguity | origin^year + destination^year").unwrap();
        assert_eq!(f.outcome, Expr::Column("value".into()));
        assert_eq!(crate::formula::term_name(&f.terms[0]), "log(distance)");
        assert_eq!(f.effects, [["origin", "year"], ["destination", "year"]]);
        assert!(f.constant);
    }

    #[test]
    fn crossings_and_constants() {
        assert_eq!(terms("y ~ a*b"), ["a", "b", "a:b"]);
        assert_eq!(terms("y ~ a*b*c"), ["a", "b", "a:b", "c", "a:c", "b:c", "a:b:c"]);
        assert_eq!(terms("y ~ a + a + b"), ["a", "b"]);
        for (text, constant) in [
            ("y ~ a", true),
            ("y ~ a + 0", false),
            ("y ~ a - 1", false),
            ("y ~ -1 + a", false),
            ("y ~ 1", true),
        ] {
            assert_eq!(formula(text).unwrap().constant, constant, "{text}");
        }
    }

    #[test]
    fn display_reads_back_as_the_same_formula() {
        for text in [
            "value ~ log(distance) + contiguity | origin^year + destination^year",
            "log(value + 1) ~ I(x^2) + I(-(a + b)*c/(d - e)) + i(p, ref=A):z + 0",
            "y ~ `a name`:log(b^2^c) + I((a^b)^c) | `1st`",
            "y ~ 1 | o + d",
            "y ~ I(a - (b - c)) + I(a - b - c) + I(-a^2) + I((-a)^2)",
            "y/1000 ~ i(year, ref=2020)",
        ] {
            let parsed = formula(text).unwrap();
            let again = parsed.to_string();
            // The level 2020 is shown between backticks, and means the same.
            assert_eq!(formula(&again).unwrap(), parsed, "{text} became {again}");
        }
    }

    #[test]
    fn errors_point_at_the_place() {
        for (text, at, remedy) in [
            ("value", 5, "value ~"),
            ("y ~ ", 4, "backticks"),
            ("y ~ x^2", 5, "I(x^2)"),
            ("y ~ log(x", 9, "close the bracket"),
            ("y ~ foo(x)", 4, "known are log"),
            ("y ~ x | log(o)", 11, "not functions"),
            ("y ~ x | o | z ~ w", 10, "instrumental"),
            ("y ~ x z", 6, "operator is missing"),
            ("y ~ x + 2", 8, "only the constant"),
            ("y ~ x - z", 8, "only the constant"),
            ("y ~ x | o[t]", 9, "slopes"),
        ] {
            let error = formula(text).unwrap_err();
            assert_eq!(error.at, at, "{text}: {error}");
            assert!(error.remedy.contains(remedy), "{error}");
        }
        let shown = formula("y ~ x^2").unwrap_err().to_string();
        assert!(shown.contains("\n  y ~ x^2\n       ^ "), "{shown}");
        let deep = format!("y ~ I({})", "(".repeat(100_000));
        assert!(formula(&deep).is_err());
    }
}
