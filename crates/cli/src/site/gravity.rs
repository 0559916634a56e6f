//! Gains in trade in place of costs: what an office adds, by an estimated gravity model.

use clap::ValueEnum;
use emporion_model::site::gains::{Gains, Reach, best_office, trade_without};
use emporion_model::site::p_median::Solution;
use emporion_model::site::{Instance, SiteState};
use emporion_tables::problem::nearest;

use super::{Question, Service, certified_rest, proof_word, seat, verdict};
use crate::answer::{Advice, Answer, Cell, Column, Part, Show};
use crate::args::{self, SiteProblem};
use crate::data::Data;
use crate::estimate::save;
use crate::failure::Failure;

/// Share of all that can be gained below which a gain is rounding of sums.
pub const ROUNDING: f64 = 1e-13;

/// A coefficient and where it comes from.
#[derive(Debug, Clone)]
pub struct Coefficient {
    /// Log points of trade at an office's door.
    pub beta: f64,
    /// Its standard error.
    pub se: Option<f64>,
    /// In words.
    pub source: String,
}

/// What is added to trade with each customer.
#[derive(Debug, Clone)]
pub struct Gravity {
    /// The effect of an office.
    pub effect: Coefficient,
    /// s(d).
    pub reach: Reach,
    /// Trade as given.
    pub trade: Vec<f64>,
    /// d_kj, customers × sites.
    pub distances: Vec<f64>,
    /// Unit of the distances.
    pub distance_unit: String,
    /// Gain of each pair over trade without any office.
    pub gains: Gains,
    /// What the kept offices add to it.
    pub kept: f64,
    /// Whether the kept offices were open when the trade was observed.
    pub observed_with_kept: bool,
}

/// Replaces the costs of a question by the gains forgone, where a coefficient is given.
pub fn by_gain(
    question: &mut Question,
    arguments: &args::Site,
    data: &Data,
) -> Result<(), Failure> {
    let asked = &arguments.gravity;
    if asked.model.is_none() && asked.beta.is_none() {
        return without_a_coefficient(asked);
    }
    if arguments.problem != SiteProblem::PMedian {
        return Err(Failure::new("gains by --model or --beta are a p-median: leave --problem out"));
    }
    if asked.exporter.is_none() && arguments.weight.is_none() && arguments.weights.is_none() {
        return Err(Failure::new(
            "gains need the trade that offices raise: give --exporter ID for its sales, or --weight \
             or --weights with the trade of each place",
        ));
    }
    let reach = match (asked.decay, asked.reach) {
        (Some(scale), _) => Reach::Decay { scale },
        (None, Some(radius)) => Reach::Radius { radius },
        (None, None) => {
            return Err(Failure::new(format!(
                "say how the effect of an office fades: --decay NUMBER for exp(-distance / NUMBER), \
                 or --reach NUMBER for a whole effect up to this distance; both in {}",
                if question.cost_unit.is_empty() {
                    "the unit of the costs"
                } else {
                    &question.cost_unit
                }
            )));
        }
    };
    let effect = coefficient(asked)?;
    if effect.beta < 0.0 {
        return Err(Failure::new(format!(
            "{} is {}: by this estimate offices lower trade, and no place for one raises it",
            effect.source, effect.beta
        )));
    }
    let instance = &question.siting.instance;
    let (n, sites) = (instance.customers(), instance.sites());
    let (given, distances) = (instance.weights().to_vec(), question.siting.costs());
    let kept: Vec<usize> = instance.sites_in(SiteState::Kept).collect();
    let observed_with_kept = !asked.trade_before_offices && !kept.is_empty();
    let trade = match observed_with_kept {
        true => trade_without(&given, &distances, sites, &kept, effect.beta, reach)?,
        false => given.clone(),
    };
    let gains = best_office(&trade, &distances, sites, effect.beta, reach)?;
    question.siting.instance = Instance::new(n, sites, gains.to_costs())?.keep(&kept)?;
    let unit = match data_unit(question, asked) {
        unit if unit.is_empty() => "trade".to_owned(),
        unit => unit,
    };
    let distance_unit = std::mem::replace(&mut question.cost_unit, unit);
    let kept = gains.total(&kept);
    let _ = data;
    question.gravity = Some(Gravity {
        effect,
        reach,
        trade: given,
        distances,
        distance_unit,
        gains,
        kept,
        observed_with_kept,
    });
    Ok(())
}

fn data_unit(question: &Question, asked: &args::SiteGravity) -> String {
    match asked.exporter {
        Some(_) => question.weight_unit.clone(),
        None => question.weight_unit.replace('_', " "),
    }
}

/// Options of gains without what makes them.
fn without_a_coefficient(asked: &args::SiteGravity) -> Result<(), Failure> {
    for (option, given) in [
        ("--decay", asked.decay.is_some()),
        ("--reach", asked.reach.is_some()),
        ("--draws", asked.draws.is_some()),
        ("--revalue", asked.revalue),
        ("--trade-before-offices", asked.trade_before_offices),
    ] {
        if given {
            return Err(Failure::new(format!(
                "{option} is about gains in trade: give the effect of an office with --model FILE \
                 --coefficient NAME, or with --beta NUMBER"
            )));
        }
    }
    Ok(())
}

/// The coefficient of the options: of a saved model, or a number.
fn coefficient(asked: &args::SiteGravity) -> Result<Coefficient, Failure> {
    let Some(path) = &asked.model else {
        let beta = asked.beta.unwrap_or(f64::NAN);
        if !beta.is_finite() {
            return Err(Failure::new("--beta: give a finite number of log points"));
        }
        if asked.beta_se.is_some_and(|se| !(se.is_finite() && se >= 0.0)) {
            return Err(Failure::new("--beta-se: give a finite number, 0 or more"));
        }
        return Ok(Coefficient { beta, se: asked.beta_se, source: "--beta".to_owned() });
    };
    let shown = path.display();
    let models = save::read(path)?;
    let labels = || models.iter().map(|m| m.label.as_str()).collect::<Vec<_>>().join(", ");
    let model = match (&asked.label, models.as_slice()) {
        (None, [model]) => model,
        (None, _) => {
            return Err(Failure::new(format!(
                "{shown} holds {} models: name one with --label; they are {}",
                models.len(),
                labels()
            )));
        }
        (Some(label), _) => models.iter().find(|m| &m.label == label).ok_or_else(|| {
            Failure::new(format!("{shown} has no model labelled {label:?}; it has {}", labels()))
        })?,
    };
    let name = asked.coefficient.as_deref().unwrap_or_default();
    let fit = &model.fit;
    let Some(at) = fit.names.iter().position(|known| known == name) else {
        if fit.collinear.iter().any(|dropped| dropped.name == name) {
            return Err(Failure::new(format!(
                "{name} was left out of the model in {shown} as collinear, so it has no \
                 coefficient: estimate it with fewer effects or regressors"
            )));
        }
        let near = nearest(name, fit.names.iter().map(String::as_str));
        let hint = match near.first() {
            Some(near) => format!(" (did you mean {near}?)"),
            None => String::new(),
        };
        let there = if fit.names.is_empty() { "none".into() } else { fit.names.join(", ") };
        return Err(Failure::new(format!(
            "the model in {shown} has no coefficient {name:?}{hint}; it has {there}"
        )));
    };
    let (beta, se) = (fit.coefficients[at], fit.standard_errors.get(at).copied());
    if !beta.is_finite() {
        return Err(Failure::new(format!(
            "{name} in {shown} is not identified: its value is {beta}"
        )));
    }
    let se = se.filter(|se| se.is_finite());
    Ok(Coefficient { beta, se, source: format!("{name} in {shown}: {}", model.formula) })
}

impl Gravity {
    /// exp(β s(d_kj)) - 1, percent.
    fn percent(&self, customer: usize, site: usize) -> f64 {
        let d = self.distances[customer * self.gains.sites + site];
        100.0 * (self.effect.beta * self.reach.at(d)).exp_m1()
    }

    /// β s(d) of the best of some offices; 0 without one.
    pub fn log_effect(&self, customer: usize, open: &[usize]) -> f64 {
        let row = &self.distances[customer * self.gains.sites..(customer + 1) * self.gains.sites];
        self.effect.beta * open.iter().map(|&j| self.reach.at(row[j])).fold(0.0, f64::max)
    }

    /// What a customer gains beyond the kept offices.
    fn added(&self, customer: usize, site: usize, kept: &[usize]) -> f64 {
        let gain = |j: usize| self.gains.values[customer * self.gains.sites + j];
        (gain(site) - kept.iter().map(|&j| gain(j)).fold(0.0, f64::max)).max(0.0)
    }

    /// Gain of a plan beyond the kept offices, from its cost.
    pub fn gain(&self, cost: f64) -> f64 {
        let all = self.gains.total_of(cost);
        // A difference of two sums: what is rounding only is nothing.
        let gain = all - self.kept;
        if gain.abs() <= ROUNDING * self.gains.best.iter().sum::<f64>() { 0.0 } else { gain }
    }

    /// How the effect fades, in words.
    fn fading(&self) -> String {
        let unit = &self.distance_unit;
        match self.reach {
            Reach::Decay { scale } => format!("exp(-distance / {scale} {unit})"),
            Reach::Radius { radius } => format!("whole up to {radius} {unit}, none beyond"),
        }
        .replace(" )", ")")
    }
}

/// Options and context of the gains.
pub fn describe(answer: &mut Answer, arguments: &args::Site, question: &Question) {
    let asked = &arguments.gravity;
    answer.option("exporter", asked.exporter.clone());
    answer.option("flows", asked.flows.as_ref().map(|path| path.display().to_string()));
    answer.option("where", asked.conditions.clone());
    let absent = asked.absent.and_then(|absent| absent.to_possible_value());
    answer.option("absent", absent.map(|value| value.get_name().to_owned()));
    answer.option("model", asked.model.as_ref().map(|path| path.display().to_string()));
    answer.option("coefficient", asked.coefficient.clone());
    answer.option("label", asked.label.clone());
    let gravity = question.gravity.as_ref();
    answer.option("beta", gravity.map(|g| g.effect.beta));
    answer.option("beta_se", gravity.and_then(|g| g.effect.se));
    answer.option("decay", asked.decay);
    answer.option("decay_se", asked.decay_se);
    answer.option("reach", asked.reach);
    answer.option("trade_before_offices", asked.trade_before_offices);
    answer.option("draws", asked.draws);
    answer.option("seed", asked.draws.map(|_| asked.seed));
    answer.option("revalue", asked.revalue);
    answer.option("theta", asked.theta);
    let Some(gravity) = gravity else { return };
    let effect = &gravity.effect;
    let se = effect.se.map_or_else(String::new, |se| format!(" (standard error {se:.5})"));
    answer.context("effect", vec![format!("{:.5}{se}, {}", effect.beta, effect.source)]);
    answer.context("fading", vec![gravity.fading()]);
    let kept = question.siting.instance.sites_in(SiteState::Kept).count();
    if gravity.observed_with_kept {
        let message = "the trade given is taken as observed with the kept offices open; gains are \
                       beyond theirs (--trade-before-offices says otherwise)";
        answer.note(Advice::new("trade_observed_with_kept", message, kept));
    }
    let message = "gains are partial: trade diverted from elsewhere is not deducted, and the \
                   coefficient is of trade that went with offices, which open where trade grows";
    answer.note(Advice::new("partial_gain", message, 0));
}

/// The open sites with what they add, and which market counts which office.
pub fn tables(
    data: &Data,
    question: &Question,
    gravity: &Gravity,
    open: &[usize],
    service: &[Service],
) -> (Part, Part) {
    let siting = &question.siting;
    let name = |id: &str| Cell::from(data.name_of("place", id));
    let money = |key, title| Column::number(key, title, question.cost_unit.clone(), Show::Fitting);
    let named = |key: &str, title: &str| {
        [
            Column::text(key, title),
            Column::text(format!("{key}_name"), "").unless_all(Cell::Missing),
        ]
    };
    let kept: Vec<usize> = siting.instance.sites_in(SiteState::Kept).collect();
    let all: f64 = service.iter().map(|&(k, j, _)| gravity.added(k, j, &kept)).sum();
    let mut columns = named("site", "Site").to_vec();
    columns.extend([
        Column::text("seat", "Seat").unless_all(Cell::Missing),
        Column::text("state", "State"),
        Column::number("customers", "Markets", "", Show::Whole),
        money("trade", "Trade"),
        money("gain", "Gain"),
        Column::number("share", "of all", "percent", Show::Decimals(1)),
    ]);
    let mut chosen = Part::new("rows", "", columns);
    let mut columns = named("customer", "Market").to_vec();
    columns.extend(named("site", "Office"));
    columns.extend([
        Column::number("distance", "Distance", gravity.distance_unit.clone(), Show::Decimals(1)),
        money("trade", "Trade"),
        Column::number("effect", "Effect", "percent", Show::Decimals(2)),
        money("gain", "Gain"),
    ]);
    let mut served = Part::new("served", "Which office each market counts", columns);
    for &j in open {
        let mut mine: Vec<(usize, f64)> = service
            .iter()
            .filter(|(_, site, _)| *site == j)
            .map(|&(k, ..)| (k, gravity.added(k, j, &kept)))
            .collect();
        let gain: f64 = mine.iter().map(|(_, gain)| gain).sum();
        chosen.push(vec![
            siting.sites[j].as_str().into(),
            name(&siting.sites[j]),
            seat(data, &siting.sites[j]),
            if kept.contains(&j) { "kept" } else { "added" }.into(),
            mine.len().into(),
            mine.iter().map(|&(k, _)| gravity.trade[k]).sum::<f64>().into(),
            gain.into(),
            (100.0 * gain / all).into(),
        ]);
        mine.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        for (k, gain) in mine {
            served.push(vec![
                siting.customers[k].as_str().into(),
                name(&siting.customers[k]),
                siting.sites[j].as_str().into(),
                name(&siting.sites[j]),
                gravity.distances[k * gravity.gains.sites + j].into(),
                gravity.trade[k].into(),
                gravity.percent(k, j).into(),
                gain.into(),
            ]);
        }
    }
    (chosen, served)
}

/// What is gained, and what is proven of it.
pub fn summarise(answer: &mut Answer, question: &Question, gravity: &Gravity, found: &Solution) {
    let unit = &question.cost_unit;
    let money = Show::Fitting;
    let gain = gravity.gain(found.objective);
    let bound = gravity.gain(found.bound).max(gain);
    let certified = gravity.gain(found.certified_bound).max(gain);
    let trade: f64 = gravity.trade.iter().sum();
    answer.count("gain", "Gain", unit, money, gain);
    let of = Show::Decimals(3);
    answer.count("gain_percent", "of trade", "percent", of, 100.0 * gain / trade);
    let kept = (gravity.kept > 0.0).then_some(gravity.kept);
    answer.count_if_known(Column::number("gain_kept", "of the kept offices", unit, money), kept);
    answer.count("gain_bound", "No plan gains more than", unit, money, bound);
    answer.count("gain_certified", certified_rest(), unit, money, certified);
    let gap = if found.gap == 0.0 || gain == 0.0 { 0.0 } else { 100.0 * (bound - gain) / gain };
    answer.count("gain_gap", "Gap", "percent", of, gap);
    answer.say("proof", "Proof", proof_word(found.proof));
    let rest = if gain > 0.0 { 100.0 * (certified - gain) / gain } else { 0.0 };
    answer.say("verdict", "Verdict", verdict(found.proof, rest, gap));
    // The p-median behind it, for --check.
    for (key, value) in [
        ("objective", found.objective),
        ("bound", found.bound),
        ("certified_bound", found.certified_bound),
        ("certificate_value", found.certificate.value),
        ("resolution", found.resolution),
    ] {
        answer.count(key, "", unit, Show::Hidden, value);
    }
    answer.count("gap", "", "percent", Show::Hidden, 100.0 * found.gap);
    answer.count("iterations", "Subgradient steps", "", Show::Whole, found.iterations);
    answer.count("nodes", "Nodes of the tree", "", Show::Whole, found.nodes);
    for note in &found.notes {
        answer.note(note);
    }
}
