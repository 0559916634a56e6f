//! From the pieces of a fit to the result: rows and reasons, covariance, notes.

use super::absorb::Absorbed;
use super::design::{Design, Factor, Regressor, Slope, WeightKind};
use super::errors::Errors;
use super::fit::{Certificate, Collinear, Dropped, Family, Fit};
use super::fitted::Fitted;
use super::freedom::Freedom;
use super::options::{Options, Vcov};
use super::sample::{Sample, compact};
use super::singletons::drop_singletons;
use crate::outcome::{InputError, Note, Status};

/// Why a row takes no part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    ZeroWeight,
    SeparatedByEffects,
    SeparatedByRegressors,
    Singleton,
}

/// Which rows take part, and why the others do not.
pub(super) struct Rows {
    pub keep: Vec<bool>,
    dropped: Vec<(usize, Reason)>,
}

impl Rows {
    /// All rows but those with weight zero.
    pub fn new(design: &Design) -> Self {
        let mut rows = Self { keep: vec![true; design.y.len()], dropped: Vec::new() };
        if let Some(w) = &design.weights {
            rows.drop((0..w.len()).filter(|i| w[*i] == 0.0), Reason::ZeroWeight);
        }
        rows
    }

    /// Records rows as dropped.
    pub fn drop(&mut self, found: impl Iterator<Item = usize>, reason: Reason) {
        for i in found {
            self.keep[i] = false;
            self.dropped.push((i, reason));
        }
    }

    /// Drops singletons unless they are to be kept; says whether there were any.
    pub fn drop_singletons(&mut self, design: &Design, options: &Options) -> bool {
        if options.keep_singletons {
            return false;
        }
        let counted = design.weight_kind == WeightKind::Frequency;
        let frequency = design.weights.as_deref().filter(|_| counted);
        let found = drop_singletons(&design.effects, frequency, &mut self.keep);
        let any = !found.is_empty();
        self.drop(found.into_iter(), Reason::Singleton);
        any
    }

    /// The rows that are left, compact.
    pub fn sample(&self, design: &Design, options: &Options) -> Result<Sample, InputError> {
        if self.keep.contains(&true) {
            return Ok(Sample::new(design, &self.keep, options.road));
        }
        Err(InputError::Empty {
            what: format!("all {} rows were dropped", self.keep.len()),
            remedy: "every row is alone in a level of a fixed effect or has weight zero: use \
                     fewer or coarser effects, or keep singletons"
                .into(),
        })
    }

    fn with(&self, reason: Reason) -> Vec<usize> {
        let mut rows: Vec<usize> =
            self.dropped.iter().filter(|(_, r)| *r == reason).map(|(i, _)| *i).collect();
        rows.sort_unstable();
        rows
    }
}

/// What an estimator hands over.
pub(super) struct Pieces {
    pub family: Family,
    pub coefficients: Vec<f64>,
    pub x: Vec<Vec<f64>>,
    pub u: Vec<f64>,
    pub working: Vec<f64>,
    pub bread: Vec<f64>,
    pub eta: Vec<f64>,
    pub fitted: Vec<f64>,
    pub deviance: f64,
    pub log_likelihood: f64,
    pub r_squared: f64,
    pub within_r_squared: Option<f64>,
    pub iterations: usize,
    pub absorbed: Absorbed,
    pub gradient_norm: f64,
    pub status: Status,
    pub collinear: Vec<Collinear>,
    pub certificate: Option<Certificate>,
    pub notes: Vec<Note>,
}

/// Computes the covariance and puts the result together.
pub(super) fn assemble(
    design: &Design,
    options: &Options,
    rows: &Rows,
    sample: Sample,
    pieces: Pieces,
) -> Result<Fitted, InputError> {
    let mut fitted = vec![f64::NAN; design.y.len()];
    for reason in [Reason::SeparatedByEffects, Reason::SeparatedByRegressors] {
        rows.with(reason).into_iter().for_each(|i| fitted[i] = 0.0);
    }
    sample.rows.iter().zip(&pieces.fitted).for_each(|(i, f)| fitted[*i] = *f);
    let mut used = sample.rows.clone();
    used.sort_unstable();
    let mut notes = dropped_notes(rows);
    notes.extend(pieces.collinear.iter().map(collinear_note));
    notes.extend(pieces.notes);
    let sizes = |factors: &[Factor]| -> Vec<(String, usize)> {
        factors.iter().map(|f| (f.name.clone(), f.levels)).collect()
    };
    // In the order of the design, not in that of the sample.
    let effects: Vec<Factor> = design
        .effects
        .iter()
        .filter_map(|f| sample.effects.iter().find(|e| e.name == f.name))
        .cloned()
        .collect();
    let fit = Fit {
        family: pieces.family,
        outcome: design.outcome.clone(),
        names: sample.names.clone(),
        coefficients: pieces.coefficients,
        standard_errors: Vec::new(),
        covariance: Vec::new(),
        statistics: Vec::new(),
        p_values: Vec::new(),
        degrees_of_freedom: None,
        parameters: 0,
        freedom: Freedom::default(),
        convention: String::new(),
        clusters: Vec::new(),
        effects: sizes(&effects),
        n_input: design.y.len(),
        n_used: sample.n(),
        dropped: Dropped {
            separated_by_effects: rows.with(Reason::SeparatedByEffects).len(),
            separated_by_regressors: rows.with(Reason::SeparatedByRegressors).len(),
            singletons: rows.with(Reason::Singleton).len(),
            zero_weight: rows.with(Reason::ZeroWeight).len(),
        },
        rows: used,
        certificate: pieces.certificate,
        collinear: pieces.collinear,
        deviance: pieces.deviance,
        log_likelihood: pieces.log_likelihood,
        r_squared: pieces.r_squared,
        within_r_squared: pieces.within_r_squared,
        fitted,
        iterations: pieces.iterations,
        absorb_iterations: pieces.absorbed.iterations,
        gradient_norm: pieces.gradient_norm,
        absorb_residual: pieces.absorbed.residual,
        absorb_passes: pieces.absorbed.passes,
        road: sample.layout.road,
        road_reason: sample.layout.why.clone(),
        status: pieces.status,
        notes,
    };
    let slopes = design
        .slopes
        .iter()
        .map(|s| Slope {
            factor: compact(&s.factor, &sample.rows),
            variable: Regressor {
                name: s.variable.name.clone(),
                values: sample.rows.iter().map(|i| s.variable.values[*i]).collect(),
            },
        })
        .collect();
    let mut fitted = Fitted {
        fit,
        rows: sample.rows,
        y: sample.y,
        weights: sample.w,
        weight_kind: design.weight_kind,
        offset: sample.offset,
        eta: pieces.eta,
        mu: pieces.fitted,
        residual: pieces.u,
        working: pieces.working,
        x: pieces.x,
        bread: pieces.bread,
        effects,
        slopes,
    };
    let errors = match options.vcov {
        Vcov::Iid => Errors::Iid,
        Vcov::Robust => Errors::Robust,
        Vcov::Cluster => Errors::Cluster(design.clusters.clone()),
    };
    fitted.fit = fitted.with_errors(&errors, options.small_sample)?;
    Ok(fitted)
}

fn dropped_notes(rows: &Rows) -> Vec<Note> {
    let texts = [
        (
            Reason::SeparatedByEffects,
            "separated_by_effects",
            "in a level of a fixed effect without any positive outcome; fitted value 0",
        ),
        (
            Reason::SeparatedByRegressors,
            "separated_by_regressors",
            "zeros that a combination of regressors and effects singles out; fitted value 0",
        ),
        (Reason::Singleton, "singletons", "alone in a level of a fixed effect"),
        (Reason::ZeroWeight, "zero_weight", "with weight zero"),
    ];
    let mut notes = Vec::new();
    for (reason, code, text) in texts {
        let found = rows.with(reason);
        if !found.is_empty() {
            let n = found.len();
            let message = format!("{n} row{} left out: {text}", if n == 1 { "" } else { "s" });
            notes.push(Note { code, message, count: found.len(), rows: found });
        }
    }
    notes
}

fn collinear_note(c: &Collinear) -> Note {
    let message = if c.with == ["zero"] {
        format!("`{}` left out: zero in every row used", c.name)
    } else {
        format!(
            "`{}` left out: collinear with {} ({:.0e} of its variation is left)",
            c.name,
            c.with.join(", "),
            c.remaining
        )
    };
    Note { code: "collinear", message, count: 1, rows: Vec::new() }
}
