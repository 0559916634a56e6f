//! Revealed comparative advantage of places in products, in four scales.

use serde::Serialize;

use super::{check_length, check_values};
use crate::outcome::{InputError, Note};
use crate::panel::PlaceProduct;

/// Comparative advantage of each place in each product.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Rca {
    /// Places (rows).
    pub places: usize,
    /// Products (columns).
    pub products: usize,
    /// Values, row-major, places × products. Rows of `empty_places` and columns of
    /// `empty_products` hold the value of "no exports", not an estimate.
    pub values: Vec<f64>,
    /// Places without any exports: their advantage does not exist.
    pub empty_places: Vec<usize>,
    /// Products that nobody exports.
    pub empty_products: Vec<usize>,
    /// `empty_places` and `empty_products` as notes.
    pub notes: Vec<Note>,
    /// The formula, in one line.
    pub convention: &'static str,
}

impl Rca {
    /// Of a cell; none where place or product has no trade.
    #[must_use]
    pub fn of(&self, place: usize, product: usize) -> Option<f64> {
        let traded = self.empty_places.binary_search(&place).is_err()
            && self.empty_products.binary_search(&product).is_err();
        traded.then(|| self.values[place * self.products + product])
    }

    /// The index of some places in some products, none of them empty: that of the whole, cut.
    pub(super) fn part(mut self, places: &[usize], products: &[usize]) -> Self {
        let (m, all) = (self.products, std::mem::take(&mut self.values));
        let cells = places.iter().flat_map(|i| products.iter().map(move |k| i * m + k));
        self.values = cells.map(|cell| all[cell]).collect();
        (self.places, self.products) = (places.len(), products.len());
        (self.empty_places, self.empty_products) = Default::default();
        self.notes.clear();
        self
    }
}

/// Balassa's index.
///
/// ```text
/// RCA_ik = (x_ik / x_i.) / (x_.k / x_..)
/// ```
///
/// # Notation
///
/// | symbol | field | shape | unit |
/// | --- | --- | --- | --- |
/// | x_ik | `table.values` | places × products, row-major | the table's |
/// | RCA_ik | `values` | places × products, row-major | ratio; 1 is the table's average |
///
/// # Assumptions
///
/// The table is the world: a region beside its own country would count twice. A place without
/// exports and a product without exporters have no index; their cells are 0 and they are listed.
///
/// # Errors
///
/// [`InputError::Value`] for a negative or infinite value, [`InputError::Empty`] for a table
/// without trade.
///
/// # Cost
///
/// Time and memory in places × products.
///
/// # Source
///
/// Balassa 1965, The Manchester School 33, p. 106.
///
/// # Example
///
/// ```
/// use emporion_model::{measure::rca::rca, panel::PlaceProduct};
/// let table = PlaceProduct::new(2, 2, vec![3.0, 1.0, 1.0, 3.0])?;
/// assert_eq!(rca(&table)?.values, [1.5, 0.5, 0.5, 1.5]);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn rca(table: &PlaceProduct) -> Result<Rca, InputError> {
    by_cell(table, "rca: (x_ik/x_i.)/(x_.k/x_..), Balassa 1965", |x, row, column, total| {
        (x / row) / (column / total)
    })
}

/// Symmetric index, from -1 to 1.
///
/// ```text
/// S_ik = (RCA_ik - 1) / (RCA_ik + 1)
/// ```
///
/// Notation, assumptions and errors as [`rca`]; cells of empty places and products are -1, the
/// value of "no exports".
///
/// # Source
///
/// Dalum, Laursen, Villumsen 1998.
pub fn symmetric_rca(table: &PlaceProduct) -> Result<Rca, InputError> {
    let mut out = rca(table)?;
    for value in &mut out.values {
        *value = (*value - 1.0) / (*value + 1.0);
    }
    out.convention = "symmetric_rca: (rca-1)/(rca+1), Dalum, Laursen, Villumsen 1998";
    Ok(out)
}

/// Normalised index: difference from the expected flow in parts of the total; sums to 0 over
/// each row and column.
///
/// ```text
/// N_ik = x_ik / x_.. - x_i. x_.k / x_..²
/// ```
///
/// Notation, assumptions and errors as [`rca`]; empty places and products are exactly 0 and still
/// listed.
///
/// # Source
///
/// Yu, Cai, Leung 2009, Annals of Regional Science 43.
pub fn normalised_rca(table: &PlaceProduct) -> Result<Rca, InputError> {
    by_cell(
        table,
        "normalised_rca: x_ik/x_.. - x_i. x_.k/x_..^2, Yu, Cai, Leung 2009",
        |x, row, column, total| x / total - (row / total) * (column / total),
    )
}

/// Additive index: difference of shares; sums to 0 over products.
///
/// ```text
/// A_ik = x_ik / x_i. - x_.k / x_..
/// ```
///
/// Notation, assumptions and errors as [`rca`]. A place without exports has no shares: its row is
/// 0 and it is listed.
///
/// # Source
///
/// Hoen, Oosterhaven 2006, Annals of Regional Science 40.
pub fn additive_rca(table: &PlaceProduct) -> Result<Rca, InputError> {
    by_cell(
        table,
        "additive_rca: x_ik/x_i. - x_.k/x_.., Hoen, Oosterhaven 2006",
        |x, row, column, total| x / row - column / total,
    )
}

/// Balassa's index against a basket from outside the table: regions against their country or
/// the world, without counting a region twice.
///
/// ```text
/// RCA_ik = (x_ik / x_i.) / (b_k / b.)
/// ```
///
/// # Notation
///
/// | symbol | argument | shape | unit |
/// | --- | --- | --- | --- |
/// | x_ik | `table.values` | places × products | the table's |
/// | b_k | `basket` | products | its own |
///
/// # Assumptions
///
/// As [`rca`]. A product missing from the basket has no index: its column is 0 and it is listed.
///
/// # Errors
///
/// As [`rca`]; [`InputError::Length`] when the basket does not list every product.
pub fn rca_against(table: &PlaceProduct, basket: &[f64]) -> Result<Rca, InputError> {
    check_length("basket", table.products, basket.len())?;
    check_values("basket", basket, "a basket is finite and not negative")?;
    let mut margins = Margins::of(table)?;
    margins.product = basket.to_vec();
    margins.total = basket.iter().sum();
    if margins.total <= 0.0 {
        return Err(InputError::Empty {
            what: "basket".into(),
            remedy: "give a basket with at least one positive product".into(),
        });
    }
    let convention = "rca_against: (x_ik/x_i.)/(b_k/b.), Balassa 1965 with an outside basket b";
    let formula = |x, row, column, total| (x / row) / (column / total);
    let mut found = fill(table, &margins, convention, formula);
    for note in found.notes.iter_mut().filter(|note| note.code == "empty_products") {
        note.code = "outside_basket_products";
        note.message = "products that the basket does not have, or has 0 of, have no advantage; \
                        add them to it"
            .into();
    }
    Ok(found)
}

/// [`rca_against`] with a basket whose total is more than the products of the table: `total` counts
/// those that the table does not have too.
///
/// # Errors
///
/// As [`rca_against`].
pub fn rca_against_part(
    table: &PlaceProduct,
    basket: &[f64],
    total: f64,
) -> Result<Rca, InputError> {
    let mut found = rca_against(table, basket)?;
    let share = total / basket.iter().sum::<f64>();
    found.values.iter_mut().for_each(|value| *value *= share);
    Ok(found)
}

/// Exports per head against the table's exports per head.
///
/// ```text
/// RPOP_ik = (x_ik / n_i) / (x_.k / n_.)
/// ```
///
/// with n_i people in place i (`population`, places long, positive) and n_. those of all places.
/// Notation, assumptions and errors as [`rca`]; [`InputError::Length`] and [`InputError::Setting`]
/// for a population that does not fit. A place without exports has 0 and is listed.
///
/// # Source
///
/// Hausmann et al., The Atlas of Economic Complexity, 2014, p. 25, note; the option `rpop` of the
/// Growth Lab's programs.
pub fn rpop(table: &PlaceProduct, population: &[f64]) -> Result<Rca, InputError> {
    check_length("population", table.places, population.len())?;
    if let Some(i) = population.iter().position(|n| !(n.is_finite() && *n > 0.0)) {
        return Err(InputError::Setting {
            what: format!("population of place {i}"),
            expected: "a positive number".into(),
            got: population[i].to_string(),
            remedy: "give every place its people, or leave the place out".into(),
        });
    }
    let people: f64 = population.iter().sum();
    let mut out = by_cell(table, "rpop: (x_ik/n_i)/(x_.k/n_.), n people", |x, _, column, _| {
        x / (column / people)
    })?;
    for (row, own) in out.values.chunks_mut(table.products.max(1)).zip(population) {
        row.iter_mut().for_each(|value| *value /= own);
    }
    Ok(out)
}

/// Lafay's index of one place: the part that a product takes in its trade balance, above what its
/// size would give it; sums to 0 over products.
///
/// ```text
/// LFI_k = 100 [ (x_k - m_k)/(x_k + m_k) - (X - M)/(X + M) ] (x_k + m_k)/(X + M)
/// ```
///
/// # Notation
///
/// | symbol | argument or result | shape | unit |
/// | --- | --- | --- | --- |
/// | x_k, m_k | `exports`, `imports` | products | any, the same |
/// | X, M | their sums | | the same |
/// | LFI_k | the result | products | parts of 100 of the place's trade |
///
/// # Assumptions
///
/// A product neither exported nor imported adds nothing: 0.
///
/// # Errors
///
/// [`InputError::Length`] for lists of different length, [`InputError::Value`] for a negative or
/// infinite flow, [`InputError::Empty`] without any trade.
///
/// # Source
///
/// Lafay 1992, in Dagenais and Muet, International Trade Modelling, p. 210.
///
/// # Example
///
/// ```
/// use emporion_model::measure::rca::lafay;
/// assert_eq!(lafay(&[3.0, 1.0], &[1.0, 3.0])?, [25.0, -25.0]);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn lafay(exports: &[f64], imports: &[f64]) -> Result<Vec<f64>, InputError> {
    check_length("imports", exports.len(), imports.len())?;
    check_values("exports", exports, "exports are finite and not negative")?;
    check_values("imports", imports, "imports are finite and not negative")?;
    let (all_exports, all_imports): (f64, f64) = (exports.iter().sum(), imports.iter().sum());
    let trade = all_exports + all_imports;
    if trade <= 0.0 {
        return Err(InputError::Empty {
            what: "exports and imports".into(),
            remedy: "give at least one positive flow".into(),
        });
    }
    let balance = (all_exports - all_imports) / trade;
    let index = |(x, m): (&f64, &f64)| 100.0 * ((x - m) - balance * (x + m)) / trade;
    Ok(exports.iter().zip(imports).map(index).collect())
}

/// Row sums, column sums and total of a table.
pub(super) struct Margins {
    pub(super) place: Vec<f64>,
    pub(super) product: Vec<f64>,
    pub(super) total: f64,
}

impl Margins {
    pub(super) fn of(table: &PlaceProduct) -> Result<Self, InputError> {
        check_length("place-by-product table", table.places * table.products, table.values.len())?;
        let remedy = "exports are finite and not negative; settle gaps and signs at the source";
        check_values("place-by-product table", &table.values, remedy)?;
        let mut place = vec![0.0; table.places];
        let mut product = vec![0.0; table.products];
        for (sum, row) in place.iter_mut().zip(table.values.chunks_exact(table.products.max(1))) {
            for (column, x) in product.iter_mut().zip(row) {
                *sum += x;
                *column += x;
            }
        }
        let total: f64 = place.iter().sum();
        if total <= 0.0 {
            return Err(InputError::Empty {
                what: "place-by-product table".into(),
                remedy: "it needs at least one positive flow".into(),
            });
        }
        Ok(Self { place, product, total })
    }
}

fn by_cell(
    table: &PlaceProduct,
    convention: &'static str,
    formula: impl Fn(f64, f64, f64, f64) -> f64,
) -> Result<Rca, InputError> {
    Ok(fill(table, &Margins::of(table)?, convention, formula))
}

fn fill(
    table: &PlaceProduct,
    margins: &Margins,
    convention: &'static str,
    formula: impl Fn(f64, f64, f64, f64) -> f64,
) -> Rca {
    let zeros = |sums: &[f64]| -> Vec<usize> {
        sums.iter().enumerate().filter(|(_, s)| **s <= 0.0).map(|(i, _)| i).collect()
    };
    let (empty_places, empty_products) = (zeros(&margins.place), zeros(&margins.product));
    let mut values = vec![0.0; table.values.len()];
    let width = table.products.max(1);
    let rows = values.chunks_exact_mut(width).zip(table.values.chunks_exact(width));
    for ((out, own), row) in rows.zip(&margins.place).filter(|(_, row)| **row > 0.0) {
        for ((out, x), column) in out.iter_mut().zip(own).zip(&margins.product) {
            if *column > 0.0 {
                *out = formula(*x, *row, *column, margins.total);
            }
        }
    }
    let mut notes = Vec::new();
    for (code, message, rows) in [
        ("empty_places", "places without exports have no advantage", &empty_places),
        ("empty_products", "products without exporters have no advantage", &empty_products),
    ] {
        if !rows.is_empty() {
            let (count, rows) = (rows.len(), rows.clone());
            notes.push(Note { code, message: message.into(), count, rows });
        }
    }
    Rca {
        places: table.places,
        products: table.products,
        values,
        empty_places,
        empty_products,
        notes,
        convention,
    }
}
