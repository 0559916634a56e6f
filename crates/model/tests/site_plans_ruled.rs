//! Every location problem under random rules against all subsets: the best plan and its proof, the
//! best few with their ties, the curve, and each single choice.

use emporion_model::site::capture;
use emporion_model::site::facility::{self, Facilities};
use emporion_model::site::facility_check;
use emporion_model::site::k_best::End;
use emporion_model::site::market::Market;
use emporion_model::site::p_median::Options;
use emporion_model::site::plans::{Choice, Question};
use emporion_model::site::rules::{Count, Rules};
use emporion_model::site::{Instance, SiteState, ruled, ruled_center, ruled_covering};

/// Xorshift numbers of a seed.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        (0..4).for_each(|_| {
            random.below(2);
        });
        random
    }

    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 20) % n as u64) as usize
    }
}

/// Seeds of the suite; `SEEDS=5000 cargo test` asks for more.
fn seeds() -> std::ops::Range<u64> {
    0..std::env::var("SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(150)
}

/// Costs of plans that are sums of products.
const ROUNDING: f64 = 1e-9;

/// What a plan costs, by definition.
type Cost = Box<dyn Fn(&[usize]) -> f64>;

/// A problem of each kind on the same sites.
struct Case {
    instance: Instance,
    rules: Rules,
    /// Cost of a plan by definition, for plans that obey; infinite if it does not do.
    cost: Cost,
    question: Question,
    /// Costs nearer than this are equal.
    tie: f64,
}

fn pick(random: &mut Random, m: usize) -> Vec<usize> {
    let some: Vec<usize> = (0..m).filter(|_| random.below(2) == 0).collect();
    if some.is_empty() { vec![random.below(m)] } else { some }
}

fn random_instance(random: &mut Random, n: usize, m: usize) -> Instance {
    let fine = random.below(3) == 0;
    let costs = (0..n * m).map(|_| {
        let whole = random.below(7) as f64;
        if fine { whole + random.below(10) as f64 / 10.0 } else { whole }
    });
    let instance = Instance::new(n, m, costs.collect()).unwrap();
    let mut weights: Vec<f64> = (0..n).map(|_| random.below(4) as f64).collect();
    weights[0] = 1.0;
    let mut instance = instance.weighted(weights).unwrap();
    if random.below(3) == 0 {
        instance = instance.keep(&[random.below(m)]).unwrap();
    }
    if random.below(4) == 0 {
        let j = random.below(m);
        if instance.states()[j] == SiteState::Free {
            instance = instance.forbid(&[j]).unwrap();
        }
    }
    instance
}

fn random_rules(random: &mut Random, m: usize, free_number: bool) -> Rules {
    let p = 1 + random.below(m.min(4));
    let mut rules = Rules::new(if free_number { Count::AtMost(m) } else { Count::Exactly(p) });
    for at in 0..random.below(3) {
        let sites = pick(random, m);
        rules = match random.below(3) {
            0 => rules.at_most(&format!("most {at}"), &sites, random.below(3)),
            1 => rules.at_least(&format!("least {at}"), &sites, 1 + random.below(2)),
            _ => rules.not_both(&format!("pair {at}"), &sites),
        };
    }
    if random.below(3) == 0 {
        let spending: Vec<f64> = (0..m).map(|_| random.below(6) as f64).collect();
        rules = rules.spending_at_most(&spending, 2.0 + random.below(10) as f64);
    }
    rules
}

fn obeys(instance: &Instance, rules: &Rules, open: &[usize]) -> bool {
    let size = match rules.count {
        Count::Exactly(p) => open.len() == p,
        Count::AtMost(p) => !open.is_empty() && open.len() <= p,
    };
    let states = instance.states();
    let kept = (0..states.len()).all(|j| states[j] != SiteState::Kept || open.contains(&j));
    let allowed = open.iter().all(|&j| states[j] != SiteState::Forbidden);
    let quotas = rules.groups.iter().all(|group| {
        let count = group.sites.iter().filter(|j| open.contains(j)).count();
        (group.at_least..=group.at_most).contains(&count)
    });
    let spent = |f: &Vec<f64>| -> f64 {
        open.iter().filter(|j| states[**j] != SiteState::Kept).map(|&j| f[j]).sum()
    };
    let paid = rules.spending.as_ref().is_none_or(|f| spent(f) <= rules.budget.unwrap());
    size && kept && allowed && quotas && paid
}

/// All plans that obey and do, best first, ties by their sites.
fn all(case: &Case, sizes: Option<usize>) -> Vec<Choice> {
    let rules = match sizes {
        None => case.rules.clone(),
        Some(p) => Rules { count: Count::Exactly(p), ..case.rules.clone() },
    };
    let m = case.instance.sites();
    let sets = (1_usize..1 << m).map(|bits| (0..m).filter(|j| bits >> j & 1 == 1).collect());
    let mut plans: Vec<Choice> = sets
        .filter(|open: &Vec<usize>| obeys(&case.instance, &rules, open))
        .map(|open| Choice { cost: (case.cost)(&open), open })
        .filter(|plan| plan.cost.is_finite())
        .collect();
    plans.sort_by(|a, b| {
        let tied = (a.cost - b.cost).abs() <= case.tie;
        if tied { a.open.cmp(&b.open) } else { a.cost.total_cmp(&b.cost) }
    });
    plans
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < ROUNDING
}

/// Of plans that tie with the best, the chosen one heads the list; a worse one changes nothing.
fn begins_with_the_chosen(case: &Case, k: usize, every: &[Choice], seed: u64) {
    let opens = |plans: &[Choice]| plans.iter().map(|plan| plan.open.clone()).collect::<Vec<_>>();
    let far = every.iter().find(|plan| plan.cost > every[0].cost + case.tie);
    let tied = every.iter().take_while(|plan| plan.cost <= every[0].cost + case.tie).take(5);
    for chosen in tied.chain(far) {
        let best = near(chosen.cost, every[0].cost);
        let mut expected = every.to_vec();
        if best {
            expected.retain(|plan| plan.open != chosen.open);
            expected.insert(0, chosen.clone());
        }
        expected.truncate(k);
        let found = case.question.rank_from(&chosen.open, k, &|_| f64::INFINITY).unwrap();
        assert_eq!(opens(&found.plans), opens(&expected), "seed {seed}: {chosen:?}");
        assert!(near(found.bound, every[0].cost), "seed {seed}");
        // Of the best alone, however many there are.
        let found = case.question.rank_from(&chosen.open, k, &|best| best).unwrap();
        assert_eq!(found.plans[0].open == chosen.open, best || chosen.open == every[0].open);
    }
    let m = case.instance.sites();
    for no_plan in [vec![m], vec![1, 0], vec![]] {
        let refused = case.question.rank_from(&no_plan, k, &|_| f64::INFINITY);
        assert!(refused.is_err_and(|error| error.to_string().contains("the plan to begin with")));
    }
}

/// Ranked plans, single choices and curve of a case, against all plans.
fn compare(case: &Case, seed: u64, random: &mut Random) {
    let every = all(case, None);
    let k = 1 + random.below(6);
    let ranked = case.question.rank(k, &|_| f64::INFINITY);
    if every.is_empty() {
        assert!(ranked.is_err(), "seed {seed}: {ranked:?}");
        return;
    }
    let ranked = ranked.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    let expected = &every[..k.min(every.len())];
    let sites = |plans: &[Choice]| plans.iter().map(|plan| plan.open.clone()).collect::<Vec<_>>();
    assert_eq!(sites(&ranked.plans), sites(expected), "seed {seed}: {expected:?} {ranked:?}");
    assert!(ranked.plans.iter().zip(expected).all(|(a, b)| near(a.cost, b.cost)), "seed {seed}");
    assert_eq!(ranked.end, if k <= every.len() { End::Count } else { End::All }, "seed {seed}");
    assert!(near(ranked.bound, every[0].cost), "seed {seed}");
    begins_with_the_chosen(case, k, &every, seed);

    let best = &every[0];
    let what_if = case.question.what_if(best, best.cost);
    let free = (0..case.instance.sites()).filter(|&j| case.instance.states()[j] == SiteState::Free);
    let (mut forbidden, mut forced) = (Vec::new(), Vec::new());
    for site in free {
        let chosen = best.open.contains(&site);
        let other = every.iter().find(|plan| plan.open.contains(&site) != chosen);
        let list = if chosen { &mut forbidden } else { &mut forced };
        list.extend(other.map(|plan| (site, plan.cost - best.cost)));
    }
    for (found, expected) in [(&what_if.forbidden, &forbidden), (&what_if.forced, &forced)] {
        let sites: Vec<usize> = found.iter().map(|change| change.site).collect();
        assert_eq!(sites, expected.iter().map(|e| e.0).collect::<Vec<_>>(), "seed {seed}");
        for (change, (_, loss)) in found.iter().zip(expected) {
            assert!(near(change.loss, *loss), "seed {seed}: {change:?} {loss}");
            assert_eq!(change.loss, change.loss_at_least, "seed {seed}");
        }
    }

    let most = case.instance.sites();
    let curve = case.question.curve(most);
    let expected: Vec<(usize, f64)> =
        (1..=most).filter_map(|p| Some((p, all(case, Some(p)).first()?.cost))).collect();
    assert_eq!(
        curve.iter().map(|point| point.p).collect::<Vec<_>>(),
        expected.iter().map(|e| e.0).collect::<Vec<_>>(),
        "seed {seed}"
    );
    let mut before: Option<Choice> = None;
    for (at, (point, (p, cost))) in curve.iter().zip(&expected).enumerate() {
        assert!(near(point.plan.cost, *cost) && near(point.bound, *cost), "seed {seed}: {point:?}");
        let grown: Vec<Choice> = match &before {
            None => Vec::new(),
            Some(old) => all(case, Some(*p))
                .into_iter()
                .filter(|plan| old.open.iter().all(|j| plan.open.contains(j)))
                .filter(|plan| plan.open.len() == old.open.len() + 1)
                .collect(),
        };
        if at > 0 {
            let costs = (point.nested.as_ref().map(|n| n.cost), grown.first().map(|g| g.cost));
            match costs {
                (Some(a), Some(b)) => assert!(near(a, b), "seed {seed}: {costs:?}"),
                (a, b) => assert!(a.is_none() && b.is_none(), "seed {seed}: {costs:?}"),
            }
        }
        before.clone_from(&point.nested);
    }
}

fn sizes(random: &mut Random) -> (usize, usize) {
    (1 + random.below(6), 2 + random.below(5))
}

fn nearest(instance: &Instance, i: usize, open: &[usize]) -> f64 {
    open.iter().map(|&j| instance.cost(i, j)).fold(f64::INFINITY, f64::min)
}

#[test]
fn p_median() {
    for seed in seeds() {
        let random = &mut Random::new(seed);
        let (n, m) = sizes(random);
        let instance = random_instance(random, n, m);
        let free_number = random.below(2) == 0;
        let rules = random_rules(random, m, free_number);
        let Ok(question) = Question::p_median(&instance, &rules) else { continue };
        let inner = instance.clone();
        let cost = move |open: &[usize]| -> f64 {
            (0..inner.customers()).map(|i| inner.weights()[i] * nearest(&inner, i, open)).sum()
        };
        compare(
            &Case { instance, rules, cost: Box::new(cost), question, tie: ROUNDING },
            seed,
            random,
        );
    }
}

#[test]
fn p_center() {
    for seed in seeds() {
        let random = &mut Random::new(seed);
        let (n, m) = sizes(random);
        let instance = random_instance(random, n, m);
        let free_number = random.below(4) == 0;
        let rules = random_rules(random, m, free_number);
        let Ok(question) = Question::p_center(&instance, &rules) else { continue };
        let inner = instance.clone();
        let cost = move |open: &[usize]| -> f64 {
            let far = |i: usize| inner.weights()[i] * nearest(&inner, i, open);
            (0..inner.customers()).map(far).fold(0.0, f64::max)
        };
        let case = Case { instance, rules, cost: Box::new(cost), question, tie: 0.0 };
        let best = all(&case, None).into_iter().next();
        match ruled_center::solve(&case.instance, &case.rules) {
            Ok(found) => {
                let best = best.unwrap();
                assert_eq!((found.radius, found.gap), (best.cost, 0.0), "seed {seed}");
                let bound = ruled_center::check(&case.instance, &case.rules, &found)
                    .unwrap_or_else(|rejection| panic!("seed {seed}: {rejection}"));
                assert_eq!(bound, best.cost, "seed {seed}: proven by search only");
                let lie = ruled_center::Solution { radius: found.radius + 1.0, ..found.clone() };
                assert!(ruled_center::check(&case.instance, &case.rules, &lie).is_err());
            }
            Err(error) => assert!(best.is_none(), "seed {seed}: {error}"),
        }
        compare(&case, seed, random);
    }
}

#[test]
fn set_cover() {
    for seed in seeds() {
        let random = &mut Random::new(seed);
        let (n, m) = sizes(random);
        let instance = random_instance(random, n, m);
        let rules = random_rules(random, m, true);
        let radius = 1.0 + random.below(4) as f64;
        let opening: Option<Vec<f64>> = match random.below(3) {
            0 => None,
            1 => Some((0..m).map(|_| random.below(5) as f64).collect()),
            _ => Some((0..m).map(|_| random.below(50) as f64 / 10.0).collect()),
        };
        let question = Question::set_cover(&instance, radius, opening.as_deref(), &rules);
        let Ok(question) = question else { continue };
        let (inner, f) = (instance.clone(), opening.clone().unwrap_or_else(|| vec![1.0; m]));
        let cost = move |open: &[usize]| -> f64 {
            let all = (0..inner.customers()).all(|i| nearest(&inner, i, open) <= radius);
            if all { open.iter().map(|&j| f[j]).sum() } else { f64::INFINITY }
        };
        let case = Case { instance, rules, cost: Box::new(cost), question, tie: ROUNDING };
        let best = all(&case, None).into_iter().next();
        let options = Options::default();
        let opening = opening.as_deref();
        match ruled_covering::set_cover(&case.instance, radius, opening, &case.rules, &options) {
            Ok(found) => {
                let asked = ruled_covering::set_cover_question(
                    &case.instance,
                    radius,
                    opening,
                    &case.rules,
                )
                .unwrap();
                assert!(near(found.plan.objective + asked.kept_cost, best.unwrap().cost));
                assert_eq!(found.gap, 0.0, "seed {seed}");
                let checked = ruled::check(&asked.instance, &asked.rules, &found).unwrap();
                assert_eq!(checked.certified_gap, 0.0, "seed {seed}");
            }
            Err(error) => assert!(best.is_none(), "seed {seed}: {error}"),
        }
        compare(&case, seed, random);
    }
}

#[test]
fn max_cover() {
    for seed in seeds() {
        let random = &mut Random::new(seed);
        let (n, m) = sizes(random);
        let instance = random_instance(random, n, m);
        let free_number = random.below(4) == 0;
        let rules = random_rules(random, m, free_number);
        let radius = random.below(4) as f64;
        let Ok(question) = Question::max_cover(&instance, radius, &rules) else { continue };
        let inner = instance.clone();
        let cost = move |open: &[usize]| -> f64 {
            let missed = (0..inner.customers()).filter(|&i| nearest(&inner, i, open) > radius);
            missed.map(|i| inner.weights()[i]).sum()
        };
        compare(
            &Case { instance, rules, cost: Box::new(cost), question, tie: ROUNDING },
            seed,
            random,
        );
    }
}

/// The cheapest service from some sites with capacities, by repeatedly cancelling the dearest way:
/// customers in unit lots, as all demands are small whole numbers.
fn service(instance: &Instance, demand: &[usize], capacity: &[usize], open: &[usize]) -> f64 {
    // Assignment of lots to places by successive shortest paths.
    let places: Vec<usize> =
        open.iter().flat_map(|&j| std::iter::repeat_n(j, capacity[j])).collect();
    let lots: Vec<(usize, f64)> = (0..demand.len())
        .flat_map(|i| {
            let share = 1.0 / demand[i].max(1) as f64;
            std::iter::repeat_n((i, share), demand[i])
        })
        .collect();
    let cost = |lot: usize, place: usize| {
        let (i, share) = lots[lot];
        share * instance.weights()[i] * instance.cost(i, places[place])
    };
    if lots.len() > places.len() {
        return f64::INFINITY;
    }
    let mut of_place: Vec<Option<usize>> = vec![None; places.len()];
    for first in 0..lots.len() {
        // Bellman and Ford over lots: the cheapest chain of moves that ends at an empty place.
        let mut reach = vec![f64::INFINITY; lots.len()];
        let mut from: Vec<Option<(usize, usize)>> = vec![None; lots.len()];
        reach[first] = 0.0;
        for _ in 0..lots.len() {
            for lot in 0..lots.len() {
                for place in 0..places.len() {
                    let Some(next) = of_place[place] else { continue };
                    let there = reach[lot] + cost(lot, place) - cost(next, place);
                    if next != lot && there < reach[next] - 1e-12 {
                        (reach[next], from[next]) = (there, Some((lot, place)));
                    }
                }
            }
        }
        let mut best = (f64::INFINITY, 0, 0);
        for lot in 0..lots.len() {
            for place in (0..places.len()).filter(|&place| of_place[place].is_none()) {
                if reach[lot] + cost(lot, place) < best.0 {
                    best = (reach[lot] + cost(lot, place), lot, place);
                }
            }
        }
        let (_, mut lot, mut place) = best;
        loop {
            of_place[place] = Some(lot);
            let Some((mover, into)) = from[lot].filter(|_| lot != first) else { break };
            (lot, place) = (mover, into);
        }
    }
    let paid: f64 = (0..places.len()).filter_map(|p| of_place[p].map(|lot| cost(lot, p))).sum();
    // Who demands nothing is served from the cheapest site.
    let idle = (0..demand.len()).filter(|&i| demand[i] == 0);
    paid + idle.map(|i| instance.weights()[i] * nearest(instance, i, open)).sum::<f64>()
}

#[test]
fn facility_with_and_without_capacities() {
    for seed in seeds() {
        let random = &mut Random::new(seed);
        let (n, m) = (1 + random.below(4), 2 + random.below(4));
        let instance = random_instance(random, n, m);
        let rules = random_rules(random, m, true);
        let opening: Vec<f64> = (0..m).map(|_| random.below(8) as f64).collect();
        let mut problem = Facilities::new(&instance, opening.clone()).unwrap();
        let capacitated = random.below(2) == 0;
        let demand: Vec<usize> = (0..n).map(|_| random.below(3)).collect();
        let capacity: Vec<usize> = (0..m).map(|_| random.below(5)).collect();
        if capacitated {
            let of = |list: &[usize]| list.iter().map(|x| *x as f64).collect();
            let Ok(with) = problem.clone().capacitated(of(&demand), of(&capacity)) else {
                continue;
            };
            problem = with;
        }
        let Ok(problem) = problem.under(&instance, &rules) else { continue };
        let Ok(question) = Question::facility(&problem) else { continue };
        let inner = instance.clone();
        let cost = move |open: &[usize]| -> f64 {
            let paid: f64 = open.iter().map(|&j| opening[j]).sum();
            paid + if capacitated {
                service(&inner, &demand, &capacity, open)
            } else {
                (0..inner.customers()).map(|i| inner.weights()[i] * nearest(&inner, i, open)).sum()
            }
        };
        let case = Case { instance, rules, cost: Box::new(cost), question, tie: ROUNDING };
        let best = all(&case, None).into_iter().next();
        match facility::solve_ruled(&problem, &facility::Options::default()) {
            Ok(found) => {
                let best = best.unwrap_or_else(|| panic!("seed {seed}: {found:?}"));
                assert!(near(found.objective, best.cost), "seed {seed}: {found:?} {best:?}");
                assert_eq!(found.gap, 0.0, "seed {seed}");
                let bound = facility_check::check(&problem, &found)
                    .unwrap_or_else(|rejection| panic!("seed {seed}: {rejection}"));
                assert!(near(bound, best.cost), "seed {seed}: {bound} {}", best.cost);
            }
            Err(error) => assert!(best.is_none(), "seed {seed}: {error} {best:?}"),
        }
        compare(&case, seed, random);
    }
}

#[test]
fn capture_of_demand() {
    for seed in seeds() {
        let random = &mut Random::new(seed);
        let (n, m) = sizes(random);
        let instance = random_instance(random, n, m);
        let free_number = random.below(4) == 0;
        let rules = random_rules(random, m, free_number);
        let attraction: Vec<f64> = (0..n * m).map(|_| random.below(5) as f64).collect();
        let of = |state| (0..m).filter(|&j| instance.states()[j] == state).collect::<Vec<_>>();
        let market = Market::new(n, m, attraction)
            .unwrap()
            .weighted(instance.weights().to_vec())
            .unwrap()
            .outside(&vec![1.0; n])
            .unwrap()
            .keep(&of(SiteState::Kept))
            .unwrap()
            .forbid(&of(SiteState::Forbidden))
            .unwrap();
        let Ok(question) = Question::capture(&market, &rules) else { continue };
        let inner = market.clone();
        let cost = move |open: &[usize]| -inner.capture(open);
        let case = Case { instance, rules, cost: Box::new(cost), question, tie: ROUNDING };
        let best = all(&case, None).into_iter().next();
        match capture::solve_ruled(&market, &case.rules, &capture::Options::default()) {
            Ok(found) => {
                let best = best.unwrap_or_else(|| panic!("seed {seed}: {found:?}"));
                assert!(near(found.objective, -best.cost), "seed {seed}: {found:?} {best:?}");
                assert_eq!(found.gap, 0.0, "seed {seed}");
                assert!(obeys(&case.instance, &case.rules, &found.open), "seed {seed}");
            }
            Err(error) => assert!(best.is_none(), "seed {seed}: {error}"),
        }
        compare(&case, seed, random);
    }
}

#[test]
fn a_coarse_scale_proves_nothing_of_a_list() {
    let reach = |(i, j): (usize, usize)| if i % 2 == j % 2 { 0.0 } else { 9.0 };
    let costs = (0..3).flat_map(|i| (0..7).map(move |j| (i, j))).map(reach).collect();
    let instance = Instance::new(3, 7, costs).unwrap().forbid(&[2]).unwrap();
    let rules = Rules::new(Count::AtMost(7));
    for dear in [1e3, 1e9, 1e13, 1e15, 1e18, 1e60] {
        for fraction in [0.0, 0.5] {
            let opening = [1.0, 3.0, dear, 1.0 + fraction, 0.0, dear, 1.0];
            let question = Question::set_cover(&instance, 1.0, Some(&opening), &rules).unwrap();
            let sums = |plan: &Choice| plan.open.iter().map(|&j| opening[j]).sum::<f64>();
            let mut all: Vec<f64> = (1_u32..1 << 7)
                .filter(|set| set >> 2 & 1 == 0)
                .map(|set| (0..7).filter(|j| set >> j & 1 == 1).collect::<Vec<usize>>())
                .filter(|open| (0..2).all(|i| open.iter().any(|j| i == j % 2)))
                .map(|open| open.iter().map(|&j| opening[j]).sum())
                .collect();
            all.sort_by(f64::total_cmp);
            for k in 1..6 {
                let ranked = question.rank(k, &|_| f64::INFINITY).unwrap();
                assert!(!ranked.plans.is_empty(), "{dear}, k = {k}");
                assert!(ranked.plans.iter().all(|plan| plan.cost == sums(plan)));
                assert!(ranked.bound <= all[0], "{dear}: {} of {}", ranked.bound, all[0]);
                if ranked.end == End::Count {
                    let found: Vec<f64> = ranked.plans.iter().map(|plan| plan.cost).collect();
                    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-9 * b;
                    assert!(found.iter().zip(&all).all(near), "{dear}, k = {k}: {found:?}");
                }
            }
        }
    }
}
