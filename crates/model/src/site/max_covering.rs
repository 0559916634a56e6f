//! How much demand p sites can reach within a radius.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bits::Bits;
use super::certificate::{self, rounding};
use super::covering::{CoverError, check_radius, unreachable};
use super::instance::{Instance, LARGEST, SiteState};
use super::p_median::{self, Proof};
use super::refutation::{Log, Refutation};
use super::rejection::{Rejection, check_plan, notes, same};
use super::set_cover::{Best, Limits, Links, Node, Search, search};
use crate::outcome::{InputError, Note, Status};

/// One site in the whole numbers of the covering kernel.
const UNIT: i64 = 1 << 20;
/// Numbers that the refutation of a full cover may hold.
const MAX_REFUTATION: usize = 200_000;
/// Nodes of the p-median before covering is tried.
const SHORT: usize = 150;
/// Lightest groups that are left out in turn.
const MAX_LEFT_OUT: usize = 500;
/// The p-median is missing, needless, or does not prove its bound.
const UNPROVEN: Rejection =
    Rejection::Certificate { step: 0, fault: "(the p-median that is left) does not hold" };
/// Finding out whether p sites reach everybody is only a short cut.
const COVER_LIMITS: Limits = Limits { root_steps: 300, node_steps: 40, max_nodes: 500 };

/// The p sites that reach the most demand, with a proof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[must_use]
pub struct MaxCover {
    /// Open sites, ascending, the kept ones included.
    pub open: Vec<usize>,
    /// Nearest open site of each customer, the lowest position in a tie, whether in reach or not.
    pub assignment: Vec<usize>,
    /// Customers within reach of an open site, ascending.
    pub reached: Vec<usize>,
    /// Customers beyond the radius of every site that may be open, ascending: no plan helps them.
    pub unreachable: Vec<usize>,
    /// Σ w_i of the customers reached.
    pub weight: f64,
    /// Σ w_i of all customers.
    pub total_weight: f64,
    /// No plan reaches more than this.
    pub bound: f64,
    /// (bound - weight) / bound; exactly 0 when no plan reaches more by more than `resolution`.
    pub gap: f64,
    /// [`Status::Optimal`] with this gap.
    pub status: Status,
    /// What [`check_max_cover`] re-proves: no plan reaches more than this.
    pub certified_bound: f64,
    /// What `bound` rests on.
    pub proof: Proof,
    /// Plans nearer than this are not told apart: 0 when all weights are whole.
    pub resolution: f64,
    /// The p-median that the question comes down to, with its multipliers; `None` when nothing is
    /// left to choose, when nobody who can be reached is missed, or when `refutation` says enough.
    pub reduced: Option<p_median::Solution>,
    /// Why p sites cannot reach everybody who can be reached: they miss the lightest group at least.
    pub refutation: Option<Refutation>,
    /// `unreachable`: customers whom no plan helps. `spare`: open sites that add nothing.
    pub notes: Vec<Note>,
}

/// Find the p sites that reach the most demand within a radius, and prove it.
///
/// ```text
/// maximise  Σ_i w_i z_i
/// subject to  z_i ≤ Σ_{j : c_ij ≤ R} y_j,  Σ_j y_j = p,  z, y ∈ {0, 1}
///             y_j = 1 for kept sites,  y_j = 0 for forbidden sites
/// ```
///
/// It is the p-median with costs of 0 within reach and 1 beyond (Church and ReVelle 1976,
/// Geographical Analysis 8, 406-415), on what is left after reductions: customers of kept sites are
/// reached, customers with the same sites are added up, and a site that reaches no more than some
/// of what another one reaches is left out.
///
/// # Notation
///
/// | symbol | where | shape | unit |
/// | --- | --- | --- | --- |
/// | w_i, c_ij | `instance` | customers; customers × sites | demand; distance |
/// | R | `radius` | 1 | distance |
/// | p | `p` | 1 | open sites in all, **the kept ones included** |
/// | y_j | [`MaxCover::open`] | p | |
/// | z_i | [`MaxCover::reached`] | customers | |
///
/// # Assumptions
///
/// c_ij = R is within reach, and being reached twice is worth no more than once. If fewer than p
/// sites reach all that can be reached, the rest are the free sites of lowest position, listed in a
/// note.
///
/// # Result
///
/// A plan, a proven bound **from above**, and the p-median that proves it. Customers nobody can
/// reach are listed; they are no error here.
///
/// # Errors
///
/// [`CoverError::Input`] for a p that no plan has, or a radius that is negative or not a number.
///
/// # Cost
///
/// The reductions O(m² n / 64), then a p-median of the merged customers and the sites left.
///
/// # Source
///
/// Church and ReVelle 1974, "The maximal covering location problem", Papers of the Regional Science
/// Association 32, 101-118.
///
/// # Example
///
/// ```
/// use emporion_model::site::{Instance, covering, p_median};
/// // Five towns on a road, at kilometres 0, 1, 5, 6 and 9; the last has twice the demand.
/// let at = [0.0_f64, 1.0, 5.0, 6.0, 9.0];
/// let costs = at.iter().flat_map(|a| at.iter().map(move |b| (a - b).abs())).collect();
/// let instance = Instance::new(5, 5, costs)?.weighted(vec![1.0, 1.0, 1.0, 1.0, 2.0])?;
/// let plan = covering::max_cover(&instance, 3.0, 1, &p_median::Options::default())?;
/// assert_eq!((plan.open[0], plan.weight, plan.bound, plan.total_weight), (3, 4.0, 4.0, 6.0));
/// # Ok::<(), emporion_model::site::covering::CoverError>(())
/// ```
pub fn max_cover(
    instance: &Instance,
    radius: f64,
    p: usize,
    options: &p_median::Options,
) -> Result<MaxCover, CoverError> {
    check_radius(radius)?;
    instance.check_p(p)?;
    p_median::check_options(options)?;
    check_total(instance.weights())?;
    let rest = Rest::new(instance, radius);
    let kept: Vec<usize> = instance.sites_in(SiteState::Kept).collect();
    let room = p - kept.len();
    let (mut reduced, mut refutation) = (None, None);
    let places: Vec<usize> = match rest.question(room) {
        None => (0..rest.sites.len()).take(room).collect(),
        Some(question) => {
            let full = rest.full(room);
            refutation = full.refutation;
            let plan = match full.cover {
                Some(cover) => Choice::Cover(cover),
                None => rest.median(&question, room, options, refutation.is_some())?,
            };
            match plan {
                Choice::Cover(cover) => cover,
                Choice::Median(plan) => reduced.insert(plan).open.clone(),
            }
        }
    };
    let chosen = places.into_iter().map(|at| rest.sites[at]).collect();
    let mut open = [kept, chosen].concat();
    let free = instance.sites_in(SiteState::Free).filter(|j| !open.contains(j));
    let spare: Vec<usize> = free.take(p - open.len()).collect();
    open.extend(&spare);
    open.sort_unstable();
    let shown = Shown::new(instance, radius, &open);
    let claims = Claims::new(&rest, &shown, reduced.as_ref(), refutation.is_some());
    let unreachable = unreachable(instance, radius);
    Ok(MaxCover {
        assignment: instance.assign(&open),
        notes: advice(&unreachable, spare),
        open,
        reached: shown.reached,
        unreachable,
        weight: shown.weight,
        total_weight: rest.total_weight,
        bound: claims.bound,
        gap: claims.gap,
        status: Status::Optimal { gap: claims.gap },
        certified_bound: claims.certified_bound,
        proof: claims.proof,
        resolution: rest.resolution,
        reduced,
        refutation,
    })
}

/// Prove the bound of a plan again: repeat the reductions by their definition, and check the
/// certificate of the p-median that is left.
///
/// # Result
///
/// The certified bound: no plan reaches more.
///
/// # Errors
///
/// [`Rejection`] naming the first claim that the numbers do not give; a certificate of the p-median
/// that is rejected is a [`Rejection::Certificate`].
///
/// # Cost
///
/// The reductions and one pass over the merged costs.
///
/// # Source
///
/// That of [`certificate::check`].
pub fn check_max_cover(
    instance: &Instance,
    radius: f64,
    p: usize,
    solution: &MaxCover,
) -> Result<f64, Rejection> {
    check_radius(radius)?;
    instance.check_p(p)?;
    check_plan(instance, p, &solution.open, &solution.assignment)?;
    let rest = Rest::new(instance, radius);
    let shown = Shown::new(instance, radius, &solution.open);
    same("the weight reached", solution.weight, shown.weight)?;
    same("the total weight", solution.total_weight, rest.total_weight)?;
    same("the resolution", solution.resolution, rest.resolution)?;
    if solution.reached != shown.reached || solution.unreachable != unreachable(instance, radius) {
        let (what, at) = ("list of", solution.reached.len());
        return Err(Rejection::Plan { what, at, fault: "customers reached is not the right one" });
    }
    let room = p - instance.sites_in(SiteState::Kept).count();
    if let Some(refutation) = &solution.refutation {
        let (links, root) = rest.links(None);
        refutation.check(&links, root, room as i64 * UNIT + 1)?;
    }
    let refuted = solution.refutation.is_some();
    match (rest.question(room), &solution.reduced) {
        (None, None) if refuted || room == 0 || rest.misses_nobody(&shown) => {}
        // Who misses nobody, or only what must be missed, has nothing more to prove.
        (Some(_), None) if refuted || rest.misses_nobody(&shown) => {}
        (Some(question), Some(plan)) => {
            let _ = certificate::check(&question, room, plan).map_err(|_| UNPROVEN)?;
        }
        _ => return Err(UNPROVEN),
    }
    let (plan, refuted) = (solution.reduced.as_ref(), solution.refutation.is_some());
    let claims = Claims::new(&rest, &shown, plan, refuted);
    same("the certified bound", solution.certified_bound, claims.certified_bound)?;
    same("the bound", solution.bound, claims.bound)?;
    same("the gap", solution.gap, claims.gap)?;
    if solution.proof != claims.proof || solution.status != (Status::Optimal { gap: claims.gap }) {
        return Err(Rejection::Proof { claimed: solution.proof, found: claims.proof });
    }
    Ok(claims.certified_bound)
}

/// What is left to decide after the reductions.
struct Rest {
    /// Free sites that no other one makes needless, ascending.
    sites: Vec<usize>,
    /// Sites (places in `sites`) of the customers not yet reached, and the weight of all customers
    /// with the same ones.
    groups: Vec<(Vec<usize>, f64)>,
    /// Weight that can be reached at all, and of everybody.
    reachable: f64,
    total_weight: f64,
    resolution: f64,
}

impl Rest {
    fn new(instance: &Instance, radius: f64) -> Self {
        let within = |i: usize, j: usize| instance.cost(i, j) <= radius;
        let kept: Vec<usize> = instance.sites_in(SiteState::Kept).collect();
        let free: Vec<usize> = instance.sites_in(SiteState::Free).collect();
        let weight = |i: usize| instance.weights()[i];
        let by_kept = |i: usize| kept.iter().any(|&j| within(i, j));
        let mut merged: BTreeMap<Vec<usize>, f64> = BTreeMap::new();
        let mut reachable = 0.0;
        for i in 0..instance.customers() {
            let sites: Vec<usize> = free.iter().copied().filter(|&j| within(i, j)).collect();
            if by_kept(i) {
                reachable += weight(i);
            } else if !sites.is_empty() {
                reachable += weight(i);
                *merged.entry(sites).or_default() += weight(i);
            }
        }
        merged.retain(|_, weight| *weight > 0.0);
        let sites = undominated(instance.sites(), &free, &merged);
        // Dropping sites makes more customers alike.
        let mut groups: BTreeMap<Vec<usize>, f64> = BTreeMap::new();
        for (of, weight) in merged {
            let places = of.iter().filter_map(|j| sites.binary_search(j).ok()).collect();
            *groups.entry(places).or_default() += weight;
        }
        let total_weight: f64 = instance.weights().iter().sum();
        let whole =
            instance.weights().iter().all(|w| w.fract() == 0.0) && reachable < (1_u64 << 53) as f64;
        let sums = 4.0 * instance.customers() as f64 * f64::EPSILON * reachable;
        let resolution = if whole { 0.0 } else { sums };
        Self { sites, groups: groups.into_iter().collect(), reachable, total_weight, resolution }
    }

    /// Who reaches which group, and all of them but one as the task.
    fn links(&self, without: Option<usize>) -> (Links, Node) {
        let (n, m) = (self.groups.len(), self.sites.len());
        let covers = |i: usize, j: usize| self.groups[i].0.binary_search(&j).is_ok();
        let links = Links::new(n, vec![UNIT; m], UNIT, covers);
        let task = Bits::of(n, (0..n).filter(|i| without != Some(*i)));
        let root = Node::new(&links, task, Bits::of(m, 0..m));
        (links, root)
    }

    /// Sites that reach all groups but maybe one, if a short search finds them.
    fn decide(&self, room: usize, without: Option<usize>, log: Log) -> Search {
        let (links, root) = self.links(without);
        let best = Best { value: (room as i64 + 1) * UNIT, cover: None, any: true, log };
        search(&links, root, best, &COVER_LIMITS)
    }

    /// Whether p sites reach everybody.
    fn full(&self, room: usize) -> Full {
        let found = self.decide(room, None, Log::new(MAX_REFUTATION));
        let impossible = found.best.cover.is_none() && found.open_bound.is_none();
        let refutation = if impossible { found.best.log.finish() } else { None };
        Full { cover: found.best.cover, refutation }
    }

    /// The p-median. Where p sites reach nearly everybody its bound is weakest and covering is
    /// strongest: if a short search leaves a gap, a cover of all but a lightest group is looked for.
    fn median(
        &self,
        question: &Instance,
        room: usize,
        options: &p_median::Options,
        refuted: bool,
    ) -> Result<Choice, InputError> {
        let max_nodes = options.max_nodes.min(SHORT);
        let short = p_median::Options { max_nodes, ..options.clone() };
        let plan = p_median::solve(question, room, &short)?;
        let lightest = self.lightest();
        let missed_least = refuted && plan.objective <= lightest;
        if plan.gap == 0.0 || missed_least {
            return Ok(Choice::Median(plan));
        }
        if refuted {
            let light = (0..self.groups.len()).filter(|&at| self.groups[at].1 == lightest);
            let cover = light
                .take(MAX_LEFT_OUT)
                .find_map(|at| self.decide(room, Some(at), Log::default()).best.cover);
            if let Some(cover) = cover {
                return Ok(Choice::Cover(cover));
            }
        }
        let longer = options.max_nodes > SHORT;
        let plan = if longer { p_median::solve(question, room, options)? } else { plan };
        Ok(Choice::Median(plan))
    }

    /// The least that is missed if anything is.
    fn lightest(&self) -> f64 {
        self.groups.iter().map(|(_, weight)| *weight).fold(f64::INFINITY, f64::min)
    }

    /// Whether a plan reaches all that can be reached.
    fn misses_nobody(&self, shown: &Shown) -> bool {
        self.reachable - shown.weight <= rounding(self.reachable, self.resolution)
    }

    /// The p-median of what is left: cost 1 for a group that is not reached. `None` if all that can
    /// be reached is, or nothing is left to choose.
    fn question(&self, room: usize) -> Option<Instance> {
        if self.groups.is_empty() || self.sites.len() <= room || room == 0 {
            return None;
        }
        let m = self.sites.len();
        let mut costs = vec![1.0; self.groups.len() * m];
        for (at, (places, _)) in self.groups.iter().enumerate() {
            places.iter().for_each(|place| costs[at * m + place] = 0.0);
        }
        let weights = self.groups.iter().map(|(_, weight)| *weight).collect();
        let question = Instance::new(self.groups.len(), m, costs);
        Some(
            question.and_then(|question| question.weighted(weights)).expect("weights are positive"),
        )
    }
}

/// Customers with the same sites in reach become one, whose weight must be one still.
fn check_total(weights: &[f64]) -> Result<(), InputError> {
    let total: f64 = weights.iter().sum();
    if total <= LARGEST {
        return Ok(());
    }
    Err(InputError::Setting {
        what: "the sum of the weights".to_owned(),
        expected: format!("{LARGEST:e} at most"),
        got: format!("{total:e}"),
        remedy: "count them in a larger unit".to_owned(),
    })
}

/// What covering alone finds out.
struct Full {
    /// Places of sites that reach every group.
    cover: Option<Vec<usize>>,
    /// Why no sites reach every group.
    refutation: Option<Refutation>,
}

/// Where a plan comes from: places of sites, or the p-median.
enum Choice {
    Cover(Vec<usize>),
    Median(p_median::Solution),
}

/// Free sites that reach a group, without those whose groups another one reaches too. Of twins the
/// lowest position stays.
fn undominated(sites: usize, free: &[usize], groups: &BTreeMap<Vec<usize>, f64>) -> Vec<usize> {
    let mut members = vec![Bits::none(groups.len()); sites];
    for (at, of) in groups.keys().enumerate() {
        of.iter().for_each(|&j| members[j].insert(at));
    }
    let size: Vec<usize> = members.iter().map(Bits::count).collect();
    let needless = |j: usize| {
        size[j] == 0
            || free.iter().any(|&k| {
                let larger = size[k] > size[j] || size[k] == size[j] && k < j;
                larger && members[j].common(&members[k]) == size[j]
            })
    };
    free.iter().copied().filter(|&j| !needless(j)).collect()
}

/// What a plan reaches.
struct Shown {
    reached: Vec<usize>,
    weight: f64,
}

impl Shown {
    fn new(instance: &Instance, radius: f64, open: &[usize]) -> Self {
        let near = |i: &usize| open.iter().any(|&j| instance.cost(*i, j) <= radius);
        let reached: Vec<usize> = (0..instance.customers()).filter(near).collect();
        let weight = reached.iter().map(|&i| instance.weights()[i]).sum();
        Self { reached, weight }
    }
}

/// Bounds and proof that follow from the p-median of the rest.
struct Claims {
    bound: f64,
    certified_bound: f64,
    gap: f64,
    proof: Proof,
}

impl Claims {
    fn new(
        rest: &Rest,
        shown: &Shown,
        reduced: Option<&p_median::Solution>,
        refuted: bool,
    ) -> Self {
        let least = if refuted { rest.lightest() } else { 0.0 };
        let of = |missed: f64| (rest.reachable - missed.max(least)).max(shown.weight);
        // With no p-median left and nothing refuted, the plan misses nobody or had no choice.
        let only = if refuted { of(least) } else { shown.weight };
        let (mut bound, mut certified_bound) = (only, only);
        let mut resolution = rest.resolution;
        if let Some(plan) = reduced {
            (bound, certified_bound) = (of(plan.bound), of(plan.certified_bound));
            resolution += plan.resolution;
        }
        let resolution = rounding(bound, resolution);
        let gap =
            if bound - shown.weight <= resolution { 0.0 } else { (bound - shown.weight) / bound };
        let proof = if gap > 0.0 {
            Proof::Open
        } else if certified_bound - shown.weight <= resolution {
            Proof::Certificate
        } else {
            Proof::Search
        };
        Self { bound, certified_bound, gap, proof }
    }
}

fn advice(unreachable: &[usize], spare: Vec<usize>) -> Vec<Note> {
    let lost = [
        "customer is beyond the radius of every site that may be open",
        "customers are beyond the radius of every site that may be open",
    ];
    notes([
        ("unreachable", lost, unreachable.to_vec()),
        (
            "spare",
            [
                "open site adds nothing: others would do as well",
                "open sites add nothing: others would do as well",
            ],
            spare,
        ),
    ])
}
