//! Tables and summary of a p-median: who is served from where, and what is proven.

use emporion_brief::stages::siting::{Plan, Siting};
use emporion_model::site::p_median::Proof;
use emporion_model::site::spread::spread;
use emporion_model::site::{Instance, SiteState};

use super::{Question, Service, gravity};
use crate::answer::{Advice, Answer, Cell, Column, Part, Show};
use crate::data::Data;

/// The open sites, and who is served from where.
pub fn tables(
    data: &Data,
    question: &Question,
    open: &[usize],
    service: &[Service],
) -> (Part, Part) {
    if let Some(found) = &question.gravity {
        return gravity::tables(data, question, found, open, service);
    }
    let Siting { sites, customers, instance, .. } = &question.siting;
    let cost_unit = question.cost_unit.as_str();
    let name = |id: &str| Cell::from(data.name_of("place", id));
    let weights = instance.weights();
    let named = |key: &'static str, title: &'static str| {
        [
            Column::text(key, title),
            Column::text(format!("{key}_name"), "").unless_all(Cell::Missing),
        ]
    };
    let weight =
        |key| Column::number(key, "Weight", question.weight_unit.replace('_', " "), Show::Fitting);
    let mut columns = named("site", "Site").to_vec();
    columns.extend([
        Column::text("seat", "Seat").unless_all(Cell::Missing),
        Column::text("state", "State"),
        Column::number("customers", "Serves", "", Show::Whole),
        weight("weight"),
        Column::number("mean_cost", "Mean cost", cost_unit, Show::Decimals(1)),
    ]);
    let mut chosen = Part::new("rows", "", columns);
    let mut columns = named("customer", "Served").to_vec();
    columns.extend(named("site", "From"));
    columns
        .extend([Column::number("cost", "Cost", cost_unit, Show::Decimals(1)), weight("weight")]);
    let share = Column::number("share", "Share of demand", "", Show::Decimals(3));
    columns.push(share.unless_all(1.0));
    let mut served = Part::new("served", "Who is served from where", columns);
    for &j in open {
        let of_j = service.iter().filter(|(_, site, _)| *site == j);
        let mut mine: Vec<(usize, f64)> = of_j.map(|(i, _, share)| (*i, *share)).collect();
        let demand: f64 = mine.iter().map(|(i, share)| share * weights[*i]).sum();
        let cost: f64 = mine.iter().map(|(i, s)| s * weights[*i] * instance.cost(*i, j)).sum();
        chosen.push(vec![
            sites[j].as_str().into(),
            name(&sites[j]),
            seat(data, &sites[j]),
            if instance.states()[j] == SiteState::Kept { "kept" } else { "added" }.into(),
            mine.len().into(),
            demand.into(),
            (cost / demand).into(),
        ]);
        let near = |a: usize, b: usize| instance.cost(a, j).total_cmp(&instance.cost(b, j));
        mine.sort_by(|a, b| near(a.0, b.0).then(a.0.cmp(&b.0)));
        for (i, share) in mine {
            served.push(vec![
                customers[i].as_str().into(),
                name(&customers[i]),
                sites[j].as_str().into(),
                name(&sites[j]),
                instance.cost(i, j).into(),
                weights[i].into(),
                share.into(),
            ]);
        }
    }
    (chosen, served)
}

/// The city of a place.
pub fn seat(data: &Data, id: &str) -> Cell {
    let city = data.case().and_then(|case| case.places()?.text("seat_city", case.place(id)?));
    city.into()
}

/// Numbers of the plan and what is proven of them.
pub fn summarise(answer: &mut Answer, question: &Question, plan: &Plan) {
    let solution = &plan.solution;
    if let Some(found) = &question.gravity {
        return gravity::summarise(answer, question, found, solution);
    }
    let weight = question.siting.weight();
    let unit = question.cost_unit.as_str();
    let one = Show::Decimals(1);
    answer.count("mean", "Mean cost", unit, one, solution.objective / weight);
    let before = Column::number("mean_before", "with the kept sites alone", unit, one);
    answer.count_if_known(before, plan.before.map(|before| before / weight));
    let instance = &question.siting.instance;
    let costs: Vec<f64> =
        solution.assignment.iter().enumerate().map(|(i, &j)| instance.cost(i, j)).collect();
    if let Ok(found) = spread(&costs, instance.weights()) {
        answer.count(
            "percentile_90",
            "90 percent of the weight within",
            unit,
            one,
            found.percentile_90,
        );
        answer.count("worst", "Worst", unit, one, found.worst);
        answer.say(
            "worst_customer",
            "served worst",
            question.siting.customers[found.worst_customer].as_str(),
        );
        answer.count("gini", "Gini of cost", "", Show::Decimals(3), found.gini);
    }
    let total = &question.total_unit();
    answer.count("objective", "Total", total, Show::Fitting, solution.objective);
    answer.count("bound", "No plan is below", total, Show::Fitting, solution.bound);
    answer.count(
        "certified_bound",
        certified_rest(),
        total,
        Show::Fitting,
        solution.certified_bound,
    );
    answer.count("gap", "Gap", "percent", Show::Decimals(3), 100.0 * solution.gap);
    answer.say("proof", "Proof", proof_word(solution.proof));
    let rest = 100.0 * (solution.objective - solution.certified_bound) / solution.objective;
    answer.say("verdict", "Verdict", verdict(solution.proof, rest, 100.0 * solution.gap));
    answer.count("certificate_value", "", total, Show::Hidden, solution.certificate.value);
    answer.count("resolution", "", total, Show::Hidden, solution.resolution);
    answer.count("iterations", "Subgradient steps", "", Show::Whole, solution.iterations);
    answer.count("nodes", "Nodes of the tree", "", Show::Whole, solution.nodes);
    for note in &solution.notes {
        answer.note(note);
    }
}

/// Customers all of whose say is below what the search tells apart: a proof to a tolerance that
/// their weights are lost in is no proof for them.
pub fn too_light(
    question: &Question,
    instance: &Instance,
    unit: &str,
    resolution: f64,
) -> Option<Advice> {
    let customers = &question.siting.customers;
    let sites: Vec<usize> =
        (0..instance.sites()).filter(|&j| instance.states()[j] != SiteState::Forbidden).collect();
    let moves_less = |i: &usize| {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        let weight = instance.weights()[*i];
        let enough = sites.iter().any(|&j| {
            let cost = weight * instance.cost(*i, j);
            (low, high) = (cost.min(low), cost.max(high));
            high - low >= resolution
        });
        weight > 0.0 && high > low && !enough
    };
    let light: Vec<usize> = (0..customers.len()).filter(moves_less).collect();
    let named: Vec<&str> = light.iter().take(8).map(|&i| customers[i].as_str()).collect();
    let more = if light.len() > named.len() { ", \u{2026}" } else { "" };
    let message = format!(
        "the proof is to {resolution:.3e} {unit}: plans nearer to each other are not told apart, and \
         no choice of site moves the cost of {}{more} by as much; weights this far from each other \
         need two questions",
        named.join(", ")
    );
    (!light.is_empty()).then(|| Advice::new("too_light", message, light.len()))
}

/// Label of the bound that needs no search.
pub fn certified_rest() -> &'static str {
    "of which re-checkable alone"
}

/// What a bound rests on.
pub fn proof_word(proof: Proof) -> &'static str {
    match proof {
        Proof::Certificate => "certificate",
        Proof::Tree => "tree",
        Proof::Search => "search",
        Proof::Open => "open",
    }
}

/// What is proven of the plan, with what the certificate leaves open and the gap in percent.
/// "Optimal" is said with a proof only.
pub fn verdict(proof: Proof, rest: f64, gap: f64) -> String {
    let percent = |gap: f64| {
        if gap < 1e-6 { "a millionth of a percent".to_owned() } else { format!("{gap:.6} percent") }
    };
    match proof {
        Proof::Certificate => {
            "optimal: the multipliers of the table certificate prove that no plan is better".into()
        }
        Proof::Tree => {
            "optimal: the multipliers at the nodes of a tree prove that no plan is better".into()
        }
        Proof::Search => format!(
            "optimal, proven by search; the table certificate alone proves it to {}",
            percent(rest)
        ),
        Proof::Open => format!("not proven optimal: within {} of the best", percent(gap)),
    }
}

/// The multipliers that prove the bound, for anyone to check again.
pub fn certificate(question: &Question, plan: &Plan) -> Part {
    let unit = question.total_unit();
    let mut part = Part::new(
        "certificate",
        "",
        vec![
            Column::text("customer", "Customer"),
            Column::number("multiplier", "Multiplier", unit, Show::Fitting),
        ],
    );
    let multipliers = &plan.solution.certificate.multipliers;
    for (customer, multiplier) in question.siting.customers.iter().zip(multipliers) {
        part.push(vec![customer.as_str().into(), (*multiplier).into()]);
    }
    part.for_programs = true;
    part
}
