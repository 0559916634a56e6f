//! Saturating capture: which p sites win the largest share of demand from rivals.

use serde::{Deserialize, Serialize};

use super::capture_bound::Scaled;
use super::capture_ruled::{self, Asked};
use super::capture_tree::{self, Search};
use super::instance::SiteState;
use super::market::Market;
use super::rejection;
use super::rules::{RuleError, Rules};
use crate::outcome::{InputError, Note, Status};

/// How long to search. The search makes no random choices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// Nodes of the tree at most; 0 leaves the root bound as it is. 10,000 by default, some 20 seconds
    /// on 200 × 200. When the limit comes first the gap is positive and proven all the same.
    pub max_nodes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_nodes: 10_000 }
    }
}

/// A plan with a proof of how good it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Solution {
    /// Open sites, ascending, the kept ones included.
    pub open: Vec<usize>,
    /// share_k: what the open sites together win of each customer, 0 to 1.
    pub shares: Vec<f64>,
    /// w_k share_k, in the unit of the weights.
    pub captured: Vec<f64>,
    /// What each open site wins, in the order of `open`; they sum to `objective`.
    pub by_site: Vec<f64>,
    /// Σ_k w_k share_k.
    pub objective: f64,
    /// No plan captures more than this.
    pub bound: f64,
    /// (bound - objective) / objective; exactly 0 when no plan is better by more than `resolution`.
    pub gap: f64,
    /// [`Status::Optimal`] with this gap.
    pub status: Status,
    /// Plans nearer than this are not told apart: rounding, some 1e-12 of what new sites add.
    pub resolution: f64,
    /// What the kept sites capture alone.
    pub kept_alone: f64,
    /// What opening the best site next, p times, captures: 63 percent at least of what can be added.
    pub greedy: f64,
    /// The bound before the tree.
    pub root_bound: f64,
    /// Steps of the relaxation, root and tree together.
    pub iterations: usize,
    /// Nodes of the tree.
    pub nodes: usize,
    /// `zero_weight`: customers that do not move the answer. `out_of_reach`: customers that no site
    /// attracts.
    pub notes: Vec<Note>,
}

/// Find the p sites that capture most, and prove it.
///
/// ```text
/// maximise    Σ_k w_k s_k / (u_k0 + Σ_r v_kr + s_k),   s_k = Σ_j u_kj y_j
/// subject to  Σ_j y_j = p,  y ∈ {0, 1}
///             y_j = 1 for kept sites,  y_j = 0 for forbidden sites
/// ```
///
/// # Notation
///
/// | symbol | where | shape | unit |
/// | --- | --- | --- | --- |
/// | u_kj, u_k0, v_kr, w_k | [`Market`] | | attraction; demand |
/// | p | `p` | 1 | open sites in all, **the kept ones included** |
/// | y_j | [`Solution::open`] | p | |
/// | s_k / (u_k0 + Σ_r v_kr + s_k) | [`Solution::shares`] | customers | 0 to 1 |
///
/// # Assumptions
///
/// Those of [`Market`]. Demand is fixed: nearer sites win it from elsewhere, they do not make more of
/// it, except out of the outside option. Rivals stay where they are. Each site, one's own too, takes
/// from all others in proportion to their attraction (independence of irrelevant alternatives).
///
/// # Result
///
/// What the plan adds to the kept sites is monotone and submodular: a further site never harms, and
/// adds less the more are open. A gap of 0 is stated only with a proof by the tree. Several plans may
/// be equally good; one is returned.
///
/// # Errors
///
/// [`InputError::Setting`] if no plan has p open sites; [`InputError::Undefined`] if nothing attracts
/// a customer before the new sites open.
///
/// # Cost
///
/// Memory 16 bytes per pair of customer and free site. A swap pass and a marginal gain of every site
/// take O(p n m) and O(n m), a step of the relaxation O(n m). The number of nodes grows with p and
/// with how much stronger near sites are than what is elsewhere.
///
/// # Source
///
/// Problem: Benati and Hansen 2002, "The maximum capture problem with random utilities", EJOR 143,
/// 518-530. Greedy bound: Nemhauser, Wolsey and Fisher 1978, Mathematical Programming 14, 265-294.
/// Tangents and submodular cuts: Ljubić and Moreno 2018, EJOR 266, 46-56.
///
/// # Example
///
/// ```
/// use emporion_model::site::capture::{Options, solve};
/// use emporion_model::site::market::{Fade, Market, attraction};
/// // Three towns on a road at kilometres 0, 4 and 9, and a rival in the first.
/// let at = [0.0_f64, 4.0, 9.0];
/// let km: Vec<f64> = at.iter().flat_map(|a| at.iter().map(move |b| (a - b).abs())).collect();
/// let fade = Fade::Exponential { beta: 0.5 };
/// let market = Market::new(3, 3, attraction(&[1.0; 3], &km, 1.0, fade)?)?
///     .rivals(1, &attraction(&[1.0], &at, 1.0, fade)?)?;
/// let solution = solve(&market, 1, &Options::default())?;
/// // Where the rival is strong half of a town can be won, where it is weak nearly all.
/// assert_eq!((solution.open, solution.gap), (vec![1], 0.0));
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn solve(market: &Market, p: usize, options: &Options) -> Result<Solution, InputError> {
    market.check(p)?;
    let scaled = Scaled::new(market);
    let kept = market.sites_in(SiteState::Kept);
    let search = capture_tree::search(&scaled, p - kept.len(), options.max_nodes);
    Ok(report(market, &scaled, kept, search))
}

/// The same under rules: quotas of groups, "not both", a budget.
///
/// # Assumptions
///
/// Those of [`solve`] and [`Rules`]. Opening costs that are charged play no part: demand has no price
/// here.
///
/// # Result
///
/// As [`solve`]. [`Solution::greedy`] opens the best site next that the rules let open, and carries no
/// guarantee.
///
/// # Errors
///
/// A [`RuleError`] if the rules have no plan, or as [`solve`].
///
/// # Cost
///
/// As [`solve`]; rules that the bound does not look at (groups that share sites) add nodes.
///
/// # Source
///
/// As [`solve`].
pub fn solve_ruled(
    market: &Market,
    rules: &Rules,
    options: &Options,
) -> Result<Solution, RuleError> {
    let system = capture_ruled::system(market, rules)?;
    market.check(system.high)?;
    let scaled = Scaled::new(market);
    let (least, enough) = (f64::NEG_INFINITY, f64::INFINITY);
    let max_nodes = options.max_nodes;
    let asked = Asked { scaled: &scaled, system: &system, least, enough, max_nodes };
    let (found, open_bound) = capture_ruled::search(&asked, &market.states);
    match found {
        Some(search) => Ok(report(market, &scaled, market.sites_in(SiteState::Kept), search)),
        None if open_bound > f64::NEG_INFINITY => Err(RuleError::Undecided { nodes: max_nodes }),
        None => Err(RuleError::NoPlan { rules: system.culprits(&market.states) }),
    }
}

fn report(market: &Market, scaled: &Scaled, kept: Vec<usize>, search: Search) -> Solution {
    let mut open = kept;
    open.extend(search.best.open.iter().map(|&at| scaled.free[at]));
    open.sort_unstable();
    let shares = market.shares(&open);
    let captured: Vec<f64> = shares.iter().zip(&market.weights).map(|(s, w)| s * w).collect();
    let objective: f64 = captured.iter().sum();
    let resolution = 8.0 * scaled.rounding() * search.best.added;
    let proven = search.bound <= search.best.added * (1.0 + 4.0 * scaled.rounding());
    // Where the kept sites win nearly all, their sum's rounding may lift the objective above.
    let bound = if proven { objective } else { (scaled.kept + search.bound).max(objective) };
    let gap = if proven { 0.0 } else { (bound - objective) / objective };
    Solution {
        by_site: by_site(market, &open),
        open,
        shares,
        captured,
        objective,
        bound,
        gap,
        status: Status::Optimal { gap },
        resolution,
        kept_alone: scaled.kept,
        greedy: scaled.kept + search.greedy,
        root_bound: (scaled.kept + search.root_bound).max(bound),
        iterations: search.steps,
        nodes: search.nodes,
        notes: notes(market),
    }
}

/// Σ_k w_k u_kj / (u_k0 + Σ_r v_kr + s_k) for each open site.
fn by_site(market: &Market, open: &[usize]) -> Vec<f64> {
    let mut won = vec![0.0; open.len()];
    for k in 0..market.customers {
        let all = market.elsewhere[k] + market.attracted(k, open);
        for (won, &j) in won.iter_mut().zip(open) {
            *won += market.weights[k] * (market.attraction[k * market.sites + j] / all);
        }
    }
    won
}

fn notes(market: &Market) -> Vec<Note> {
    let rows = market.attraction.chunks_exact(market.sites);
    let idle = (0..market.customers).filter(|&k| market.weights[k] == 0.0).collect();
    let blind = rows.enumerate().filter(|(_, row)| row.iter().all(|u| *u == 0.0)).map(|(k, _)| k);
    let listed = [
        (
            "zero_weight",
            [
                "customer of weight zero does not move the answer",
                "customers of weight zero do not move the answer",
            ],
            idle,
        ),
        (
            "out_of_reach",
            ["customer is attracted by no site", "customers are attracted by no site"],
            blind.collect(),
        ),
    ];
    rejection::notes(listed)
}
