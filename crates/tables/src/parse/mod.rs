//! Reads the formula language; see [`crate::formula`] and [`crate::specification`].

mod expression;

use crate::formula::{
    By, Effect, Expr, Factor, Formula, FormulaError, Indicators, Operator, Term, name,
};
use crate::specification::{Piece, Specification, Steps};
use expression::Parser;

/// More crossings than this give more terms than anyone can read.
const MOST_TERMS: usize = 256;

/// More estimations than this are no table that anyone can read.
pub(crate) const MOST_ESTIMATIONS: usize = 4096;

/// Reads a formula that stands for one estimation.
pub(crate) fn formula(text: &str) -> Result<Formula, FormulaError> {
    let mut p = Parser::new(text);
    let (specification, several) = p.specification()?;
    match (specification.expand().pop(), several) {
        (Some(one), None) => Ok(one.formula),
        (_, at) => Err(p.error_at(
            at.unwrap_or(0),
            "one estimation",
            "this stands for several estimations: write them one by one, or expand it as a \
             Specification",
        )),
    }
}

/// Reads a formula that may stand for several estimations.
pub(crate) fn specification(text: &str) -> Result<Specification, FormulaError> {
    Ok(Parser::new(text).specification()?.0)
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

/// Reads `origin^year`, or `origin#year`, as the columns it combines.
///
/// Without an operator or backticks the whole text is one name, spaces and all.
pub(crate) fn combination(text: &str) -> Result<Vec<String>, FormulaError> {
    let name = text.trim();
    if !name.is_empty() && !name.contains(['^', '#', '`']) {
        return Ok(vec![name.to_owned()]);
    }
    let mut p = Parser::new(name);
    let columns = p.combined()?;
    match p.peek() {
        None => Ok(columns),
        Some(_) => Err(p.error("^ or the end", "combine columns with ^, such as origin^year")),
    }
}

impl Parser<'_> {
    /// `outcomes ~ terms | effects`, and where the first thing stands that makes it several.
    fn specification(&mut self) -> Result<(Specification, Option<usize>), FormulaError> {
        let mut several = None;
        self.peek();
        let outcomes = if self.called().as_deref() == Some("c") {
            several = Some(self.at);
            self.open();
            let outcomes = self.list(Self::expr)?;
            self.close("c")?;
            outcomes
        } else {
            vec![self.expr()?]
        };
        // `c(y)` is one outcome.
        several = several.filter(|_| outcomes.len() > 1);
        self.expect(
            '~',
            "~ after the outcome",
            "write: value ~ log(distance) | origin + destination",
        )?;
        let mut all = Specification {
            outcomes,
            terms: Vec::new(),
            constant: true,
            offset: None,
            effects: Vec::new(),
        };
        self.right(&mut all, &mut several)?;
        if self.take('|') {
            loop {
                let piece = self.stepwise(&mut several, |p| Ok(vec![p.effect()?]))?;
                match piece {
                    Some(steps) => all.effects.push(steps),
                    None => all.effects.push(Piece::Always(self.effect()?)),
                }
                if !self.take('+') {
                    break;
                }
            }
        }
        match self.peek() {
            None if all.count() > MOST_ESTIMATIONS => Err(self.error_at(
                several.unwrap_or(0),
                &format!("at most {MOST_ESTIMATIONS} estimations"),
                &format!("these are {}: take fewer steps", all.count()),
            )),
            None => Ok((all, several)),
            Some('|' | '~') => Err(self.error(
                "the end of the formula",
                "instrumental variables are not estimated here; combine effects with + after one |",
            )),
            Some(_) => {
                Err(self.error("+, |, ^ or the end of the formula", "an operator is missing here"))
            }
        }
    }

    /// Items between commas, up to what is no comma.
    fn list<T>(
        &mut self,
        item: impl Fn(&mut Self) -> Result<T, FormulaError>,
    ) -> Result<Vec<T>, FormulaError> {
        let mut items = vec![item(self)?];
        while self.take(',') {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// `sw(…)` and its relatives, when one starts here.
    fn stepwise<T>(
        &mut self,
        several: &mut Option<usize>,
        item: impl Fn(&mut Self) -> Result<Vec<T>, FormulaError>,
    ) -> Result<Option<Piece<T>>, FormulaError> {
        let called = self.called();
        let known = Steps::NAMES.iter().find(|(name, _)| called.as_deref() == Some(name));
        let Some(&(name, steps)) = known else { return Ok(None) };
        let at = self.at;
        self.open();
        let arguments = self.list(|p| {
            let mut sum = item(p)?;
            while p.take('+') {
                sum.extend(item(p)?);
            }
            Ok(sum)
        })?;
        self.close(name)?;
        let piece = Piece::Stepwise(steps, arguments);
        if piece.count() > MOST_ESTIMATIONS {
            return Err(self.error_at(
                at,
                &format!("at most {MOST_ESTIMATIONS} estimations"),
                "the subsets of so many terms are too many: take fewer terms",
            ));
        }
        several.get_or_insert(at);
        Ok(Some(piece))
    }

    fn right(
        &mut self,
        all: &mut Specification,
        several: &mut Option<usize>,
    ) -> Result<(), FormulaError> {
        let mut minus = self.take('-');
        loop {
            match self.peek() {
                Some(c) if c.is_ascii_digit() => {
                    let at = self.at;
                    let value = self.number()?;
                    if value != 0.0 && value != 1.0 {
                        return Err(self.error_at(
                            at,
                            "1 or 0",
                            "only the constant may be a number: + 1 keeps it, + 0 or - 1 leaves it out",
                        ));
                    }
                    all.constant = (value == 1.0) != minus;
                }
                _ if minus => {
                    return Err(self.error(
                        "1 after -",
                        "only the constant can be taken out: leave the other terms away",
                    ));
                }
                _ if self.called().as_deref() == Some("offset") => {
                    if all.offset.is_some() {
                        return Err(self.error("one offset", "add them up: offset(x + z)"));
                    }
                    self.open();
                    all.offset = Some(self.expr()?);
                    self.close("offset")?;
                }
                _ => match self.stepwise(several, Self::product)? {
                    Some(steps) => all.terms.push(steps),
                    None => {
                        let terms = self.product()?;
                        all.terms.extend(terms.into_iter().map(Piece::Always));
                    }
                },
            }
            minus = match self.peek() {
                Some('+') => false,
                Some('-') => true,
                Some(':' | '*') => {
                    return Err(self.error(
                        "+ or |",
                        "an interaction joins columns and functions of columns; write each one out",
                    ));
                }
                _ => return Ok(()),
            };
            self.at += 1;
        }
    }

    /// Factors joined by `:` and `*`; `x*z` stands for `x + z + x:z`.
    fn product(&mut self) -> Result<Vec<Term>, FormulaError> {
        let mut terms = self.interaction()?;
        while self.take('*') {
            let right = self.interaction()?;
            let crossed = cross(&terms, &right);
            terms.extend(right);
            terms.extend(crossed);
            if terms.len() > MOST_TERMS {
                return Err(
                    self.error("fewer crossings", "write the interactions one by one with :")
                );
            }
        }
        Ok(terms)
    }

    fn interaction(&mut self) -> Result<Vec<Term>, FormulaError> {
        let mut terms: Vec<Term> = self.factor()?.into_iter().map(|f| vec![f]).collect();
        while self.take(':') {
            let right: Vec<Term> = self.factor()?.into_iter().map(|f| vec![f]).collect();
            terms = cross(&terms, &right);
            if terms.len() > MOST_TERMS {
                return Err(self.error("fewer lags crossed", "write shorter ranges"));
            }
        }
        Ok(terms)
    }

    /// One factor, or several for a range of lags.
    fn factor(&mut self) -> Result<Vec<Factor>, FormulaError> {
        let one = |expr| Ok(vec![Factor::Numeric(expr)]);
        match self.called().as_deref() {
            Some("i" | "factor" | "C" | "as.factor") => {
                return Ok(vec![Factor::Levels(self.indicators()?)]);
            }
            Some("I") => {
                self.open();
                let expr = self.expr()?;
                self.close("I")?;
                return one(expr);
            }
            Some(shift @ ("l" | "f" | "d")) => {
                let shift = shift.to_owned();
                return Ok(self.lags(&shift)?.into_iter().map(Factor::Numeric).collect());
            }
            Some(name) if Steps::NAMES.iter().any(|(known, _)| *known == name) => {
                return Err(self.error(
                    "a column or a function of columns",
                    "a stepwise function stands alone between + signs, not inside another",
                ));
            }
            Some("offset") => {
                return Err(self.error("a regressor", "an offset stands alone: + offset(x)"));
            }
            Some(_) => {}
            None => {
                if self.peek() == Some('(') {
                    return Err(self.error(
                        "a column or a function of columns",
                        "arithmetic stands in I(…), such as I((a + b)/c)",
                    ));
                }
            }
        }
        let base = match self.called() {
            Some(_) => self.primary()?,
            None => Expr::Column(self.name()?),
        };
        if !self.take('^') {
            return one(base);
        }
        self.peek();
        let at = self.at;
        let minus = self.take('-');
        match self.peek() {
            Some(c) if c.is_ascii_digit() || c == '.' => {}
            _ => {
                return Err(self.error_at(
                    at,
                    "a number after ^",
                    "a power is written x^2; columns combined with ^ are effects and stand after the |",
                ));
            }
        }
        let mut exponent = Expr::Number(self.number()?);
        if minus {
            exponent = Expr::Minus(Box::new(exponent));
        }
        one(Expr::Binary(Box::new(base), Operator::Power, Box::new(exponent)))
    }

    /// `i(column)`, `i(column, by)`, `i(column, by, ref=level, ref2=level)`.
    fn indicators(&mut self) -> Result<Indicators, FormulaError> {
        let called = self.called().unwrap_or_default();
        self.open();
        let column = self.name()?;
        let mut found = Indicators { column, references: Vec::new(), by: None };
        let mut second = None;
        while self.take(',') {
            self.peek();
            let at = self.at;
            if self.argument("ref") {
                found.references = self.references()?;
            } else if self.argument("ref2") {
                second = Some((at, self.references()?));
            } else if found.by.is_some() {
                return Err(self.error("ref= or ref2=", "write i(f, x, ref=A)"));
            } else if self.chars[self.at..].starts_with(&['i', '.']) {
                self.at += 2;
                found.by = Some(By::Levels { column: self.name()?, references: Vec::new() });
            } else {
                found.by = Some(By::Slope(self.expr()?));
            }
        }
        if let Some((at, labels)) = second {
            found.by = match found.by {
                Some(By::Levels { column, .. }) => Some(By::Levels { column, references: labels }),
                Some(By::Slope(Expr::Column(column))) => {
                    Some(By::Levels { column, references: labels })
                }
                _ => {
                    return Err(self.error_at(
                        at,
                        "a second column of levels before ref2=",
                        "write i(f, i.g, ref=A, ref2=B)",
                    ));
                }
            };
        }
        self.close(&called)?;
        Ok(found)
    }

    /// A level, or several in `c(…)`.
    fn references(&mut self) -> Result<Vec<String>, FormulaError> {
        if self.called().as_deref() == Some("c") {
            self.open();
            let levels = self.list(Self::level)?;
            self.close("c")?;
            return Ok(levels);
        }
        Ok(vec![self.level()?])
    }

    /// A level as text: a word, a number, or a text between quotes.
    fn level(&mut self) -> Result<String, FormulaError> {
        let minus = self.take('-');
        match self.peek() {
            Some(c) if c.is_ascii_digit() || c == '.' => {
                let value = self.number()?;
                Ok((if minus { -value } else { value }).to_string())
            }
            Some(quote @ ('"' | '\'')) if !minus => self.quoted(quote),
            _ if minus => Err(self.error("a number", "put other levels between quotes")),
            _ => self.name(),
        }
    }

    /// Columns combined by `^` or `#`.
    fn combined(&mut self) -> Result<Vec<String>, FormulaError> {
        let mut columns = Vec::new();
        loop {
            self.peek();
            let ahead: String = self.chars[self.at..].iter().take(2).collect();
            if ahead == "c." {
                let levels: Vec<String> = columns.iter().map(|c: &String| name(c)).collect();
                let levels = if columns.is_empty() { "f".to_owned() } else { levels.join("^") };
                return Err(self.error(
                    "the name of a column",
                    &format!(
                        "a slope per level is written {levels}[[x]], with an intercept {levels}[x]"
                    ),
                ));
            }
            let column = self.name()?;
            columns.push(column);
            self.peek();
            if self.chars[self.at..].starts_with(&['#', '#']) {
                return Err(self.error(
                    "^ or #",
                    "write both effects: f + f^g; an intercept and a slope per level: f[x]",
                ));
            }
            if !(self.take('^') || self.take('#')) {
                return Ok(columns);
            }
        }
    }

    /// `f^g`, `f[x, z]` or `f[[x]]`.
    fn effect(&mut self) -> Result<Effect, FormulaError> {
        let columns = self.combined()?;
        let mut effect = Effect { columns, intercept: true, slopes: Vec::new() };
        match self.peek() {
            Some('(') => {
                return Err(self.error(
                    "+, ^ or the end of the formula",
                    "fixed effects are columns, not functions of columns",
                ));
            }
            Some(':') => {
                return Err(self.error("^", "columns combine with ^ here: origin^year"));
            }
            Some('[') => {
                self.at += 1;
                effect.intercept = !self.take('[');
                effect.slopes = self.list(Self::expr)?;
                let remedy = "write f[x] for intercept and slope, f[[x]] for the slope alone";
                for _ in 0..1 + usize::from(!effect.intercept) {
                    self.expect(']', "a closing ]", remedy)?;
                }
            }
            _ => {}
        }
        Ok(effect)
    }
}

fn cross(left: &[Term], right: &[Term]) -> Vec<Term> {
    left.iter().flat_map(|l| right.iter().map(move |r| [l.as_slice(), r].concat())).collect()
}
