//! Counterfactuals of a brief whose elasticity or coefficient is not known: one run for each draw.

use emporion_model::simulate::{
    Coefficient, DrawOptions, Effect, Elasticity, JointNormal, Loading, OneSectorOptions, Range,
    Shocks, Uncertain, draws,
};
use minijinja::Error;
use minijinja::value::Kwargs;

use crate::book::{refuse, shown};
use crate::cell::Cell;
use crate::stages::world::{self, Counterfactual, Scenario, World};

/// Standard errors from the middle to the end of a 95 percent interval.
const STANDARD_ERRORS: f64 = 1.959_963_984_540_054;
/// Share of the draws inside an interval.
const LEVEL: f64 = 0.95;
/// Draws when only the spread of theta is said: its interval then rests on five draws at each end.
const DRAWS: usize = 200;
/// Each run of a brief keeps the sales of every place.
const MOST: usize = 2000;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drawing {
    n: usize,
    seed: u64,
    /// Standard deviation of theta, which is log-normal; zero when it is known.
    sd: f64,
}

/// Solved draws: how many failed, and how the interval came about.
pub struct Drawn {
    /// The solved draws.
    pub runs: Vec<Counterfactual>,
    /// For the trace.
    pub method: String,
}

impl Drawing {
    /// `draws`, `seed` and `theta_sd`; `None` when neither draws nor a spread are asked for.
    ///
    /// # Errors
    ///
    /// Too many draws or none; a spread that is negative or not a number.
    pub fn read(kwargs: &Kwargs) -> Result<Option<Self>, Error> {
        let n: Option<usize> = kwargs.get("draws")?;
        let sd: Option<f64> = kwargs.get("theta_sd")?;
        let seed: Option<u64> = kwargs.get("seed")?;
        if n.is_none() && sd.is_none() {
            return match seed {
                None => Ok(None),
                Some(_) => Err(refuse("simulate(): seed belongs to draws = 200 or theta_sd = 1")),
            };
        }
        let drawing =
            Self { n: n.unwrap_or(DRAWS), seed: seed.unwrap_or(1), sd: sd.unwrap_or(0.0) };
        if drawing.n == 0 || drawing.n > MOST {
            return Err(refuse(format!("simulate(): draws from 1 to {MOST}, got {}", drawing.n)));
        }
        if !(drawing.sd >= 0.0 && drawing.sd.is_finite()) {
            let got = drawing.sd;
            return Err(refuse(format!("simulate(): theta_sd is zero or more, got {got}")));
        }
        Ok(Some(drawing))
    }

    /// What belongs to the question.
    pub fn options(&self) -> [(String, String); 3] {
        [
            ("draws".into(), self.n.to_string()),
            ("seed".into(), self.seed.to_string()),
            ("theta_sd".into(), self.sd.to_string()),
        ]
    }

    /// Draws theta and, where the agreement's coefficient has an interval, the coefficient, and solves
    /// each world. A draw without a solution is counted and not replaced.
    ///
    /// # Errors
    ///
    /// Nothing to draw; what the model refuses.
    pub fn run(
        &self,
        world: &World,
        scenario: &Scenario,
        beta: Option<&Cell>,
        theta: f64,
        options: &OneSectorOptions,
    ) -> Result<Drawn, Error> {
        let interval = beta.and_then(|cell| cell.interval.as_ref());
        let sd = interval.map_or(0.0, |i| (i.high - i.low) / (2.0 * STANDARD_ERRORS));
        if self.sd == 0.0 && sd == 0.0 {
            return Err(refuse(
                "simulate(): nothing to draw; give theta_sd = 1, or a coefficient with an interval \
                 for beta",
            ));
        }
        let refused = |error: emporion_model::outcome::InputError| refuse(error.to_string());
        let n = world.flows.n;
        let (fixed, effects) = match scenario {
            Scenario::Close { .. } => {
                (scenario.shocks(world).map_err(|report| shown(&report))?, Vec::new())
            }
            Scenario::Agreement { beta: middle, .. } => {
                let shocks = scenario.shocks(world).map_err(|report| shown(&report))?;
                let touched = (0..n * n).filter(|c| shocks.get(c / n, c % n) != 0.0);
                let loadings = touched
                    .map(|c| Loading { origin: c / n, destination: c % n, loading: 1.0 })
                    .collect();
                let coefficient = Coefficient::Given(Range::Normal { mean: *middle, sd });
                let name = "agreement".to_owned();
                (Shocks::none(n), vec![Effect { name, coefficient, loadings, per_theta: false }])
            }
        };
        let elasticity = match self.sd > 0.0 {
            true => Elasticity::LogNormal { mean: theta, sd: self.sd },
            false => Elasticity::Fixed(theta),
        };
        let uncertain = Uncertain { fixed, effects, estimated: JointNormal::default(), elasticity };
        let draw = DrawOptions { n: self.n, seed: self.seed, keep: true, ..DrawOptions::default() };
        let found = draws(&world.flows, &uncertain, options, &draw).map_err(refused)?;
        let runs = found
            .kept
            .iter()
            .map(|kept| {
                let scenario = match (scenario, kept.coefficients.first()) {
                    (Scenario::Agreement { a, b, .. }, Some(&beta)) => {
                        Scenario::Agreement { a: a.clone(), b: b.clone(), beta }
                    }
                    (same, _) => same.clone(),
                };
                let options = OneSectorOptions { elasticity: kept.elasticity, ..options.clone() };
                world::run(world, &scenario, &options).map_err(|report| shown(&report))
            })
            .collect::<Result<_, _>>()?;
        let mut drawn = Vec::new();
        if self.sd > 0.0 {
            drawn.push(format!("theta log-normal, mean {theta}, sd {}", self.sd));
        }
        if sd > 0.0 {
            drawn.push("the coefficient normal".into());
        }
        let method = format!(
            "95 percent of {} draws, {}, seed {}; {} without a solution, which were not drawn again",
            found.solved,
            drawn.join(" and "),
            self.seed,
            found.failed.len()
        );
        Ok(Drawn { runs, method })
    }
}

/// The ends of the interval of drawn values, between order statistics as R and numpy do it.
pub fn ends(mut values: Vec<f64>) -> Option<(f64, f64)> {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let at = |share: f64| {
        let at = share * last as f64;
        let low = (at.floor() as usize).min(last);
        let high = (low + 1).min(last);
        values[low] + (at - low as f64) * (values[high] - values[low])
    };
    Some((at(0.5 * (1.0 - LEVEL)), at(0.5 * (1.0 + LEVEL))))
}
