//! The observed world before the shock: totals, imbalances and what is odd about them.

use crate::outcome::{InputError, Note};
use crate::panel::SquareFlows;

/// An imbalance below this share of output is rounding in the data, not economics: near autarky it
/// would have to be financed by trade that no longer exists.
pub(crate) const CLAMP: f64 = 1e-11;

/// Totals of a square table of flows.
pub(crate) struct Baseline {
    pub n: usize,
    /// ln X_ij, row-major; -infinity for zero.
    pub ln_flow: Vec<f64>,
    /// Y_i, row sums.
    pub output: Vec<f64>,
    /// E_j, column sums.
    pub expenditure: Vec<f64>,
    /// D_j from foreign trade alone (own trade cancels), rounding clamped to zero.
    pub deficit: Vec<f64>,
    pub exports: Vec<f64>,
    pub imports: Vec<f64>,
    pub own: Vec<f64>,
    pub notes: Vec<Note>,
}

impl Baseline {
    pub fn new(flows: &SquareFlows) -> Result<Self, InputError> {
        let n = flows.n;
        if n == 0 {
            return Err(InputError::Empty {
                what: "flows".into(),
                remedy: "give a square table with at least one place".into(),
            });
        }
        // The fields of SquareFlows are public, so its constructor may not have been used.
        let flows = &SquareFlows::new(n, flows.values.clone())?;
        let own: Vec<f64> = (0..n).map(|i| flows.get(i, i)).collect();
        let mut exports = vec![0.0; n];
        let mut imports = vec![0.0; n];
        for i in 0..n {
            for j in (0..n).filter(|&j| j != i) {
                exports[i] += flows.get(i, j);
                imports[j] += flows.get(i, j);
            }
        }
        let output: Vec<f64> = (0..n).map(|i| own[i] + exports[i]).collect();
        let expenditure: Vec<f64> = (0..n).map(|j| own[j] + imports[j]).collect();
        refuse_zero(&|i| format!("sales of place {i} (row sum of flows)"), &output)?;
        refuse_zero(&|j| format!("purchases of place {j} (column sum of flows)"), &expenditure)?;

        let mut notes = Vec::new();
        let mut deficit: Vec<f64> = (0..n).map(|j| imports[j] - exports[j]).collect();
        let clamped: Vec<usize> =
            (0..n).filter(|&j| deficit[j] != 0.0 && deficit[j].abs() < CLAMP * output[j]).collect();
        for &j in &clamped {
            deficit[j] = 0.0;
        }
        note(&mut notes, "imbalance_clamped", clamped, |count| {
            format!("{count} imbalances below 1e-11 of output are rounding and were set to zero")
        });
        let without = (0..n).filter(|&j| own[j] == 0.0).collect();
        note_places(&mut notes, "zero_own_trade", without, |count| {
            format!(
                "{count} places sell nothing at home: no gains formula holds for them and their \
                 effects can be very large; check re-exports and how own trade was built"
            )
        });
        let alone = (0..n).filter(|&j| exports[j] + imports[j] == 0.0).collect();
        note_places(&mut notes, "no_foreign_trade", alone, |count| {
            format!("{count} places have no foreign trade and no shock can reach them")
        });
        let ln_flow = flows.values.iter().map(|x| x.ln()).collect();
        Ok(Self { n, ln_flow, output, expenditure, deficit, exports, imports, own, notes })
    }
}

fn refuse_zero(what: &dyn Fn(usize) -> String, totals: &[f64]) -> Result<(), InputError> {
    match totals.iter().position(|&t| t <= 0.0 || !t.is_finite()) {
        None => Ok(()),
        Some(index) => Err(InputError::Value {
            what: what(index),
            index,
            value: totals[index],
            remedy: "every place sells and buys something (own trade counts): drop the place or \
                     fill its flows"
                .into(),
        }),
    }
}

/// Adds a note when there is anything to tell.
pub(crate) fn note(
    notes: &mut Vec<Note>,
    code: &'static str,
    rows: Vec<usize>,
    message: impl Fn(usize) -> String,
) {
    if !rows.is_empty() {
        notes.push(Note { code, message: message(rows.len()), count: rows.len(), rows });
    }
}

/// The same, naming the first of the places.
pub(crate) fn note_places(
    notes: &mut Vec<Note>,
    code: &'static str,
    places: Vec<usize>,
    message: impl Fn(usize) -> String,
) {
    let named = first_named(places.iter().map(|k| format!("place {k}")));
    note(notes, code, places, |count| format!("{}: {named}", message(count)));
}

/// The same, naming the first of the pairs, cells i n + j.
pub(crate) fn note_pairs(
    notes: &mut Vec<Note>,
    code: &'static str,
    cells: Vec<usize>,
    n: usize,
    message: impl Fn(usize) -> String,
) {
    let pair = |c: &usize| format!("place {} to place {}", c / n, c % n);
    let named = first_named(cells.iter().map(pair));
    note(notes, code, cells, |count| format!("{}: {named}", message(count)));
}

/// The first few of a list, and how many more there are.
fn first_named(list: impl ExactSizeIterator<Item = String>) -> String {
    const NAMED: usize = 3;
    let more = list.len().saturating_sub(NAMED);
    let mut named: Vec<String> = list.take(NAMED).collect();
    if more > 0 {
        named.push(format!("{more} more"));
    }
    named.join(", ")
}
