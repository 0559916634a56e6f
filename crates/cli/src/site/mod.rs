//! `emporion site`: where the next centres go, with a proven bound.

mod check;
mod columns;
mod costs;
mod curve;
mod problems;
mod roads;
mod ruled;
mod towns;
mod what_if;

use std::path::PathBuf;

use clap::ValueEnum;
use emporion_brief::stages::siting::{self, Plan, Siting};
use emporion_model::site::SiteState;
use emporion_model::site::p_median::{Options, Proof, Solution};
use emporion_model::site::spread::spread;
use emporion_tables::site_rules::Line;

use crate::answer::{Advice, Answer, Cell, Column, Part, Show};
use crate::args::{self, SiteProblem};
use crate::data::Data;
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Progress;
use crate::render::render_shaped;

/// How distances between coordinates are measured.
const GREAT_CIRCLES: &str = "great-circle km";
/// A matrix of the user's own.
const MATRIX: &str = "the matrix given";

/// Names and units of a question about centres.
struct Question {
    siting: Siting,
    /// Unit of the cost of serving one unit of demand.
    cost_unit: &'static str,
    /// How the cost is measured.
    measured_by: &'static str,
    /// What the weights count; empty when each place counts once.
    weight_unit: String,
}

impl Question {
    /// Unit of the cost of serving all demand.
    fn total_unit(&self) -> String {
        format!("weight × {}", if self.cost_unit.is_empty() { "cost" } else { self.cost_unit })
    }
}

/// Chooses the sites and prints them with their proof.
pub fn run(arguments: &args::Site, progress: &Progress) -> Result<Output, Failure> {
    if let Some(path) = &arguments.check {
        return check::run(path, arguments, progress);
    }
    let name = arguments.data.as_deref().unwrap_or_default();
    progress.step(format!("reading {name}"));
    let data = Data::open(name)?;
    let lines = ruled::read(arguments.rules.as_deref())?;
    let arguments = &args::Site {
        keep: [&arguments.keep[..], &ruled::named(&lines, true)].concat(),
        never: [&arguments.never[..], &ruled::named(&lines, false)].concat(),
        ..arguments.clone()
    };
    let question = question(arguments, &data)?;
    progress.step("choosing sites");
    let kept = arguments.keep.len();
    let add = added(arguments)?;
    if arguments.problem != SiteProblem::PMedian {
        return other(arguments, &data, &question, add.map(|add| kept + add));
    }
    for (option, given) in [
        ("--radius", arguments.radius.is_some()),
        ("--opening", arguments.opening.is_some()),
        ("--capacity", arguments.capacity.is_some()),
    ] {
        if given {
            return Err(Failure::new(format!(
                "{option} means nothing to the p-median: name another --problem, or leave it out"
            )));
        }
    }
    if arguments.rules.is_some() || arguments.plans.is_some() {
        let p = add.map(|add| kept + add);
        return under_rules(arguments, &data, &question, &lines, p);
    }
    let Some(add) = add else {
        return Err(Failure::new("give the number of centres: --add N more, or --p N in all"));
    };
    let plan = question.siting.plan(add, &Options::default())?;
    let mut answer =
        Answer::new("site", title(arguments, &data, &question, &plan), data.identity());
    describe(&mut answer, arguments, &data, &question);
    let service = whole(&plan.solution.assignment);
    let (sites, served) = tables(&data, &question, &plan.solution.open, &service);
    answer.parts.extend([sites, served]);
    if arguments.curve {
        progress.step("the curve of cost against the number of centres");
        answer.parts.push(curve::part(&question, kept + add)?);
    }
    if arguments.what_if {
        progress.step("one choice at a time");
        answer.parts.extend(what_if::parts(&question, kept + add)?);
    }
    answer.parts.push(certificate(&question, &plan));
    let tree = &plan.solution.certificate.tree;
    if !tree.is_empty() {
        answer.solution = Some(serde_json::json!({ "tree": tree }));
    }
    summarise(&mut answer, &question, &plan);
    render_shaped(answer, &arguments.shape)
}

/// Customer, site, share of the customer's demand.
type Service = (usize, usize, f64);

/// Each customer served whole from its site.
fn whole(assignment: &[usize]) -> Vec<Service> {
    assignment.iter().enumerate().map(|(customer, &site)| (customer, site, 1.0)).collect()
}

/// `1 centre`, `2 centres`.
fn centres(count: usize) -> String {
    format!("{count} centre{}", if count == 1 { "" } else { "s" })
}

/// How many centres are to be more than those kept, if the user says.
fn added(arguments: &args::Site) -> Result<Option<usize>, Failure> {
    let kept = arguments.keep.len();
    let (None, Some(p)) = (arguments.add, arguments.p) else { return Ok(arguments.add) };
    p.checked_sub(kept).map(Some).ok_or_else(|| {
        Failure::new(format!(
            "--p {p} counts all centres and {kept} are kept; give at least {kept}, or use --add"
        ))
    })
}

/// The p-median under rules, and its best plans in order.
fn under_rules(
    arguments: &args::Site,
    data: &Data,
    question: &Question,
    lines: &[Line],
    p: Option<usize>,
) -> Result<Output, Failure> {
    if arguments.curve || arguments.what_if {
        return Err(Failure::new("--curve and --what-if do not know rules: leave one out"));
    }
    let rules = ruled::rules(lines, arguments, data, question, p)?;
    let found = ruled::solve(question, &rules)?;
    let mut answer = Answer::new("site", ruled::title(&found.plan, lines), data.identity());
    describe(&mut answer, arguments, data, question);
    answer.context("rules", lines.iter().map(|line| line.rule.to_string()).collect());
    let service = whole(&found.plan.assignment);
    let (sites, served) = tables(data, question, &found.plan.open, &service);
    answer.parts.extend([sites, served]);
    ruled::summarise(&mut answer, question, &found);
    if let Some(count) = arguments.plans {
        let (part, end) = ruled::plans(question, &rules, count, arguments.within)?;
        answer.parts.push(part);
        answer.say("others", "Other plans", end);
    }
    render_shaped(answer, &arguments.shape)
}

/// A problem other than the p-median.
fn other(
    arguments: &args::Site,
    data: &Data,
    question: &Question,
    p: Option<usize>,
) -> Result<Output, Failure> {
    let of_the_median =
        [arguments.curve, arguments.what_if, arguments.rules.is_some(), arguments.plans.is_some()];
    if of_the_median.contains(&true) {
        return Err(Failure::new(
            "--curve, --what-if, --rules and --plans are of the p-median: leave them out",
        ));
    }
    let asked = problems::Asked::new(arguments, data, question, p)?;
    let found = asked.solve(&question.weight_unit.replace('_', " "))?;
    let mut answer = Answer::new("site", found.title.clone(), data.identity());
    describe(&mut answer, arguments, data, question);
    let (sites, served) = tables(data, question, &found.open, &found.service);
    answer.parts.extend([sites, served]);
    found.summarise(&mut answer);
    answer.solution = Some(found.solution);
    render_shaped(answer, &arguments.shape)
}

/// What is asked, with the sites that are kept and those that are never to be.
fn question(arguments: &args::Site, data: &Data) -> Result<Question, Failure> {
    let mut question = costs_of(arguments, data)?;
    if let Some(path) = &arguments.roads {
        roads::on_roads(&mut question, path, arguments.one_way)?;
    }
    let never = positions(&question.siting, "--never", &arguments.never)?;
    question.siting.instance = question.siting.instance.clone().forbid(&never)?;
    Ok(question)
}

/// Seats of a case, a matrix of costs, or a list of towns.
fn costs_of(arguments: &args::Site, data: &Data) -> Result<Question, Failure> {
    match data {
        Data::Case(case) => {
            let Some(kind) = arguments.kind.as_deref() else {
                return Err(Failure::new(
                    "a case needs the kind of its places: --kind region or --kind country, with \
                     --parent for the places of one country",
                ));
            };
            let weight = arguments.weight.as_deref();
            let parent = arguments.parent.as_deref();
            let siting = siting::seats(case, kind, parent, weight, &arguments.keep)?;
            let weight_unit = weight.unwrap_or_default().to_owned();
            Ok(Question { siting, cost_unit: "km", measured_by: GREAT_CIRCLES, weight_unit })
        }
        Data::File(table) if ["from", "to", "cost"].iter().all(|c| table.column(c).is_some()) => {
            costs::question(arguments, table)
        }
        Data::File(table) => towns::question(arguments, table),
    }
}

/// Positions of sites by id.
fn positions(siting: &Siting, option: &str, ids: &[String]) -> Result<Vec<usize>, Failure> {
    let known = || siting.sites.iter().map(String::as_str);
    let find = |id: &String| {
        siting.sites.iter().position(|site| site == id).ok_or_else(|| {
            let near = emporion_tables::problem::nearest(id, known());
            let hint = if near.is_empty() {
                format!("the sites are {}", known().take(12).collect::<Vec<_>>().join(", "))
            } else {
                format!("did you mean {}?", near.join(" or "))
            };
            Failure::new(format!("{option} {id}: there is no such site; {hint}"))
        })
    };
    ids.iter().map(find).collect()
}

fn title(arguments: &args::Site, data: &Data, question: &Question, plan: &Plan) -> String {
    let label = |&j: &usize| {
        let id = &question.siting.sites[j];
        match seat(data, id) {
            Cell::Text(city) => format!("{city} ({id})"),
            _ => id.clone(),
        }
    };
    let added: Vec<String> = plan.added.iter().map(label).collect();
    match (added.len(), arguments.keep.len()) {
        (0, _) => "The centres that are kept".to_owned(),
        (n, 0) => format!("{}: {}", centres(n), added.join(", ")),
        (n, kept) => format!("{} beside {kept} kept: {}", centres(n), added.join(", ")),
    }
}

fn describe(answer: &mut Answer, arguments: &args::Site, data: &Data, question: &Question) {
    answer.option("kind", arguments.kind.clone());
    answer.option("parent", arguments.parent.clone());
    answer.option("weight", arguments.weight.clone());
    answer.option("weights", arguments.weights.clone());
    answer.option("keep", arguments.keep.clone());
    answer.option("never", arguments.never.clone());
    let problem = SiteProblem::to_possible_value(&arguments.problem);
    answer.option("problem", problem.map(|value| value.get_name().to_owned()));
    answer.option("radius", arguments.radius);
    answer.option("opening", arguments.opening.clone());
    answer.option("capacity", arguments.capacity.clone());
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    answer.option("about", path(&arguments.about));
    answer.option("roads", path(&arguments.roads));
    answer.option("one_way", arguments.one_way);
    answer.option("rules", path(&arguments.rules));
    answer.option("plans", arguments.plans);
    answer.option("within", arguments.within);
    answer.option("add", arguments.add);
    answer.option("p", arguments.p);
    answer.option("curve", arguments.curve);
    answer.option("what_if", arguments.what_if);
    answer.option("top", arguments.shape.top);
    answer.context("cost", vec![question.measured_by.to_owned()]);
    let weight = match question.weight_unit.as_str() {
        "" => "1 each".to_owned(),
        unit => unit.replace('_', " "),
    };
    answer.context("weight", vec![weight]);
    answer.context("licence", data.licences("places"));
    let left_out = &question.siting.left_out;
    if !left_out.is_empty() {
        let message = format!("{} places left out: {}", left_out.len(), left_out.join(", "));
        answer.note(Advice::new("left_out", message, left_out.len()));
    }
}

/// The open sites, and who is served from where.
fn tables(data: &Data, question: &Question, open: &[usize], service: &[Service]) -> (Part, Part) {
    let Siting { sites, customers, instance, .. } = &question.siting;
    let cost_unit = question.cost_unit;
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

fn seat(data: &Data, id: &str) -> Cell {
    let city = data.case().and_then(|case| case.places()?.text("seat_city", case.place(id)?));
    city.into()
}

fn summarise(answer: &mut Answer, question: &Question, plan: &Plan) {
    let solution = &plan.solution;
    let weight = question.siting.weight();
    let unit = question.cost_unit;
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
        "of which re-checkable alone",
        total,
        Show::Fitting,
        solution.certified_bound,
    );
    answer.count("gap", "Gap", "percent", Show::Decimals(3), 100.0 * solution.gap);
    answer.say("proof", "Proof", proof_word(solution.proof));
    answer.say("verdict", "Verdict", verdict(solution));
    answer.count("certificate_value", "", total, Show::Hidden, solution.certificate.value);
    answer.count("resolution", "", total, Show::Hidden, solution.resolution);
    answer.count("iterations", "Subgradient steps", "", Show::Whole, solution.iterations);
    answer.count("nodes", "Nodes of the tree", "", Show::Whole, solution.nodes);
    for note in &solution.notes {
        answer.note(note);
    }
}

/// What a bound rests on.
fn proof_word(proof: Proof) -> &'static str {
    match proof {
        Proof::Certificate => "certificate",
        Proof::Tree => "tree",
        Proof::Search => "search",
        Proof::Open => "open",
    }
}

/// What is proven of the plan. "Optimal" is said with a proof only.
fn verdict(solution: &Solution) -> String {
    let percent = |gap: f64| {
        if gap < 1e-6 { "a millionth of a percent".to_owned() } else { format!("{gap:.6} percent") }
    };
    let certified = solution.objective - solution.certified_bound;
    match solution.proof {
        Proof::Certificate => {
            "optimal: the multipliers of the table certificate prove that no plan is better".into()
        }
        Proof::Tree => {
            "optimal: the multipliers at the nodes of a tree prove that no plan is better".into()
        }
        Proof::Search => format!(
            "optimal, proven by search; the table certificate alone proves it to {}",
            percent(100.0 * certified / solution.objective)
        ),
        Proof::Open => {
            format!("not proven optimal: within {} of the best", percent(100.0 * solution.gap))
        }
    }
}

/// The multipliers that prove the bound, for anyone to check again.
fn certificate(question: &Question, plan: &Plan) -> Part {
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
