//! Scenario files: each scenario solved, drawn and put beside the others.

use std::path::Path;

use emporion_brief::scenario::shocks::{self, SavedModel, is_uncertain};
use emporion_brief::scenario::{Case, File, Names, Plan, Step, Text, plan};
use emporion_brief::stages::world::{World, named, not_solved};
use emporion_model::outcome::{InputError, Status};
use emporion_model::panel::SquareFlows;
use emporion_model::simulate::{
    ClosedMarkets, Delta, Diversion, DrawOptions, Draws, Elasticity, Equilibrium, Imbalances,
    Modular, OneSectorOptions, Shocks, Uncertain, delta, diversion, draws, modular, one_sector,
    partial_trade,
};
use emporion_tables::Problem;

use super::{THETA, imbalances, scenario_tables};
use crate::answer::{Advice, Answer};
use crate::args;
use crate::data::Data;
use crate::estimate::save;
use crate::failure::Failure;
use crate::progress::Progress;

/// One solution: a scenario in a year.
pub struct Found {
    /// Name of the scenario.
    pub name: String,
    /// The year, when changes come in steps.
    pub year: Option<i32>,
    /// The world at the central values.
    pub central: Equilibrium,
    /// Exports of each place with nothing but the shock, and with resistances adjusted.
    pub partial: Vec<f64>,
    pub modular: Option<Modular>,
    /// What is not known, drawn.
    pub draws: Option<Draws>,
    /// The same to the first order.
    pub delta: Option<Delta>,
    /// The accounts of closed markets.
    pub accounts: Vec<Diversion>,
}

/// A scenario file with its text.
pub struct Sheet<'a> {
    pub path: &'a Path,
    pub text: Text,
    pub file: File,
}

impl<'a> Sheet<'a> {
    /// Reads the file.
    pub fn read(path: &'a Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|error| Failure::file("read", path, &error))?;
        let text = Text { path: path.display().to_string(), text };
        Ok(Self { path, file: text.parse()?, text })
    }

    /// Whether the world has many sectors.
    pub fn many_sectors(&self) -> Result<bool, Failure> {
        let Some(said) = &self.file.model.sectors else { return Ok(false) };
        match said.get_ref().as_str() {
            "one" => Ok(false),
            "many" => Ok(true),
            other => Err(self
                .text
                .problem("sectors", &said.span(), "one or many", "write one of the two, in quotes")
                .value(other)
                .into()),
        }
    }

    /// A file named in the scenario file, beside which it lies.
    pub fn beside(&self, name: &str) -> std::path::PathBuf {
        self.path.parent().unwrap_or_else(|| Path::new("")).join(name)
    }

    /// Models of a file beside the scenario file.
    pub fn models(&self, from: &str) -> Result<Vec<SavedModel>, String> {
        let models = save::read(&self.beside(from)).map_err(|failure| match failure {
            Failure::Stopped(sentence) => sentence,
            other => format!("{other:?}"),
        })?;
        Ok(models
            .into_iter()
            .map(|model| SavedModel {
                label: model.label,
                names: model.fit.names,
                coefficients: model.fit.coefficients,
                covariance: model.fit.covariance,
            })
            .collect())
    }

    /// theta: of the command line, of the file, or the default.
    pub fn theta(&self, arguments: &args::Simulate) -> Result<Elasticity, Failure> {
        Ok(match arguments.theta {
            Some(theta) => Elasticity::Fixed(theta),
            None => shocks::elasticity(self.file.model.theta.as_ref(), &self.text)?
                .unwrap_or(Elasticity::Fixed(THETA)),
        })
    }

    /// The scenarios asked for.
    pub fn wanted<'b>(
        &self,
        plan: &'b Plan,
        arguments: &args::Simulate,
    ) -> Result<Vec<&'b Case>, Failure> {
        if arguments.only.is_empty() {
            return Ok(plan.cases.iter().collect());
        }
        let find = |name: &String| {
            plan.cases.iter().find(|case| &case.name == name).ok_or_else(|| {
                let names: Vec<&str> = plan.cases.iter().map(|case| case.name.as_str()).collect();
                Failure::new(format!(
                    "--only {name:?}: {} has no scenario of this name; they are {}",
                    self.text.path,
                    names.join(", ")
                ))
            })
        };
        arguments.only.iter().map(find).collect()
    }
}

/// Solves the scenarios of a file.
pub fn answer(
    arguments: &args::Simulate,
    sheet: &Sheet<'_>,
    data: &Data,
    world: &World,
    progress: &Progress,
) -> Result<Answer, Failure> {
    let Sheet { text, file, .. } = sheet;
    let group = |id: &str| data.case().and_then(|case| case.members(id));
    let names = Names::new(text, file, &world.places, &[], &group);
    let plan = plan(file, &names)?;
    let theta = sheet.theta(arguments)?;
    let options = OneSectorOptions {
        elasticity: theta.central(),
        supply_elasticity: file.model.supply_elasticity.unwrap_or(0.0),
        imbalances: closure(arguments, file, text)?,
        ..OneSectorOptions::default()
    };
    let run = Run { arguments, sheet, text, world, plan: &plan, theta, options };
    let flows = run.baseline()?;
    let mut answer = Answer::new("simulate", title(file, &plan), data.identity());
    let mut found = Vec::new();
    for case in sheet.wanted(&plan, arguments)? {
        for step in &case.steps {
            progress.step(format!("solving {}", case.name));
            let (one, known) = run.solve(case, step, &flows)?;
            if known && arguments.draws.is_some() {
                answer.note(nothing_to_draw(&case.name));
            }
            found.push(one);
        }
    }
    run.describe(&mut answer);
    scenario_tables::fill(&mut answer, data, world, arguments, &found);
    Ok(answer)
}

pub fn title(file: &File, plan: &Plan) -> String {
    file.title.clone().unwrap_or_else(|| {
        plan.cases.iter().map(|case| case.name.as_str()).collect::<Vec<_>>().join("; ")
    })
}

/// theta as a reader says it.
pub fn in_words(theta: &Elasticity) -> String {
    match theta {
        Elasticity::Fixed(theta) => format!("{theta}"),
        Elasticity::LogNormal { mean, sd } => format!("log-normal, mean {mean}, sd {sd}"),
        Elasticity::Uniform { low, high } => format!("uniform, {low} to {high}"),
        Elasticity::Triangular { low, mode, high } => {
            format!("triangular, {low} to {high}, mode {mode}")
        }
        Elasticity::Values(values) => format!("{values:?}"),
    }
}

pub fn nothing_to_draw(case: &str) -> Advice {
    let message = format!("{case}: nothing in it has a distribution; all draws are alike");
    Advice::new("nothing_to_draw", message, 1)
}

pub fn uncertain_baseline(text: &Text) -> Failure {
    Problem::new(
        "uncertain-baseline",
        text.path.clone(),
        "a baseline that is known",
        "give each effect of [baseline] as one number; ranges belong in scenarios",
    )
    .into()
}

pub fn closure(
    arguments: &args::Simulate,
    file: &File,
    text: &Text,
) -> Result<Imbalances, Failure> {
    if let Some(said) = arguments.imbalances {
        return Ok(imbalances(said));
    }
    let Some(said) = &file.model.imbalances else { return Ok(Imbalances::Additive) };
    Ok(match said.get_ref().as_str() {
        "additive" => Imbalances::Additive,
        "multiplicative" => Imbalances::Multiplicative,
        "removed" => Imbalances::RemovedFirst,
        other => {
            return Err(text
                .problem(
                    "imbalances",
                    &said.span(),
                    "additive, multiplicative or removed",
                    "write one of the three words, in quotes",
                )
                .value(other)
                .into());
        }
    })
}

struct Run<'a> {
    arguments: &'a args::Simulate,
    sheet: &'a Sheet<'a>,
    text: &'a Text,
    world: &'a World,
    plan: &'a Plan,
    theta: Elasticity,
    options: OneSectorOptions,
}

impl Run<'_> {
    /// The flows with the changes of the baseline in force.
    fn baseline(&self) -> Result<SquareFlows, Failure> {
        let flows = &self.world.flows;
        if self.plan.baseline.is_empty() {
            return Ok(flows.clone());
        }
        let step = Step { year: None, shares: vec![1.0; self.plan.baseline.len()] };
        let scenario = self.uncertain(&self.plan.baseline, &step)?;
        if is_uncertain(&Uncertain { elasticity: Elasticity::Fixed(1.0), ..scenario.clone() }) {
            return Err(uncertain_baseline(self.text));
        }
        let shocks = self.central_shocks(&scenario)?;
        let solved = one_sector(flows, &shocks, &self.options).map_err(|e| self.refused(&e))?;
        self.solved("baseline", &solved)?;
        SquareFlows::new(flows.n, solved.trade).map_err(|e| self.refused(&e))
    }

    fn solve(
        &self,
        case: &Case,
        step: &Step,
        flows: &SquareFlows,
    ) -> Result<(Found, bool), Failure> {
        let scenario = self.uncertain(&case.changes, step)?;
        let accounts = shocks::accounts(&case.changes, step);
        let refused = |e: InputError| self.refused(&e);
        let shocks = self.central_shocks(&scenario)?;
        let drawn = match self.arguments.draws {
            None => None,
            Some(n) => {
                let options = DrawOptions {
                    n,
                    seed: self.arguments.seed,
                    level: self.arguments.level,
                    accounts: accounts.clone(),
                    keep: false,
                };
                Some(draws(flows, &scenario, &self.options, &options).map_err(refused)?)
            }
        };
        let central = match &drawn {
            Some(drawn) => drawn.central.clone(),
            None => one_sector(flows, &shocks, &self.options).map_err(refused)?,
        };
        self.solved(&case.name, &central)?;
        let delta = match self.arguments.delta {
            true => Some(delta(flows, &scenario, &self.options, &accounts).map_err(refused)?),
            false => None,
        };
        // What the partial and the conditional effect start from is what the general one does.
        let base = SquareFlows::new(flows.n, central.baseline_trade.clone()).map_err(refused)?;
        let conditional = modular(&base, &shocks, &self.options).map_err(refused)?;
        let account = |closed: &ClosedMarkets| {
            diversion(&central, closed.exporter, &closed.markets).map_err(refused)
        };
        let accounts = accounts.iter().map(account).collect::<Result<Vec<_>, _>>()?;
        let known = !is_uncertain(&scenario);
        let found = Found {
            name: case.name.clone(),
            year: step.year,
            partial: partial_trade(&base, &shocks).map_err(refused)?,
            modular: (conditional.status == Status::Converged).then_some(conditional),
            central,
            draws: drawn,
            delta,
            accounts,
        };
        Ok((found, known))
    }

    fn uncertain(
        &self,
        changes: &[emporion_brief::scenario::Change],
        step: &Step,
    ) -> Result<Uncertain, Failure> {
        let library = |from: &str| self.sheet.models(from);
        let n = self.world.places.len();
        let theta = self.theta.clone();
        let found = shocks::uncertain(changes, step, n, theta, self.text, &library);
        Ok(found.map_err(|mut report| {
            for problem in &mut report.problems {
                problem.remedy = named(&self.world.places, &problem.remedy);
            }
            report
        })?)
    }

    fn central_shocks(&self, scenario: &Uncertain) -> Result<Shocks, Failure> {
        scenario
            .shocks(&scenario.central(), self.options.elasticity)
            .map_err(|error| self.refused(&error))
    }

    /// No number leaves an unsolved world.
    fn solved(&self, name: &str, world: &Equilibrium) -> Result<(), Failure> {
        if world.status == Status::Converged {
            return Ok(());
        }
        let named = |text: &str| named(&self.world.places, text);
        let ended = (world.status, world.residual, world.iterations);
        Err(not_solved(&self.text.path, named, name, ended, &world.notes).into())
    }

    fn refused(&self, error: &InputError) -> Failure {
        let text = named(&self.world.places, &error.to_string());
        let expected = "a scenario that a model can use";
        Problem::new("refused", self.text.path.clone(), expected, text).into()
    }

    fn describe(&self, answer: &mut Answer) {
        let theta = in_words(&self.theta);
        let imbalances = match self.options.imbalances {
            Imbalances::Additive => "additive",
            Imbalances::Multiplicative => "multiplicative",
            Imbalances::RemovedFirst => "removed",
        };
        answer.option("scenario", self.text.path.clone());
        answer.option("only", self.arguments.only.clone());
        answer.option("theta", theta.clone());
        answer.option("supply_elasticity", self.options.supply_elasticity);
        answer.option("imbalances", imbalances);
        answer.option("draws", self.arguments.draws);
        answer.option("seed", self.arguments.draws.map(|_| self.arguments.seed));
        answer.option("level", self.arguments.draws.map(|_| self.arguments.level));
        answer.option("delta", self.arguments.delta);
        answer.option("value", self.arguments.value.clone());
        answer.option("where", self.arguments.rows.conditions.clone());
        answer.option("top", self.arguments.shape.top);
        answer.context("model", vec!["one sector, exact hat algebra".into()]);
        answer.context("theta", vec![theta]);
        answer.context("imbalances", vec![imbalances.into()]);
        answer.context("numeraire", vec!["world income".into()]);
        if !self.plan.baseline.is_empty() {
            let labels = self.plan.baseline.iter().map(|change| change.label.clone()).collect();
            answer.context("baseline", labels);
        }
        for case in self.plan.cases.iter().filter(|case| !case.about.is_empty()) {
            answer.note(Advice::new("about", format!("{}: {}", case.name, case.about), 1));
        }
    }
}
