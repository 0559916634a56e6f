//! Scenario files on a world of many sectors.

use emporion_brief::scenario::{Change, Names, Step, known, plan, sector_accounts};
use emporion_brief::stages::sectors::{SectorWorld, Sources};
use emporion_brief::stages::world::not_solved;
use emporion_model::outcome::{InputError, Status};
use emporion_model::simulate::{
    ClosedSectors, DrawOptions, Imbalances, ManySectorDelta, ManySectorDiversion, ManySectorDraws,
    ManySectorEquilibrium, ManySectorOptions, ManySectorScenario, ManySectorShock,
    SectorElasticities, many_sector_delta, many_sector_diversion, many_sector_draws, many_sectors,
};
use emporion_tables::{Problem, Table};

use super::scenario::{Sheet, closure, in_words, nothing_to_draw, title, uncertain_baseline};
use super::sectors_tables;
use crate::answer::{Advice, Answer};
use crate::args;
use crate::data::Data;
use crate::failure::Failure;
use crate::progress::Progress;

/// One solution: a scenario in a year.
pub struct Found {
    /// Name of the scenario.
    pub name: String,
    /// The year, when changes come in steps.
    pub year: Option<i32>,
    /// The world before and after.
    pub solved: ManySectorEquilibrium,
    /// The accounts of closed markets.
    pub accounts: Vec<ManySectorDiversion>,
    /// What is not known, drawn.
    pub draws: Option<ManySectorDraws>,
    /// The same to the first order.
    pub delta: Option<ManySectorDelta>,
}

/// Solves the scenarios of a file.
pub fn answer(
    arguments: &args::Simulate,
    sheet: &Sheet<'_>,
    data: &Data,
    flows: &Table,
    rows: &[usize],
    progress: &Progress,
) -> Result<Answer, Failure> {
    let Sheet { text, file, .. } = sheet;
    if file.model.supply_elasticity.is_some_and(|psi| psi != 0.0) {
        return Err(Failure::new(format!(
            "{}: supply-elasticity is for a world of one sector; with sectors = \"many\" output \
             responds through the table of inputs: leave it out",
            text.path
        )));
    }
    let theta = sheet.theta(arguments)?;
    let tables = Tables::read(sheet)?;
    let world = SectorWorld::new(&Sources {
        flows,
        rows,
        inputs: tables.inputs.as_ref().or_else(|| case_table(data, "inputs")).ok_or_else(|| {
            Failure::new(format!(
                "{}: many sectors need a table of inputs; write inputs = \"inputs.csv\" under \
                 [data], with columns place, using_product, supplying_product, value",
                text.path
            ))
        })?,
        output: tables.output.as_ref().or_else(|| case_table(data, "output")),
        tariffs: tables.tariffs.as_ref().or_else(|| case_table(data, "tariffs")),
        elasticities: tables.elasticities(arguments, sheet, data)?,
        theta: &theta,
        missing: data.absent(arguments.absent),
    })?;
    let group = |id: &str| data.case().and_then(|case| case.members(id));
    let names = Names::new(text, file, &world.places, &world.sectors, &group);
    let plan = plan(file, &names)?;
    let options = ManySectorOptions {
        imbalances: closure(arguments, file, text)?,
        ..ManySectorOptions::default()
    };
    let run = Run { sheet, options };
    let start = if plan.baseline.is_empty() {
        world
    } else {
        progress.step("solving the baseline");
        let step = Step { year: None, shares: vec![1.0; plan.baseline.len()] };
        let scenario = run.scenario(&world, &plan.baseline, &step)?;
        if scenario.effects.iter().any(|effect| !known(effect.coefficient)) {
            return Err(uncertain_baseline(text));
        }
        let (solved, shock) = run.solve(&world, "baseline", &scenario)?;
        world.after(&solved, &shock)?
    };
    let mut answer = Answer::new("simulate", title(file, &plan), data.identity());
    let mut found = Vec::new();
    for case in sheet.wanted(&plan, arguments)? {
        for step in &case.steps {
            progress.step(format!("solving {}", case.name));
            let scenario = run.scenario(&start, &case.changes, step)?;
            let closed = sector_accounts(&case.changes, step, start.sectors.len());
            let draws = run.draws(&start, &scenario, &closed, arguments)?;
            let (solved, _) = run.solve(&start, &case.name, &scenario)?;
            let delta = match arguments.delta {
                true => {
                    let found = many_sector_delta(&start.world, &scenario, &run.options, &closed);
                    Some(found.map_err(|error| run.refused(&start, &error))?)
                }
                false => None,
            };
            let account = |one: &ClosedSectors| {
                many_sector_diversion(&solved, one.exporter, &one.markets, &one.sectors)
                    .map_err(|error| run.refused(&start, &error))
            };
            let accounts = closed.iter().map(account).collect::<Result<Vec<_>, _>>()?;
            let all_known = scenario.elasticities.known()
                && scenario.effects.iter().all(|effect| known(effect.coefficient));
            if all_known && draws.is_some() {
                answer.note(nothing_to_draw(&case.name));
            }
            let (name, year) = (case.name.clone(), step.year);
            found.push(Found { name, year, solved, accounts, draws, delta });
        }
    }
    run.describe(&mut answer, arguments, &world_elasticities(&start));
    for note in &start.notes {
        let mut advice = Advice::from(note);
        advice.message = start.named(&advice.message);
        answer.note(advice);
    }
    sectors_tables::fill(&mut answer, data, &start, arguments, &found);
    Ok(answer)
}

fn case_table<'a>(data: &'a Data, name: &str) -> Option<&'a Table> {
    data.case().and_then(|case| case.table(name))
}

/// Tables named in the scenario file.
struct Tables {
    inputs: Option<Table>,
    output: Option<Table>,
    tariffs: Option<Table>,
    elasticities: Option<Table>,
}

impl Tables {
    fn read(sheet: &Sheet<'_>) -> Result<Self, Failure> {
        let named = sheet.file.data.clone().unwrap_or_default();
        let read = |name: Option<&str>| -> Result<Option<Table>, Failure> {
            let Some(name) = name else { return Ok(None) };
            Ok(Some(Table::read(&sheet.beside(name))?))
        };
        Ok(Self {
            inputs: read(named.inputs.as_ref().map(|name| name.get_ref().as_str()))?,
            output: read(named.output.as_ref().map(|name| name.get_ref().as_str()))?,
            tariffs: read(named.tariffs.as_ref().map(|name| name.get_ref().as_str()))?,
            elasticities: read(named.elasticities.as_ref().map(|name| name.get_ref().as_str()))?,
        })
    }

    /// The table of elasticities, unless a theta says otherwise: that of the command line before
    /// every table, that of the file before the case's.
    fn elasticities<'a>(
        &'a self,
        arguments: &args::Simulate,
        sheet: &Sheet<'_>,
        data: &'a Data,
    ) -> Result<Option<&'a Table>, Failure> {
        let said = sheet.file.model.theta.as_ref();
        match (&self.elasticities, said) {
            _ if arguments.theta.is_some() => Ok(None),
            (Some(_), Some(theta)) => Err(sheet
                .text
                .problem(
                    "theta-twice",
                    &theta.span(),
                    "theta, or elasticities under [data]",
                    "the file gives both: leave one out",
                )
                .into()),
            (Some(table), None) => Ok(Some(table)),
            (None, Some(_)) => Ok(None),
            (None, None) => Ok(case_table(data, "elasticities")),
        }
    }
}

fn world_elasticities(world: &SectorWorld) -> String {
    match &world.elasticities {
        SectorElasticities::Common(theta) => format!("{} in every sector", in_words(theta)),
        SectorElasticities::BySector(_) => "by sector".into(),
    }
}

struct Run<'a> {
    sheet: &'a Sheet<'a>,
    options: ManySectorOptions,
}

impl Run<'_> {
    fn scenario(
        &self,
        world: &SectorWorld,
        changes: &[Change],
        step: &Step,
    ) -> Result<ManySectorScenario, Failure> {
        let library = |from: &str| self.sheet.models(from);
        let table = |name: &str| Table::read(&self.sheet.beside(name));
        Ok(world.scenario(changes, step, &self.sheet.text, &library, &table)?)
    }

    /// The world at the central values, with the shock.
    fn solve(
        &self,
        world: &SectorWorld,
        name: &str,
        scenario: &ManySectorScenario,
    ) -> Result<(ManySectorEquilibrium, ManySectorShock), Failure> {
        let theta = scenario.elasticities.central(world.sectors.len());
        let shock = scenario
            .shock(&scenario.central(), &theta)
            .map_err(|error| self.refused(world, &error))?;
        let solved = many_sectors(&world.world, &shock, &self.options)
            .map_err(|error| self.refused(world, &error))?;
        if solved.status != Status::Converged {
            let ended = (solved.status, solved.residual, solved.iterations);
            let named = |text: &str| world.named(text);
            return Err(not_solved(&self.sheet.text.path, named, name, ended, &solved.notes).into());
        }
        Ok((solved, shock))
    }

    fn draws(
        &self,
        world: &SectorWorld,
        scenario: &ManySectorScenario,
        accounts: &[ClosedSectors],
        arguments: &args::Simulate,
    ) -> Result<Option<ManySectorDraws>, Failure> {
        let Some(n) = arguments.draws else { return Ok(None) };
        let (seed, level) = (arguments.seed, arguments.level);
        let draw = DrawOptions { n, seed, level, ..DrawOptions::default() };
        let found = many_sector_draws(&world.world, scenario, &self.options, &draw, accounts);
        found.map(Some).map_err(|error| self.refused(world, &error))
    }

    fn refused(&self, world: &SectorWorld, error: &InputError) -> Failure {
        let text = world.named(&error.to_string());
        let path = self.sheet.text.path.clone();
        Problem::new("refused", path, "a scenario that a model can use", text).into()
    }

    fn describe(&self, answer: &mut Answer, arguments: &args::Simulate, theta: &str) {
        let imbalances = match self.options.imbalances {
            Imbalances::Additive => "additive",
            Imbalances::Multiplicative => "multiplicative",
            Imbalances::RemovedFirst => "removed",
        };
        answer.option("scenario", self.sheet.text.path.clone());
        answer.option("only", arguments.only.clone());
        answer.option("theta", theta.to_owned());
        answer.option("imbalances", imbalances);
        answer.option("draws", arguments.draws);
        answer.option("seed", arguments.draws.map(|_| arguments.seed));
        answer.option("level", arguments.draws.map(|_| arguments.level));
        answer.option("delta", arguments.delta);
        answer.option("value", arguments.value.clone());
        answer.option("where", arguments.rows.conditions.clone());
        answer.option("top", arguments.shape.top);
        let model = "many sectors, input-output links, tariff revenue (Caliendo and Parro 2015)";
        answer.context("model", vec![model.into()]);
        answer.context("theta", vec![theta.to_owned()]);
        answer.context("imbalances", vec![imbalances.into()]);
        answer.context("numeraire", vec!["value added of the world".into()]);
    }
}
