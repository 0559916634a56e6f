//! Lower bound of facility location: let each customer be served any number of times, and charge.
//!
//! ```text
//! L(λ) = Σ_i λ_i + min { Σ_{j∈S} v_j(λ) : Kept ⊆ S, S ∩ Forbidden = ∅, Σ_{j∈S} s_j ≥ Σ_i d_i }
//! v_j(λ) = f_j + min { Σ_i (c_ij - λ_i) x_i : Σ_i d_i x_i ≤ s_j, 0 ≤ x ≤ 1 }
//! ```
//!
//! The inner problem of a site is a knapsack that may be cut: customers in order of what they bring
//! per unit of capacity. x ≤ 1 is the strong link x_ij ≤ y_j. That the open sites together must hold
//! all demand is used through the least number of sites that can, and through its fractional form
//! (Cornuéjols, Sridharan, Thizy 1991, "A comparison of heuristics and relaxations for the
//! capacitated plant location problem", EJOR 50, 280-297). Without capacities v_j is a plain sum
//! and one site must be open.

use super::facility::Facilities;
use super::instance::SiteState;
use super::rule_bound::least;

/// What a customer brings to a site.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offer {
    customer: usize,
    /// λ_i - c_ij > 0.
    saving: f64,
    demand: f64,
}

impl Offer {
    fn per_unit(&self) -> f64 {
        // No demand: takes no room, comes first.
        if self.demand > 0.0 { self.saving / self.demand } else { f64::INFINITY }
    }
}

/// The offers that a site takes: all of `offers[..full]`, and `part` of the next one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fill {
    pub(crate) gain: f64,
    full: usize,
    part: f64,
    /// What one more unit of capacity would bring.
    pub(crate) price: f64,
}

/// Offers at λ that are worth taking.
pub(crate) fn offers(problem: &Facilities, site: usize, lambda: &[f64], list: &mut Vec<Offer>) {
    list.clear();
    for (customer, (cost, multiplier)) in problem.column(site).iter().zip(lambda).enumerate() {
        let saving = multiplier - cost;
        if saving > 0.0 {
            list.push(Offer { customer, saving, demand: problem.demand(customer) });
        }
    }
}

/// Take the best offers that fit, by halving rather than sorting.
pub(crate) fn fill(offers: &mut [Offer], capacity: f64) -> Fill {
    let total: f64 = offers.iter().map(|offer| offer.demand).sum();
    if total <= capacity {
        let gain = offers.iter().map(|offer| offer.saving).sum();
        return Fill { gain, full: offers.len(), part: 0.0, price: 0.0 };
    }
    let (mut low, mut high, mut left, mut gain) = (0, offers.len(), capacity, 0.0);
    while low < high {
        let middle = (high - low) / 2;
        let by_worth = |a: &Offer, b: &Offer| b.per_unit().total_cmp(&a.per_unit());
        offers[low..high].select_nth_unstable_by(middle, by_worth);
        let head = &offers[low..=low + middle];
        let demand: f64 = head.iter().map(|offer| offer.demand).sum();
        if demand <= left {
            left -= demand;
            gain += head.iter().map(|offer| offer.saving).sum::<f64>();
            low += middle + 1;
        } else {
            high = low + middle;
        }
    }
    let Some(next) = offers.get(low) else {
        return Fill { gain, full: low, part: 0.0, price: 0.0 };
    };
    let part = left / next.demand;
    Fill { gain: gain + part * next.saving, full: low, part, price: next.per_unit() }
}

/// Σ_i max(0, λ_i - c_ij), eight customers at a time.
fn all_savings(costs: &[f64], lambda: &[f64]) -> f64 {
    let mut sums = [0.0_f64; 8];
    let (costs, lambda) = (costs.chunks(8), lambda.chunks(8));
    for (costs, lambda) in costs.zip(lambda) {
        for (sum, (cost, multiplier)) in sums.iter_mut().zip(costs.iter().zip(lambda)) {
            *sum += (multiplier - cost).max(0.0);
        }
    }
    sums.iter().sum()
}

/// What is decided in a part of the search.
pub(crate) type States = [SiteState];

/// The least number of sites, the kept ones included, whose capacities can hold all demand. `None`:
/// not even all of them. Rounded so that it is never too large.
pub(crate) fn fewest(problem: &Facilities, states: &States) -> Option<usize> {
    let kept = |j: &&usize| states[**j] == SiteState::Kept;
    let free = |j: &&usize| states[**j] == SiteState::Free;
    let mut sum = 0.0;
    let mut count = 0;
    for &j in problem.by_capacity().iter().filter(kept) {
        sum = add_up(sum, problem.capacity(j));
        count += 1;
    }
    for &j in problem.by_capacity().iter().filter(free) {
        if sum >= problem.total_demand() && count > 0 {
            return Some(count);
        }
        sum = add_up(sum, problem.capacity(j));
        count += 1;
    }
    (sum >= problem.total_demand() && count > 0).then_some(count)
}

/// a + b rounded up.
fn add_up(a: f64, b: f64) -> f64 {
    if b == 0.0 { a } else { (a + b).next_up() }
}

/// a + b rounded down.
pub(crate) fn add_down(a: f64, b: f64) -> f64 {
    if b == 0.0 { a } else { (a + b).next_down() }
}

/// The best set of sites at given v.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    /// A lower bound of Σ v_j over all sets that can hold the demand, rounded down.
    pub(crate) value: f64,
    pub(crate) open: Vec<bool>,
}

/// The best set as far as capacities and rules are looked at. `None`: no set of sites can hold the
/// demand and obey.
pub(crate) fn choose(problem: &Facilities, states: &States, worth: &[f64]) -> Option<Choice> {
    let Some(system) = problem.system() else { return enough(problem, states, worth) };
    let states = problem.possible(states)?;
    let plain = enough(problem, &states, worth)?;
    let ruled = least(system, &states, fewest(problem, &states)?, worth)?;
    let rules_say_more = ruled.value >= plain.value;
    Some(if rules_say_more { Choice { value: ruled.value, open: ruled.open } } else { plain })
}

/// Kept sites, sites of negative v, and the cheapest others until there are enough. `None`: no set
/// of sites can hold the demand.
fn enough(problem: &Facilities, states: &States, worth: &[f64]) -> Option<Choice> {
    let least = fewest(problem, states)?;
    let mut open = vec![false; states.len()];
    let (mut base, mut count, mut capacity) = (0.0, 0, 0.0);
    let mut rest = Vec::new();
    for (j, state) in states.iter().enumerate() {
        match state {
            SiteState::Forbidden => {}
            SiteState::Free if worth[j] >= 0.0 => rest.push(j),
            _ => {
                open[j] = true;
                base = add_down(base, worth[j]);
                count += 1;
                capacity = add_up(capacity, problem.capacity(j));
            }
        }
    }
    // By number.
    let mut by_number = base;
    if count < least {
        rest.sort_unstable_by(|a, b| worth[*a].total_cmp(&worth[*b]).then(a.cmp(b)));
        for &j in rest.iter().take(least - count) {
            open[j] = true;
            by_number = add_down(by_number, worth[j]);
        }
    }
    // By fractions of sites.
    let mut by_capacity = base;
    let mut short = problem.total_demand() - capacity;
    if short > 0.0 {
        let per_unit = |j: usize| worth[j] / problem.capacity(j);
        rest.retain(|&j| problem.capacity(j) > 0.0);
        rest.sort_unstable_by(|a, b| per_unit(*a).total_cmp(&per_unit(*b)).then(a.cmp(b)));
        for j in rest {
            let share = (short / problem.capacity(j)).min(1.0);
            by_capacity = add_down(by_capacity, share * worth[j] * (1.0 - 8.0 * f64::EPSILON));
            short = (short - problem.capacity(j)).next_down();
            if short <= 0.0 {
                break;
            }
        }
    }
    Some(Choice { value: by_number.max(by_capacity), open })
}

/// L at λ, the best set, and the slope there.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) bound: f64,
    pub(crate) worth: Vec<f64>,
    pub(crate) choice: Choice,
}

/// Evaluate L(λ) in ordinary arithmetic, and write 1 - Σ_j x_ij to `slope`.
pub(crate) fn evaluate(
    problem: &Facilities,
    states: &States,
    lambda: &[f64],
    slope: &mut [f64],
) -> Option<Step> {
    let mut list = Vec::new();
    let mut worth = vec![f64::INFINITY; states.len()];
    for j in (0..states.len()).filter(|&j| states[j] != SiteState::Forbidden) {
        let gain = if problem.is_unlimited(j) {
            all_savings(problem.column(j), lambda)
        } else {
            offers(problem, j, lambda, &mut list);
            fill(&mut list, problem.capacity(j)).gain
        };
        worth[j] = problem.opening(j) - gain;
    }
    let choice = choose(problem, states, &worth)?;
    slope.fill(1.0);
    for j in (0..states.len()).filter(|&j| choice.open[j]) {
        offers(problem, j, lambda, &mut list);
        let taken = fill(&mut list, problem.capacity(j));
        list[..taken.full].iter().for_each(|offer| slope[offer.customer] -= 1.0);
        if let Some(next) = list.get(taken.full) {
            slope[next.customer] -= taken.part;
        }
    }
    Some(Step { bound: lambda.iter().sum::<f64>() + choice.value, worth, choice })
}

/// Multipliers to start from: raise them in turn, each to the customer's next cost, as long as no
/// site is paid more than its opening cost (the dual ascent of Erlenkotter 1978, "A dual-based
/// procedure for uncapacitated facility location", Operations Research 26, 992-1009).
pub(crate) fn ascend(problem: &Facilities, states: &States) -> Vec<f64> {
    let allowed: Vec<usize> =
        (0..states.len()).filter(|&j| states[j] != SiteState::Forbidden).collect();
    let mut slack: Vec<f64> = (0..states.len()).map(|j| problem.opening(j)).collect();
    let nearest = |i: usize| {
        let mut list: Vec<(f64, u32)> =
            allowed.iter().map(|&j| (problem.cost(i, j), j as u32)).collect();
        list.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        list
    };
    let lists: Vec<Vec<(f64, u32)>> = (0..problem.customers()).map(nearest).collect();
    let mut lambda: Vec<f64> = lists.iter().map(|list| list[0].0).collect();
    // How many sites a customer already pays.
    let mut paid = vec![0; lists.len()];
    let mut rising: Vec<usize> = (0..lists.len()).collect();
    while !rising.is_empty() {
        rising.retain(|&i| {
            let list = &lists[i];
            while paid[i] < list.len() && list[paid[i]].0 <= lambda[i] {
                paid[i] += 1;
            }
            let payers = &list[..paid[i]];
            let room = payers.iter().map(|(_, j)| slack[*j as usize]).fold(f64::INFINITY, f64::min);
            let next = list.get(paid[i]).map_or(f64::INFINITY, |(cost, _)| cost - lambda[i]);
            let rise = room.min(next);
            payers.iter().for_each(|(_, j)| slack[*j as usize] -= rise);
            lambda[i] = if next <= room { list[paid[i]].0 } else { lambda[i] + rise };
            next < room
        });
    }
    lambda
}
