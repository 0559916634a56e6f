//! `emporion measure rca`: revealed comparative advantage.

use std::path::Path;

use emporion_model::measure::having::Basket;
use emporion_model::measure::rca;
use emporion_model::outcome::{InputError, Note};
use emporion_model::panel::PlaceProduct;
use emporion_tables::Table;
use emporion_tables::hierarchy::Hierarchy;
use emporion_tables::panel::{CellOptions, place_product};
use emporion_tables::sum::{Missing, Sum, SumOptions};

use super::space::{Domain, advice, column, known, per_place, wanted};
use super::{Figures, unit};
use crate::answer::{Advice, Answer, Column, Part, Show};
use crate::args::{self, Absent, Filling, RcaKind};
use crate::data::require;
use crate::failure::Failure;

/// Exports of each place by product.
pub struct Exports {
    /// Places × products.
    pub table: PlaceProduct,
    /// Ids of the rows.
    pub places: Vec<String>,
    /// Ids of the columns.
    pub products: Vec<String>,
    /// Cells without a row, counted.
    pub notes: Vec<Note>,
    /// The total, with what it is of.
    pub whole: Sum,
    /// What a cell without a row was taken as.
    pub absent: Missing,
}

impl Exports {
    /// Cells without a row.
    pub fn absent_cells(&self) -> usize {
        let absent = self.notes.iter().filter(|note| note.code == "absent_as_zero");
        absent.map(|note| note.count).sum()
    }

    /// Some places and some products of it.
    pub fn part(&self, places: &[usize], products: &[usize]) -> Result<Self, Failure> {
        let of = |ids: &[String], kept: &[usize]| kept.iter().map(|at| ids[*at].clone()).collect();
        Ok(Self {
            table: self.table.part(places, products)?,
            places: of(&self.places, places),
            products: of(&self.products, products),
            notes: self.notes.clone(),
            whole: self.whole.clone(),
            absent: self.absent,
        })
    }

    /// Says how many cells have no row, which the default takes as no trade.
    pub fn count_absent(&self, answer: &mut Answer) {
        let label = "Cells without a row (zero)";
        answer.count_if_any("absent_cells", label, self.absent_cells());
    }

    /// Says what the table has.
    pub fn count(&self, answer: &mut Answer) {
        answer.count("places", "Places", "", Show::Whole, self.places.len());
        answer.count("products", "Products", "", Show::Whole, self.products.len());
        self.count_absent(answer);
    }

    /// `zero` or `refuse`.
    pub fn absent_word(&self) -> &'static str {
        if self.absent == Missing::Zero { "zero" } else { "refuse" }
    }
}

/// What a cell without a row means: a table of exports lists what is exported, so no trade, unless
/// the user or the case says otherwise.
fn absent(figures: &Figures<'_>, said: Option<Absent>) -> Missing {
    let stated = figures.data.case().and_then(|case| case.absent("flows"));
    match (said, stated) {
        (Some(Absent::Refuse), _) | (None, Some("refuse")) => Missing::Refuse,
        (Some(Absent::Zero), _) | (None, _) => Missing::Zero,
    }
}

/// Rows as a place-by-product table. A cell without rows is no trade, counted, unless refused.
pub fn exports(
    figures: &Figures<'_>,
    rows: &[usize],
    filling: &Filling,
) -> Result<Exports, Failure> {
    require(figures.table(), &["origin", "product"])?;
    let brought = filling.places.as_deref().map(hierarchy).transpose()?;
    let hierarchy = brought.as_ref().unwrap_or(&figures.hierarchy);
    let options = SumOptions { value: &figures.common.value, ..figures.options() };
    let whole = emporion_tables::sum::sum(figures.table(), rows, hierarchy, options)?;
    let absent = absent(figures, filling.absent);
    let (table, places, products, mut notes) =
        by_product(figures, rows, "origin", absent, hierarchy)?;
    // The guarded sum counts empty values already.
    notes.retain(|note| note.code != "missing_as_zero");
    Ok(Exports { table, places, products, notes, whole, absent })
}

/// Which place lies in which, from a file.
fn hierarchy(path: &Path) -> Result<Hierarchy, Failure> {
    let places = Table::read(path)?;
    require(&places, &["id", "parent"])?;
    Ok(Hierarchy::of_parents(&places))
}

fn by_product(
    figures: &Figures<'_>,
    rows: &[usize],
    place: &str,
    missing: Missing,
    hierarchy: &Hierarchy,
) -> Result<emporion_tables::panel::Exports, Failure> {
    let table = figures.table();
    let partner = if place == "origin" { "destination" } else { "origin" };
    let over: &[&str] = if table.column(partner).is_some() { &[partner] } else { &[] };
    let options = CellOptions { missing, over, hierarchy: Some(hierarchy) };
    Ok(place_product(table, rows, place, "product", &figures.common.value, options)?)
}

/// The index of each place in each product, largest first.
pub fn answer(arguments: &args::Rca, figures: &Figures<'_>) -> Result<Answer, Failure> {
    if arguments.basket.is_some() && arguments.kind != RcaKind::Balassa {
        return Err(Failure::new(
            "--basket compares by Balassa's ratio; leave --kind out, or leave the basket out",
        ));
    }
    if arguments.kind == RcaKind::Rpop && arguments.population.is_none() {
        return Err(Failure::new(
            "--kind rpop needs --population: a file with origin and population, or a column of the \
             case's places",
        ));
    }
    if arguments.kind != RcaKind::Rpop && arguments.population.is_some() {
        return Err(Failure::new("--population is there for --kind rpop; leave it out"));
    }
    let exports = exports(figures, &figures.rows, &arguments.filling)?;
    let mut notes = Vec::new();
    let (index, imports) = match arguments.kind {
        RcaKind::Lafay => {
            let (index, imports) = balances(figures, &exports, &mut notes)?;
            (index, Some(imports))
        }
        _ => (of_exports(arguments, figures, &exports, &mut notes)?, None),
    };
    let places = imports.as_ref().map_or(&exports.places, |imports| &imports.places);
    let products = imports.as_ref().map_or(&exports.products, |imports| &imports.products);
    known("origin", &arguments.place, places)?;
    known("product", &arguments.product, products)?;

    let (key, title) = key_and_title(arguments.kind);
    let mut answer = figures.answer("rca", title);
    answer.option("kind", key);
    answer.option("place", arguments.place.clone());
    answer.option("product", arguments.product.clone());
    answer.option("population", arguments.population.clone());
    let basket = arguments.basket.as_ref().map(|path| path.display().to_string());
    answer.option("basket", basket);
    answer.option("absent", exports.absent_word());
    figures.describe(&mut answer, [&exports.whole]);
    let keys = ["origin", "product"];
    let mut columns = figures.key_columns(&keys);
    let unit = unit([&exports.whole]);
    let money = |key: &str, title: &str| Column::number(key, title, unit.as_str(), Show::Fitting);
    match imports {
        Some(_) => columns.extend([money("exports", "Exports"), money("imports", "Imports")]),
        None => columns.push(money("value", "Value")),
    }
    let scale = if key == "lafay" { "percent of trade" } else { "" };
    let decimals = if key == "normalised_rca" { Show::Scientific } else { Show::Decimals(3) };
    columns.push(Column::number(key, short(arguments.kind), scale, decimals));
    let mut cells = Vec::new();
    for (i, place) in places.iter().enumerate() {
        for (k, product) in products.iter().enumerate() {
            if wanted(&arguments.place, place) && wanted(&arguments.product, product) {
                cells.push((index.at(i, k), i * products.len() + k, [place, product]));
            }
        }
    }
    // Those without an index stand last.
    let size = |index: Option<f64>| index.unwrap_or(f64::NEG_INFINITY);
    cells.sort_by(|a, b| size(b.0).total_cmp(&size(a.0)).then_with(|| a.2.cmp(&b.2)));
    let mut part = Part::new("rows", "", columns);
    for (index, at, key) in cells {
        let mut row = figures.key_cells(&keys, &key.map(Clone::clone));
        match &imports {
            Some(both) => row.extend([both.exports[at].into(), both.imports[at].into()]),
            None => row.push(exports.table.values[at].into()),
        }
        row.push(index.into());
        part.push(row);
    }
    answer.parts.push(part);
    answer.count("places", "Places", "", Show::Whole, places.len());
    answer.count("products", "Products", "", Show::Whole, products.len());
    exports.count_absent(&mut answer);
    answer.say("convention", "Convention", index.convention);
    answer.notes.extend(advice(&exports.notes, &exports));
    answer.notes.extend(notes);
    Ok(answer)
}

fn key_and_title(kind: RcaKind) -> (&'static str, &'static str) {
    match kind {
        RcaKind::Balassa => ("rca", "Revealed comparative advantage (Balassa)"),
        RcaKind::Symmetric => ("symmetric_rca", "Symmetric comparative advantage"),
        RcaKind::Normalised => ("normalised_rca", "Normalised comparative advantage"),
        RcaKind::Additive => ("additive_rca", "Additive comparative advantage"),
        RcaKind::Lafay => ("lafay", "Lafay's index of the trade balance by product"),
        RcaKind::Rpop => ("rpop", "Exports per head over those of all places"),
    }
}

fn short(kind: RcaKind) -> &'static str {
    match kind {
        RcaKind::Balassa => "RCA",
        RcaKind::Symmetric => "Symmetric\nRCA",
        RcaKind::Normalised => "Normalised\nRCA",
        RcaKind::Additive => "Additive\nRCA",
        RcaKind::Lafay => "Lafay",
        RcaKind::Rpop => "RPOP",
    }
}

/// An index by place and product, with what has none.
struct Index {
    values: Vec<f64>,
    products: usize,
    empty_places: Vec<usize>,
    empty_products: Vec<usize>,
    convention: &'static str,
}

impl Index {
    fn of(found: rca::Rca, exports: &Exports, notes: &mut Vec<Advice>) -> Self {
        notes.extend(advice(&found.notes, exports));
        Self {
            values: found.values,
            products: found.products,
            empty_places: found.empty_places,
            empty_products: found.empty_products,
            convention: found.convention,
        }
    }

    fn at(&self, place: usize, product: usize) -> Option<f64> {
        let defined = self.empty_places.binary_search(&place).is_err()
            && self.empty_products.binary_search(&product).is_err();
        defined.then(|| self.values[place * self.products + product])
    }
}

/// The kinds that need exports alone.
fn of_exports(
    arguments: &args::Rca,
    figures: &Figures<'_>,
    exports: &Exports,
    notes: &mut Vec<Advice>,
) -> Result<Index, Failure> {
    let table = &exports.table;
    let told = |error| named(&error, exports);
    let found = match (arguments.kind, &arguments.basket) {
        (RcaKind::Balassa | RcaKind::Lafay, None) => rca::rca(table),
        (_, Some(path)) => {
            let mut said = Vec::new();
            let basket = basket(figures, exports, path, &mut said)?;
            let found = rca::rca_against_part(table, &basket.products, basket.total);
            let index = Index::of(found.map_err(told)?, exports, notes);
            notes.extend(said);
            return Ok(index);
        }
        (RcaKind::Symmetric, None) => rca::symmetric_rca(table),
        (RcaKind::Normalised, None) => rca::normalised_rca(table),
        (RcaKind::Additive, None) => rca::additive_rca(table),
        (RcaKind::Rpop, None) => {
            let source = arguments.population.as_deref().unwrap_or_default();
            rca::rpop(table, &per_place(figures, exports, source, "population", Domain::Positive)?)
        }
    }
    .map_err(told)?;
    Ok(Index::of(found, exports, notes))
}

/// A basket from outside, by the products of the table.
pub fn basket(
    figures: &Figures<'_>,
    exports: &Exports,
    path: &Path,
    notes: &mut Vec<Advice>,
) -> Result<Basket, Failure> {
    let table = Table::read(path)?;
    let (brought, empty) = column(figures, &table, &["product"], "value", Domain::NotNegative)?;
    if let (Some(&row), false) = (empty.first(), figures.common.missing_as_zero) {
        return Err(Failure::new(format!(
            "line {} of {}: product {} has no value; missing is not zero: fill it in, remove the \
             line, or take it as zero with --missing-as-zero",
            table.line(row),
            table.path(),
            table.label("product", row).unwrap_or_default()
        )));
    }
    if !empty.is_empty() {
        let message = "products without a value in the basket were taken as zero";
        notes.push(Advice::new("basket_missing_as_zero", message, empty.len()));
    }
    let of = |id: &String| brought.get(id).copied().unwrap_or(0.0);
    let products = exports.products.iter().map(of).collect();
    Ok(Basket { products, total: brought.values().sum() })
}

/// Exports and imports over the places and products of either.
struct Both {
    places: Vec<String>,
    products: Vec<String>,
    exports: Vec<f64>,
    imports: Vec<f64>,
}

/// Lafay's index of each place.
fn balances(
    figures: &Figures<'_>,
    exports: &Exports,
    notes: &mut Vec<Advice>,
) -> Result<(Index, Both), Failure> {
    require(figures.table(), &["destination"])?;
    let (table, places, products, _) =
        by_product(figures, &figures.rows, "destination", exports.absent, &figures.hierarchy)?;
    let merged = |a: &[String], b: &[String]| {
        let mut all = [a, b].concat();
        all.sort();
        all.dedup();
        all
    };
    let (all, lines) = (merged(&exports.places, &places), merged(&exports.products, &products));
    let spread = |table: &PlaceProduct, places: &[String], products: &[String]| {
        let mut out = vec![0.0; all.len() * lines.len()];
        let at = |list: &[String], id: &String| list.binary_search(id).unwrap_or_default();
        let columns: Vec<usize> = products.iter().map(|id| at(&lines, id)).collect();
        for (i, id) in places.iter().enumerate() {
            for (k, column) in columns.iter().enumerate() {
                out[at(&all, id) * lines.len() + column] = table.values[i * products.len() + k];
            }
        }
        out
    };
    let both = Both {
        exports: spread(&exports.table, &exports.places, &exports.products),
        imports: spread(&table, &places, &products),
        places: all.clone(),
        products: lines.clone(),
    };
    let mut index = Index {
        values: Vec::with_capacity(both.exports.len()),
        products: lines.len(),
        empty_places: Vec::new(),
        empty_products: Vec::new(),
        convention: "lafay: 100 [(x-m)/(x+m) - (X-M)/(X+M)] (x+m)/(X+M), Lafay 1992; sums to 0 \
                     over the products of a place",
    };
    let m = lines.len();
    for i in 0..all.len() {
        let (x, y) = (&both.exports[i * m..(i + 1) * m], &both.imports[i * m..(i + 1) * m]);
        if x.iter().chain(y).all(|value| *value == 0.0) {
            index.empty_places.push(i);
            index.values.extend(std::iter::repeat_n(0.0, m));
        } else {
            index.values.extend(rca::lafay(x, y)?);
        }
    }
    if !index.empty_places.is_empty() {
        let ids: Vec<&str> = index.empty_places.iter().map(|i| all[*i].as_str()).collect();
        let message = format!("places without trade have no index: {}", super::space::few(&ids));
        notes.push(Advice::new("empty_places", message, ids.len()));
    }
    Ok((index, both))
}

/// A kernel speaks of positions, `places 0, 1 with products 2`; a reader knows ids.
pub fn named(error: &InputError, exports: &Exports) -> Failure {
    Failure::new(with_ids(&error.to_string(), exports))
}

/// A text of a kernel with ids in place of positions.
pub fn with_ids(text: &str, exports: &Exports) -> String {
    emporion_tables::named::with_ids(text, &exports.places, &exports.products)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_become_ids() {
        let sum = Sum {
            value: 1.0,
            unit: None,
            side: None,
            scope: None,
            measure: None,
            period: None,
            year: None,
            bound: "=".into(),
            statuses: vec![],
            sources: vec![],
            rows: vec![],
            missing: vec![],
        };
        let exports = Exports {
            table: PlaceProduct::new(2, 1, vec![1.0, 1.0]).unwrap(),
            places: vec!["A".into(), "B".into()],
            products: vec!["x".into()],
            notes: vec![],
            whole: sum,
            absent: Missing::Zero,
        };
        let error = InputError::Undefined {
            what: "ECI".into(),
            reason: "2 parts (places 0, 1 with products 0; place 7)".into(),
            remedy: "ask for 1".into(),
        };
        let told = format!("{:?}", named(&error, &exports));
        assert!(told.contains("2 parts (places A, B with products x; place 7)"), "{told}");
        assert!(told.contains("ask for 1"), "{told}");
    }
}
