//! Which effect is which: origin, destination and time of every row, held against the effects.

use super::design::Factor;
use super::fit::Family;
use super::fitted::Fitted;
use crate::outcome::{InputError, Status};
use std::collections::HashMap;

/// Origin, destination and time of each row of the design.
#[derive(Debug, Clone, Copy)]
pub struct Roles<'a> {
    /// Exporter.
    pub origin: &'a Factor,
    /// Importer.
    pub destination: &'a Factor,
    /// Year; `None` for a cross section.
    pub time: Option<&'a Factor>,
}

/// Ids per row used, numbered without gaps in the order of their first row, and the number of
/// effects.
pub(super) struct Structure {
    pub ways: usize,
    pub origin: Vec<u32>,
    pub destination: Vec<u32>,
    pub time: Vec<u32>,
}

/// Checks that the correction is defined for the fit.
pub(super) fn structure(fitted: &Fitted, roles: &Roles) -> Result<Structure, InputError> {
    let fit = &fitted.fit;
    let undefined = |reason: String, remedy: &str| InputError::Undefined {
        what: "bias correction".into(),
        reason,
        remedy: remedy.into(),
    };
    if fit.family != Family::Poisson {
        return Err(undefined(
            "the fit is not Poisson".into(),
            "least squares has no such bias: use its clustered errors, or fit by PPML",
        ));
    }
    if fit.status != Status::Converged {
        return Err(undefined(
            format!("the fit ended as {:?}", fit.status),
            "mend the fit first: more iterations, or look for separated rows",
        ));
    }
    if fitted.x.is_empty() {
        return Err(undefined("the fit has no coefficient".into(), "add a regressor"));
    }
    let mut ids = Vec::new();
    let (origin, destination) = (roles.origin, roles.destination);
    for f in [Some(origin), Some(destination), roles.time].into_iter().flatten() {
        if f.ids.len() != fit.n_input {
            return Err(InputError::Length {
                what: format!("role `{}`", f.name),
                expected: fit.n_input,
                got: f.ids.len(),
            });
        }
        ids.push(renumber(fitted.rows.iter().map(|i| (f.ids[*i], 0))));
    }
    let mut ids = ids.into_iter();
    let mut next = || ids.next().unwrap_or_else(|| vec![0; fitted.rows.len()]);
    let (origin, destination, time) = (next(), next(), next());
    let combine = |a: &[u32], b: &[u32]| renumber(a.iter().copied().zip(b.iter().copied()));
    let pair = combine(&origin, &destination);
    let wanted = [combine(&origin, &time), combine(&destination, &time), pair.clone()];
    let mut found = [false; 3];
    for f in &fitted.effects {
        // Partitions are equal when their numbers by first occurrence are.
        let own = renumber(f.ids.iter().map(|id| (*id, 0)));
        // In a small sample two of them may coincide: the first that is still free.
        match (0..3).find(|q| !found[*q] && wanted[*q] == own) {
            Some(q) => found[q] = true,
            None => {
                return Err(undefined(
                    format!(
                        "effect `{}` is neither origin-time nor destination-time nor pair",
                        f.name
                    ),
                    "use those effects alone, and pair effects that differ by direction",
                ));
            }
        }
    }
    if !(found[0] && found[1]) {
        return Err(undefined(
            "origin-time and destination-time effects are not both in the model".into(),
            "add the one that is missing",
        ));
    }
    let pairs = pair.iter().max().map_or(0, |m| *m as usize + 1);
    if let Some((name, _)) =
        fit.clusters.iter().find(|(_, n)| *n != pairs || fit.clusters.len() > 1)
    {
        return Err(undefined(
            format!("the fit has clusters other than pairs (`{name}`)"),
            "cluster by pair alone, or leave clusters out: the adjusted errors are by pair",
        ));
    }
    let ways = if found[2] { 3 } else { 2 };
    Ok(Structure { ways, origin, destination, time })
}

/// Numbers keys by their first occurrence.
fn renumber(keys: impl Iterator<Item = (u32, u32)>) -> Vec<u32> {
    let mut numbers: HashMap<(u32, u32), u32> = HashMap::new();
    keys.map(|key| {
        let next = numbers.len() as u32;
        *numbers.entry(key).or_insert(next)
    })
    .collect()
}
