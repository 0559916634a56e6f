//! Counterfactuals with many sectors, from long tables.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use emporion_model::outcome::{InputError, Note};
use emporion_model::simulate::{
    Elasticity, ManySectorEquilibrium, ManySectorScenario, ManySectorShock, ManySectors,
    ManySectorsData, SectorEffect, SectorElasticities, SectorLoading,
};
use emporion_tables::sum::Missing;
use emporion_tables::{Problem, Report, Table};

use super::world::named;
use crate::scenario::plan::{Change, Kind, Step};
use crate::scenario::shocks::Library;
use crate::scenario::{Text, shocks};

/// Recorded sales may exceed gross output by rounding.
const ROUNDING: f64 = 1e-6;

/// The tables of a world of many sectors.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// `origin, destination, product, value`, own sales included.
    pub flows: &'a Table,
    /// Rows of it.
    pub rows: &'a [usize],
    /// `place, using_product, supplying_product, value`.
    pub inputs: &'a Table,
    /// `place, product, gross_output`; without it output is what the flows add up to.
    pub output: Option<&'a Table>,
    /// `origin, destination, product, tariff` in percent; without it there are none.
    pub tariffs: Option<&'a Table>,
    /// `product, theta`, with `sd` where theta is log-normal; without it every sector has the same.
    pub elasticities: Option<&'a Table>,
    /// theta where there is no table.
    pub theta: &'a Elasticity,
    /// What a pair of places without any row in the flows means.
    pub missing: Missing,
}

/// A world of many sectors with its names.
#[derive(Debug, Clone)]
pub struct SectorWorld {
    /// Ids of the places, in alphabetical order.
    pub places: Vec<String>,
    /// Ids of the sectors, in alphabetical order.
    pub sectors: Vec<String>,
    /// The arrays.
    pub world: ManySectors,
    /// What they were made from.
    data: ManySectorsData,
    /// theta by sector, or one for all.
    pub elasticities: SectorElasticities,
    /// Unit of the flows.
    pub unit: String,
    /// What had to be assumed.
    pub notes: Vec<Note>,
}

impl SectorWorld {
    /// Turns long tables into arrays.
    ///
    /// # Assumptions
    ///
    /// The places and sectors are those of the flows and of the output. A pair that has a row for
    /// some product trades nothing of the others. What a place makes beyond the recorded
    /// sales goes to the same destinations in the same shares (where none is recorded, home): a
    /// table of intermediate flows is closed in this way, and a note says how much that is. Value
    /// added is gross output less inputs. Final spending is what inputs leave over.
    ///
    /// # Errors
    ///
    /// Missing columns; a pair of places without any row, unless such pairs are declared to be zero; inputs, tariffs or elasticities of places or products that neither the
    /// flows nor the output have; two rows for one cell;
    /// negative values, but for small inputs, which are by-products; inputs worth more than the output; all that
    /// [`ManySectors::new`] refuses, with names.
    pub fn new(sources: &Sources<'_>) -> Result<Self, Report> {
        let Sources { flows, rows, .. } = *sources;
        for column in ["origin", "destination", "product", "value"] {
            flows.wanted(column)?;
        }
        let mut places = BTreeSet::new();
        let mut sectors = BTreeSet::new();
        for &row in rows {
            for column in ["origin", "destination"] {
                places.insert(required(flows, column, row)?);
            }
            sectors.insert(required(flows, "product", row)?);
        }
        // A product that is made and never traded is sold at home.
        if let Some(output) = sources.output {
            for column in ["place", "product", "gross_output"] {
                output.wanted(column)?;
            }
            for row in 0..output.rows() {
                places.insert(required(output, "place", row)?);
                sectors.insert(required(output, "product", row)?);
            }
        }
        let places: Vec<String> = places.into_iter().collect();
        let sectors: Vec<String> = sectors.into_iter().collect();
        let index = Index { place: positions(&places), sector: positions(&sectors) };
        let (n, j) = (places.len(), sectors.len());
        let mut notes = Vec::new();

        let mut trade = Cells::new(j * n * n);
        for &row in rows {
            let cell = index.flow(flows, row, n)?;
            trade.put(cell, flows, row, "value")?;
        }
        absent_pairs(flows, &places, &trade.taken, sources.missing, &mut notes)?;
        let mut trade = trade.values;
        let recorded: Vec<f64> = trade.chunks_exact(n).map(|row| row.iter().sum()).collect();
        let made = match sources.output {
            None => recorded.clone(),
            Some(table) => gross_output(table, &index, n, j)?,
        };
        close(&mut trade, &recorded, &made, n, &mut notes);
        let made: Vec<f64> = trade.chunks_exact(n).map(|row| row.iter().sum()).collect();
        let (value_added_shares, input_shares) = production(sources.inputs, &index, &made, n, j)?;
        let tariffs = match sources.tariffs {
            None => vec![0.0; j * n * n],
            Some(table) => {
                let mut cells = Cells::new(j * n * n);
                for row in 0..table.rows() {
                    let cell = index.flow(table, row, n)?;
                    cells.put(cell, table, row, "tariff")?;
                }
                cells.values.iter().map(|percent| percent / 100.0).collect()
            }
        };
        let elasticities = match sources.elasticities {
            None => SectorElasticities::Common(sources.theta.clone()),
            Some(table) => elasticities(table, &index, &sectors)?,
        };
        let data = ManySectorsData {
            places: n,
            sectors: j,
            trade,
            tariffs,
            value_added_shares,
            input_shares,
            elasticities: elasticities.central(j),
            final_shares: None,
        };
        let world = ManySectors::new(&data)
            .map_err(|error| refused(flows.path(), &places, &sectors, &error))?;
        notes.extend(world.notes().iter().cloned());
        let unit = rows.first().and_then(|&row| flows.text("unit", row)).unwrap_or_default();
        Ok(Self { world, data, elasticities, unit: unit.to_owned(), places, sectors, notes })
    }

    /// The world after a counterfactual, to start another one from.
    ///
    /// # Errors
    ///
    /// As [`SectorWorld::new`].
    pub fn after(
        &self,
        solved: &ManySectorEquilibrium,
        shock: &ManySectorShock,
    ) -> Result<Self, Report> {
        let (n, j) = (self.places.len(), self.sectors.len());
        let shares = (0..n * j).map(|cell| self.world.final_share(cell / j, cell % j)).collect();
        let tariff = |at: usize| shock.new_tariff(at / (n * n), at / n % n, at % n);
        let data = ManySectorsData {
            trade: solved.counterfactual.trade.clone(),
            tariffs: (0..self.data.tariffs.len()).map(tariff).collect(),
            final_shares: Some(shares),
            ..self.data.clone()
        };
        let world = ManySectors::new(&data)
            .map_err(|error| refused("baseline", &self.places, &self.sectors, &error))?;
        Ok(Self { world, data, ..self.clone() })
    }

    /// The changes of a scenario that are in force in a step.
    ///
    /// # Errors
    ///
    /// As the scenario's own names and sizes; a tariff schedule with places or products that the
    /// world does not have.
    pub fn scenario(
        &self,
        changes: &[Change],
        step: &Step,
        text: &Text,
        library: &Library<'_>,
        table: &dyn Fn(&str) -> Result<Table, Report>,
    ) -> Result<ManySectorScenario, Report> {
        let mut fixed = ManySectorShock::none(&self.world);
        let mut shared = shocks::Shared::new(text, library);
        let mut effects = Vec::new();
        let mut better: BTreeMap<(usize, usize), f64> = BTreeMap::new();
        let all: Vec<usize> = (0..self.sectors.len()).collect();
        let failed = |error| refused(&text.path, &self.places, &self.sectors, &error);
        for (change, &share) in changes.iter().zip(&step.shares) {
            if share == 0.0 {
                continue;
            }
            let sectors = change.sectors.as_deref().unwrap_or(&all);
            let cells =
                || sectors.iter().flat_map(|&k| change.pairs.iter().map(move |&(i, m)| (k, i, m)));
            match &change.kind {
                Kind::Effect(size) | Kind::Cost(size) => effects.push(SectorEffect {
                    name: change.label.clone(),
                    coefficient: shared.coefficient(&size.number)?,
                    loadings: cells()
                        .map(|(sector, origin, destination)| SectorLoading {
                            sector,
                            origin,
                            destination,
                            loading: share * size.share,
                        })
                        .collect(),
                    per_theta: matches!(change.kind, Kind::Cost(_)),
                }),
                Kind::Close => {
                    for (k, i, m) in cells() {
                        fixed.close(k, i, m).map_err(failed)?;
                    }
                }
                Kind::Productivity(ln) => {
                    for (k, i, _) in cells() {
                        *better.entry((i, k)).or_default() += share * ln;
                    }
                }
                Kind::Tariff(level) => {
                    for (k, i, m) in cells() {
                        fixed.tariff(k, i, m, *level).map_err(failed)?;
                    }
                }
                Kind::Schedule(name) => {
                    let schedule = table(name)?;
                    let n = self.places.len();
                    let index =
                        Index { place: positions(&self.places), sector: positions(&self.sectors) };
                    for row in 0..schedule.rows() {
                        let cell = index.flow(&schedule, row, n)?;
                        let (k, i, m) = (cell / (n * n), cell / n % n, cell % n);
                        let percent = value(&schedule, row, "tariff")?;
                        if sectors.contains(&k) && i != m {
                            fixed.tariff(k, i, m, percent / 100.0).map_err(failed)?;
                        }
                    }
                }
            }
        }
        for ((place, sector), ln) in better {
            fixed.productivity(place, sector, ln.exp()).map_err(failed)?;
        }
        let found = ManySectorScenario {
            fixed,
            effects,
            estimated: shared.joint(),
            elasticities: self.elasticities.clone(),
        };
        found.check(&self.world).map_err(failed)?;
        Ok(found)
    }

    /// A message of a kernel with names in place of positions.
    #[must_use]
    pub fn named(&self, text: &str) -> String {
        with_names(&self.places, &self.sectors, text)
    }
}

/// Pairs of places, of those that trade at all, for which the flows have no row of any product.
fn absent_pairs(
    flows: &Table,
    places: &[String],
    taken: &[bool],
    missing: Missing,
    notes: &mut Vec<Note>,
) -> Result<(), Report> {
    let n = places.len();
    let mut known = vec![false; n * n];
    let mut trades = vec![false; n];
    for cell in (0..taken.len()).filter(|&cell| taken[cell]) {
        let pair = cell % (n * n);
        known[pair] = true;
        trades[pair / n] = true;
        trades[pair % n] = true;
    }
    let absent = |pair: &usize| trades[pair / n] && trades[pair % n] && !known[*pair];
    let absent: Vec<usize> = (0..n * n).filter(absent).collect();
    let Some(&first) = absent.first() else { return Ok(()) };
    let pair = format!("{} to {}", places[first / n], places[first % n]);
    let count = absent.len();
    if missing == Missing::Refuse {
        let size = trades.iter().filter(|&&trades| trades).count();
        return Err(Problem::new(
            "missing-cell",
            flows.path(),
            format!("a value for each of the {size} × {size} pairs: missing is not zero"),
            format!(
                "{count} pairs have no row of any product, the first is {pair}; add the rows, leave \
                 out the places, or take missing cells as zero on purpose"
            ),
        )
        .value(pair)
        .into());
    }
    let message = format!("{count} pairs have no row and count as zero, the first is {pair}");
    notes.push(Note { code: "absent_as_zero", message, count, rows: absent });
    Ok(())
}

fn with_names(places: &[String], sectors: &[String], text: &str) -> String {
    // The same replacement for the word `sector` as for `place`.
    named(sectors, &named(places, text).replace("sector ", "\u{1}place "))
        .replace("\u{1}place ", "sector ")
}

fn refused(file: &str, places: &[String], sectors: &[String], error: &InputError) -> Report {
    let text = with_names(places, sectors, &error.to_string());
    Problem::new("refused", file, "a world of many sectors that fits together", text).into()
}

fn positions(names: &[String]) -> HashMap<&str, usize> {
    names.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect()
}

fn required(table: &Table, column: &str, row: usize) -> Result<String, Problem> {
    table.label(column, row).ok_or_else(|| {
        table.problem("missing-id", row, column, "an id", "fill the cell or leave the row out")
    })
}

fn value(table: &Table, row: usize, column: &str) -> Result<f64, Problem> {
    match table.number(column, row) {
        Some(number) if number.is_finite() && number >= 0.0 => Ok(number),
        Some(number) => Err(table
            .problem("negative", row, column, "a number, zero or more", "correct the cell")
            .value(number.to_string())),
        None => Err(table.problem(
            "missing-value",
            row,
            column,
            "a number",
            "write 0 where there is nothing, or leave the row out",
        )),
    }
}

/// Where places and sectors stand.
struct Index<'a> {
    place: HashMap<&'a str, usize>,
    sector: HashMap<&'a str, usize>,
}

impl Index<'_> {
    fn place(&self, table: &Table, column: &str, row: usize) -> Result<usize, Report> {
        Self::find(&self.place, table, column, row, "a place of the flows or the output")
    }

    fn sector(&self, table: &Table, column: &str, row: usize) -> Result<usize, Report> {
        Self::find(&self.sector, table, column, row, "a product of the flows or the output")
    }

    fn find(
        known: &HashMap<&str, usize>,
        table: &Table,
        column: &str,
        row: usize,
        expected: &str,
    ) -> Result<usize, Report> {
        table.wanted(column)?;
        let id = required(table, column, row)?;
        known.get(id.as_str()).copied().ok_or_else(|| {
            let near = emporion_tables::problem::nearest(&id, known.keys().copied());
            let remedy = match near.first() {
                Some(near) => format!("did you mean {near}?"),
                None => "give its flows too, or leave the row out".into(),
            };
            table.problem("unknown-id", row, column, expected, remedy).value(&id).into()
        })
    }

    /// `(sector × N + origin) × N + destination`.
    fn flow(&self, table: &Table, row: usize, n: usize) -> Result<usize, Report> {
        let k = self.sector(table, "product", row)?;
        let i = self.place(table, "origin", row)?;
        Ok((k * n + i) * n + self.place(table, "destination", row)?)
    }
}

/// An array that takes each cell once.
struct Cells {
    values: Vec<f64>,
    taken: Vec<bool>,
}

impl Cells {
    fn new(cells: usize) -> Self {
        Self { values: vec![0.0; cells], taken: vec![false; cells] }
    }

    fn put(&mut self, cell: usize, table: &Table, row: usize, column: &str) -> Result<(), Report> {
        table.wanted(column)?;
        let number = value(table, row, column)?;
        self.set(cell, number, table, row, column)
    }

    fn set(
        &mut self,
        cell: usize,
        number: f64,
        table: &Table,
        row: usize,
        column: &str,
    ) -> Result<(), Report> {
        if std::mem::replace(&mut self.taken[cell], true) {
            let remedy = "add the rows up, or choose one side, year or unit with --where";
            return Err(table
                .problem("duplicate-cell", row, column, "one row for each cell", remedy)
                .into());
        }
        self.values[cell] = number;
        Ok(())
    }
}

/// `sector × N + place`.
fn gross_output(table: &Table, index: &Index<'_>, n: usize, j: usize) -> Result<Vec<f64>, Report> {
    let mut cells = Cells::new(j * n);
    for row in 0..table.rows() {
        let k = index.sector(table, "product", row)?;
        let cell = k * n + index.place(table, "place", row)?;
        cells.put(cell, table, row, "gross_output")?;
    }
    Ok(cells.values)
}

/// What is made beyond recorded sales goes where the recorded sales go.
fn close(trade: &mut [f64], recorded: &[f64], made: &[f64], n: usize, notes: &mut Vec<Note>) {
    let (mut missing, mut world, mut cells, mut beyond) = (0.0, 0.0, 0, 0);
    for (row, flows) in trade.chunks_exact_mut(n).enumerate() {
        let (sold, made) = (recorded[row], made[row]);
        world += made.max(sold);
        if made <= sold {
            beyond += usize::from(sold > made * (1.0 + ROUNDING));
            continue;
        }
        if made > sold * (1.0 + ROUNDING) {
            missing += made - sold;
            cells += 1;
        }
        if sold > 0.0 {
            flows.iter_mut().for_each(|flow| *flow *= made / sold);
        } else {
            flows[row % n] = made;
        }
    }
    if cells > 0 {
        notes.push(Note {
            code: "sales_completed",
            message: format!(
                "in {cells} cells of place and sector output is larger than the recorded sales; \
                 the rest ({:.0} percent of the world's output) is assumed to go to the same \
                 buyers in the same shares",
                100.0 * missing / world
            ),
            count: cells,
            rows: Vec::new(),
        });
    }
    if beyond > 0 {
        notes.push(Note {
            code: "output_below_sales",
            message: format!(
                "in {beyond} cells of place and sector the recorded sales are larger than the \
                 output; the sales are used"
            ),
            count: beyond,
            rows: Vec::new(),
        });
    }
}

/// Shares of value added (`place × J + sector`) and inputs (`(place × J + supplying) × J + using`).
fn production(
    table: &Table,
    index: &Index<'_>,
    made: &[f64],
    n: usize,
    j: usize,
) -> Result<(Vec<f64>, Vec<f64>), Report> {
    table.wanted("value")?;
    let mut cells = Cells::new(n * j * j);
    let mut used = vec![0.0; n * j];
    let mut last = vec![0; n * j];
    for row in 0..table.rows() {
        let place = index.place(table, "place", row)?;
        let using = index.sector(table, "using_product", row)?;
        let supplying = index.sector(table, "supplying_product", row)?;
        // National tables book by-products as negative inputs; the model has the bound and the note.
        let worth = match table.number("value", row) {
            Some(number) if number.is_finite() => number,
            _ => value(table, row, "value")?,
        };
        cells.set((place * j + supplying) * j + using, worth, table, row, "value")?;
        used[place * j + using] += worth;
        last[place * j + using] = row;
    }
    let mut inputs = cells.values;
    let mut value_added = vec![0.0; n * j];
    for place in 0..n {
        for using in 0..j {
            let (cell, output) = (place * j + using, made[using * n + place]);
            if used[cell] > output * (1.0 + ROUNDING) {
                return Err(table
                    .problem(
                        "inputs-above-output",
                        last[cell],
                        "value",
                        format!("inputs worth at most the output of {output}"),
                        "check unit and year of inputs and flows; without a table of output the \
                         flows must hold all sales, final ones too",
                    )
                    .value(format!("{} in all", used[cell]))
                    .into());
            }
            for supplying in 0..j {
                let share = &mut inputs[(place * j + supplying) * j + using];
                *share = if output > 0.0 { *share / output } else { 0.0 };
            }
            if output > 0.0 {
                value_added[cell] = (1.0 - used[cell] / output).max(0.0);
            }
        }
    }
    Ok((value_added, inputs))
}

fn elasticities(
    table: &Table,
    index: &Index<'_>,
    sectors: &[String],
) -> Result<SectorElasticities, Report> {
    let mut cells = Cells::new(sectors.len());
    let mut sd = vec![0.0; sectors.len()];
    for row in 0..table.rows() {
        let cell = index.sector(table, "product", row)?;
        cells.put(cell, table, row, "theta")?;
        if table.number("sd", row).is_some() {
            sd[cell] = value(table, row, "sd")?;
        }
    }
    let one = |(&theta, &sd): (&f64, &f64)| match sd > 0.0 {
        true => Elasticity::LogNormal { mean: theta, sd },
        false => Elasticity::Fixed(theta),
    };
    match cells.taken.iter().position(|taken| !taken) {
        None => Ok(SectorElasticities::BySector(cells.values.iter().zip(&sd).map(one).collect())),
        Some(k) => Err(Problem::new(
            "missing-elasticity",
            table.path(),
            "a row for each product of the flows",
            format!("add {}", sectors[k]),
        )
        .column("product")
        .into()),
    }
}
