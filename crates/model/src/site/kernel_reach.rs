//! Is there a plan that reaches all customers within a radius, and what follows for the p-centre.
//!
//! Without quotas and budget the covering kernel decides, and under them it does so where it finds
//! no cover, or one that obeys. Else the question is whether a
//! p-median with costs 0 within the radius and 1 beyond has a plan of cost 0: any bound above 0 says
//! no. Customers who are reached whenever another one is are left out, whatever the rules.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::bits::Bits;
use super::instance::{Instance, SiteState, positions};
use super::p_center::{self, allowed, nearest_of_all, position, radii, radius_of, reach};
use super::p_median::Options;
use super::plans::{Choice, Found, Kernel, Part};
use super::rule_system::System;
use super::ruled_check::ProofNode;
use super::ruled_covering::beyond;
use super::ruled_plan::{Costs, Pool};
use super::ruled_tree::search_part;
use super::rules::{RuleError, Rules};
use super::set_cover::{Links, Node, drop_customers};

/// Parts that the covering kernel is asked for.
const PARTS: usize = 1_000;
/// Starts of a search for any cover at all.
const STARTS: usize = 2;

/// Pairs of customer and site whose costs are held, over all radii: each takes some 24 bytes.
const PAIRS: usize = 4_000_000;

/// A p-centre under rules.
pub(crate) struct Reach {
    pub(crate) instance: Instance,
    rules: Rules,
    system: System,
    pub(crate) radii: Vec<f64>,
    options: p_center::Options,
    levels: Mutex<HashMap<usize, Arc<Level>>>,
}

/// Who is to be reached at one radius.
struct Level {
    /// Customers that are reached only if nobody else implies it.
    customers: Vec<usize>,
    costs: Costs,
}

/// Whether all customers can be reached.
pub(crate) struct Decision {
    pub(crate) cover: Option<Vec<usize>>,
    /// Whether "no" is certain.
    pub(crate) proven: bool,
    /// The nodes of the proof, if one is asked for.
    pub(crate) proof: Vec<ProofNode>,
    pub(crate) nodes: usize,
}

impl Reach {
    pub(crate) fn new(instance: &Instance, rules: &Rules) -> Result<Self, RuleError> {
        let system = System::new(instance, rules)?;
        let (instance, rules) = (instance.clone(), Rules { charged: false, ..rules.clone() });
        let options = p_center::Options::default();
        let (radii, levels) = (radii(&instance), Mutex::default());
        Ok(Self { instance, rules, system, radii, options, levels })
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    fn level(&self, at: usize) -> Arc<Level> {
        let mut levels = self.levels.lock().expect("no search ends in a panic");
        let pairs = self.instance.customers() * self.instance.sites();
        if levels.len() >= (PAIRS / pairs).max(4) && !levels.contains_key(&at) {
            levels.clear();
        }
        levels.entry(at).or_insert_with(|| Arc::new(self.new_level(at))).clone()
    }

    fn new_level(&self, at: usize) -> Level {
        let (n, m) = (self.instance.customers(), self.instance.sites());
        let reaches = |i: usize, j: usize| reach(&self.instance, i, j) <= self.radii[at];
        let links = Links::new(n, vec![1; m], 1, reaches);
        let everybody = Bits::of(n, 0..n);
        let mut node = Node::new(&links, everybody, Bits::of(m, allowed(&self.instance)));
        drop_customers(&links, &mut node);
        let customers: Vec<usize> = node.uncovered.members().collect();
        let rows = customers.iter().flat_map(|&i| (0..m).map(move |j| (i, j)));
        let costs = rows.map(|(i, j)| if reaches(i, j) { 0.0 } else { 1.0 }).collect();
        let question = Instance::new(customers.len(), m, costs).expect("costs are 0 or 1");
        let widest = self.system.sized((self.system.low, m));
        let costs =
            Costs::new(&question, &self.rules, &widest, f64::INFINITY).expect("nothing is charged");
        Level { customers, costs }
    }

    /// Is there a plan of these sizes within a radius? The proof of a "no" may hold so many numbers.
    pub(crate) fn decide(
        &self,
        states: &[SiteState],
        (low, high): (usize, usize),
        at: usize,
        numbers: usize,
    ) -> Decision {
        let no = |proven| Decision { cover: None, proven, proof: Vec::new(), nodes: 0 };
        let kept = positions(states, SiteState::Kept);
        let free = positions(states, SiteState::Free);
        if kept.len() > high || kept.len() + free.len() < low.max(1) {
            return no(true);
        }
        if numbers == 0
            && let Some(decision) = self.by_covers(states, (low, high), at)
        {
            return decision;
        }
        let Level { customers, costs } = &*self.level(at);
        let system = self.system.sized((low, high));
        let options = Options { starts: STARTS, proof_numbers: numbers, ..Options::default() };
        let pool = Pool::between(0.0, 0.0, costs);
        let (pool, end) = search_part(costs, &system, states, &options, pool);
        let cover = pool.plans.into_iter().next().filter(|(missed, _)| *missed == 0);
        let proof = end.proof.into_iter().map(|node| {
            let mut multipliers = vec![0.0; self.instance.customers()];
            customers.iter().zip(&node.multipliers).for_each(|(&i, u)| multipliers[i] = *u);
            ProofNode { multipliers, ..node }
        });
        Decision {
            cover: cover.map(|(_, open)| open),
            proven: end.open_bound.is_none(),
            proof: proof.collect(),
            nodes: end.nodes,
        }
    }

    /// Ask the covering kernel, and where its cover breaks a rule decide a site of that rule either
    /// way; `None` if that takes too many parts.
    fn by_covers(
        &self,
        states: &[SiteState],
        (low, high): (usize, usize),
        at: usize,
    ) -> Option<Decision> {
        let system = self.system.sized((low, high));
        let (mut waiting, mut nodes) = (vec![states.to_vec()], 0);
        for _ in 0..PARTS {
            let Some(mut states) = waiting.pop() else {
                return Some(Decision { cover: None, proven: true, proof: Vec::new(), nodes });
            };
            if !system.propagate(&mut states) {
                continue;
            }
            let kept = positions(&states, SiteState::Kept);
            let part = self.instance.with_states(&states);
            let found = p_center::decide(&part, self.radii[at], high - kept.len(), &self.options);
            nodes += found.nodes;
            let Some(more) = found.cover else {
                if found.proven {
                    continue;
                }
                return None;
            };
            let mut open = [&kept[..], &more].concat();
            open.sort_unstable();
            let free = positions(&states, SiteState::Free);
            let rest: Vec<usize> =
                free.iter().copied().filter(|j| open.binary_search(j).is_err()).collect();
            let order = [&open[..], &rest].concat();
            let covers = |plan: &Vec<usize>| radius_of(&self.instance, plan) <= self.radii[at];
            if let Some(plan) = system.complete(&states, &order, open.len()).filter(covers) {
                return Some(Decision {
                    cover: Some(plan),
                    proven: false,
                    proof: Vec::new(),
                    nodes,
                });
            }
            let Some(site) = system.site_of_a_broken_rule(&states, &open) else { continue };
            for state in [SiteState::Forbidden, SiteState::Kept] {
                let mut child = states.clone();
                child[site] = state;
                waiting.push(child);
            }
        }
        None
    }

    /// Costs 0 below a radius and 1 from it on.
    pub(crate) fn below(&self, radius: f64) -> Instance {
        beyond(&self.instance, 1.0, |i, j| reach(&self.instance, i, j) < radius)
            .expect("costs are 0 or 1")
    }

    /// Place of the largest radius up to a number, plus one.
    fn up_to(&self, radius: f64) -> usize {
        self.radii.partition_point(|r| *r <= radius)
    }
}

impl Kernel for Reach {
    fn states(&self) -> &[SiteState] {
        self.instance.states()
    }

    fn system(&self) -> &System {
        &self.system
    }

    fn cost(&self, open: &[usize]) -> f64 {
        radius_of(&self.instance, open)
    }

    /// Radii are numbers given: equal or not.
    fn resolution(&self, _: f64) -> f64 {
        0.0
    }

    fn search(&self, part: &Part<'_>) -> Found {
        let nearest = nearest_of_all(&self.instance.with_states(part.states));
        let mut low = position(&self.radii, nearest.max(part.floor));
        // Radii from `high` on are of no interest, or have a plan that is known.
        let mut high = self.up_to(part.most);
        let (mut plan, mut sure) = (None, low);
        if nearest.is_infinite() || low >= high {
            return Found::nothing();
        }
        // Ties are frequent, and so is the answer that nothing is near enough.
        let mut first = [low, high - 1].into_iter();
        while low < high {
            let at = first.next().unwrap_or(low + (high - low) / 2).clamp(low, high - 1);
            let answer = self.decide(part.states, part.sizes, at, 0);
            match answer.cover {
                Some(mut open) => {
                    open.sort_unstable();
                    let cost = self.cost(&open);
                    high = position(&self.radii, cost).min(at);
                    plan = Some(Choice { open, cost });
                }
                None => {
                    low = at + 1;
                    // Whoever is reached nearer is reached farther.
                    if answer.proven {
                        sure = sure.max(low);
                    }
                }
            }
        }
        let bound = match &plan {
            None if sure >= self.up_to(part.most) => f64::INFINITY,
            _ => self.radii[sure.min(self.radii.len() - 1)],
        };
        Found { bound: plan.as_ref().map_or(bound, |plan| bound.min(plan.cost)), plan }
    }
}
