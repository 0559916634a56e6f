//! A bilateral table by product, sparse: what the trade indices are computed on.

use super::table::{Duplicates, Gap, refuse};
use crate::outcome::{InputError, Note};
use crate::panel::{PlaceProduct, SquareFlows, amount};

/// One row of a bilateral table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlowRow {
    /// Exporter, id from 0.
    pub origin: usize,
    /// Importer, id from 0.
    pub destination: usize,
    /// Product, id from 0.
    pub product: usize,
    /// Value; none when the source says that it is missing.
    pub value: Option<f64>,
    /// Quantity; none when it is not known.
    pub quantity: Option<f64>,
}

/// One positive flow of a bilateral table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flow {
    /// Exporter, id from 0.
    pub origin: usize,
    /// Importer, id from 0.
    pub destination: usize,
    /// Product, id from 0.
    pub product: usize,
    /// Value, above 0.
    pub value: f64,
    /// Quantity, above 0; none when it is not known.
    pub quantity: Option<f64>,
}

/// How rows become a bilateral table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BilateralOptions {
    /// Two rows for one cell; refused by default.
    pub duplicates: Duplicates,
    /// A row whose value is missing; refused by default, since missing is not zero.
    pub missing: Gap,
    /// Whether the sales of a place to itself stay in; the indices of trade leave them out.
    pub domestic: bool,
}

/// Positive flows by origin, destination and product, sorted, each cell once.
///
/// # Notation
///
/// | symbol | field or method | shape |
/// | --- | --- | --- |
/// | x_ijk | [`flows`](Self::flows) | sparse |
/// | x_i.k | [`exports`](Self::exports) | places × products |
/// | x_.jk | [`imports`](Self::imports) | places × products |
/// | x_ij. | [`pairs`](Self::pairs) | places × places |
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Bilateral {
    /// Number of places, origins and destinations alike.
    pub places: usize,
    /// Number of products: the declared classification.
    pub products: usize,
    flows: Vec<Flow>,
    /// `missing_as_zero`, `duplicates_summed`, `domestic_left_out`, each with its count.
    pub notes: Vec<Note>,
}

impl Bilateral {
    /// Makes the table from rows.
    ///
    /// # Assumptions
    ///
    /// A cell without a row is no flow, as trade statistics list positive flows only. A quantity
    /// that is not positive is not known.
    ///
    /// # Errors
    ///
    /// [`InputError::Setting`] for an id out of range, a duplicate (both rows named) or a missing
    /// value, unless told otherwise; [`InputError::Value`] naming the row of a negative or
    /// infinite value or quantity.
    ///
    /// # Cost
    ///
    /// n log n in the rows.
    pub fn new(
        places: usize,
        products: usize,
        rows: &[FlowRow],
        options: &BilateralOptions,
    ) -> Result<Self, InputError> {
        let mut found: Vec<(Flow, usize)> = Vec::with_capacity(rows.len());
        let (mut missing, mut domestic) = (Vec::new(), Vec::new());
        for (index, row) in rows.iter().enumerate() {
            check_row(index, row, places, products)?;
            if row.origin == row.destination && !options.domestic {
                domestic.push(index);
                continue;
            }
            let value = match (row.value, options.missing) {
                (Some(value), _) => value,
                (None, Gap::Zero) => {
                    missing.push(index);
                    0.0
                }
                (None, Gap::Refuse) => {
                    return Err(refuse(
                        index,
                        "a value",
                        "a missing one",
                        "missing is not zero: fill it, leave the row out, or ask for missing to \
                         be taken as no flow",
                    ));
                }
            };
            let quantity = row.quantity.filter(|q| *q > 0.0);
            let (origin, destination, product) = (row.origin, row.destination, row.product);
            found.push((Flow { origin, destination, product, value, quantity }, index));
        }
        found.sort_by_key(|(flow, index)| (key(flow), *index));
        let mut flows: Vec<Flow> = Vec::with_capacity(found.len());
        let (mut summed, mut first) = (Vec::new(), 0);
        for (flow, index) in found {
            match flows.last_mut() {
                Some(last) if key(last) == key(&flow) => {
                    if options.duplicates == Duplicates::Refuse {
                        return Err(refuse(
                            index,
                            "one row for each origin, destination and product",
                            &format!("the cell of row {first} a second time"),
                            "remove one of them, or ask for duplicates to be summed",
                        ));
                    }
                    summed.push(index);
                    last.value += flow.value;
                    last.quantity = last.quantity.zip(flow.quantity).map(|(a, b)| a + b);
                }
                _ => {
                    first = index;
                    flows.push(flow);
                }
            }
        }
        flows.retain(|flow| flow.value > 0.0);
        let mut notes = Vec::new();
        for (code, message, rows) in [
            ("missing_as_zero", "missing values taken as no flow", missing),
            ("duplicates_summed", "rows added to an earlier row of the cell", summed),
            (
                "domestic_left_out",
                "sales of a place to itself left out: they are not trade",
                domestic,
            ),
        ] {
            if !rows.is_empty() {
                notes.push(Note { code, message: message.into(), count: rows.len(), rows });
            }
        }
        Ok(Self { places, products, flows, notes })
    }

    /// The positive flows, sorted by origin, destination and product.
    #[must_use]
    pub fn flows(&self) -> &[Flow] {
        &self.flows
    }

    /// The flows of one exporter, sorted by destination and product.
    #[must_use]
    pub fn of_origin(&self, origin: usize) -> &[Flow] {
        let from = self.flows.partition_point(|flow| flow.origin < origin);
        let to = self.flows.partition_point(|flow| flow.origin <= origin);
        &self.flows[from..to]
    }

    /// The flows of one pair, sorted by product.
    #[must_use]
    pub fn of_pair(&self, origin: usize, destination: usize) -> &[Flow] {
        let flows = self.of_origin(origin);
        let from = flows.partition_point(|flow| flow.destination < destination);
        let to = flows.partition_point(|flow| flow.destination <= destination);
        &flows[from..to]
    }

    /// Exports of each place by product.
    ///
    /// # Errors
    ///
    /// [`InputError::Value`] when a sum is not finite.
    pub fn exports(&self) -> Result<PlaceProduct, InputError> {
        self.by_place(|flow| flow.origin)
    }

    /// Imports of each place by product.
    ///
    /// # Errors
    ///
    /// [`InputError::Value`] when a sum is not finite.
    pub fn imports(&self) -> Result<PlaceProduct, InputError> {
        self.by_place(|flow| flow.destination)
    }

    /// Exports of each place to each other place, all products together.
    ///
    /// # Errors
    ///
    /// [`InputError::Value`] when a sum is not finite.
    pub fn pairs(&self) -> Result<SquareFlows, InputError> {
        let mut values = vec![0.0; self.places * self.places];
        for flow in &self.flows {
            values[flow.origin * self.places + flow.destination] += flow.value;
        }
        SquareFlows::new(self.places, values)
    }

    fn by_place(&self, place: impl Fn(&Flow) -> usize) -> Result<PlaceProduct, InputError> {
        let mut values = vec![0.0; self.places * self.products];
        for flow in &self.flows {
            values[place(flow) * self.products + flow.product] += flow.value;
        }
        PlaceProduct::new(self.places, self.products, values)
    }
}

fn key(flow: &Flow) -> (usize, usize, usize) {
    (flow.origin, flow.destination, flow.product)
}

fn check_row(
    index: usize,
    row: &FlowRow,
    places: usize,
    products: usize,
) -> Result<(), InputError> {
    if row.origin >= places || row.destination >= places || row.product >= products {
        return Err(refuse(
            index,
            &format!("places below {places} and a product below {products}"),
            &format!("{} to {}, product {}", row.origin, row.destination, row.product),
            "list every place and product first",
        ));
    }
    for (what, number) in [("value", row.value), ("quantity", row.quantity)] {
        let remedy = "a flow is finite and not negative; correct it at the source, or give a gap as \
                      missing";
        if let Some(value) = number {
            amount(&format!("{what} of the rows"), index, value, remedy)?;
        }
    }
    Ok(())
}
