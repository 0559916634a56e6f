//! How large a change is and when it comes: sizes, ranges and steps, with what is refused of them.

use std::ops::Range;

use emporion_model::simulate::uncertain;
use toml::Spanned;

use super::file::{Number, Phase, Saved};
use super::plan::{Reader, Size, Value};

/// Years of the common calendar that are written with four digits at most.
const LAST_YEAR: i32 = 9999;

impl Reader<'_, '_> {
    /// A size, from `effect` or `percent` and `share`.
    pub(super) fn effect(
        &mut self,
        effect: Option<&Spanned<Number>>,
        percent: Option<&Spanned<Number>>,
        share: Option<f64>,
        span: &Range<usize>,
    ) -> Option<Size> {
        let share = share.unwrap_or(1.0);
        if !share.is_finite() {
            self.refuse("share", span, "a finite share", "1 is the whole effect");
            return None;
        }
        let number = match (effect, percent) {
            (Some(effect), None) => self.number(effect, false)?,
            (None, Some(percent)) => self.number(percent, true)?,
            _ => {
                self.refuse(
                    "effect-size",
                    span,
                    "effect (a gravity coefficient) or percent (of trade), one of the two",
                    "write effect = 0.35, percent = 40, or effect = { from = \"model.json\", \
                     coefficient = \"rta\" }",
                );
                return None;
            }
        };
        Some(Size { number, share })
    }

    /// `percent` turns each number p into ln(1 + p / 100).
    pub(super) fn number(&mut self, number: &Spanned<Number>, percent: bool) -> Option<Value> {
        let span = number.span();
        let log = |value: f64| if percent { (value / 100.0).ln_1p() } else { value };
        let range = match number.get_ref() {
            Number::Known(value) => uncertain::Range::Point(log(*value)),
            Number::Range(between) => match between.mode {
                None => {
                    uncertain::Range::Uniform { low: log(between.low), high: log(between.high) }
                }
                Some(mode) => uncertain::Range::Triangular {
                    low: log(between.low),
                    mode: log(mode),
                    high: log(between.high),
                },
            },
            Number::Normal(_) | Number::Saved(_) if percent => {
                self.refuse(
                    "percent-distribution",
                    &span,
                    "a number or a range of percent",
                    "a mean with sd, and a saved coefficient, are given as effect, in log points",
                );
                return None;
            }
            Number::Normal(normal) => uncertain::Range::Normal { mean: normal.mean, sd: normal.sd },
            Number::Saved(Saved { from, coefficient, model }) => {
                let line = self.names.text.problem("", &span, "", "").line;
                return Some(Value::Saved {
                    from: from.clone(),
                    model: model.clone(),
                    coefficient: coefficient.clone(),
                    line,
                });
            }
        };
        let sound = match range {
            uncertain::Range::Point(v) => v.is_finite(),
            uncertain::Range::Uniform { low, high } => low.is_finite() && low <= high,
            uncertain::Range::Triangular { low, mode, high } => {
                low.is_finite() && low <= mode && mode <= high
            }
            uncertain::Range::Normal { mean, sd } => mean.is_finite() && sd >= 0.0,
        };
        if !sound {
            self.refuse(
                "range",
                &span,
                "finite numbers from low over mode to high, a percent above -100, sd not negative",
                "a range is written from its smallest to its largest value",
            );
            return None;
        }
        Some(Value::Given(range))
    }

    /// The steps of a change, if it has any.
    pub(super) fn phase(&mut self, phase: Option<&Spanned<Phase>>) -> Option<Option<Phase>> {
        let Some(phase) = phase else { return Some(None) };
        let shares = &phase.get_ref().shares;
        if shares.is_empty() || shares.iter().any(|s| !(0.0..=1.0).contains(s)) {
            self.refuse(
                "phase",
                &phase.span(),
                "at least one share, each between 0 and 1",
                "phase = { from = 2025, shares = [0.5, 1] } puts half in force in 2025 and all \
                 from 2026 on",
            );
            return None;
        }
        let from = phase.get_ref().from;
        if shares.len() > LAST_YEAR as usize || !self.year(from, &phase.span()) {
            return None;
        }
        Some(Some(phase.get_ref().clone()))
    }

    /// A change that is in force from a year on.
    pub(super) fn since(
        &mut self,
        from: Option<i32>,
        span: &Range<usize>,
    ) -> Option<Option<Phase>> {
        let Some(from) = from else { return Some(None) };
        self.year(from, span).then(|| Some(Phase { from, shares: vec![1.0] }))
    }

    fn year(&mut self, year: i32, span: &Range<usize>) -> bool {
        let sound = (1..=LAST_YEAR).contains(&year);
        if !sound {
            let remedy = "write the year with four digits, such as 2025";
            self.refuse("year", span, "a year between 1 and 9999", remedy);
        }
        sound
    }
}
