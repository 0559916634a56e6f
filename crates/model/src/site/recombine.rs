//! The best of all plans that take some parts of one plan and the other parts of another.
//!
//! Sites open in both plans stay. The others fall into parts: two sites are in one part if some customer
//! finds both nearer than any site that stays. Then no customer depends on two parts; what a part saves
//! does not depend on the others, and which of them to take, with as many sites open, is a knapsack in
//! small whole numbers. Plans with many sites differ in many parts, so of thousands of millions of plans
//! the best is found at once.
//!
//! The idea is that of partition crossover for the travelling salesman (Whitley, Hains and Howe 2009,
//! "Tunneling between optima: partition crossover for the traveling salesman problem", GECCO, 915-922).

use std::collections::BTreeMap;

use super::fixed::Table;
use super::local_search::{Plan, Scratch};
use crate::disjoint_sets::DisjointSets;

/// Entries of cost lists read while a number of sites is entered in the knapsack, about.
const ENTERED: u64 = 16;

/// What taking a part from the other plan changes.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    sites: i64,
    cost: i64,
}

/// Recombine a plan with others until none of them betters it any more.
pub(crate) fn recombine_all(
    table: &Table<'_>,
    mut plan: Plan,
    others: &[Plan],
    scratch: &mut Scratch,
) -> Plan {
    let mut unchanged = 0;
    for other in others.iter().cycle() {
        if unchanged == others.len() {
            break;
        }
        unchanged += 1;
        if let Some(better) = recombine(table, &plan, other, scratch) {
            (plan, unchanged) = (better, 0);
        }
    }
    plan
}

/// The best plan of parts of `one` and `other`, if it is better than `one`. It is at least as good as
/// `other`.
fn recombine(table: &Table<'_>, one: &Plan, other: &Plan, scratch: &mut Scratch) -> Option<Plan> {
    let differ = Differences::new(table, one, other);
    let parts = differ.parts(table, other, scratch);
    let taken = choose(&parts.changes, scratch);
    let saved = parts.changes.iter().zip(&taken).any(|(part, taken)| *taken && part.cost < 0);
    saved.then(|| {
        let kept = one.loose().start;
        let stay = one.open()[kept..].iter().copied().filter(|&j| differ.ids[j] == SHARED);
        let chosen = differ.sites.iter().zip(&parts.of_site);
        let chosen = chosen.filter(|(site, part)| taken[**part as usize] == other.is_open(**site));
        let open: Vec<usize> = stay.chain(chosen.map(|(site, _)| *site)).collect();
        Plan::new(table, &one.open()[..kept], &open)
    })
}

/// Where two plans differ.
struct Differences {
    /// Sites open in both.
    shared: Vec<usize>,
    /// Sites open in one alone.
    sites: Vec<usize>,
    /// Site → position in `sites`, or one of the two below.
    ids: Vec<u32>,
}

const CLOSED: u32 = u32::MAX;
const SHARED: u32 = u32::MAX - 1;

/// The parts that differing sites fall into, and what each changes.
struct Parts {
    of_site: Vec<u32>,
    changes: Vec<Part>,
}

impl Differences {
    fn new(table: &Table<'_>, one: &Plan, other: &Plan) -> Self {
        let (shared, lost): (Vec<_>, Vec<_>) = one.open().iter().partition(|j| other.is_open(**j));
        let won = other.open().iter().copied().filter(|&j| !one.is_open(j));
        let sites: Vec<usize> = lost.into_iter().chain(won).collect();
        let mut ids = vec![CLOSED; table.sites];
        shared.iter().for_each(|&j| ids[j] = SHARED);
        sites.iter().enumerate().for_each(|(id, &j)| ids[j] = id as u32);
        Self { shared, sites, ids }
    }

    fn parts(&self, table: &Table<'_>, other: &Plan, scratch: &mut Scratch) -> Parts {
        let mut sets = DisjointSets::new(self.sites.len());
        let (mut nearer, mut changes) = (Vec::new(), Vec::new());
        for i in 0..table.customers {
            let shared = self.nearer(table, i, &mut nearer, scratch);
            let Some(&(_, first)) = nearer.first() else { continue };
            // By the plan: what the customer costs with its sites.
            let mut costs = [shared; 2];
            for &(cost, id) in &nearer {
                let cheapest = &mut costs[usize::from(other.is_open(self.sites[id]))];
                *cheapest = cost.min(*cheapest);
                sets.join(first, id);
            }
            changes.push((first, costs[1] - costs[0]));
        }
        let (of_site, count) = sets.numbered();
        let mut parts = vec![Part::default(); count];
        for (&site, &part) in self.sites.iter().zip(&of_site) {
            parts[part as usize].sites += if other.is_open(site) { 1 } else { -1 };
        }
        changes.iter().for_each(|(id, cost)| parts[of_site[*id] as usize].cost += cost);
        Parts { of_site, changes: parts }
    }

    /// What the nearest site open in both plans costs a customer; into `nearer` the positions of the
    /// sites open in one that cost less, with their costs.
    fn nearer(
        &self,
        table: &Table<'_>,
        customer: usize,
        nearer: &mut Vec<(i64, usize)>,
        scratch: &mut Scratch,
    ) -> i64 {
        nearer.clear();
        let (costs, sites) = table.lists.of(customer);
        for (&cost, &site) in costs.iter().zip(sites) {
            scratch.work += 1;
            match self.ids[site as usize] {
                CLOSED => {}
                SHARED => return cost,
                id => nearer.push((cost, id as usize)),
            }
        }
        // No shared site is listed: all that differ may be nearer, listed or not.
        scratch.work += (self.shared.len() + self.sites.len()) as u64;
        let shared = self.shared.iter().map(|&j| table.cost(customer, j)).min();
        let shared = shared.unwrap_or(i64::MAX);
        let costs = self.sites.iter().map(|&j| table.cost(customer, j)).zip(0..);
        nearer.clear();
        nearer.extend(costs.filter(|(cost, _)| *cost < shared));
        shared
    }
}

/// Which parts to take so that cost falls most and as many sites stay open.
fn choose(parts: &[Part], scratch: &mut Scratch) -> Vec<bool> {
    let mut taken: Vec<bool> = parts.iter().map(|part| part.sites == 0 && part.cost < 0).collect();
    let uneven: Vec<usize> = (0..parts.len()).filter(|&k| parts[k].sites != 0).collect();
    // After each uneven part, by sites more than before: the least change of cost, and whether the
    // part is taken for it.
    let mut stages = vec![BTreeMap::from([(0, (0, false))])];
    for &k in &uneven {
        let before = &stages[stages.len() - 1];
        let mut after: BTreeMap<i64, (i64, bool)> =
            before.iter().map(|(sites, (cost, _))| (*sites, (*cost, false))).collect();
        for (sites, (cost, _)) in before {
            let with = (cost + parts[k].cost, true);
            let best = after.entry(sites + parts[k].sites).or_insert(with);
            *best = with.min(*best);
        }
        scratch.work += ENTERED * after.len() as u64;
        stages.push(after);
    }
    let mut sites = 0;
    for (stage, &k) in stages[1..].iter().zip(&uneven).rev() {
        taken[k] = stage[&sites].1;
        if taken[k] {
            sites -= parts[k].sites;
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix;
    use crate::site::Instance;

    #[test]
    fn parts_are_chosen_as_by_trying_all() {
        let mut random = SplitMix::new(5, 0);
        let mut saving = 0;
        for _ in 0..500 {
            let mut draw = |range: usize| random.below(range) as i64 - (range / 2) as i64;
            let parts: Vec<Part> =
                (0..9).map(|_| Part { sites: draw(5), cost: draw(100) }).collect();
            let sum = |taken: &dyn Fn(usize) -> bool| {
                let parts = parts.iter().enumerate().filter(|(k, _)| taken(*k));
                parts.fold((0, 0), |sum, (_, part)| (sum.0 + part.sites, sum.1 + part.cost))
            };
            let all = (0..1 << parts.len()).map(|set: usize| sum(&|k| set >> k & 1 == 1));
            let least = all.filter(|(sites, _)| *sites == 0).map(|(_, cost)| cost).min().unwrap();
            let taken = choose(&parts, &mut Scratch::default());
            assert_eq!(sum(&|k| taken[k]), (0, least));
            saving += usize::from(least < 0);
        }
        assert!(saving > 400, "{saving}");
    }

    /// Towns far apart, each with a site that stays: the best choice of towns by trying all, with as
    /// many sites open, is one of the plans that a recombination is the best of.
    #[test]
    fn no_choice_of_towns_is_better_than_the_recombination() {
        let (towns, places, p) = (8, 7, 24);
        let mut random = SplitMix::new(6, 0);
        let mut better = 0;
        for nearest in [towns * places, 5] {
            for _ in 0..60 {
                let at: Vec<[f64; 2]> = (0..towns * places)
                    .map(|place| {
                        let mut near = || random.below(100) as f64;
                        [1e5 * (place / places) as f64 + near(), near()]
                    })
                    .collect();
                let instance = Instance::on_plane(&at, &at, false).unwrap();
                let table = Table::with_nearest(&instance, nearest, p, f64::INFINITY);
                let others: Vec<usize> =
                    (0..towns * places).filter(|place| place % places > 0).collect();
                let kept: Vec<usize> = (0..towns).map(|town| town * places).collect();
                let mut plan = || Plan::new(&table, &kept, &random.sample(&others, p - towns));
                let (one, other) = (plan(), plan());
                let mut least = i64::MAX;
                for set in 0..1 << towns {
                    let from = |j: &usize| if set >> (j / places) & 1 == 1 { &other } else { &one };
                    let open: Vec<usize> =
                        others.iter().copied().filter(|j| from(j).is_open(*j)).collect();
                    if open.len() == p - towns {
                        least = least.min(Plan::new(&table, &kept, &open).value);
                    }
                }
                let parents = one.value.min(other.value);
                let found = recombine_all(&table, one, &[other], &mut Scratch::default());
                assert_eq!((found.open().len(), &found.open()[..towns]), (p, &kept[..]));
                assert_eq!(found.value, Plan::new(&table, &kept, &found.open()[towns..]).value);
                assert!(found.value <= least && least <= parents);
                better += usize::from(found.value < parents);
            }
        }
        assert!(better > 100, "{better}");
    }
}
