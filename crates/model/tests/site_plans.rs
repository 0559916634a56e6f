//! What a plan must be able to stand: tampering, refusals, threads, and questions around it.

#[path = "../examples/p_median_one_page.rs"]
mod one_page;

use emporion_model::outcome::{InputError, Status};
use emporion_model::site::certificate::{self, Rejection};
use emporion_model::site::elbow::{self, elbow};
use emporion_model::site::p_median::{Options, Proof, Solution, solve, solve_additional};
use emporion_model::site::rules::{Count, Rules};
use emporion_model::site::sensitivity::{self, sensitivity};
use emporion_model::site::{Instance, SiteState, ranking, ruled};

/// Sums of some twenty products in another order differ by rounding only.
const ROUNDING: f64 = 1e-12;

/// Repeatable numbers in 0..1 for the questions below: a linear congruence modulo 2^31.
fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        state as f64 / f64::from(1_u32 << 31)
    };
    (0..count).map(|_| next()).collect()
}

/// Distances in a square, whole kilometres or not.
fn square(n: usize, whole: bool) -> Vec<f64> {
    let at = numbers(2 * n, 2_024);
    let far = |a: usize, b: usize| {
        let km = 1000.0 * (at[2 * a] - at[2 * b]).hypot(at[2 * a + 1] - at[2 * b + 1]);
        if whole { km.floor() } else { km }
    };
    (0..n).flat_map(|a| (0..n).map(move |b| (a, b))).map(|(a, b)| far(a, b)).collect()
}

/// Costs without any structure, on which the bound alone does not close the gap.
fn unstructured(n: usize, m: usize) -> Vec<f64> {
    numbers(n * m, 7).into_iter().map(|x| (x * 100.0).ceil()).collect()
}

fn rows(costs: &[f64], sites: usize) -> Vec<Vec<f64>> {
    costs.chunks_exact(sites).map(<[f64]>::to_vec).collect()
}

#[test]
fn the_tree_reaches_the_optimum_where_the_relaxation_does_not() {
    let costs = unstructured(40, 24);
    let instance = Instance::new(40, 24, costs.clone()).unwrap();
    let (optimum, _) = one_page::p_median(&rows(&costs, 24), &[1.0; 40], 6, &[], &[]).unwrap();
    let options = Options { starts: 1, ..Options::default() };
    let solution = solve(&instance, 6, &options).unwrap();
    assert_eq!((solution.objective, solution.bound, solution.gap), (optimum, optimum, 0.0));
    assert_eq!(solution.proof, Proof::Tree);
    assert!(solution.nodes > 4, "{} nodes", solution.nodes);
    // Without room for the tree only the search remains.
    for proof_numbers in [0, 39, 40, 80] {
        let found = solve(&instance, 6, &Options { proof_numbers, ..options.clone() }).unwrap();
        assert_eq!((found.objective, found.proof), (optimum, Proof::Search));
        assert!(certificate::check(&instance, 6, &found).unwrap().claims_more);
    }
    // Cut off, the same search owns up to a gap, and its bound stays below the optimum.
    let short = solve(&instance, 6, &Options { max_nodes: 2, ..options }).unwrap();
    assert_eq!(short.proof, Proof::Open);
    assert!(short.bound < optimum && short.objective >= optimum && short.gap > 0.0);
}

#[test]
fn the_number_of_threads_does_not_change_a_byte() {
    for whole in [true, false] {
        let instance = Instance::new(60, 60, square(60, whole)).unwrap();
        let text = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let solution = pool.install(|| solve(&instance, 7, &Options::default()).unwrap());
            serde_json::to_string(&solution).unwrap()
        };
        let one = text(1);
        assert_eq!(one, text(1));
        assert_eq!(one, text(5));
    }
}

#[test]
fn seeds_change_the_way_but_not_the_optimum() {
    let instance = Instance::new(60, 60, square(60, true)).unwrap();
    let of = |seed| solve(&instance, 7, &Options { seed, ..Options::default() }).unwrap();
    let first = of(1);
    assert!((2..12).all(|seed| of(seed).objective == first.objective));
}

/// An honest answer, to be spoilt by the caller.
fn answer(whole: bool) -> (Instance, Solution) {
    let weights: Vec<f64> = (0..40).map(|i| f64::from(i % 4)).collect();
    let instance = Instance::new(40, 40, square(40, whole)).unwrap();
    let instance = instance.weighted(weights).unwrap().keep(&[3]).unwrap().forbid(&[11]).unwrap();
    let solution = solve(&instance, 5, &Options::default()).unwrap();
    (instance, solution)
}

#[test]
fn an_honest_certificate_passes() {
    for whole in [true, false] {
        let (instance, solution) = answer(whole);
        let checked = certificate::check(&instance, 5, &solution).unwrap();
        assert_eq!(checked.objective, solution.objective);
        assert_eq!(checked.certified_bound, solution.certified_bound);
        assert!(checked.certified_gap >= solution.gap);
        assert_eq!(checked.claims_more, solution.bound > solution.certified_bound);
    }
}

#[test]
fn a_tampered_answer_is_rejected() {
    type Tamper = fn(&mut Solution);
    let spoilt: [(&str, Tamper); 19] = [
        ("resolution", |s| s.resolution = 1e3),
        ("proof", |s| s.proof = Proof::Open),
        ("proof", |s| s.status = Status::Optimal { gap: 0.5 }),
        ("objective", |s| s.objective -= 1.0),
        ("objective", |s| s.objective = s.objective.next_down()),
        ("objective", |s| s.objective = f64::NAN),
        ("certified bound", |s| s.certified_bound += 1.0),
        ("the bound", |s| s.bound = s.objective + 1.0),
        ("gap", |s| s.gap += 0.25),
        ("value of the certificate", |s| s.certificate.value += 0.5),
        ("value of the certificate", |s| s.certificate.multipliers[1] += 1e6),
        ("value of the certificate", |s| s.certificate.multipliers[2] -= 1e4),
        ("value of the certificate", |s| s.certificate.multipliers[0] = f64::INFINITY),
        ("multipliers", |s| s.certificate.multipliers.truncate(39)),
        ("assigned", |s| s.assignment[0] = 11),
        ("nearest", |s| {
            s.assignment[5] = *s.open.iter().find(|j| **j != s.assignment[5]).unwrap();
        }),
        ("open sites", |s| s.open.truncate(4)),
        ("repeated", |s| s.open.swap(0, 1)),
        ("forbidden", |s| s.open[4] = 11),
    ];
    for whole in [true, false] {
        for (at, (what, tamper)) in spoilt.iter().enumerate() {
            let (instance, mut solution) = answer(whole);
            tamper(&mut solution);
            let rejection = certificate::check(&instance, 5, &solution);
            let message = rejection.expect_err(what).to_string();
            assert!(message.contains(what), "tampering {at}: {message}");
        }
    }
}

#[test]
fn a_plan_without_a_kept_or_with_an_unknown_site_is_rejected() {
    let (instance, solution) = answer(true);
    let closing = instance.clone().keep(&[if solution.open.contains(&0) { 1 } else { 0 }]);
    let Err(Rejection::Open { fault, .. }) = certificate::check(&closing.unwrap(), 5, &solution)
    else {
        panic!("a kept site may not be closed")
    };
    assert!(fault.contains("kept"));
    let mut unknown = solution.clone();
    unknown.open[4] = 400;
    assert!(certificate::check(&instance, 5, &unknown).unwrap_err().to_string().contains("exist"));
    assert!(matches!(certificate::check(&instance, 0, &solution), Err(Rejection::Input(_))));
}

#[test]
fn each_refusal_names_the_place() {
    let message = |result: Result<Instance, InputError>| result.unwrap_err().to_string();
    let two = || Instance::new(2, 2, vec![0.0, 1.0, 1.0, 0.0]).unwrap();
    assert!(message(Instance::new(0, 2, vec![])).starts_with("customers: no data"));
    assert!(message(Instance::new(2, 0, vec![])).starts_with("sites: no data"));
    assert!(message(Instance::new(2, 2, vec![0.0; 3])).contains("has 3 entries, expected 4"));
    for bad in [f64::NAN, -1.0, f64::INFINITY] {
        let text = message(Instance::new(2, 2, vec![0.0, 1.0, bad, 0.0]));
        assert!(text.contains("customer 1 from site 0"), "{text}");
        assert!(message(two().weighted(vec![1.0, bad])).contains("weights, entry 1"));
    }
    assert!(message(two().weighted(vec![1.0])).contains("expected 2"));
    assert!(message(two().weighted(vec![0.0, 0.0])).contains("all of them zero"));
    assert!(message(two().keep(&[2])).contains("got 2"));
    assert!(message(two().keep(&[1]).unwrap().forbid(&[1])).contains("site 1"));

    let refused =
        |instance: &Instance, p| solve(instance, p, &Options::default()).unwrap_err().to_string();
    assert!(refused(&two(), 0).contains("1 to 2"));
    assert!(refused(&two(), 3).contains("got 3"));
    assert!(refused(&two().keep(&[0, 1]).unwrap(), 1).contains("kept ones included"));
    assert!(refused(&two().forbid(&[0, 1]).unwrap(), 1).contains("every site is forbidden"));
    let none = Options { starts: 0, ..Options::default() };
    assert!(solve(&two(), 1, &none).unwrap_err().to_string().contains("starts"));
    assert!(elbow(&two(), 3, &Options::default()).is_err());
    assert!(sensitivity(&two(), 3, &Options::default()).is_err());
    assert!(solve_additional(&two(), usize::MAX, &Options::default()).is_err());
}

#[test]
fn additional_sites_are_counted_on_top_of_the_kept_ones() {
    let instance = Instance::new(40, 40, square(40, true)).unwrap().keep(&[0, 9]).unwrap();
    let more = solve_additional(&instance, 3, &Options::default()).unwrap();
    assert_eq!(more, solve(&instance, 5, &Options::default()).unwrap());
    assert!(more.open.contains(&0) && more.open.contains(&9) && more.open.len() == 5);
}

#[test]
fn ties_and_idle_customers_are_noted() {
    // Sites 0 and 1 are the same place; customer 2 has no demand.
    let costs = vec![0.0, 0.0, 5.0, 4.0, 4.0, 9.0, 7.0, 7.0, 1.0];
    let instance = Instance::new(3, 3, costs).unwrap().weighted(vec![1.0, 1.0, 0.0]).unwrap();
    let solution = solve(&instance, 1, &Options::default()).unwrap();
    let codes: Vec<(&str, usize)> =
        solution.notes.iter().map(|note| (note.code, note.count)).collect();
    assert_eq!(codes, [("ties", 1), ("zero_weight", 1)]);
    let words = |note: usize| solution.notes[note].message.split(' ').take(3).collect::<Vec<_>>();
    assert_eq!((words(0), words(1)), (vec!["1", "closed", "site"], vec!["1", "customer", "of"]));
    assert_eq!(solution.objective, 4.0);
}

#[test]
fn each_point_of_the_elbow_is_the_optimum_and_growing_is_never_cheaper() {
    let (n, m) = (15, 11);
    let costs = unstructured(n, m);
    let weights: Vec<f64> = numbers(n, 5);
    let instance = Instance::new(n, m, costs.clone()).unwrap().weighted(weights.clone()).unwrap();
    let instance = instance.keep(&[4]).unwrap().forbid(&[8]).unwrap();
    let curve = elbow(&instance, 10, &Options::default()).unwrap();
    assert_eq!(curve.points.len(), 10);
    // The kept site alone, and all that is not forbidden: the only plans of their size.
    assert_eq!(curve.points[0].free.open, [4]);
    assert_eq!(curve.points[0].free.proof, Proof::Certificate);
    assert_eq!(curve.points[9].free.proof, Proof::Certificate);
    for (at, point) in curve.points.iter().enumerate() {
        let p = at + 1;
        let (optimum, _) = one_page::p_median(&rows(&costs, m), &weights, p, &[4], &[8]).unwrap();
        assert!((point.free.objective - optimum).abs() <= ROUNDING * (1.0 + optimum));
        assert_eq!((point.p, point.free.gap), (p, 0.0));
        assert!(certificate::check(&instance, p, &point.free).is_ok());
        let grown = one_page::cost(&rows(&costs, m), &weights, &point.nested.open);
        assert!((point.nested.objective - grown).abs() <= ROUNDING * (1.0 + grown));
        assert!(point.nested.objective >= point.free.objective - ROUNDING);
        if at > 0 {
            let before = &curve.points[at - 1];
            assert!(point.marginal.unwrap() >= -ROUNDING);
            assert!(before.nested.open.iter().all(|j| point.nested.open.contains(j)));
            let added = point.nested.added.unwrap();
            assert!(!before.nested.open.contains(&added) && point.nested.open.contains(&added));
            // No other single addition would have been better.
            for j in instance.sites_in(SiteState::Free) {
                let mut other = before.nested.open.clone();
                other.push(j);
                let cost = one_page::cost(&rows(&costs, m), &weights, &other);
                assert!(cost >= point.nested.objective - ROUNDING);
            }
        }
    }
}

#[test]
fn losses_are_those_of_the_slow_twin() {
    let (n, m, p) = (15, 11, 4);
    let costs = unstructured(n, m);
    let instance = Instance::new(n, m, costs.clone()).unwrap().keep(&[2]).unwrap();
    let answer = sensitivity(&instance, p, &Options::default()).unwrap();
    let weights = vec![1.0; n];
    let twin = |kept: &[usize], forbidden: &[usize]| {
        one_page::p_median(&rows(&costs, m), &weights, p, kept, forbidden).unwrap().0
    };
    let optimum = twin(&[2], &[]);
    assert_eq!(answer.plan.objective, optimum);
    assert_eq!((answer.forbidden.len(), answer.forced.len()), (p - 1, m - p));
    for change in &answer.forbidden {
        assert_eq!(change.loss, twin(&[2], &[change.site]) - optimum, "site {}", change.site);
        assert!(change.closes.contains(&change.site));
        assert_eq!(change.closes.len(), change.opens.len());
    }
    for change in &answer.forced {
        assert_eq!(change.loss, twin(&[2, change.site], &[]) - optimum, "site {}", change.site);
        assert!(change.opens.contains(&change.site));
        assert_eq!(change.loss, change.loss_at_least);
    }
}

#[test]
fn curves_and_choices_are_proven_again_and_tampered_ones_rejected() {
    let (n, m, p) = (15, 11, 4);
    let instance = Instance::new(n, m, unstructured(n, m)).unwrap().keep(&[2]).unwrap();
    let curve = elbow(&instance, p, &Options::default()).unwrap();
    let plans =
        || -> Vec<Solution> { curve.points.iter().map(|point| point.free.clone()).collect() };
    assert_eq!(elbow::check(&instance, plans()).unwrap(), curve);
    let choices = sensitivity(&instance, p, &Options::default()).unwrap();
    let plan = || choices.plan.clone();
    assert_eq!(choices.decided.len(), m - 1);
    let same = sensitivity::check(&instance, plan(), choices.decided.clone()).unwrap();
    assert_eq!(same, choices);

    for at in 0..p {
        let mut spoilt = plans();
        spoilt[at].objective -= 1.0;
        let rejection = elbow::check(&instance, spoilt).unwrap_err();
        assert!(matches!(&rejection, Rejection::Point { p, .. } if *p == at + 1), "{rejection}");
    }
    // A point left out leaves the next one with another number of sites than it stands for.
    let mut short = plans();
    let _ = short.remove(1);
    assert!(matches!(elbow::check(&instance, short), Err(Rejection::Point { p: 2, .. })));

    let refused = |decided| sensitivity::check(&instance, plan(), decided).unwrap_err();
    for at in 0..m - 1 {
        let mut spoilt = choices.decided.clone();
        spoilt[at].solution.certificate.value += 1.0;
        let (site, rejection) = (spoilt[at].site, refused(spoilt));
        assert!(matches!(&rejection, Rejection::Choice { site: found, .. } if *found == site));
        // The plan itself does not obey the choice.
        let mut idle = choices.decided.clone();
        idle[at].solution = plan();
        assert!(matches!(refused(idle), Rejection::Choice { .. }));
    }
    let mut fewer = choices.decided.clone();
    let _ = fewer.pop();
    assert!(matches!(refused(fewer), Rejection::Length { .. }));
    let mut swapped = choices.decided.clone();
    swapped.swap(0, 1);
    assert!(matches!(refused(swapped), Rejection::Choice { .. }));
}

#[test]
fn the_trees_of_a_curve_share_the_room_for_proofs() {
    let (n, m, p) = (40, 24, 8);
    let instance = Instance::new(n, m, unstructured(n, m)).unwrap();
    let trees = |options: &Options| -> usize {
        let curve = elbow(&instance, p, options).unwrap();
        let choices = sensitivity(&instance, p, options).unwrap();
        let numbers = |s: &Solution| s.certificate.tree.len().saturating_sub(1) * n;
        let of_curve: usize = curve.points.iter().map(|point| numbers(&point.free)).sum();
        let of_choices: usize = choices.decided.iter().map(|d| numbers(&d.solution)).sum();
        assert!(of_curve <= options.proof_numbers && of_choices <= options.proof_numbers);
        assert!(
            elbow::check(&instance, curve.points.into_iter().map(|p| p.free).collect()).is_ok()
        );
        of_curve.min(of_choices)
    };
    assert!(trees(&Options::default()) > 1_000);
    assert!(trees(&Options { proof_numbers: 1_000, ..Options::default() }) > 0);
    assert_eq!(trees(&Options { proof_numbers: 0, ..Options::default() }), 0);
}

#[test]
fn a_curve_goes_through_the_plan_that_is_known() {
    // The two ends of a line are as good.
    let costs = vec![0.0, 3.0, 9.0, 3.0, 0.0, 3.0, 9.0, 3.0, 0.0];
    let instance = Instance::new(3, 3, costs).unwrap();
    let curve = elbow(&instance, 2, &Options::default()).unwrap();
    for end in [0, 2] {
        let kept = instance.clone().keep(&[end]).unwrap();
        let tied = solve(&kept, 2, &Options::default()).unwrap();
        let through = curve.clone().through(&instance, &tied);
        assert_eq!((through.points.len(), &through.points[1].free), (2, &tied));
        assert_eq!(through.points[1].marginal, curve.points[1].marginal);
    }
    let dear = solve(&instance, 1, &Options::default()).unwrap();
    assert_eq!(curve.clone().through(&instance, &dear).points[1], curve.points[1]);
}

#[test]
fn ranked_plans_are_those_of_all_subsets_and_no_other_one_is_missed() {
    for (seed, p) in (1..40).zip([1, 2, 3, 4].into_iter().cycle()) {
        let (n, m) = (9, 7);
        // Few values, so that plans tie.
        let costs: Vec<f64> = numbers(n * m, seed).into_iter().map(|x| (x * 9.0).ceil()).collect();
        let instance = Instance::new(n, m, costs.clone()).unwrap().keep(&[2]).unwrap();
        let instance = if p > 1 { instance.forbid(&[5]).unwrap() } else { instance };
        let legal = |set: &u32| {
            let open = |j: u32| set >> j & 1 == 1;
            set.count_ones() as usize == p && open(2) && (p == 1 || !open(5))
        };
        let sites = |set: u32| -> Vec<usize> { (0..m).filter(|j| set >> j & 1 == 1).collect() };
        let cost = |open: &[usize]| one_page::cost(&rows(&costs, m), &[1.0; 9], open);
        let mut all: Vec<f64> = (0..1 << m).filter(legal).map(|set| cost(&sites(set))).collect();
        all.sort_by(f64::total_cmp);
        let best = solve(&instance, p, &Options::default()).unwrap();
        for k in [1, 3, all.len(), all.len() + 1] {
            let found = ranking::rank(&instance, &best, k, |_| true, &Options::default()).unwrap();
            assert_eq!(found.plans.len(), k.min(all.len()), "seed {seed}, p = {p}");
            assert_eq!(found.plans[0].open, best.open);
            for (plan, cost_of) in found.plans.iter().zip(&all) {
                assert_eq!((plan.objective, cost(&plan.open)), (*cost_of, *cost_of));
            }
            let next = all.get(k).copied();
            assert_eq!(found.unlisted.iter().map(|part| part.objective).reduce(f64::min), next);
            let opens: Vec<&[usize]> = found.plans.iter().map(|plan| &plan.open[..]).collect();
            let again = |opens: &[&[usize]], unlisted: &[Solution]| {
                ranking::check(&instance, p, opens, unlisted)
            };
            assert_eq!(again(&opens, &found.unlisted).unwrap(), next);

            let twice = [&opens[..], &opens[..1]].concat();
            assert!(matches!(again(&twice, &found.unlisted), Err(Rejection::Open { .. })));
            for wrong in [&[2, 3, 4, 6, 0][..], &[], &[99]] {
                assert!(again(&[wrong], &found.unlisted).is_err());
            }
            if found.unlisted.len() > 1 {
                let fewer = again(&opens, &found.unlisted[1..]).unwrap_err();
                assert!(matches!(fewer, Rejection::Length { .. }));
                let mut spoilt = found.unlisted.clone();
                spoilt[1].objective += 1.0;
                let refused = again(&opens, &spoilt).unwrap_err();
                assert!(matches!(refused, Rejection::Part { part: 1, .. }), "{refused}");
                // A list with a hole makes other parts.
                let holed = [&opens[..opens.len().min(1)], &opens[opens.len().min(2)..]].concat();
                assert!(k < 2 || again(&holed, &found.unlisted).is_err());
            }
        }
        let least = all.iter().filter(|cost| **cost <= 1.2 * all[0]).count();
        let near = |cost: f64| cost <= 1.2 * all[0];
        let found = ranking::rank(&instance, &best, 99, near, &Options::default()).unwrap();
        assert_eq!(found.plans.len(), least);
        // Begun with a plan that is not the best one, the list begins with that all the same.
        let last: Vec<usize> = {
            let listed = ranking::rank(&instance, &best, 99, |_| true, &Options::default());
            listed.unwrap().plans.pop().unwrap().open
        };
        let objective = cost(&last);
        let poor = Solution { open: last, objective, gap: 1.0, ..best.clone() };
        let again = ranking::rank(&instance, &poor, 99, |_| true, &Options::default()).unwrap();
        let costs: Vec<f64> = again.plans.iter().map(|plan| plan.objective).collect();
        assert_eq!(costs, all, "seed {seed}");
        assert!(again.unlisted.is_empty());
        let none = ranking::rank(&instance, &best, 0, near, &Options::default());
        assert!(none.unwrap_err().to_string().contains("ask for one"));
        let foreign = Solution { open: vec![0; p], ..best };
        let refused = ranking::rank(&instance, &foreign, 2, near, &Options::default());
        assert!(refused.unwrap_err().to_string().contains("the best plan"));
    }
}

#[test]
fn costs_that_stand_for_impossible_do_not_hide_the_others() {
    // Beside 1e18 the scale of whole numbers tells 4 and 9 no longer apart.
    let three = Instance::new(1, 3, vec![9.0, 4.0, 1e18]).unwrap();
    for weight in [1.0, 1000.0, 1e-9] {
        let instance = three.clone().weighted(vec![weight]).unwrap();
        let found = solve(&instance, 1, &Options::default()).unwrap();
        assert_eq!((&found.open[..], found.objective, found.gap), (&[1][..], 4.0 * weight, 0.0));
        assert!(found.bound > 3.9 * weight, "{}", found.bound);
        let again = certificate::check(&instance, 1, &found).unwrap();
        assert!(again.certified_gap < 1e-9, "{}", again.certified_gap);
    }
    for (seed, p) in (1..400).zip([1, 2, 3].into_iter().cycle()) {
        let (n, m) = (5, 6);
        let power = [9, 12, 15, 17, 18, 30, 100, 60][seed as usize % 8];
        let draws = numbers(2 * n * m, seed);
        let cost = |at: usize| match draws[at] {
            x if x < 0.3 => 10_f64.powi(power) * (1.0 + draws[n * m + at]),
            x => (x * 20.0).floor() * if seed % 3 == 0 { 1.0 } else { draws[n * m + at] },
        };
        let costs: Vec<f64> = (0..n * m).map(cost).collect();
        let instance = Instance::new(n, m, costs.clone()).unwrap();
        let (optimum, _) = one_page::p_median(&rows(&costs, m), &[1.0; 5], p, &[], &[]).unwrap();
        let curve = elbow(&instance, p, &Options::default()).unwrap();
        for found in
            [solve(&instance, p, &Options::default()).unwrap(), curve.points[p - 1].free.clone()]
        {
            let (low, high) = (optimum * (1.0 - ROUNDING), optimum * (1.0 + ROUNDING));
            assert!(found.bound <= high && found.objective >= low, "seed {seed}");
            assert_eq!(found.gap, 0.0, "seed {seed}: {} of {optimum}", found.objective);
            assert!(found.objective - optimum <= 1e-9 * optimum, "seed {seed}");
            assert!(certificate::check(&instance, p, &found).is_ok(), "seed {seed}");
        }
        let rules = Rules::new(Count::Exactly(p)).not_both("two", &[0, 1]);
        let found = ruled::solve(&instance, &rules, &Options::default()).unwrap();
        let sets = (0_u32..1 << m).filter(|set| set.count_ones() as usize == p && set & 3 != 3);
        let opens = sets.map(|set| (0..m).filter(|j| set >> j & 1 == 1).collect::<Vec<usize>>());
        let cost = |open: Vec<usize>| one_page::cost(&rows(&costs, m), &[1.0; 5], &open);
        let optimum = opens.map(cost).fold(f64::INFINITY, f64::min);
        let (low, high) = (optimum * (1.0 - ROUNDING), optimum * (1.0 + ROUNDING));
        assert!(found.bound <= high && found.plan.objective >= low, "seed {seed}");
        assert_eq!(found.gap, 0.0, "seed {seed}: {} of {optimum}", found.plan.objective);
        assert!(found.plan.objective - optimum <= 1e-9 * optimum, "seed {seed}");
        assert!(ruled::check(&instance, &rules, &found).is_ok(), "seed {seed}");
    }
}

#[test]
fn a_resolution_coarser_than_rounding_proves_nothing() {
    let instance = Instance::new(1, 3, vec![9.0, 4.0, 1e18]).unwrap();
    let honest = solve(&instance, 1, &Options::default()).unwrap();
    let plain = Rules::new(Count::Exactly(1));
    let ruled_honest = ruled::solve(&instance, &plain, &Options::default()).unwrap();
    assert_eq!(ruled_honest.plan.objective, 4.0);
    // The worse plan, with as coarse a resolution as the costs may have, by multipliers of zero.
    for resolution in [6.0, 100.0, 1000.0] {
        for (bound, proof) in [
            (9.0, Proof::Certificate),
            (9.0, Proof::Tree),
            (9.0, Proof::Search),
            (0.0, Proof::Certificate),
        ] {
            let certificate =
                certificate::Certificate { multipliers: vec![0.0], tree: Vec::new(), value: 0.0 };
            let forged = Solution {
                open: vec![0],
                assignment: vec![0],
                objective: 9.0,
                bound,
                certified_bound: 0.0,
                resolution,
                gap: 0.0,
                proof,
                certificate,
                ..honest.clone()
            };
            let found = certificate::check(&instance, 1, &forged);
            // That a search says so is not refused, but is said not to be proven.
            let claimed = proof == Proof::Search && found.as_ref().is_ok_and(|c| c.claims_more);
            assert!(found.is_err() || claimed, "{resolution}, {bound}, {proof:?}");
            assert!(elbow::check(&instance, vec![forged]).is_err() || claimed);

            let mut forged = ruled_honest.clone();
            forged.plan.open = vec![0];
            forged.plan.assignment = vec![0];
            (forged.plan.objective, forged.plan.service) = (9.0, 9.0);
            (forged.bound, forged.proof, forged.resolution) = (bound, proof, resolution);
            (forged.gap, forged.certified_bound) = (0.0, 0.0);
            let found = ruled::check(&instance, &plain, &forged);
            assert!(found.is_err() || found.is_ok_and(|c| c.claims_more && proof == Proof::Search));
        }
    }
}

#[test]
fn whole_costs_whose_sum_is_not_whole_any_more_are_not_rounded_up() {
    let x = 4_503_599_627_370_497.0;
    let instance = Instance::new(3, 2, vec![1.0, x, x, 1.0, x, x]).unwrap();
    assert!(!instance.is_whole());
    let found = solve(&instance, 1, &Options::default()).unwrap();
    // The optimum, 9007199254740995, has no double of its own.
    assert!(found.bound <= 9_007_199_254_740_996.0 && found.resolution > 0.0);
    assert!(certificate::check(&instance, 1, &found).is_ok());
    assert!(elbow::check(&instance, vec![found]).is_ok());
}

#[test]
fn the_objective_of_many_customers_is_rounded_once() {
    for n in [10_usize, 5_000, 100_000] {
        let costs: Vec<f64> = (0..n).flat_map(|_| [0.1, 0.3]).collect();
        let instance = Instance::new(n, 2, costs).unwrap();
        let found = solve(&instance, 1, &Options::default()).unwrap();
        // 0.1 as a double is 3602879701896397 / 2^55.
        let exact = 3_602_879_701_896_397_i128 * n as i128;
        let of = |value: f64| (value * 2_f64.powi(40)).round() as i128 * (1 << 15);
        assert!((of(found.objective) - exact).abs() <= 1 << 16, "n = {n}: {}", found.objective);
        assert!(of(found.certified_bound) <= exact + (1 << 16) && found.gap == 0.0);
        assert!(certificate::check(&instance, 1, &found).is_ok());
    }
}

#[test]
fn a_point_of_a_curve_that_is_proven_is_not_given_up_for_one_that_is_not() {
    let instance = Instance::new(40, 24, unstructured(40, 24)).unwrap();
    let curve = elbow(&instance, 6, &Options::default()).unwrap();
    let open = solve(&instance, 6, &Options { max_nodes: 0, ..Options::default() }).unwrap();
    assert!(open.gap > 0.0 && curve.points[5].free.gap == 0.0);
    let known = Solution { objective: curve.points[5].free.objective, ..open };
    assert_eq!(curve.clone().through(&instance, &known), curve);
}
