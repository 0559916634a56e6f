//! A proof that a list of plans is complete: what the plans that are not listed cost at least.

use super::certificate::{self, Rejection, check_open};
use super::fixed::Table;
use super::instance::{Instance, SiteState, positions};
use super::p_median::{Options, Solution, Warm, check_options, solve_on};
use crate::outcome::InputError;

/// Solve the p-median once more in each part of the plans that are not listed.
///
/// ```text
/// min { z(S) : |S| = p, S ∉ {S_1, …, S_k} } = min over parts of min { z(S) : S in the part }
/// ```
///
/// # Notation
///
/// z(S) = Σ_i w_i min_{j∈S} c_ij; S_1 … S_k are `plans`, each ascending. A part is a set of plans with
/// some sites kept and some forbidden.
///
/// # Assumptions
///
/// Those of [`p_median::solve`](super::p_median::solve). The parts follow from the plans alone: plans are
/// divided by the first free site that is open in some but not all of them, and one plan from all others
/// by its open sites in turn.
///
/// # Result
///
/// The best plan of each part, in order, with its proof; none where every plan is listed. [`check`]
/// repeats the proofs, whose trees together have `options.proof_numbers` numbers at most.
///
/// # Errors
///
/// [`InputError::Setting`] if no plan has p open sites, a plan listed is none, or the options mean
/// nothing.
///
/// # Cost
///
/// One warm p-median question per part, of which there are p k at most.
///
/// # Source
///
/// Ranking by partition of the solutions: Lawler 1972, Management Science 18, 401-405.
///
/// # Example
///
/// ```
/// use emporion_model::site::{Instance, p_median::Options, unlisted};
/// let at = [0.0_f64, 1.0, 3.0];
/// let costs = at.iter().flat_map(|a| at.iter().map(move |b| (a - b).abs())).collect();
/// let instance = Instance::new(3, 3, costs)?;
/// // A centre in the middle costs 3, one at the left end 4, one at the right end 5.
/// let listed: [&[usize]; 2] = [&[1], &[0]];
/// let best = unlisted::solve(&instance, 1, &listed, &Options::default())?;
/// assert_eq!(unlisted::check(&instance, 1, &listed, &best)?, Some(5.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn solve(
    instance: &Instance,
    p: usize,
    plans: &[&[usize]],
    options: &Options,
) -> Result<Vec<Solution>, InputError> {
    check_options(options)?;
    instance.check_p(p)?;
    if let Some(Err(fault)) =
        plans.iter().map(|plan| check_open(instance, p, plan)).find(Result::is_err)
    {
        let (what, expected) = ("a plan listed".to_owned(), format!("{p} open sites, ascending"));
        let (got, remedy) = (fault.to_string(), "list plans of this question".to_owned());
        return Err(InputError::Setting { what, expected, got, remedy });
    }
    let table = Table::new(instance, p, p);
    let mut options = options.clone();
    let mut best: Vec<Solution> = Vec::new();
    for part in parts(instance, p, plans) {
        let multipliers = best.last().map(|before| &before.certificate.multipliers[..]);
        let found = solve_on(&table, &part, p, &options, &Warm { open: None, multipliers });
        options.proof_numbers =
            options.proof_numbers.saturating_sub(found.certificate.tree_numbers());
        best.push(found);
    }
    Ok(best)
}

/// How many parts there are for plans of p sites.
#[must_use]
pub fn count(instance: &Instance, p: usize, plans: &[&[usize]]) -> usize {
    parts(instance, p, plans).count()
}

/// Prove again what plans that are not listed cost at least: what the certificates of [`solve`] prove
/// without the search. `None`: there is no other plan.
///
/// # Assumptions
///
/// Nothing is taken on trust: see [`certificate::check`].
///
/// # Errors
///
/// A [`Rejection`] of a plan listed that is none; [`Rejection::Part`] with the first part that does not
/// hold, [`Rejection::Length`] where some are missing.
///
/// # Cost
///
/// That of [`certificate::check`] for each part.
pub fn check(
    instance: &Instance,
    p: usize,
    plans: &[&[usize]],
    best: &[Solution],
) -> Result<Option<f64>, Rejection> {
    instance.check_p(p)?;
    plans.iter().try_for_each(|plan| check_open(instance, p, plan))?;
    let expected = count(instance, p, plans);
    if best.len() != expected {
        let (what, got) = ("the parts of the plans left out", best.len());
        return Err(Rejection::Length { what, expected, got });
    }
    let mut least: Option<f64> = None;
    for (at, (part, found)) in parts(instance, p, plans).zip(best).enumerate() {
        let checked = certificate::check(&part, p, found)
            .map_err(|fault| Rejection::Part { part: at, fault: Box::new(fault) })?;
        least = Some(least.map_or(checked.certified_bound, |l| l.min(checked.certified_bound)));
    }
    Ok(least)
}

/// The parts that together hold every plan of p sites but those listed, each once.
fn parts<'a>(
    instance: &'a Instance,
    p: usize,
    plans: &'a [&'a [usize]],
) -> impl Iterator<Item = Instance> + 'a {
    let opens = |at: usize, site: usize| plans[at].binary_search(&site).is_ok();
    let mut waiting = vec![(instance.states().to_vec(), (0..plans.len()).collect::<Vec<usize>>())];
    let next = move || {
        while let Some((states, listed)) = waiting.pop() {
            let Some(&first) = listed.first() else {
                return Some(instance.with_states(&states));
            };
            let free = positions(&states, SiteState::Free);
            let split = free
                .iter()
                .copied()
                .find(|&site| listed.iter().any(|&at| opens(at, site) != opens(first, site)));
            // One plan alone: the first of its own sites that is not decided.
            let split = split.or_else(|| free.iter().copied().find(|&site| opens(first, site)));
            let Some(site) = split else { continue };
            let (with, without) = listed.iter().partition(|at| opens(**at, site));
            for (state, listed) in [(SiteState::Kept, with), (SiteState::Forbidden, without)] {
                let mut states = states.clone();
                states[site] = state;
                waiting.push((states, listed));
            }
        }
        None
    };
    std::iter::from_fn(next).filter(move |part| part.check_p(p).is_ok())
}
