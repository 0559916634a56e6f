//! Counterfactuals on a table of flows.

use emporion_model::outcome::{InputError, Note, Status};
use emporion_model::panel::SquareFlows;
use emporion_model::simulate::{
    Diversion, Equilibrium, OneSectorOptions, Shock, Shocks, diversion, one_sector, shock,
};
use emporion_tables::hierarchy::Hierarchy;
use emporion_tables::panel::{CellOptions, square};
use emporion_tables::sum::Missing;
use emporion_tables::{Problem, Report, Table};

/// A closed world of places and the flows among them.
#[derive(Debug, Clone)]
pub struct World {
    /// Ids of the places, in alphabetical order.
    pub places: Vec<String>,
    /// Flows among them, own trade on the diagonal.
    pub flows: SquareFlows,
    /// Unit of the flows.
    pub unit: String,
    /// Rows summed.
    pub rows: Vec<usize>,
    /// Pairs without a row that count as zero.
    pub notes: Vec<Note>,
}

impl World {
    /// Sums the rows into a square table.
    ///
    /// # Errors
    ///
    /// As [`square`]: mixed units, sides, scopes or periods; double counting; a pair without a row,
    /// unless such pairs are declared to be zero.
    pub fn new(
        table: &Table,
        rows: &[usize],
        hierarchy: &Hierarchy,
        missing: Missing,
    ) -> Result<Self, Report> {
        let over: &[&str] = if table.column("product").is_some() { &["product"] } else { &[] };
        let options = CellOptions { missing, over, hierarchy: Some(hierarchy) };
        let (flows, places, notes) =
            square(table, rows, "origin", "destination", "value", options)?;
        let unit = rows.first().and_then(|&row| table.text("unit", row)).unwrap_or_default();
        let unit = unit.to_owned();
        Ok(Self { places, flows, unit, rows: rows.to_vec(), notes })
    }

    /// The position of a place.
    ///
    /// # Errors
    ///
    /// Naming the places there are, when this one is not among them.
    pub fn position(&self, id: &str) -> Result<usize, Report> {
        self.places.iter().position(|place| place == id).ok_or_else(|| {
            let near =
                emporion_tables::problem::nearest(id, self.places.iter().map(String::as_str));
            Problem::new(
                "unknown-place",
                "scenario",
                format!("one of the {} places of the flows", self.places.len()),
                if near.is_empty() {
                    format!("they are {}", self.places.join(" "))
                } else {
                    format!("did you mean {}?", near.join(" or "))
                },
            )
            .value(id)
            .into()
        })
    }
}

/// What happens in a counterfactual.
#[derive(Debug, Clone, PartialEq)]
pub enum Scenario {
    /// Two groups trade with each other more easily: ln phi rises by `beta` in both directions.
    Agreement {
        /// Ids of one side.
        a: Vec<String>,
        /// Ids of the other side.
        b: Vec<String>,
        /// Change of ln phi, as a gravity coefficient.
        beta: f64,
    },
    /// A market takes nothing from an exporter any more.
    Close {
        /// The exporter.
        exporter: String,
        /// The markets that close.
        markets: Vec<String>,
    },
}

impl Scenario {
    /// beta on every pair.
    ///
    /// # Errors
    ///
    /// Unknown places, a shock on own trade, a size that is no number.
    pub fn shocks(&self, world: &World) -> Result<Shocks, Report> {
        let positions = |ids: &[String]| -> Result<Vec<usize>, Report> {
            ids.iter().map(|id| world.position(id)).collect()
        };
        let list: Vec<Shock> = match self {
            Self::Agreement { a, b, beta } => {
                let (a, b) = (positions(a)?, positions(b)?);
                shock::agreement(&a, &b, *beta, 1.0)
            }
            Self::Close { exporter, markets } => {
                shock::closed_markets(world.position(exporter)?, &positions(markets)?, false)
            }
        };
        Shocks::from_list(world.flows.n, &list).map_err(|e| refused_scenario(&world.places, &e))
    }
}

/// A counterfactual with its names.
#[derive(Debug, Clone)]
pub struct Counterfactual {
    /// The solved world, in the order of the world's places.
    pub equilibrium: Equilibrium,
    /// The account of the lost sales, for a closed market.
    pub diversion: Option<Diversion>,
}

/// Solves a scenario.
///
/// # Errors
///
/// For unknown places, a shock on own trade or named twice, and for a solution that did not
/// converge: no number leaves an unsolved world.
pub fn run(
    world: &World,
    scenario: &Scenario,
    options: &OneSectorOptions,
) -> Result<Counterfactual, Report> {
    let shocks = scenario.shocks(world)?;
    let model = |e: InputError| refused_scenario(&world.places, &e);
    let equilibrium = one_sector(&world.flows, &shocks, options).map_err(model)?;
    if equilibrium.status != Status::Converged {
        let named = |text: &str| named(&world.places, text);
        let ended = (equilibrium.status, equilibrium.residual, equilibrium.iterations);
        return Err(not_solved("scenario", named, "", ended, &equilibrium.notes));
    }
    let diversion = match scenario {
        Scenario::Close { exporter, markets } => {
            let markets: Vec<usize> =
                markets.iter().map(|m| world.position(m)).collect::<Result<_, _>>()?;
            Some(diversion(&equilibrium, world.position(exporter)?, &markets).map_err(model)?)
        }
        Scenario::Agreement { .. } => None,
    };
    Ok(Counterfactual { equilibrium, diversion })
}

/// Why a world has no numbers: its status, what was left over, and what the kernel noted.
pub fn not_solved(
    file: &str,
    named: impl Fn(&str) -> String,
    name: &str,
    (status, residual, iterations): (Status, f64, usize),
    notes: &[Note],
) -> Report {
    let notes: String = notes.iter().map(|note| format!("; {}", note.message)).collect();
    let residual = match residual.is_finite() {
        true => format!(", residual {residual:.1e} after {iterations} steps"),
        false => String::new(),
    };
    let name = if name.is_empty() { String::new() } else { format!("{name}: ") };
    let why = named(&format!("status {status:?}{residual}{notes}"));
    Problem::new("not-solved", file, "an equilibrium", format!("{name}{why}")).into()
}

fn refused_scenario(places: &[String], error: &InputError) -> Report {
    Problem::new(
        "refused",
        "scenario",
        "a scenario that a model can use",
        named(places, &error.to_string()),
    )
    .into()
}

/// Kernels speak of `place 17`; readers know names.
#[must_use]
pub fn named(places: &[String], text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("place ") {
        let (head, tail) = rest.split_at(at + "place ".len());
        out.push_str(head);
        let digits = tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        match tail[..digits].parse::<usize>().ok().and_then(|i| places.get(i)) {
            Some(name) => out.push_str(name),
            None => out.push_str(&tail[..digits]),
        }
        rest = &tail[digits..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_become_names() {
        let places = ["AAA".to_owned(), "BBB".to_owned()];
        assert_eq!(
            named(&places, "place 1 sells to place 0; place 7"),
            "place BBB sells to place AAA; place 7"
        );
    }
}
