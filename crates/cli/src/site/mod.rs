//! `emporion site`: where the next centres go, with a proven bound.

mod again;
mod capture;
mod check;
mod claims;
mod columns;
mod costs;
mod curve;
mod distances;
mod draws;
mod found;
mod gravity;
mod idle;
mod names;
mod problems;
mod ranked;
mod revalue;
mod roads;
mod ruled;
mod sales;
mod several;
mod shown;
mod towns;
mod what_if;

use std::path::PathBuf;

use clap::ValueEnum;
use emporion_brief::stages::siting::{self, Plan, Siting};
use emporion_model::site::p_median::{self, Options, Solution};
use emporion_model::site::plans::Question as Kernel;
use emporion_model::site::sensitivity::sensitivity;
use emporion_tables::Table;
use emporion_tables::site_rules::Line;
use serde::Serialize;
use serde_json::{Map, Value};

use self::gravity::Gravity;
use self::names::{By, positions};
use self::ruled::Ranked;
use self::several::{Curve, Known, Measure};
use self::shown::{
    certificate, certified_rest, proof_word, seat, summarise, tables, too_light, verdict,
};
use crate::answer::{Advice, Answer, Cell};
use crate::args::{self, SiteProblem};
use crate::data::{Context, Data};
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Progress;
use crate::render::render_shaped;

/// How distances between coordinates are measured.
const GREAT_CIRCLES: &str = "great-circle km (haversine, radius 6371.0088 km)";
/// A matrix of the user's own.
const MATRIX: &str = "the matrix given";

/// Names and units of a question about centres.
struct Question {
    siting: Siting,
    /// Unit of the cost of serving one unit of demand.
    cost_unit: String,
    /// How the distance or cost is measured.
    measured_by: String,
    /// Where distances come from: files, and what they say of their sources.
    sources: Vec<String>,
    /// What the weights count; empty when each place counts once.
    weight_unit: String,
    /// Gains in trade, where they take the place of costs.
    gravity: Option<Gravity>,
    /// Remarks from reading.
    remarks: Vec<Advice>,
    /// What the trade of --exporter is of.
    of_trade: Context,
}

impl Question {
    /// Distances or costs, before anything else is said.
    fn new(siting: Siting, cost_unit: &str, measured_by: &str, weight_unit: String) -> Self {
        Self {
            siting,
            cost_unit: cost_unit.to_owned(),
            measured_by: measured_by.to_owned(),
            sources: Vec::new(),
            weight_unit,
            gravity: None,
            remarks: Vec::new(),
            of_trade: Context::new(),
        }
    }

    /// Unit of the cost of serving all demand.
    fn total_unit(&self) -> String {
        match (&self.gravity, self.cost_unit.as_str()) {
            (Some(_), unit) => unit.to_owned(),
            (None, "") => "weight × cost".to_owned(),
            (None, unit) => format!("weight × {unit}"),
        }
    }

    /// What people read of a total cost: its mean, or the gain that belongs to it.
    fn worth(&self, total: f64) -> f64 {
        self.gravity.as_ref().map_or(total / self.siting.weight(), |found| found.gain(total))
    }

    /// What people read of a difference of total costs, as a loss.
    fn loss(&self, total: f64) -> f64 {
        if self.gravity.is_some() { total } else { total / self.siting.weight() }
    }
}

/// Chooses the sites and prints them with their proof.
pub fn run(arguments: &args::Site, progress: &Progress) -> Result<Output, Failure> {
    if let Some(path) = &arguments.check {
        idle::beside_check(arguments)?;
        return check::run(path, arguments, progress);
    }
    let name = arguments.data.as_deref().unwrap_or_default();
    progress.step(format!("reading {name}"));
    let data = Data::open(name)?;
    let lines = ruled::read(arguments.rules.as_deref())?;
    let arguments = &args::Site {
        keep: once([&arguments.keep[..], &ruled::decided(&lines, true)].concat()),
        never: once([&arguments.never[..], &ruled::decided(&lines, false)].concat()),
        ruled: ruled::lines_of(&lines),
        ..arguments.clone()
    };
    idle::of_capture_only(arguments)?;
    idle::about(arguments, &lines)?;
    let question = question(arguments, &data)?;
    progress.step("choosing sites");
    let kept = arguments.keep.len();
    let add = added(arguments)?;
    if arguments.problem != SiteProblem::PMedian {
        let asked = (arguments, add.map(|add| kept + add));
        return other(asked, &data, &question, &lines, progress);
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
    if arguments.rules.is_some() {
        let p = add.map(|add| kept + add);
        return under_rules(arguments, &data, &question, &lines, p, progress);
    }
    let Some(add) = add else {
        return Err(Failure::new("give the number of centres: --add N more, or --p N in all"));
    };
    let siting = &question.siting;
    let plan =
        siting.with_plan(p_median::solve(&siting.instance, kept + add, &Options::default())?);
    let mut answer =
        Answer::new("site", title(arguments, &data, &question, &plan), data.identity());
    describe(&mut answer, arguments, &data, &question);
    let service = whole(&plan.solution.assignment);
    let (sites, served) = tables(&data, &question, &plan.solution.open, &service);
    answer.parts.extend([sites, served]);
    let mut proofs = Map::from_iter([("open".to_owned(), written(&plan.solution.open)?)]);
    let tree = &plan.solution.certificate.tree;
    if !tree.is_empty() {
        proofs.insert("tree".to_owned(), written(tree)?);
    }
    if arguments.curve {
        progress.step("the curve of cost against the number of centres");
        let found = curve::solve(&question, &plan.solution)?;
        answer.parts.push(curve::part(&question, &found));
        let best: Vec<&Solution> = found.points.iter().map(|point| &point.free).collect();
        proofs.insert("curve".to_owned(), written(&best)?);
    }
    if arguments.what_if {
        progress.step("one choice at a time");
        let found = sensitivity(&question.siting.instance, kept + add, &Options::default())?;
        answer.parts.extend(what_if::parts(&question, &found));
        proofs.insert("choices".to_owned(), written(&found.decided)?);
    }
    answer.parts.push(certificate(&question, &plan));
    summarise(&mut answer, &question, &plan);
    let open = &plan.solution.open;
    let mut also = Vec::new();
    if let Some(count) = arguments.plans {
        progress.step("the best plans in order");
        let (ranked, unlisted) = ranked::rank(&question, &plan.solution, count, arguments.within)?;
        also = list(&mut answer, &question, &ranked, open);
        if let Some(unlisted) = unlisted {
            proofs.insert("unlisted".to_owned(), written(&unlisted)?);
        }
        revalue::add(&mut answer, arguments, &data, &question, &ranked, progress)?;
    }
    answer.solution =
        Some(Value::Object(proofs)).filter(|proofs| *proofs != Value::from(Map::new()));
    let (costs, near) = (&question.siting.instance, plan.solution.resolution);
    answer.notes.extend(too_light(&question, costs, &question.total_unit(), near));
    draws::add(&mut answer, arguments, &data, &question, draws::Plans { open, also, rules: None })?;
    render_shaped(answer, &arguments.shape)
}

/// Adds the ranked plans and what is proven of the others. Their open sites.
fn list(
    answer: &mut Answer,
    question: &Question,
    ranked: &Ranked,
    chosen: &[usize],
) -> Vec<Vec<usize>> {
    answer.parts.push(ruled::plans(question, &ranked.plans));
    let opens: Vec<Vec<usize>> = ranked.plans.iter().map(|plan| plan.open.clone()).collect();
    answer.notes.extend(several::better_plan(opens.first().map(Vec::as_slice), chosen));
    answer.say("others", "Other plans", ranked.others.as_str());
    opens
}

/// A solution as it travels with the answer, by position.
fn written(solution: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(solution)
        .map_err(|error| Failure::new(format!("the solution cannot be written: {error}")))
}

/// Customer, site, share of the customer's demand.
type Service = (usize, usize, f64);

/// Each id once, in order.
fn once(ids: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    ids.into_iter().filter(|id| seen.insert(id.clone())).collect()
}

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
    if let Some(add) = arguments.add
        && kept.checked_add(add).is_none()
    {
        return Err(Failure::new(format!(
            "--add {add}: there are not so many sites; ask for fewer"
        )));
    }
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
    progress: &Progress,
) -> Result<Output, Failure> {
    let count = ruled::count(lines, question, p).ok_or_else(ruled::no_number)?;
    let rules = ruled::rules(lines, arguments, data, question, count, None)?;
    let found = ruled::solve(question, &rules)?;
    let mut answer = Answer::new("site", ruled::title(&found.plan, lines), data.identity());
    describe(&mut answer, arguments, data, question);
    answer.context("rules", lines.iter().map(|line| line.rule.to_string()).collect());
    let service = whole(&found.plan.assignment);
    let (sites, served) = tables(data, question, &found.plan.open, &service);
    answer.parts.extend([sites, served]);
    ruled::summarise(&mut answer, question, &found);
    let costs = &question.siting.instance;
    answer.notes.extend(too_light(question, costs, &question.total_unit(), found.resolution));
    answer.solution = Some(written(&found)?);
    if arguments.curve || arguments.what_if {
        let kernel = Kernel::p_median(&question.siting.instance, &rules);
        let kernel = kernel.map_err(|error| names::said(&error, &question.siting.sites))?;
        let measure = Measure::new(question, arguments.problem, false);
        let open = &found.plan.open;
        let most = p.unwrap_or(open.len());
        let best = ruled::best_of(question, &rules);
        let (cost, bound, curve) = (found.plan.service, found.bound, Curve::Proven(&best));
        let known = Known { open, cost, bound, most, curve };
        several::add(&mut answer, arguments, question, (&kernel, &measure), &known, progress)?;
    }
    let mut also = Vec::new();
    if let Some(count) = arguments.plans {
        let ranked = ruled::rank(question, &rules, &found.plan, count, arguments.within)?;
        also = list(&mut answer, question, &ranked, &found.plan.open);
        revalue::add(&mut answer, arguments, data, question, &ranked, progress)?;
    }
    let of_draws = draws::Plans { open: &found.plan.open, also, rules: Some(&rules) };
    draws::add(&mut answer, arguments, data, question, of_draws)?;
    render_shaped(answer, &arguments.shape)
}

/// A problem other than the p-median.
fn other(
    (arguments, p): (&args::Site, Option<usize>),
    data: &Data,
    question: &Question,
    lines: &[Line],
    progress: &Progress,
) -> Result<Output, Failure> {
    let ruled = arguments.rules.is_some();
    let foreign = ["radius", "opening", "capacity"];
    let given =
        [arguments.radius.is_some(), arguments.opening.is_some(), arguments.capacity.is_some()];
    if arguments.problem == SiteProblem::Capture {
        if let Some((option, _)) = foreign.iter().zip(given).find(|(_, given)| *given) {
            return Err(Failure::new(format!("--{option} means nothing to capture: leave it out")));
        }
        let lines = ruled.then_some(lines);
        let answer = capture::answer((arguments, p), data, question, lines, progress)?;
        return render_shaped(answer, &arguments.shape);
    }
    let asked = problems::Asked::new(arguments, data, question, ruled.then_some(lines), p)?;
    let solution = asked.solve()?;
    let found = asked.shown(&solution)?;
    let title = format!("{}{}", found.title, ruled::under(lines));
    let mut answer = Answer::new("site", title, data.identity());
    describe(&mut answer, arguments, data, question);
    answer.context("rules", lines.iter().map(|line| line.rule.to_string()).collect());
    let (sites, served) = tables(data, question, &found.open, &found.service);
    answer.parts.extend([sites, served]);
    found.summarise(&mut answer);
    if let (Some(costs), Some(near)) = (asked.weighed()?, solution["resolution"].as_f64()) {
        answer.notes.extend(too_light(question, &costs, found.unit(), near));
    }
    answer.solution = Some(solution);
    if arguments.curve || arguments.what_if || arguments.plans.is_some() {
        let kernel = asked.several(question)?;
        let counted = arguments.opening.is_none();
        let measure = Measure::new(question, arguments.problem, counted);
        let open = &found.open;
        // Where the number is found, the curve shows both sides of it.
        let most = match arguments.problem {
            SiteProblem::Facility => p.unwrap_or(2 * open.len()),
            _ => p.unwrap_or(open.len()),
        };
        let best = |p| asked.best_of(p);
        let curve = if asked.has_number() { Curve::Proven(&best) } else { Curve::Searched };
        let known = Known { open, cost: found.cost, bound: found.cost_bound, most, curve };
        several::add(&mut answer, arguments, question, (&kernel, &measure), &known, progress)?;
    }
    render_shaped(answer, &arguments.shape)
}

/// What is asked, with the sites that are kept and those that are never to be.
fn question(arguments: &args::Site, data: &Data) -> Result<Question, Failure> {
    distances::refuse_idle(arguments, is_matrix_of(data))?;
    let mut question = costs_of(arguments, data)?;
    let by = |option| move |id: &str| By::of(arguments, option, id);
    let kept = positions(&question.siting, &arguments.keep, by("--keep"))?;
    question.siting.instance = question.siting.instance.clone().keep(&kept)?;
    if let Some(path) = &arguments.roads {
        let unit = arguments.distances.unit.as_deref();
        roads::on_roads(&mut question, path, arguments.one_way, unit)?;
    }
    distances::by_towns(&mut question, arguments, data)?;
    sales::weigh(&mut question, arguments, data)?;
    gravity::by_gain(&mut question, arguments, data)?;
    if let Some(both) = arguments.never.iter().find(|id| arguments.keep.contains(id)) {
        let rules = match &arguments.rules {
            Some(path) => format!(", or off the lines of {}", path.display()),
            None => String::new(),
        };
        return Err(Failure::new(format!(
            "{both} is both to be kept and never to be open: take it off --keep or --never{rules}"
        )));
    }
    let never = positions(&question.siting, &arguments.never, by("--never"))?;
    question.siting.instance = question.siting.instance.clone().forbid(&never)?;
    Ok(question)
}

/// Whether the data are a matrix of costs.
fn is_matrix_of(data: &Data) -> bool {
    matches!(data, Data::File(table) if is_matrix(table))
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
            let siting = siting::seats(case, kind, parent, weight, &[])?;
            let weight_unit = weight.unwrap_or_default().to_owned();
            let mut question = Question::new(siting, "km", GREAT_CIRCLES, weight_unit);
            let of = case.places().map(|places| format!("seats of {}", places.path()));
            question.sources.extend(of);
            Ok(question)
        }
        Data::File(table) if is_matrix(table) => costs::question(arguments, table),
        Data::File(table) => towns::question(arguments, table),
    }
}

fn is_matrix(table: &Table) -> bool {
    ["from", "to", "cost"].iter().all(|name| table.column(name).is_some())
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
    let given = &arguments.distances;
    answer.option("agglomerations", path(&given.agglomerations));
    let mean = given.agglomerations.as_ref().map(|_| given.mean.unwrap_or_default());
    let mean = mean.and_then(|mean| mean.to_possible_value());
    answer.option("mean", mean.map(|value| value.get_name().to_owned()));
    answer.option("fallback", given.fallback.clone());
    answer.option("unit", given.unit.clone());
    answer.option("rules", path(&arguments.rules));
    answer.option("plans", arguments.plans);
    answer.option("within", arguments.within);
    answer.option("add", arguments.add);
    answer.option("p", arguments.p);
    answer.option("curve", arguments.curve);
    answer.option("what_if", arguments.what_if);
    answer.option("top", arguments.shape.top);
    gravity::describe(answer, arguments, question);
    answer.context("cost", vec![question.measured_by.clone()]);
    answer.context("distance_unit", distance_unit(question));
    answer.context("distance_source", question.sources.clone());
    let weight = match question.weight_unit.as_str() {
        "" => "1 each".to_owned(),
        unit => unit.replace('_', " "),
    };
    answer.context("weight", vec![weight]);
    for (name, values) in &question.of_trade {
        answer.context(name, values.clone());
    }
    answer.context("licence", data.licences("places"));
    answer.notes.extend(question.remarks.iter().cloned());
    let left_out = &question.siting.left_out;
    if !left_out.is_empty() {
        let places = if left_out.len() == 1 { "place" } else { "places" };
        let message = format!("{} {places} left out: {}", left_out.len(), left_out.join(", "));
        answer.note(Advice::new("left_out", message, left_out.len()));
    }
}

/// Unit of the distances, where it is known.
fn distance_unit(question: &Question) -> Vec<String> {
    let unit = question.gravity.as_ref().map_or(&question.cost_unit, |found| &found.distance_unit);
    Some(unit.clone()).filter(|unit| !unit.is_empty()).into_iter().collect()
}
