//! Names, numbers and arithmetic, one character at a time.

use crate::formula::{Expr, FormulaError, Function, Operator, stata};

/// Brackets inside brackets beyond this are refused rather than overflow the stack.
const DEEPEST: usize = 100;

/// The functions that an expression knows.
const FUNCTIONS: [(&str, Function); 5] = [
    ("log", Function::Log),
    ("ln", Function::Log),
    ("exp", Function::Exp),
    ("sqrt", Function::Sqrt),
    ("abs", Function::Abs),
];

pub(super) struct Parser<'a> {
    text: &'a str,
    pub chars: Vec<char>,
    pub at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, chars: text.chars().collect(), at: 0, depth: 0 }
    }

    pub fn error(&self, expected: &str, remedy: &str) -> FormulaError {
        FormulaError {
            formula: self.text.to_owned(),
            at: self.at,
            expected: expected.to_owned(),
            remedy: remedy.to_owned(),
        }
    }

    pub fn error_at(&self, at: usize, expected: &str, remedy: &str) -> FormulaError {
        FormulaError { at, ..self.error(expected, remedy) }
    }

    /// The next character that is no space.
    pub fn peek(&mut self) -> Option<char> {
        while self.chars.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
        self.chars.get(self.at).copied()
    }

    pub fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    pub fn expect(
        &mut self,
        wanted: char,
        expected: &str,
        remedy: &str,
    ) -> Result<(), FormulaError> {
        if self.take(wanted) { Ok(()) } else { Err(self.error(expected, remedy)) }
    }

    pub fn close(&mut self, what: &str) -> Result<(), FormulaError> {
        self.expect(')', "a closing bracket", &format!("close the bracket of {what}("))
    }

    /// The word that starts here, without moving.
    fn word(&mut self) -> Option<(String, usize)> {
        let first = self.peek()?;
        if !(first.is_alphabetic() || first == '_') {
            return None;
        }
        let mut end = self.at;
        while self.chars.get(end).is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.')) {
            end += 1;
        }
        Some((self.chars[self.at..end].iter().collect(), end))
    }

    /// The name of the function whose call starts here, without moving.
    pub fn called(&mut self) -> Option<String> {
        let (word, end) = self.word()?;
        let next = self.chars[end..].iter().find(|c| !c.is_whitespace());
        (next == Some(&'(')).then_some(word)
    }

    /// Moves behind the opening bracket of the call that starts here.
    pub fn open(&mut self) {
        if let Some((_, end)) = self.word() {
            self.at = end;
            self.take('(');
        }
    }

    /// `name =` before the value of an argument; moves behind it when it is there.
    pub fn argument(&mut self, wanted: &str) -> bool {
        let start = self.at;
        if let Some((word, end)) = self.word()
            && word == wanted
        {
            self.at = end;
            if self.take('=') && self.chars.get(self.at) != Some(&'=') {
                return true;
            }
        }
        self.at = start;
        false
    }

    /// A column's name, plain or between backticks.
    pub fn name(&mut self) -> Result<String, FormulaError> {
        if self.peek() == Some('`') {
            return self.between('`', "a name between backticks", "close the backtick");
        }
        let Some((word, end)) = self.word() else {
            return Err(self.error(
                "the name of a column",
                "a name starts with a letter; put other names between backticks",
            ));
        };
        if let Some((operator, rest)) = stata(&word) {
            let here = match operator.chars().next() {
                Some('c') => format!("write {rest}, or {rest} as a slope of a level: f[[{rest}]]"),
                Some('i') => format!("write i({rest}), and after the | simply {rest}"),
                Some(letter) => {
                    let letter = letter.to_ascii_lowercase();
                    format!("write {}({rest}, …)", if letter == 's' { 'd' } else { letter })
                }
                None => String::new(),
            };
            return Err(self.error(
                "a name without an operator in front",
                &format!("{here}; a column of this very name stands between backticks"),
            ));
        }
        self.at = end;
        Ok(word)
    }

    /// What stands between two marks.
    fn between(&mut self, mark: char, what: &str, remedy: &str) -> Result<String, FormulaError> {
        let open = self.at + 1;
        match self.chars[open..].iter().position(|&c| c == mark) {
            Some(length) if length > 0 => {
                self.at = open + length + 1;
                Ok(self.chars[open..open + length].iter().collect())
            }
            _ => Err(self.error(what, remedy)),
        }
    }

    /// A text between quotes.
    pub fn quoted(&mut self, mark: char) -> Result<String, FormulaError> {
        self.between(mark, "a text between quotes", "close the quote")
    }

    pub fn number(&mut self) -> Result<f64, FormulaError> {
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

    /// A whole number, perhaps negative.
    pub fn whole(&mut self) -> Result<i32, FormulaError> {
        self.peek();
        let at = self.at;
        let minus = self.take('-');
        self.peek();
        let value = self.number()?;
        if value.fract() != 0.0 || value > 10_000.0 {
            return Err(self.error_at(
                at,
                "a whole number of periods",
                "a lag is a whole number such as 1, or a range such as 1:3",
            ));
        }
        Ok(if minus { -(value as i32) } else { value as i32 })
    }

    pub fn deeper<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, FormulaError>,
    ) -> Result<T, FormulaError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.error("fewer brackets", "simplify the expression"));
        }
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// An expression: comparisons joined by `&`.
    pub fn expr(&mut self) -> Result<Expr, FormulaError> {
        self.deeper(|p| {
            let mut left = p.comparison()?;
            while p.take('&') {
                // `&&` means the same.
                p.take('&');
                left = Expr::Binary(Box::new(left), Operator::And, Box::new(p.comparison()?));
            }
            Ok(left)
        })
    }

    fn comparison(&mut self) -> Result<Expr, FormulaError> {
        let left = self.sum()?;
        let Some(op) = self.comparing()? else { return Ok(left) };
        let right = self.sum()?;
        let at = self.at;
        if self.comparing()?.is_some() {
            return Err(self.error_at(
                at,
                "one comparison",
                "join two comparisons with &: I(a < b & b < c)",
            ));
        }
        Ok(Expr::Binary(Box::new(left), op, Box::new(right)))
    }

    fn comparing(&mut self) -> Result<Option<Operator>, FormulaError> {
        let op = match self.peek() {
            Some('=') => Operator::Equal,
            Some('!') => Operator::NotEqual,
            Some('<') => Operator::Less,
            Some('>') => Operator::More,
            _ => return Ok(None),
        };
        let double = self.chars.get(self.at + 1) == Some(&'=');
        let op = match (op, double) {
            (Operator::Equal | Operator::NotEqual, false) => {
                return Err(self.error("== or !=", "equality is written ==, its contrary !="));
            }
            (Operator::Less, true) => Operator::AtMost,
            (Operator::More, true) => Operator::AtLeast,
            (op, _) => op,
        };
        self.at += 1 + usize::from(double);
        Ok(Some(op))
    }

    fn sum(&mut self) -> Result<Expr, FormulaError> {
        let mut left = self.multiplied()?;
        while let Some(sign @ ('+' | '-')) = self.peek() {
            self.at += 1;
            let op = if sign == '+' { Operator::Plus } else { Operator::Minus };
            left = Expr::Binary(Box::new(left), op, Box::new(self.multiplied()?));
        }
        Ok(left)
    }

    fn multiplied(&mut self) -> Result<Expr, FormulaError> {
        let mut left = self.signed()?;
        while let Some(sign @ ('*' | '/')) = self.peek() {
            self.at += 1;
            let op = if sign == '*' { Operator::Times } else { Operator::Over };
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
        let exponent = self.deeper(Self::signed)?;
        Ok(Expr::Binary(Box::new(base), Operator::Power, Box::new(exponent)))
    }

    pub fn primary(&mut self) -> Result<Expr, FormulaError> {
        match self.peek() {
            Some('(') => {
                self.at += 1;
                let inner = self.expr()?;
                self.expect(')', "a closing bracket", "close the bracket")?;
                return Ok(inner);
            }
            Some(c) if c.is_ascii_digit() || c == '.' => return Ok(Expr::Number(self.number()?)),
            Some(quote @ ('"' | '\'')) => return Ok(Expr::Text(self.quoted(quote)?)),
            _ => {}
        }
        let Some(function) = self.called() else { return Ok(Expr::Column(self.name()?)) };
        let at = self.at;
        if matches!(function.as_str(), "l" | "f" | "d") {
            let mut shifted = self.lags(&function)?;
            if shifted.len() > 1 {
                return Err(self.error_at(
                    at,
                    "one lag inside an expression",
                    "a range of lags is a term of its own, such as + l(x, 1:3)",
                ));
            }
            return Ok(shifted.remove(0));
        }
        let known = FUNCTIONS.iter().find(|(name, _)| *name == function);
        if known.is_none() && function != "I" {
            return Err(self.error(
                "a known function",
                "known are log, exp, sqrt, abs, lags l(x), f(x), d(x), and as whole terms I(…), \
                 i(…), offset(…), sw(…)",
            ));
        }
        self.open();
        let inner = self.expr()?;
        self.close(&function)?;
        Ok(match known {
            Some((_, function)) => Expr::Call(*function, Box::new(inner)),
            None => inner,
        })
    }

    /// `l(x)`, `l(x, 2)`, `l(x, 1:3)` and alike for `f` and `d`: one expression per lag.
    pub fn lags(&mut self, function: &str) -> Result<Vec<Expr>, FormulaError> {
        self.peek();
        let at = self.at;
        self.open();
        let inner = self.expr()?;
        if inner.lagged() {
            return Err(self.error_at(
                at,
                "one lag, not a lag of a lag",
                "write l(x, 2) for a lag of two periods",
            ));
        }
        let (mut first, mut last) = (1, 1);
        if self.take(',') {
            first = self.whole()?;
            last = if self.take(':') { self.whole()? } else { first };
        }
        self.close(function)?;
        const MOST: u32 = 100;
        if first.abs_diff(last) > MOST {
            return Err(self.error_at(at, "at most 100 lags", "write a shorter range"));
        }
        let step = if last < first { -1 } else { 1 };
        let count = first.abs_diff(last) as i32 + 1;
        Ok((0..count)
            .map(|i| first + i * step)
            .map(|by| match (function, by) {
                ("d", by) => Expr::Difference(Box::new(inner.clone()), by),
                (_, 0) => inner.clone(),
                ("f", by) => Expr::Lag(Box::new(inner.clone()), -by),
                (_, by) => Expr::Lag(Box::new(inner.clone()), by),
            })
            .collect())
    }
}
