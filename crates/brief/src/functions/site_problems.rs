//! `site(problem = ...)`: the location problems beside the p-median.

use emporion_model::outcome::InputError;
use emporion_model::site::facility::{self, Facilities};
use emporion_model::site::market::{Fade, Market, attraction};
use emporion_model::site::ruled_covering::{self, RuledCoverError};
use emporion_model::site::rules::{RuleError, Rules};
use emporion_model::site::{SiteState, capture, covering, p_center, p_median, ruled, ruled_center};
use minijinja::Error;
use minijinja::value::{Kwargs, Value};

use super::sites::{Seats, place_item, plan_number, seats, served, whole};
use crate::book::{Book, refuse};
use crate::stages::site_rules;
use crate::stages::siting::Siting;
use crate::value::Number;

/// What every problem answers.
struct Found {
    open: Vec<usize>,
    service: Vec<(usize, usize)>,
    /// What the plan is compared by: name, value, unit.
    what: String,
    value: f64,
    unit: String,
    bound: f64,
    gap: f64,
}

/// Numbers that a problem may need.
struct Asked {
    p: Option<usize>,
    radius: Option<f64>,
    opening: Option<f64>,
    capacity: Option<f64>,
    logit: Option<f64>,
    huff: Option<f64>,
    outside: Option<f64>,
    least: f64,
    rules: Option<Rules>,
}

/// `site(problem = "p-center", add = 2, ...)` and its kind.
pub(super) fn site(book: &Book, kwargs: &Kwargs, problem: &str) -> Result<Value, Error> {
    let add: Option<usize> = kwargs.get("add")?;
    let number = |name: &str| kwargs.get::<Option<f64>>(name);
    let mut asked = Asked {
        p: None,
        radius: number("radius")?,
        opening: number("opening")?,
        capacity: number("capacity")?,
        logit: number("logit")?,
        huff: number("huff")?,
        outside: number("outside")?,
        least: 0.0,
        rules: None,
    };
    let least = number("least_distance")?;
    asked.least = least.unwrap_or(0.0);
    let means_something = of_problem(problem).map_err(refuse)?;
    let seats = seats(book, kwargs)?;
    kwargs.assert_all_used()?;
    asked.p = seats.number(add);
    let finds = matches!(problem, "set-cover" | "facility");
    let opening = asked.opening.map(|cost| vec![cost; seats.siting.sites.len()]);
    let number = (asked.p, finds);
    asked.rules = seats.rules(book, number, opening.as_deref())?;
    let under = seats.under();
    let Seats { siting, mut question, ground, .. } = seats;
    for (name, value) in [
        ("add", add.map(|add| add as f64)),
        ("radius", asked.radius),
        ("opening", asked.opening),
        ("capacity", asked.capacity),
        ("logit", asked.logit),
        ("huff", asked.huff),
        ("outside", asked.outside),
        ("least_distance", least),
    ] {
        let Some(value) = value else { continue };
        if !means_something.contains(&name) {
            let why = if name == "add" && finds { "it finds the number of centres; " } else { "" };
            return Err(refuse(format!(
                "{name} means nothing to {problem}: {why}leave {name} out"
            )));
        }
        question.insert(name.to_owned(), value.to_string());
    }
    question.insert("problem".into(), problem.to_owned());
    let found = match problem {
        "p-center" => center(&siting, &asked),
        "set-cover" => set_cover(&siting, &asked),
        "max-cover" => max_cover(&siting, &asked, &question["weight"]),
        "facility" => facilities(&siting, &asked),
        _ => captured(&siting, &asked),
    }
    .map_err(refuse)?;
    let verdict = match found.gap {
        0.0 => "Optimal, proven.".to_owned(),
        gap => format!("Not proven optimal: at most {:.2} percent from the best.", 100.0 * gap),
    };
    let text = format!(
        "{problem} of {} seats{under}, bound {}. {verdict}",
        siting.sites.len(),
        found.bound
    );
    let (value, unit) = (found.value, found.unit.as_str());
    let cell = plan_number(book, &question, &ground, &found.what, value, unit, text);
    let item = |&site: &usize| {
        let kept = siting.instance.states()[site] == SiteState::Kept;
        place_item(book, &siting, site, if kept { "existing" } else { "new" })
    };
    let fresh = |site: &&usize| siting.instance.states()[**site] != SiteState::Kept;
    Ok(Value::from_pairs([
        ("added", found.open.iter().filter(fresh).map(item).collect::<Value>()),
        ("sites", found.open.iter().map(item).collect::<Value>()),
        ("served", served(book, &siting, &question, &ground, &found.service)),
        ("count", Value::from(found.open.len())),
        ("value", Number::value(cell)),
        ("verdict", Value::from(verdict)),
        ("left_out", Value::from(siting.left_out.join(", "))),
    ]))
}

/// The numbers that a problem is asked with.
fn of_problem(problem: &str) -> Result<&'static [&'static str], String> {
    Ok(match problem {
        "p-center" => &["add"],
        "set-cover" => &["radius", "opening"],
        "max-cover" => &["add", "radius"],
        "facility" => &["opening", "capacity"],
        "capture" => &["add", "logit", "huff", "outside", "least_distance"],
        other => {
            return Err(format!(
                "problem {other:?}: p-median, p-center, set-cover, max-cover, facility or capture"
            ));
        }
    })
}

impl Asked {
    fn p(&self) -> Result<usize, String> {
        self.p.ok_or_else(|| "this problem needs a number of centres: say add".to_owned())
    }

    /// As the rules are refused.
    fn named(siting: &Siting) -> impl Fn(RuleError) -> String {
        |error| site_rules::said(&error, &siting.sites)
    }

    fn radius(&self) -> Result<f64, String> {
        self.radius.ok_or_else(|| "covering needs a radius in km".to_owned())
    }
}

fn said(error: InputError) -> String {
    error.to_string()
}

/// Demand does not count, only distance.
fn center(siting: &Siting, asked: &Asked) -> Result<Found, String> {
    let ones = vec![1.0; siting.customers.len()];
    let instance = siting.instance.clone().weighted(ones).map_err(said)?;
    let (open, assignment, value, bound, gap) = match &asked.rules {
        None => {
            let options = p_center::Options::default();
            let found = p_center::solve(&instance, asked.p()?, &options).map_err(said)?;
            (found.open, found.assignment, found.radius, found.bound, found.gap)
        }
        Some(rules) => {
            let found = ruled_center::solve(&instance, rules).map_err(Asked::named(siting))?;
            (found.open, found.assignment, found.radius, found.bound, found.gap)
        }
    };
    Ok(Found {
        service: whole(&assignment),
        what: "distance of the farthest place from its centre".into(),
        value,
        unit: "km".into(),
        bound,
        gap,
        open,
    })
}

fn set_cover(siting: &Siting, asked: &Asked) -> Result<Found, String> {
    let opening = asked.opening.map(|cost| vec![cost; siting.sites.len()]);
    let (instance, opening, radius) = (&siting.instance, opening.as_deref(), asked.radius()?);
    let (open, value, bound, gap) = match &asked.rules {
        None => {
            let options = covering::Options::default();
            let found = covering::set_cover(instance, radius, opening, &options)
                .map_err(|error| unreached(siting, &error))?;
            (found.open, found.cost, found.bound, found.gap)
        }
        Some(rules) => {
            let options = p_median::Options::default();
            let found = ruled_covering::set_cover(instance, radius, opening, rules, &options)
                .map_err(|error| match error {
                    RuledCoverError::Cover(error) => unreached(siting, &error),
                    RuledCoverError::Rule(error) => Asked::named(siting)(error),
                    other => other.to_string(),
                })?;
            // The search leaves out what kept sites cost.
            let asked = ruled_covering::set_cover_question(instance, radius, opening, rules)
                .map_err(Asked::named(siting))?;
            let (value, bound) =
                (found.plan.objective + asked.kept_cost, found.bound + asked.kept_cost);
            let gap = if found.gap == 0.0 { 0.0 } else { (value - bound) / value };
            (found.plan.open, value, bound, gap)
        }
    };
    Ok(Found {
        service: whole(&instance.assign(&open)),
        what: "cost of reaching everybody".into(),
        value,
        unit: if asked.opening.is_some() { "cost of opening" } else { "centres" }.into(),
        bound,
        gap,
        open,
    })
}

fn max_cover(siting: &Siting, asked: &Asked, weight: &str) -> Result<Found, String> {
    let (options, instance, radius) =
        (p_median::Options::default(), &siting.instance, asked.radius()?);
    let (open, reached, bound, gap) = match &asked.rules {
        None => {
            let found = covering::max_cover(instance, radius, asked.p()?, &options)
                .map_err(|error| unreached(siting, &error))?;
            (found.open, found.weight, found.bound, found.gap)
        }
        Some(rules) => {
            let missed = ruled_covering::max_cover_question(instance, radius).map_err(said)?;
            let found = ruled::solve(&missed, rules, &options).map_err(Asked::named(siting))?;
            let total = siting.weight();
            let (reached, bound) = (total - found.plan.objective, total - found.bound);
            let gap = if found.gap == 0.0 { 0.0 } else { (bound - reached) / bound };
            (found.plan.open, reached, bound, gap)
        }
    };
    let nearest = whole(&instance.assign(&open)).into_iter();
    Ok(Found {
        service: nearest.filter(|(i, j)| instance.cost(*i, *j) <= radius).collect(),
        what: format!("share of {} reached", weight.replace('_', " ")),
        value: 100.0 * reached / siting.weight(),
        unit: "percent".into(),
        bound: 100.0 * bound / siting.weight(),
        gap,
        open,
    })
}

fn facilities(siting: &Siting, asked: &Asked) -> Result<Found, String> {
    let cost = asked.opening.ok_or("facility location needs opening, what a centre costs")?;
    let n = siting.sites.len();
    let mut problem = Facilities::new(&siting.instance, vec![cost; n]).map_err(said)?;
    if let Some(capacity) = asked.capacity {
        let demand = siting.instance.weights().to_vec();
        problem = problem.capacitated(demand, vec![capacity; n]).map_err(said)?;
    }
    let options = facility::Options::default();
    let found = match &asked.rules {
        None => facility::solve(&problem, &options).map_err(said)?,
        Some(rules) => problem
            .under(&siting.instance, rules)
            .and_then(|problem| facility::solve_ruled(&problem, &options))
            .map_err(Asked::named(siting))?,
    };
    Ok(Found {
        service: found.service.iter().map(|s| (s.customer, s.site)).collect(),
        what: "cost of opening and of distance".into(),
        value: found.objective,
        unit: "cost".into(),
        bound: found.bound,
        gap: found.gap,
        open: found.open,
    })
}

fn captured(siting: &Siting, asked: &Asked) -> Result<Found, String> {
    let fade = match (asked.huff, asked.logit) {
        (Some(lambda), None) => Fade::Power { lambda },
        (None, Some(beta)) => Fade::Exponential { beta },
        _ => return Err("capture needs logit or huff, how attraction falls with distance".into()),
    };
    let (n, sites) = (siting.customers.len(), siting.sites.len());
    let far: Vec<f64> = siting.costs().iter().map(|d| d.max(asked.least)).collect();
    let pull = attraction(&vec![1.0; sites], &far, 1.0, fade).map_err(said)?;
    let state = |state| siting.instance.sites_in(state).collect::<Vec<_>>();
    let market = Market::new(n, sites, pull)
        .and_then(|market| market.weighted(siting.instance.weights().to_vec()))
        .and_then(|market| market.outside(&vec![asked.outside.unwrap_or(0.0); n]))
        .and_then(|market| market.keep(&state(SiteState::Kept)))
        .and_then(|market| market.forbid(&state(SiteState::Forbidden)))
        .map_err(said)?;
    let options = capture::Options::default();
    let found = match &asked.rules {
        None => capture::solve(&market, asked.p()?, &options).map_err(said)?,
        Some(rules) => {
            capture::solve_ruled(&market, rules, &options).map_err(Asked::named(siting))?
        }
    };
    let demand: f64 = siting.instance.weights().iter().sum();
    Ok(Found {
        service: Vec::new(),
        what: "share of demand won".into(),
        value: 100.0 * found.objective / demand,
        unit: "percent".into(),
        bound: 100.0 * found.bound / demand,
        gap: found.gap,
        open: found.open,
    })
}

fn unreached(siting: &Siting, error: &covering::CoverError) -> String {
    match error {
        covering::CoverError::Unreachable { customers, radius, .. } => {
            let names: Vec<&str> =
                customers.iter().take(8).map(|&i| siting.customers[i].as_str()).collect();
            format!(
                "{} {} farther than {radius} km from every centre that may be: {}",
                customers.len(),
                if customers.len() == 1 { "place is" } else { "places are" },
                names.join(", ")
            )
        }
        other => other.to_string(),
    }
}
