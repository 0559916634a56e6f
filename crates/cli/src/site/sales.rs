//! `--exporter`: each place counts by what the exporter sells there.

use emporion_model::site::{Instance, SiteState};
use emporion_tables::sum::{Missing, SumOptions, sum_by};
use emporion_tables::{Problem, Table};

use super::Question;
use crate::answer::Advice;
use crate::args;
use crate::data::{Data, require};
use crate::failure::Failure;
use crate::select::select;

/// Flows and the rows that count.
pub struct Sales {
    /// The case with its flows, or the file of `--flows`.
    pub data: Data,
    /// Selected rows.
    pub rows: Vec<usize>,
    /// Groups replaced by members.
    pub advice: Vec<Advice>,
    /// What a pair without a row means.
    pub absent: Missing,
}

impl Sales {
    /// Reads what `--flows` and `--where` say.
    pub fn read(arguments: &args::Site, data: &Data) -> Result<Self, Failure> {
        let asked = &arguments.gravity;
        let data = match &asked.flows {
            Some(path) => Data::File(Table::read(path)?),
            None if data.case().is_some() => data.clone(),
            None => {
                return Err(Failure::new(
                    "--exporter needs flows, and DATA is one file of places or costs: name them with \
                     --flows FILE (columns origin, destination, value)",
                ));
            }
        };
        let selected = select(&data, data.flows()?, &asked.conditions)?;
        let absent = data.absent(asked.absent);
        Ok(Self { rows: selected.rows, advice: selected.advice, absent, data })
    }

    /// The table of flows.
    pub fn table(&self) -> Result<&Table, Failure> {
        self.data.flows()
    }
}

/// Weighs the customers by the sales of the exporter; places without a figure are left out as
/// customers and stay as sites, the exporter itself is neither.
pub fn weigh(question: &mut Question, arguments: &args::Site, data: &Data) -> Result<(), Failure> {
    let Some(exporter) = arguments.gravity.exporter.as_deref() else {
        for (option, given) in [
            ("--flows", arguments.gravity.flows.is_some()),
            ("--absent", arguments.gravity.absent.is_some()),
            ("--where", !arguments.gravity.conditions.is_empty()),
        ] {
            if given {
                return Err(Failure::new(format!(
                    "{option} is about flows: name whose sales count with --exporter ID, or leave \
                     it out"
                )));
            }
        }
        return Ok(());
    };
    let sales = Sales::read(arguments, data)?;
    let table = sales.table()?;
    require(table, &["origin", "destination", "value"])?;
    let of_exporter = |row: &usize| {
        table.text("origin", *row) == Some(exporter)
            && table.text("destination", *row) != Some(exporter)
    };
    let rows: Vec<usize> = sales.rows.iter().copied().filter(of_exporter).collect();
    if rows.is_empty() {
        let expected = "rows in which the exporter sells to another place";
        let remedy = "mend the id after --exporter, or what --where keeps";
        return Err(Problem::new("no-rows", table.path(), expected, remedy)
            .column("origin")
            .value(exporter)
            .into());
    }
    let hierarchy = sales.data.hierarchy();
    let sums = sum_by(table, &rows, &["destination"], &hierarchy, SumOptions::default())?;
    let unit = sums.first().and_then(|(_, sum)| sum.unit.clone()).unwrap_or_default();
    let siting = &mut question.siting;
    let old = &siting.instance;
    let sites: Vec<usize> =
        (0..siting.sites.len()).filter(|&j| siting.sites[j] != exporter).collect();
    let (mut customers, mut weights) = (Vec::new(), Vec::new());
    for (i, id) in siting.customers.iter().enumerate().filter(|(_, id)| *id != exporter) {
        let found = sums.iter().find(|(key, _)| key.first() == Some(id));
        match found.map(|(_, sum)| sum.value) {
            Some(value) => {
                customers.push(i);
                weights.push(value);
            }
            None if sales.absent == Missing::Zero => {
                customers.push(i);
                weights.push(0.0);
            }
            None => siting.left_out.push(format!("{id} (no sales of {exporter} in the flows)")),
        }
    }
    if customers.is_empty() {
        return Err(Failure::new(format!(
            "{exporter} sells to none of the places asked for in {}: the ids of places and flows must \
             be the same",
            table.path()
        )));
    }
    if let Some(id) = arguments.keep.iter().find(|id| *id == exporter) {
        return Err(Failure::new(format!(
            "--keep {id}: an office of {exporter} in itself is none abroad; leave it out"
        )));
    }
    let costs =
        customers.iter().flat_map(|&i| sites.iter().map(move |&j| old.cost(i, j))).collect();
    let kept: Vec<usize> = sites
        .iter()
        .enumerate()
        .filter(|(_, j)| old.states()[**j] == SiteState::Kept)
        .map(|(at, _)| at)
        .collect();
    let instance =
        Instance::new(customers.len(), sites.len(), costs)?.weighted(weights)?.keep(&kept)?;
    if !siting.points.is_empty() {
        siting.points = sites.iter().map(|&j| siting.points[j]).collect();
    }
    siting.customers = customers.iter().map(|&i| siting.customers[i].clone()).collect();
    siting.sites = sites.iter().map(|&j| siting.sites[j].clone()).collect();
    siting.instance = instance;
    question.weight_unit = if unit.is_empty() { "sales".to_owned() } else { unit };
    question.of_trade = sales.data.context(table, &rows);
    // The licence of the places stands there already, and the unit beside every figure.
    question.of_trade.retain(|(name, _)| !["unit", "licence"].contains(name));
    question.remarks.extend(sales.advice);
    Ok(())
}
