//! Scenario files on a world of many sectors.

use emporion_brief::scenario::{Change, Names, Step, plan};
use emporion_brief::stages::sectors::{SectorWorld, Sources};
use emporion_model::outcome::{InputError, Status};
use emporion_model::simulate::{
    Elasticity, Imbalances, ManySectorDiversion, ManySectorEquilibrium, ManySectorOptions,
    ManySectorShock, many_sector_diversion, many_sectors,
};
use emporion_tables::{Problem, Table};

use super::scenario::{Sheet, closure, title};
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
    if arguments.draws.is_some() || arguments.delta {
        return Err(Failure::new(
            "--draws and --delta are for a world of one sector; with sectors = \"many\" solve the \
             scenario at both ends of a range instead",
        ));
    }
    let theta = sheet.theta(arguments)?;
    let Elasticity::Fixed(theta) = theta else {
        return Err(Failure::new(format!(
            "{}: theta of many sectors is a number, or a file of elasticities under [data]",
            text.path
        )));
    };
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
        elasticities: tables.elasticities.as_ref().or_else(|| case_table(data, "elasticities")),
        theta,
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
        let (solved, shock) = run.solve(&world, "baseline", &plan.baseline, &step)?;
        world.after(&solved, &shock)?
    };
    let mut found = Vec::new();
    for case in sheet.wanted(&plan, arguments)? {
        for step in &case.steps {
            progress.step(format!("solving {}", case.name));
            let (solved, _) = run.solve(&start, &case.name, &case.changes, step)?;
            let accounts = run.accounts(&start, &case.changes, step, &solved)?;
            found.push(Found { name: case.name.clone(), year: step.year, solved, accounts });
        }
    }
    let mut answer = Answer::new("simulate", title(file, &plan), data.identity());
    run.describe(&mut answer, arguments, theta, tables.elasticities.is_some());
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
}

struct Run<'a> {
    sheet: &'a Sheet<'a>,
    options: ManySectorOptions,
}

impl Run<'_> {
    fn solve(
        &self,
        world: &SectorWorld,
        name: &str,
        changes: &[Change],
        step: &Step,
    ) -> Result<(ManySectorEquilibrium, ManySectorShock), Failure> {
        let library = |from: &str| self.sheet.models(from);
        let table = |name: &str| Table::read(&self.sheet.beside(name));
        let shock = world.shock(changes, step, &self.sheet.text, &library, &table)?;
        let solved = many_sectors(&world.world, &shock, &self.options)
            .map_err(|error| self.refused(world, &error))?;
        if solved.status != Status::Converged {
            let notes: Vec<String> =
                solved.notes.iter().map(|n| format!("; {}", n.message)).collect();
            let what = world.named(&format!(
                "{name}: status {:?}, residual {:.1e} after {} steps{}",
                solved.status,
                solved.residual,
                solved.iterations,
                notes.concat()
            ));
            let path = self.sheet.text.path.clone();
            return Err(Problem::new("not-solved", path, "an equilibrium", what).into());
        }
        Ok((solved, shock))
    }

    /// An account for each exporter that loses markets, in the sectors that closed.
    fn accounts(
        &self,
        world: &SectorWorld,
        changes: &[Change],
        step: &Step,
        solved: &ManySectorEquilibrium,
    ) -> Result<Vec<ManySectorDiversion>, Failure> {
        let closed = emporion_brief::scenario::accounts(changes, step);
        let mut sectors: Vec<usize> = changes
            .iter()
            .filter(|change| change.kind == emporion_brief::scenario::Kind::Close)
            .flat_map(|change| match &change.sectors {
                Some(sectors) => sectors.clone(),
                None => (0..world.sectors.len()).collect(),
            })
            .collect();
        sectors.sort_unstable();
        sectors.dedup();
        let account = |one: &emporion_model::simulate::ClosedMarkets| {
            many_sector_diversion(solved, one.exporter, &one.markets, &sectors)
                .map_err(|error| self.refused(world, &error))
        };
        closed.iter().map(account).collect()
    }

    fn refused(&self, world: &SectorWorld, error: &InputError) -> Failure {
        let text = world.named(&error.to_string());
        let path = self.sheet.text.path.clone();
        Problem::new("refused", path, "a scenario that a model can use", text).into()
    }

    fn describe(
        &self,
        answer: &mut Answer,
        arguments: &args::Simulate,
        theta: f64,
        elasticities: bool,
    ) {
        let imbalances = match self.options.imbalances {
            Imbalances::Additive => "additive",
            Imbalances::Multiplicative => "multiplicative",
            Imbalances::RemovedFirst => "removed",
        };
        let theta =
            if elasticities { "by sector".to_owned() } else { format!("{theta} in every sector") };
        answer.option("scenario", self.sheet.text.path.clone());
        answer.option("only", arguments.only.clone());
        answer.option("theta", theta.clone());
        answer.option("imbalances", imbalances);
        answer.option("value", arguments.value.clone());
        answer.option("where", arguments.rows.conditions.clone());
        answer.option("top", arguments.shape.top);
        let model = "many sectors, input-output links, tariff revenue (Caliendo and Parro 2015)";
        answer.context("model", vec![model.into()]);
        answer.context("theta", vec![theta]);
        answer.context("imbalances", vec![imbalances.into()]);
        answer.context("numeraire", vec!["value added of the world".into()]);
    }
}
