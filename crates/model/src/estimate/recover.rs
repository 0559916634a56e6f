//! Fixed effects of a fit, with their normalisation named.
//!
//! ```text
//! Σ_q α_q[id_q(i)] + Σ_s γ_s[id_s(i)] z_s(i) = η_i - o_i - x_i'β    for every row i in use
//! ```
//!
//! The effect with most levels is eliminated (it is a mean of what the others leave), the rest is
//! solved by conjugate gradients on the normal equations, scaled to unit columns. The system has a
//! solution, so the residual says how well it was found.
//!
//! # Normalisation
//!
//! Only differences are identified. For two effects q < r, a shift of all levels of r that hang
//! together through q, taken back from q, changes no row. For every such component the reference is
//! chosen by [`Normalisation`]: it fixes the later effect r in the order of the design, and the first
//! effect takes up the level. With three effects, such as origin-year, destination-year and pair,
//! the components of the pairs of effects are the years, the origins and the destinations.
//!
//! # Assumptions
//!
//! Levels whose rows were all left out of the fit have no value (NaN); [`EffectValues::state`] says
//! why. Slopes that the effects reproduce are identified only together with them: they get the
//! solution nearest to zero.
//!
//! # Cost
//!
//! A pass over n per effect and step; 10 to 30 steps on gravity, more where levels are barely
//! connected.
//!
//! Source: Abowd, Creecy and Kramarz (2002), "Computing person and firm effects", for connected
//! components; Paige and Saunders (1982), ACM Transactions on Mathematical Software 8, for
//! conjugate gradients on normal equations.

use super::components::components;
use super::design::Design;
use super::fitted::Fitted;
use super::sample::INTERCEPT;
use crate::outcome::{InputError, Status};
use serde::Serialize;

/// Which level is the reference of each component.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalisation {
    /// The lowest level in use of the later effect is zero; default, as in fixest.
    #[default]
    FirstIsZero,
    /// The later effect has mean zero over the rows of the component.
    MeanZero,
}

/// Settings of [`recover`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RecoverOptions {
    /// Reference levels.
    pub normalisation: Normalisation,
    /// Residual relative to the norm of η - o - Xβ that counts as exact. Default 1e-9: fits are
    /// converged to about 1e-11 in η.
    pub tolerance: f64,
    /// Conjugate-gradient steps allowed; default 20 000, as for absorbing.
    pub max_iterations: usize,
}

impl Default for RecoverOptions {
    fn default() -> Self {
        Self { normalisation: Normalisation::default(), tolerance: 1e-9, max_iterations: 20_000 }
    }
}

/// Whether a level has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LevelState {
    /// It has rows in the fit.
    Used,
    /// All its rows are separated: its fitted values are zero.
    Separated,
    /// Its rows were left out otherwise, as singletons or for weight zero.
    Dropped,
    /// It has no rows.
    Absent,
}

/// The values of one effect, or of one slope.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EffectValues {
    /// Name of the factor.
    pub name: String,
    /// What the slope is of; `None` for an effect.
    pub variable: Option<String>,
    /// α or γ by level of the design; NaN unless used.
    pub values: Vec<f64>,
    /// Rows in use by level.
    pub rows: Vec<usize>,
    /// State by level.
    pub state: Vec<LevelState>,
    /// Component by level: levels joined by rows through any effect. `None` unless used.
    pub component: Vec<Option<u32>>,
}

/// The reference of one component of two effects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// Position of the effect that takes up the level.
    pub free: usize,
    /// Position of the effect that is fixed.
    pub fixed: usize,
    /// Level of the fixed effect set to zero, or the lowest of those with mean zero.
    pub level: usize,
}

/// Recovered effects.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recovered {
    /// Effects in the order of the design.
    pub effects: Vec<EffectValues>,
    /// Slopes in the order of the design.
    pub slopes: Vec<EffectValues>,
    /// Number of components of the rows through all effects and slopes.
    pub components: usize,
    /// How references were chosen.
    pub normalisation: Normalisation,
    /// One for each component of each two effects.
    pub references: Vec<Reference>,
    /// Largest distance of a reference from zero. Above rounding only when, with three effects or
    /// more, references of different pairs of effects exclude each other.
    pub reference_error: f64,
    /// ‖η - o - Xβ - Dα‖ / ‖η - o - Xβ‖.
    pub residual: f64,
    /// Conjugate-gradient steps.
    pub iterations: usize,
    /// Converged when `residual` is within tolerance, or within the rounding that η carries.
    pub status: Status,
}

/// Recovers the fixed effects of a fit on `design`.
///
/// The system, its normalisation and sources are in the [module's text](self).
///
/// # Errors
///
/// [`InputError::Setting`] when the fit is not one of this design: a coefficient it does not have,
/// or another number of rows.
pub fn recover(
    design: &Design,
    fitted: &Fitted,
    options: &RecoverOptions,
) -> Result<Recovered, InputError> {
    let target = without_regressors(design, fitted)?;
    let n = fitted.rows.len();
    let columns = Columns::new(design, fitted);
    let (mut values, iterations) = columns.solve(&target, options);
    let (references, reference_error) = normalise(&columns, &mut values, options.normalisation);
    let fit = columns.product(&values);
    let square = |v: &mut dyn Iterator<Item = f64>| v.map(|v| v * v).sum::<f64>().sqrt();
    let off = square(&mut std::iter::zip(&target, &fit).map(|(t, f)| t - f));
    let size = square(&mut target.iter().copied());
    let residual = if size > 0.0 { off / size } else { off };
    let rounding = rounding(fitted) / if size > 0.0 { size } else { 1.0 };
    let ids: Vec<(&[u32], usize)> = columns.0.iter().map(|c| (&c.ids[..], c.levels)).collect();
    let (component_of, components) = components(&ids, n);
    let names = design.effects.iter().map(|f| (f, None));
    let all = names.chain(design.slopes.iter().map(|s| (&s.factor, Some(s.variable.name.clone()))));
    let mut described: Vec<EffectValues> = Vec::new();
    for ((factor, variable), (column, values)) in all.zip(columns.0.iter().zip(values)) {
        let mut out = EffectValues {
            name: factor.name.clone(),
            variable,
            values: vec![f64::NAN; factor.levels],
            rows: vec![0; factor.levels],
            state: vec![LevelState::Absent; factor.levels],
            component: vec![None; factor.levels],
        };
        for (i, id) in factor.ids.iter().enumerate() {
            let state = &mut out.state[*id as usize];
            if fitted.fit.fitted[i] != 0.0 {
                *state = LevelState::Dropped;
            } else if *state == LevelState::Absent {
                *state = LevelState::Separated;
            }
        }
        for (i, id) in column.ids.iter().enumerate() {
            let id = *id as usize;
            out.values[id] = values[id];
            out.rows[id] += 1;
            out.state[id] = LevelState::Used;
            out.component[id] = Some(component_of[i]);
        }
        described.push(out);
    }
    let slopes = described.split_off(design.effects.len());
    Ok(Recovered {
        effects: described,
        slopes,
        components,
        normalisation: options.normalisation,
        references,
        reference_error,
        residual,
        iterations,
        status: if residual <= options.tolerance + rounding {
            Status::Converged
        } else if iterations >= options.max_iterations {
            Status::MaxIterations
        } else {
            Status::NoProgress
        },
    })
}

/// What rounding leaves in η: Newton's step takes the working residual (y - μ)/μ apart, which is huge
/// where a fitted value is far below its outcome, and that row of η keeps some of its rounding.
fn rounding(fitted: &Fitted) -> f64 {
    let working = fitted.residual.iter().zip(&fitted.working);
    let squares: f64 = working.filter(|(_, w)| **w > 0.0).map(|(u, w)| (u / w).powi(2)).sum();
    8.0 * f64::EPSILON * squares.sqrt()
}

/// η - o - Xβ in the order of the rows.
fn without_regressors(design: &Design, fitted: &Fitted) -> Result<Vec<f64>, InputError> {
    let other_design = |what: String, expected: String, got: String| InputError::Setting {
        what,
        expected,
        got,
        remedy: "give the design the model was fitted on".into(),
    };
    if design.y.len() != fitted.fit.n_input {
        let (expected, got) = (fitted.fit.n_input, design.y.len());
        return Err(other_design("rows".into(), expected.to_string(), got.to_string()));
    }
    let mut target: Vec<f64> =
        std::iter::zip(&fitted.eta, &fitted.offset).map(|(e, o)| e - o).collect();
    for (name, b) in std::iter::zip(&fitted.fit.names, &fitted.fit.coefficients) {
        if name == INTERCEPT {
            target.iter_mut().for_each(|t| *t -= b);
            continue;
        }
        let Some(x) = design.x.iter().find(|x| x.name == *name) else {
            return Err(other_design("regressors".into(), format!("`{name}`"), "none".into()));
        };
        target.iter_mut().zip(&fitted.rows).for_each(|(t, i)| *t -= b * x.values[*i]);
    }
    Ok(target)
}

/// One block of D: a factor, times a variable if it is a slope.
struct Column {
    ids: Vec<u32>,
    levels: usize,
    z: Option<Vec<f64>>,
}

struct Columns(Vec<Column>);

impl Columns {
    fn new(design: &Design, fitted: &Fitted) -> Self {
        let pick = |ids: &[u32]| fitted.rows.iter().map(|i| ids[*i]).collect();
        let effects =
            design.effects.iter().map(|f| Column { ids: pick(&f.ids), levels: f.levels, z: None });
        let slopes = design.slopes.iter().map(|s| Column {
            ids: pick(&s.factor.ids),
            levels: s.factor.levels,
            z: Some(fitted.rows.iter().map(|i| s.variable.values[*i]).collect()),
        });
        Self(effects.chain(slopes).collect())
    }

    /// Dα.
    fn product(&self, values: &[Vec<f64>]) -> Vec<f64> {
        let n = self.0.first().map_or(0, |c| c.ids.len());
        let mut out = vec![0.0; n];
        for (c, v) in self.0.iter().zip(values) {
            c.add(v, &mut out);
        }
        out
    }

    /// Least squares for the values, largest effect eliminated.
    fn solve(&self, target: &[f64], options: &RecoverOptions) -> (Vec<Vec<f64>>, usize) {
        let mut values: Vec<Vec<f64>> = self.0.iter().map(|c| vec![0.0; c.levels]).collect();
        let largest = (0..self.0.len())
            .filter(|q| self.0[*q].z.is_none())
            .max_by_key(|q| (self.0[*q].levels, std::cmp::Reverse(*q)));
        let others: Vec<usize> = (0..self.0.len()).filter(|q| Some(*q) != largest).collect();
        let project = |v: &mut [f64]| {
            if let Some(q) = largest {
                let means = self.0[q].means(v);
                v.iter_mut().zip(&self.0[q].ids).for_each(|(v, id)| *v -= means[*id as usize]);
            }
        };
        let scales: Vec<Vec<f64>> = others.iter().map(|q| self.0[*q].scales()).collect();
        // s ← scaled D'v.
        let gradient = |v: &[f64]| -> Vec<Vec<f64>> {
            let scaled = |(q, scale): (&usize, &Vec<f64>)| {
                let mut sums = self.0[*q].sums(v);
                sums.iter_mut().zip(scale).for_each(|(s, c)| *s *= c);
                sums
            };
            others.iter().zip(&scales).map(scaled).collect()
        };
        let square = |v: &[Vec<f64>]| v.iter().flatten().map(|v| v * v).sum::<f64>();
        let norm = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>().sqrt();
        let mut residual = target.to_vec();
        project(&mut residual);
        let goal = 1e-14 * norm(target);
        let mut s = gradient(&residual);
        let mut direction = s.clone();
        let mut gamma = square(&s);
        let first = gamma;
        let mut steps = 0;
        while steps < options.max_iterations && norm(&residual) > goal && gamma > 1e-30 * first {
            steps += 1;
            let mut change = vec![0.0; target.len()];
            for ((q, d), scale) in others.iter().zip(&direction).zip(&scales) {
                let scaled: Vec<f64> = d.iter().zip(scale).map(|(d, c)| d * c).collect();
                self.0[*q].add(&scaled, &mut change);
            }
            project(&mut change);
            let curvature: f64 = change.iter().map(|v| v * v).sum();
            if curvature <= 0.0 {
                break;
            }
            let step = gamma / curvature;
            for ((q, d), scale) in others.iter().zip(&direction).zip(&scales) {
                for g in 0..d.len() {
                    values[*q][g] += step * d[g] * scale[g];
                }
            }
            residual.iter_mut().zip(&change).for_each(|(r, c)| *r -= step * c);
            s = gradient(&residual);
            let next = square(&s);
            for (d, s) in direction.iter_mut().zip(&s) {
                for (d, s) in d.iter_mut().zip(s) {
                    *d = s + next / gamma * *d;
                }
            }
            gamma = next;
        }
        if let Some(q) = largest {
            let mut left: Vec<f64> = self.product(&values);
            left.iter_mut().zip(target).for_each(|(l, t)| *l = t - *l);
            values[q] = self.0[q].means(&left);
        }
        (values, steps)
    }
}

impl Column {
    fn add(&self, values: &[f64], out: &mut [f64]) {
        for (i, (out, id)) in out.iter_mut().zip(&self.ids).enumerate() {
            *out += values[*id as usize] * self.z.as_ref().map_or(1.0, |z| z[i]);
        }
    }

    fn sums(&self, v: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.levels];
        for (i, (id, v)) in self.ids.iter().zip(v).enumerate() {
            sums[*id as usize] += v * self.z.as_ref().map_or(1.0, |z| z[i]);
        }
        sums
    }

    /// 1/norm of each column of D; zero for levels without rows.
    fn scales(&self) -> Vec<f64> {
        let values = self.z.clone().unwrap_or_else(|| vec![1.0; self.ids.len()]);
        let inverse = |v: f64| if v > 0.0 { 1.0 / v.sqrt() } else { 0.0 };
        self.sums(&values).into_iter().map(inverse).collect()
    }

    fn means(&self, v: &[f64]) -> Vec<f64> {
        let counts = self.sums(&vec![1.0; self.ids.len()]);
        let ratio = |(s, c): (f64, f64)| if c > 0.0 { s / c } else { 0.0 };
        self.sums(v).into_iter().zip(counts).map(ratio).collect()
    }
}

/// Sweeps over pairs of effects until every reference is zero.
const SWEEPS: usize = 100;
/// Of the largest value: references this near zero are zero.
const REFERENCE: f64 = 1e-13;

fn normalise(
    columns: &Columns,
    values: &mut [Vec<f64>],
    normalisation: Normalisation,
) -> (Vec<Reference>, f64) {
    let effects: Vec<&Column> = columns.0.iter().filter(|c| c.z.is_none()).collect();
    let mut shifts = Vec::new();
    let mut references = Vec::new();
    for free in 0..effects.len() {
        for fixed in free + 1..effects.len() {
            let shift = Shift::new(effects[free], effects[fixed], free, fixed);
            let reference = |level: &usize| Reference { free, fixed, level: *level };
            references.extend(shift.first.iter().map(reference));
            shifts.push(shift);
        }
    }
    let mut error = 0.0;
    for _ in 0..SWEEPS {
        let largest = values.iter().flatten().fold(0.0f64, |m, v| m.max(v.abs()));
        error = shifts.iter().fold(0.0f64, |e, s| e.max(s.apply(values, normalisation)));
        if error <= REFERENCE * largest {
            break;
        }
    }
    (references, error)
}

/// The components of two effects, and what belongs to them.
struct Shift {
    free: usize,
    fixed: usize,
    free_component: Vec<Option<u32>>,
    fixed_component: Vec<Option<u32>>,
    fixed_rows: Vec<f64>,
    /// Lowest level of the fixed effect in each component.
    first: Vec<usize>,
}

impl Shift {
    fn new(a: &Column, b: &Column, free: usize, fixed: usize) -> Self {
        let n = a.ids.len();
        let (of_row, count) = components(&[(&a.ids, a.levels), (&b.ids, b.levels)], n);
        let by_level = |c: &Column| {
            let mut out = vec![None; c.levels];
            c.ids.iter().zip(&of_row).for_each(|(id, k)| out[*id as usize] = Some(*k));
            out
        };
        let fixed_component = by_level(b);
        let mut first = vec![usize::MAX; count];
        for (level, k) in fixed_component.iter().enumerate().rev() {
            if let Some(k) = k {
                first[*k as usize] = level;
            }
        }
        Self {
            free,
            fixed,
            free_component: by_level(a),
            fixed_component,
            fixed_rows: b.sums(&vec![1.0; n]),
            first,
        }
    }

    /// Moves the references to zero; returns how far the farthest was.
    fn apply(&self, values: &mut [Vec<f64>], normalisation: Normalisation) -> f64 {
        let by: Vec<f64> = match normalisation {
            Normalisation::FirstIsZero => {
                self.first.iter().map(|level| values[self.fixed][*level]).collect()
            }
            Normalisation::MeanZero => {
                let mut sums = vec![(0.0, 0.0); self.first.len()];
                for (level, k) in self.fixed_component.iter().enumerate() {
                    if let Some(k) = k {
                        let sum = &mut sums[*k as usize];
                        sum.0 += self.fixed_rows[level] * values[self.fixed][level];
                        sum.1 += self.fixed_rows[level];
                    }
                }
                sums.into_iter().map(|(sum, rows)| sum / rows).collect()
            }
        };
        let mut add = |q: usize, of: &[Option<u32>], sign: f64| {
            for (v, k) in values[q].iter_mut().zip(of) {
                if let Some(k) = k {
                    *v += sign * by[*k as usize];
                }
            }
        };
        add(self.fixed, &self.fixed_component, -1.0);
        add(self.free, &self.free_component, 1.0);
        by.iter().fold(0.0, |m, v| m.max(v.abs()))
    }
}
