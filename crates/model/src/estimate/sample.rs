//! The rows that take part, checked, compact and in the order of the eliminated effect.

use super::absorb::Absorber;
use super::design::{Design, Factor, Slope, WeightKind};
use super::fit::Family;
use super::layout::{BlockPlan, Layout, choose};
use super::options::{Options, Road, Vcov};
use crate::outcome::InputError;

/// Name of the constant among the coefficients.
pub const INTERCEPT: &str = "(Intercept)";

/// Refuses designs that cannot mean anything.
///
/// # Errors
///
/// [`InputError::Empty`] without rows or without anything to estimate; [`InputError::Length`] for
/// arrays of another length than the outcome; [`InputError::Value`] for the first value that is
/// missing, infinite, or negative where it must not be; [`InputError::Setting`] for ids beyond
/// their levels, clustered errors without clusters, options out of range.
pub fn check(design: &Design, family: Family, options: &Options) -> Result<(), InputError> {
    let n = design.y.len();
    let outcome = format!("outcome `{}`", design.outcome);
    if n == 0 {
        return Err(InputError::Empty {
            what: outcome,
            remedy: "no row is left: check filters and missing values".into(),
        });
    }
    if design.x.is_empty()
        && design.effects.is_empty()
        && design.slopes.is_empty()
        && !design.constant
    {
        return Err(InputError::Empty {
            what: "right-hand side".into(),
            remedy: "give a regressor, a constant or a fixed effect".into(),
        });
    }
    let missing = "drop rows with missing or infinite values first, and count them";
    finite(&outcome, &design.y, missing)?;
    if family == Family::Poisson {
        not_negative(&outcome, &design.y, "the Poisson model needs an outcome of zero or more")?;
        if design.y.iter().all(|v| *v == 0.0) {
            return Err(InputError::Empty {
                what: format!("{outcome}: every value is zero"),
                remedy: "the Poisson model needs at least one positive value".into(),
            });
        }
    }
    for x in &design.x {
        let what = format!("regressor `{}`", x.name);
        length(&what, n, x.values.len())?;
        finite(&what, &x.values, missing)?;
    }
    if let Some(w) = &design.weights {
        length("weights", n, w.len())?;
        finite("weights", w, missing)?;
        not_negative("weights", w, "weights are zero or more")?;
        if design.weight_kind == WeightKind::Frequency {
            let remedy = "frequency weights are whole numbers; give others as analytic weights";
            refuse("weights", w, |v| v.fract() != 0.0, remedy)?;
        }
        if w.iter().all(|v| *v == 0.0) {
            return Err(InputError::Empty {
                what: "weights: every value is zero".into(),
                remedy: "give at least one row a positive weight".into(),
            });
        }
    }
    if let Some(o) = &design.offset {
        length("offset", n, o.len())?;
        finite("offset", o, missing)?;
    }
    for s in &design.slopes {
        let what = format!("slope variable `{}`", s.variable.name);
        length(&what, n, s.variable.values.len())?;
        finite(&what, &s.variable.values, missing)?;
    }
    let of_slopes = design.slopes.iter().map(|s| &s.factor);
    for f in design.effects.iter().chain(&design.clusters).chain(of_slopes) {
        let what = format!("factor `{}`", f.name);
        length(&what, n, f.ids.len())?;
        if let Some(row) = f.ids.iter().position(|id| *id as usize >= f.levels) {
            return Err(InputError::Setting {
                what: format!("{what}, row {row}"),
                expected: format!("an id below {}", f.levels),
                got: f.ids[row].to_string(),
                remedy: "number the levels from 0 without gaps in `levels`".into(),
            });
        }
    }
    if options.vcov == Vcov::Cluster && design.clusters.is_empty() {
        return Err(InputError::Setting {
            what: "clustered errors".into(),
            expected: "at least one cluster factor".into(),
            got: "none".into(),
            remedy: "name the clusters, or ask for robust errors".into(),
        });
    }
    // Inclusion and exclusion visits every subset of the dimensions.
    if design.clusters.len() > 8 {
        return Err(InputError::Setting {
            what: "cluster dimensions".into(),
            expected: "at most 8".into(),
            got: design.clusters.len().to_string(),
            remedy: "combine some of them".into(),
        });
    }
    for (what, value) in [
        ("tolerance", options.tolerance),
        ("collinearity_tolerance", options.collinearity_tolerance),
    ] {
        if !(value > 0.0 && value < 0.1) {
            return Err(InputError::Setting {
                what: what.into(),
                expected: "a number between 0 and 0.1".into(),
                got: value.to_string(),
                remedy: "leave it at its default if in doubt".into(),
            });
        }
    }
    Ok(())
}

fn length(what: &str, expected: usize, got: usize) -> Result<(), InputError> {
    if got == expected {
        return Ok(());
    }
    Err(InputError::Length { what: what.into(), expected, got })
}

fn finite(what: &str, values: &[f64], remedy: &str) -> Result<(), InputError> {
    refuse(what, values, |v| !v.is_finite(), remedy)
}

fn not_negative(what: &str, values: &[f64], remedy: &str) -> Result<(), InputError> {
    refuse(what, values, |v| v < 0.0, remedy)
}

fn refuse(
    what: &str,
    values: &[f64],
    bad: impl Fn(f64) -> bool,
    remedy: &str,
) -> Result<(), InputError> {
    match values.iter().position(|v| bad(*v)) {
        None => Ok(()),
        Some(index) => Err(InputError::Value {
            what: what.into(),
            index,
            value: values[index],
            remedy: remedy.into(),
        }),
    }
}

/// The rows in use, as columns in the order of the eliminated effect, so that its groups are runs.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    /// Position of each row in the design.
    pub rows: Vec<usize>,
    /// Outcome.
    pub y: Vec<f64>,
    /// Weights; ones where the design has none.
    pub w: Vec<f64>,
    /// Offset; zeros where the design has none.
    pub offset: Vec<f64>,
    /// Regressors, the constant first where one is estimated.
    pub x: Vec<Vec<f64>>,
    /// Their names.
    pub names: Vec<String>,
    /// Effects with only the levels in use, the largest first.
    pub effects: Vec<Factor>,
    /// Slopes by level.
    pub slopes: Vec<SampleSlope>,
    /// Which effect is eliminated, and how the others are solved.
    pub layout: Layout,
}

impl Sample {
    /// Collects the rows with `keep`.
    pub fn new(design: &Design, keep: &[bool], road: Road) -> Self {
        let mut rows: Vec<usize> = (0..keep.len()).filter(|i| keep[*i]).collect();
        let mut effects: Vec<Factor> = design.effects.iter().map(|f| compact(f, &rows)).collect();
        // The sort is stable, and the order of equally large effects is the caller's, so the
        // result does not depend on anything but the input.
        effects.sort_by_key(|f| std::cmp::Reverse(f.levels));
        let slopes_of =
            |f: &Factor| 1 + design.slopes.iter().filter(|s| s.factor.name == f.name).count();
        let per_level: Vec<usize> = effects.iter().map(slopes_of).collect();
        let mut layout = choose(&effects, &per_level, rows.len(), road);
        if !effects.is_empty() {
            let order = sorted_by(&effects[layout.first]);
            rows = order.iter().map(|i| rows[*i as usize]).collect();
            let maps: Vec<Vec<u32>> = effects.iter_mut().map(|f| reorder(f, &order)).collect();
            if let Some(plan) = &mut layout.blocks {
                renumber(plan, &maps);
            }
        }
        let gather = |v: &[f64]| -> Vec<f64> { rows.iter().map(|i| v[*i]).collect() };
        let mut names: Vec<String> = design.x.iter().map(|x| x.name.clone()).collect();
        let mut x: Vec<Vec<f64>> = design.x.iter().map(|x| gather(&x.values)).collect();
        if design.effects.is_empty() && design.constant {
            names.insert(0, INTERCEPT.into());
            x.insert(0, vec![1.0; rows.len()]);
        }
        let slope = |s: &Slope| {
            let effect = effects.iter().position(|f| f.name == s.factor.name);
            SampleSlope {
                name: format!("{}[{}]", s.factor.name, s.variable.name),
                effect,
                own: effect.is_none().then(|| compact(&s.factor, &rows)),
                values: gather(&s.variable.values),
            }
        };
        Self {
            y: gather(&design.y),
            w: design.weights.as_ref().map_or_else(|| vec![1.0; rows.len()], |w| gather(w)),
            offset: design.offset.as_ref().map_or_else(|| vec![0.0; rows.len()], |o| gather(o)),
            slopes: design.slopes.iter().map(slope).collect(),
            effects,
            layout,
            x,
            names,
            rows,
        }
    }

    /// Number of rows.
    pub fn n(&self) -> usize {
        self.rows.len()
    }

    /// Whether the columns span a constant.
    pub fn spans_constant(&self) -> bool {
        !self.effects.is_empty() || self.names.first().is_some_and(|n| n == INTERCEPT)
    }

    /// Whether anything is absorbed.
    pub fn absorbs(&self) -> bool {
        !self.effects.is_empty() || !self.slopes.is_empty()
    }

    /// What takes the effects and slopes out of columns.
    pub fn absorber(&self, steps_allowed: usize) -> Absorber<'_> {
        Absorber::new(&self.effects, &self.slopes, &self.layout, self.n(), steps_allowed)
    }

    /// Leaves out regressors by position.
    pub fn drop_columns(&mut self, columns: &[usize]) {
        for j in columns.iter().rev() {
            self.x.remove(*j);
            self.names.remove(*j);
        }
    }
}

/// A slope by level, with the rows of the sample.
#[derive(Debug, Clone)]
pub(super) struct SampleSlope {
    /// Name of the factor and of the variable.
    pub name: String,
    /// The effect of the sample whose levels the slopes are of, if it is one of them.
    pub effect: Option<usize>,
    /// The factor, where it is no effect of the sample.
    own: Option<Factor>,
    /// What the slope is of.
    pub values: Vec<f64>,
}

impl SampleSlope {
    /// Level of each row.
    pub fn ids<'a>(&'a self, effects: &'a [Factor]) -> &'a [u32] {
        &self.factor(effects).ids
    }

    /// Number of levels.
    pub fn levels(&self, effects: &[Factor]) -> usize {
        self.factor(effects).levels
    }

    fn factor<'a>(&'a self, effects: &'a [Factor]) -> &'a Factor {
        match (&self.own, self.effect) {
            (Some(own), _) => own,
            (None, effect) => &effects[effect.unwrap_or(0)],
        }
    }
}

/// Renumbers the levels that occur, in the order of their first row.
pub(super) fn compact(factor: &Factor, rows: &[usize]) -> Factor {
    let mut new_id = vec![u32::MAX; factor.levels];
    let mut levels = 0;
    let ids = rows
        .iter()
        .map(|i| {
            let id = &mut new_id[factor.ids[*i] as usize];
            if *id == u32::MAX {
                *id = levels;
                levels += 1;
            }
            *id
        })
        .collect();
    Factor { name: factor.name.clone(), ids, levels: levels as usize }
}

/// The rows in the order of a factor, stable, by counting.
fn sorted_by(factor: &Factor) -> Vec<u32> {
    let mut next = vec![0u32; factor.levels + 1];
    factor.ids.iter().for_each(|id| next[*id as usize + 1] += 1);
    for l in 1..next.len() {
        next[l] += next[l - 1];
    }
    let mut order = vec![0u32; factor.ids.len()];
    for (i, id) in factor.ids.iter().enumerate() {
        let place = &mut next[*id as usize];
        order[*place as usize] = i as u32;
        *place += 1;
    }
    order
}

/// Puts the ids in a new order and renumbers levels by their first row there, so that rows near each
/// other have levels near each other; returns the new number of each level.
fn reorder(factor: &mut Factor, order: &[u32]) -> Vec<u32> {
    let mut map = vec![u32::MAX; factor.levels];
    let mut next = 0;
    factor.ids = order
        .iter()
        .map(|i| {
            let id = &mut map[factor.ids[*i as usize] as usize];
            if *id == u32::MAX {
                *id = next;
                next += 1;
            }
            *id
        })
        .collect();
    map
}

/// Carries the levels of a block plan over to new numbers.
fn renumber(plan: &mut BlockPlan, maps: &[Vec<u32>]) {
    let side_a = &maps[plan.a];
    let mut side_b = Vec::new();
    for q in &plan.b {
        let before = side_b.len() as u32;
        side_b.extend(maps[*q].iter().map(|l| before + l));
    }
    for c in &mut plan.components {
        c.a.iter_mut().for_each(|l| *l = side_a[*l as usize]);
        c.b.iter_mut().for_each(|l| *l = side_b[*l as usize]);
        c.a.sort_unstable();
        c.b.sort_unstable();
    }
}
