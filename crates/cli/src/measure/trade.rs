//! The trade indices: what they share is here, each family has one file.

mod baskets;
mod change;
mod intensity;
mod intra_industry;
mod margins;
mod new_products;
mod places;
mod potential;
mod potential_gravity;

use emporion_model::measure::bilateral::Bilateral;
use emporion_model::measure::intensity::World;
use emporion_model::outcome::{InputError, Note};
use emporion_tables::Table;
use emporion_tables::bilateral::{Labels, Reading, bilateral};
use emporion_tables::named::note_about;
use emporion_tables::problem::nearest;
use emporion_tables::sum::{Missing, Sum};

pub use change::years;

use super::Figures;
use crate::answer::{Advice, Answer, Part};
use crate::args::{self, TradeIndex};
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Progress;
use crate::render::render_shaped;

/// Computes a trade index.
pub fn run(index: &TradeIndex, progress: &Progress) -> Result<Output, Failure> {
    let common = index.trade().common();
    let figures = Figures::open(&common, progress)?;
    crate::data::require(figures.table(), &["origin", &common.value])?;
    let over_products = match index {
        TradeIndex::Concentration(arguments) => arguments.over == args::Over::Product,
        TradeIndex::Specialisation(_) => true,
        _ => false,
    };
    if !over_products {
        crate::data::require(figures.table(), &["destination"])?;
    }
    progress.step("measuring");
    let mut answer = match index {
        TradeIndex::Intensity(arguments) => intensity::answer(arguments, &figures),
        TradeIndex::Complementarity(arguments) => baskets::complementarity(arguments, &figures),
        TradeIndex::Similarity(arguments) => baskets::similarity(arguments, &figures),
        TradeIndex::IntraIndustry(arguments) => intra_industry::answer(arguments, &figures),
        TradeIndex::Concentration(arguments) => places::concentration(arguments, &figures),
        TradeIndex::Specialisation(arguments) => places::specialisation(arguments, &figures),
        TradeIndex::Penetration(arguments) => places::penetration(arguments, &figures),
        TradeIndex::Margins(arguments) => margins::answer(arguments, &figures),
        TradeIndex::Decompose(arguments) => change::decompose(arguments, &figures),
        TradeIndex::MarketShare(arguments) => change::market_share(arguments, &figures),
        TradeIndex::Potential(arguments) => potential::answer(arguments, &figures, progress),
    }?;
    answer.option("domestic", false);
    render_shaped(answer, &common.shape)
}

impl From<args::World> for World {
    fn from(world: args::World) -> Self {
        match world {
            args::World::WithSource => Self::WithSource,
            args::World::WithoutSource => Self::WithoutSource,
        }
    }
}

/// The flows of one year with their ids.
struct Flows {
    table: Bilateral,
    labels: Labels,
    whole: Sum,
}

/// A side of trade: its name and the positions of its members.
struct Side {
    name: String,
    members: Vec<usize>,
}

impl Flows {
    /// All rows selected, of one year.
    fn open(figures: &Figures<'_>) -> Result<Self, Failure> {
        Self::with_quantity(figures, None)
    }

    fn with_quantity(figures: &Figures<'_>, quantity: Option<&str>) -> Result<Self, Failure> {
        if figures.rows.is_empty() {
            // The plain sum knows how to refuse an empty selection.
            let _ = figures.sum(&[])?;
        }
        let labels = match figures.table().column("destination") {
            Some(_) => Labels::of(figures.table(), &figures.rows)?,
            None => Labels::of_exporters(figures.table(), &figures.rows)?,
        };
        Self::of_rows(figures, &figures.rows, labels, quantity)
    }

    fn of_rows(
        figures: &Figures<'_>,
        rows: &[usize],
        labels: Labels,
        quantity: Option<&str>,
    ) -> Result<Self, Failure> {
        let missing = match figures.common.missing_as_zero {
            true => Missing::Zero,
            false => Missing::Refuse,
        };
        let value = &figures.common.value;
        let reading = Reading { value, quantity, missing, hierarchy: &figures.hierarchy };
        let (table, whole) = bilateral(figures.table(), rows, &labels, reading)?;
        Ok(Self { table, labels, whole })
    }

    /// The rows of each of several years, over the same places and products.
    fn of_years(figures: &Figures<'_>, years: &[i32]) -> Result<Vec<Self>, Failure> {
        crate::data::require(figures.table(), &["year"])?;
        let rows: Vec<Vec<usize>> =
            years.iter().map(|year| figures.with_year(*year)).collect::<Result<_, _>>()?;
        let all = rows.concat();
        figures.comparable(&all)?;
        let labels = Labels::of(figures.table(), &all)?;
        rows.iter().map(|rows| Self::of_rows(figures, rows, labels.clone(), None)).collect()
    }

    /// The sides named; every place where none is.
    fn sides(&self, figures: &Figures<'_>, named: &[String]) -> Result<Vec<Side>, Failure> {
        if named.is_empty() {
            let places = self.labels.places.iter().enumerate();
            return Ok(places
                .map(|(at, id)| Side { name: id.clone(), members: vec![at] })
                .collect());
        }
        named.iter().map(|name| self.side(figures, name)).collect()
    }

    /// A place, a group, or several joined by `/`.
    fn side(&self, figures: &Figures<'_>, name: &str) -> Result<Side, Failure> {
        let mut members = Vec::new();
        for part in name.split('/') {
            // Members of a group without a row trade nothing.
            let ids = figures.data.members(part);
            let known: Vec<usize> = ids.iter().filter_map(|id| self.labels.place(id)).collect();
            if known.is_empty() {
                return Err(unknown("place", part, &self.labels.places));
            }
            members.extend(known);
        }
        members.sort_unstable();
        members.dedup();
        Ok(Side { name: name.to_owned(), members })
    }

    /// Positions of places; a group stands for its members, and every place for none named.
    fn places(&self, figures: &Figures<'_>, named: &[String]) -> Result<Vec<usize>, Failure> {
        let mut places = Vec::new();
        for side in self.sides(figures, named)? {
            for member in side.members {
                if !places.contains(&member) {
                    places.push(member);
                }
            }
        }
        Ok(places)
    }

    /// Positions of the products named.
    fn products(&self, named: &[String]) -> Result<Vec<usize>, Failure> {
        let find = |id: &String| {
            self.labels.product(id).ok_or_else(|| unknown("product", id, &self.labels.products))
        };
        named.iter().map(find).collect()
    }

    /// Says what the figures are of, and what was done with rows.
    fn describe(&self, figures: &Figures<'_>, answer: &mut Answer) {
        figures.describe(answer, [&self.whole]);
        self.note(figures, answer);
    }

    fn note(&self, figures: &Figures<'_>, answer: &mut Answer) {
        if !has_products(figures.table()) {
            answer.note(Advice::new(
                "without_products",
                "the table has no column product: all trade counts as one product",
                1,
            ));
        }
        if figures.table().column("destination").is_none() {
            answer.note(Advice::new(
                "without_markets",
                "the table has no column destination: sales of a place to itself, if it has any, \
                 are among its exports",
                1,
            ));
        }
        // Empty values are noted by the guarded sum.
        let notes = self.table.notes.iter().filter(|note| note.code != "missing_as_zero");
        answer.notes.extend(notes.map(Into::into));
    }

    fn unit(&self) -> String {
        self.whole.unit.clone().unwrap_or_default()
    }
}

impl Figures<'_> {
    /// The rows of a year; refused when there are none.
    pub fn with_year(&self, year: i32) -> Result<Vec<usize>, Failure> {
        let table = self.table();
        let wanted = year.to_string();
        let is = |row: &usize| match table.number("year", *row) {
            Some(number) => number == f64::from(year),
            None => table.text("year", *row) == Some(wanted.as_str()),
        };
        let rows: Vec<usize> = self.rows.iter().copied().filter(is).collect();
        if rows.is_empty() {
            return Err(Failure::new(format!(
                "no row selected is of {year}; check the year, or the conditions of --where"
            )));
        }
        Ok(rows)
    }
}

/// A kernel's refusal, with the places it speaks of.
fn refused(who: &str) -> impl Fn(InputError) -> Failure + use<> {
    let who = who.to_owned();
    move |error| Failure::new(format!("{who}: {error}"))
}

/// The word of an option, such as `with_source`.
pub fn word(option: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(option).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// Say how many pairs have no answer; with none that has one, refuse with the reason of the first.
fn note_undefined(undefined: &[String], part: &Part, answer: &mut Answer) -> Result<(), Failure> {
    let Some(first) = undefined.first() else { return Ok(()) };
    if part.rows.is_empty() {
        return Err(Failure::new(first.clone()));
    }
    let message =
        format!("{} pairs without an answer are left out, the first {first}", undefined.len());
    answer.note(Advice::new("undefined_left_out", message, undefined.len()));
    Ok(())
}

fn has_products(table: &Table) -> bool {
    table.column("product").is_some()
}

/// An id that no row has.
fn unknown(what: &str, id: &str, known: &[String]) -> Failure {
    let near = nearest(id, known.iter().map(String::as_str));
    let hint = match near.is_empty() {
        true => {
            format!("it has {}, …", known.iter().take(8).cloned().collect::<Vec<_>>().join(", "))
        }
        false => format!("did you mean {}?", near.join(" or ")),
    };
    Failure::new(format!("no row selected has the {what} {id}; {hint}"))
}

/// Remarks of a kernel about positions of places, with their ids.
fn named(notes: &[Note], ids: &[String]) -> Vec<Advice> {
    let of = |note: &Note| Advice::new(note.code, note_about(note, ids), note.count);
    notes.iter().map(of).collect()
}
