//! The observed world of many sectors: what the data must hold, and whether they agree.

use serde::Serialize;

use super::super::baseline::{CLAMP, note};
use crate::outcome::{InputError, Note};

/// Shares of a unit of output add up to one within this: printed tables round to six digits.
const SHARES: f64 = 1e-5;
/// The most negative input share taken: national tables book by-products as negative inputs.
const BY_PRODUCT: f64 = -0.01;
/// Final demand below this share of spending is rounding, not demand.
const ROUNDING: f64 = 1e-12;

/// What is needed of each place and sector, before any check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ManySectorsData {
    /// N, number of places.
    pub places: usize,
    /// J, number of sectors; those that are not traded have own sales only.
    pub sectors: usize,
    /// M_ni^j at f.o.b. values, own sales included: `(sector × N + origin) × N + destination`.
    pub trade: Vec<f64>,
    /// t_ni^j as a fraction (0.05 for five percent), in the order of `trade`; zero on own sales.
    pub tariffs: Vec<f64>,
    /// gamma_n^j, share of value added in output: `place × J + sector`.
    pub value_added_shares: Vec<f64>,
    /// gamma_n^{k,j}, share of each input in output: `(place × J + supplying) × J + using`.
    pub input_shares: Vec<f64>,
    /// theta^j, positive, one for each sector (those that are not traded too).
    pub elasticities: Vec<f64>,
    /// alpha_n^j, `place × J + sector`, adding up to one in each place; `None` derives them from
    /// spending minus intermediate use, as Caliendo and Parro (2015) do.
    pub final_shares: Option<Vec<f64>>,
}

/// A checked world of many sectors.
///
/// # Notation
///
/// ```text
/// Y_i^j = sum_n M_ni^j,   X_n^j = sum_i (1 + t_ni^j) M_ni^j,   pi_ni^j = (1 + t_ni^j) M_ni^j / X_n^j
/// D_n = sum_{j,i} M_ni^j - sum_{j,i} M_in^j,   w_n L_n = sum_j gamma_n^j Y_n^j
/// alpha_n^j = max( X_n^j - sum_k gamma_n^{j,k} Y_n^k, 0 ),  scaled to sum_j alpha_n^j = 1
/// ```
///
/// # Assumptions
///
/// Zero flows stay zero. A sector that nobody sells to a place must not be an input or a final good
/// there. A place that makes nothing of a sector has no meaningful shares for it: they may be
/// anything that adds up to one, or all zero. Where intermediate use is larger than spending, final
/// demand is set to zero and the others are scaled up: the data are then not an equilibrium of the
/// model, one is solved first, and [`ManySectors::notes`] tells how large the gap was.
#[derive(Debug, Clone)]
pub struct ManySectors {
    pub(super) n: usize,
    pub(super) sectors: usize,
    /// pi_ni^j, `(sector × N + destination) × N + origin`: a buyer's sellers lie together.
    pub(super) share: Vec<f64>,
    /// t_ni^j, in the order of `share`.
    pub(super) tariff: Vec<f64>,
    /// X_n^j, `sector × N + place`, as the three that follow.
    pub(super) spending: Vec<f64>,
    pub(super) output: Vec<f64>,
    pub(super) labour: Vec<f64>,
    pub(super) alpha: Vec<f64>,
    /// gamma_n^{k,j}, `(place × J + supplying) × J + using`.
    pub(super) inputs: Vec<f64>,
    pub(super) theta: Vec<f64>,
    /// w_n L_n.
    pub(super) value_added: Vec<f64>,
    pub(super) deficit: Vec<f64>,
    pub(super) notes: Vec<Note>,
}

impl ManySectors {
    /// Checks the data and derives spending, output, deficits and final shares.
    ///
    /// # Errors
    ///
    /// [`InputError`] naming the place and the sector: an array of the wrong length; a value that
    /// is negative, missing or infinite; a tariff on own sales or of minus 100 percent; shares of
    /// output that do not add up to one; an elasticity that is not positive; a place without value
    /// added; an input or a final good that nobody sells.
    pub fn new(data: &ManySectorsData) -> Result<Self, InputError> {
        let (n, sectors) = (data.places, data.sectors);
        check_lengths(data)?;
        check_values(data)?;
        let cells = sectors * n * n;
        let mut share = vec![0.0; cells];
        let mut tariff = vec![0.0; cells];
        let mut spending = vec![0.0; sectors * n];
        let mut output = vec![0.0; sectors * n];
        let mut exports = vec![0.0; n];
        let mut imports = vec![0.0; n];
        let mut revenue = vec![0.0; n];
        for j in 0..sectors {
            for i in 0..n {
                for d in 0..n {
                    let given = (j * n + i) * n + d;
                    let (value, rate) = (data.trade[given], data.tariffs[given]);
                    let cell = (j * n + d) * n + i;
                    tariff[cell] = rate;
                    share[cell] = (1.0 + rate) * value;
                    spending[j * n + d] += share[cell];
                    output[j * n + i] += value;
                    if i != d {
                        exports[i] += value;
                        imports[d] += value;
                        revenue[d] += rate * value;
                    }
                }
            }
            for d in 0..n {
                let total = spending[j * n + d];
                if total > 0.0 {
                    share[(j * n + d) * n..][..n].iter_mut().for_each(|s| *s /= total);
                }
            }
        }
        let labour: Vec<f64> =
            (0..sectors * n).map(|c| data.value_added_shares[(c % n) * sectors + c / n]).collect();
        let value_added: Vec<f64> = (0..n)
            .map(|p| (0..sectors).map(|j| labour[j * n + p] * output[j * n + p]).sum())
            .collect();
        if let Some(place) = value_added.iter().position(|&v: &f64| v <= 0.0) {
            return Err(InputError::Value {
                what: format!("value added of place {place}"),
                index: place,
                value: value_added[place],
                remedy: "every place earns something: drop the place or fill its sales and shares"
                    .into(),
            });
        }
        let mut notes = Vec::new();
        let deficit = deficits(&exports, &imports, &value_added, &mut notes);
        let mut world = Self {
            n,
            sectors,
            share,
            tariff,
            spending,
            output,
            labour,
            alpha: Vec::new(),
            inputs: data.input_shares.clone(),
            theta: data.elasticities.clone(),
            value_added,
            deficit,
            notes,
        };
        world.check_shares()?;
        world.alpha = match &data.final_shares {
            Some(given) => {
                let alpha: Vec<f64> =
                    (0..sectors * n).map(|c| given[(c % n) * sectors + c / n]).collect();
                world.check_final(alpha)?
            }
            None => world.derive_final(&revenue)?,
        };
        world.check_bought()?;
        Ok(world)
    }

    /// The same world with other elasticities, one for each sector.
    ///
    /// # Errors
    ///
    /// [`InputError`] when they are not one for each sector, finite and positive.
    pub fn with_elasticities(&self, theta: &[f64]) -> Result<Self, InputError> {
        if theta.len() != self.sectors {
            return Err(InputError::Length {
                what: "elasticities".into(),
                expected: self.sectors,
                got: theta.len(),
            });
        }
        check_elasticities(theta)?;
        Ok(Self { theta: theta.to_vec(), ..self.clone() })
    }

    /// N.
    #[must_use]
    pub fn places(&self) -> usize {
        self.n
    }

    /// J.
    #[must_use]
    pub fn sectors(&self) -> usize {
        self.sectors
    }

    /// What is odd about the data, with sizes.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// M_ni^j.
    #[must_use]
    pub fn trade(&self, sector: usize, origin: usize, destination: usize) -> f64 {
        let row = sector * self.n + destination;
        let cell = row * self.n + origin;
        self.share[cell] * self.spending[row] / (1.0 + self.tariff[cell])
    }

    /// t_ni^j.
    #[must_use]
    pub fn tariff(&self, sector: usize, origin: usize, destination: usize) -> f64 {
        self.tariff[(sector * self.n + destination) * self.n + origin]
    }

    /// alpha_n^j.
    #[must_use]
    pub fn final_share(&self, place: usize, sector: usize) -> f64 {
        self.alpha[sector * self.n + place]
    }

    /// w_n L_n.
    #[must_use]
    pub fn value_added(&self, place: usize) -> f64 {
        self.value_added[place]
    }

    /// D_n = imports - exports, both f.o.b.
    #[must_use]
    pub fn deficit(&self, place: usize) -> f64 {
        self.deficit[place]
    }

    /// theta^j.
    #[must_use]
    pub fn elasticity(&self, sector: usize) -> f64 {
        self.theta[sector]
    }

    /// gamma + inputs = 1 in every sector that a place makes.
    fn check_shares(&mut self) -> Result<(), InputError> {
        let (n, sectors) = (self.n, self.sectors);
        let mut rounded = Vec::new();
        let mut negative = Vec::new();
        let mut largest: f64 = 0.0;
        for p in 0..n {
            for j in 0..sectors {
                let used = |k: usize| (p * sectors + k) * sectors + j;
                let shares: f64 = (0..sectors).map(|k| self.inputs[used(k)]).sum();
                let total = self.labour[j * n + p] + shares;
                let made = self.output[j * n + p] > 0.0;
                if !made && total == 0.0 {
                    continue;
                }
                if (total - 1.0).abs() > SHARES {
                    return Err(InputError::Value {
                        what: format!(
                            "value added and input shares of place {p} in sector {j} add up to"
                        ),
                        index: p * sectors + j,
                        value: total,
                        remedy: "divide them by their sum: value added and inputs make up all of \
                                 output"
                            .into(),
                    });
                }
                if self.labour[j * n + p] <= 0.0 && made {
                    return Err(InputError::Value {
                        what: format!("value-added share of place {p} in sector {j}"),
                        index: p * sectors + j,
                        value: 0.0,
                        remedy: "what is made needs some value added: raise it above zero, or \
                                 merge the sector with a related one"
                            .into(),
                    });
                }
                if let Some(k) = (0..sectors).find(|&k| self.inputs[used(k)] < 0.0) {
                    negative.push(used(k));
                }
                if (total - 1.0).abs() > ROUNDING {
                    rounded.push(p * sectors + j);
                    largest = largest.max((total - 1.0).abs());
                }
            }
        }
        note(&mut self.notes, "shares_rounded", rounded, |count| {
            format!(
                "{count} columns of value-added and input shares miss one by up to {largest:.1e} \
                 and are kept as they are: accounts add up to that accuracy only"
            )
        });
        note(&mut self.notes, "negative_inputs", negative, |count| {
            format!(
                "{count} columns of inputs hold a small negative share (a by-product), kept as it is"
            )
        });
        Ok(())
    }

    fn check_final(&self, mut alpha: Vec<f64>) -> Result<Vec<f64>, InputError> {
        for p in 0..self.n {
            let total: f64 = (0..self.sectors).map(|j| alpha[j * self.n + p]).sum();
            if (total - 1.0).abs() > SHARES {
                return Err(InputError::Value {
                    what: format!("final shares of place {p} add up to"),
                    index: p,
                    value: total,
                    remedy: "divide them by their sum".into(),
                });
            }
            (0..self.sectors).for_each(|j| alpha[j * self.n + p] /= total);
        }
        Ok(alpha)
    }

    /// Spending minus intermediate use; negative ones are set to zero and the rest scaled.
    fn derive_final(&mut self, revenue: &[f64]) -> Result<Vec<f64>, InputError> {
        let (n, sectors) = (self.n, self.sectors);
        let mut alpha = vec![0.0; sectors * n];
        let mut clipped = Vec::new();
        let (mut below, mut above, mut worst) = (0.0, 0.0, (0.0, 0));
        for p in 0..n {
            let (mut dropped, mut kept) = (0.0, 0.0);
            for j in 0..sectors {
                let row = &self.inputs[(p * sectors + j) * sectors..][..sectors];
                let used: f64 = (0..sectors).map(|k| row[k] * self.output[k * n + p]).sum();
                let rest = self.spending[j * n + p] - used;
                if rest.abs() <= ROUNDING * self.spending[j * n + p].max(used) {
                    continue;
                }
                if rest < 0.0 {
                    clipped.push(p * sectors + j);
                    dropped -= rest;
                } else {
                    alpha[j * n + p] = rest;
                    kept += rest;
                }
            }
            let income = self.value_added[p] + revenue[p] + self.deficit[p];
            if income <= 0.0 || kept <= 0.0 {
                return Err(InputError::Value {
                    what: format!("final spending of place {p}"),
                    index: p,
                    value: income,
                    remedy: "its surplus takes all it earns, or its inputs all it buys: check its \
                             output, its value-added shares and its exports"
                        .into(),
                });
            }
            (0..sectors).for_each(|j| alpha[j * n + p] /= kept);
            below += dropped;
            above += kept;
            if dropped / income > worst.0 {
                worst = (dropped / income, p);
            }
        }
        note(&mut self.notes, "negative_final_demand", clipped, |count| {
            format!(
                "{count} pairs of place and sector use more as inputs than they buy: final demand \
                 set to zero there, {:.2} percent of the world's final spending, at most {:.2} \
                 percent of income (place {}); the others were scaled to add up, so the data are \
                 not themselves an equilibrium and one is solved first",
                100.0 * below / above,
                100.0 * worst.0,
                worst.1
            )
        });
        Ok(alpha)
    }

    /// What is needed must be on sale.
    fn check_bought(&self) -> Result<(), InputError> {
        for p in 0..self.n {
            for j in 0..self.sectors {
                if self.spending[j * self.n + p] > 0.0 {
                    continue;
                }
                if self.needs(p, j) {
                    return Err(InputError::Value {
                        what: format!("spending of place {p} on sector {j}"),
                        index: p * self.sectors + j,
                        value: 0.0,
                        remedy: "the sector is an input or a final good there, but nobody sells \
                                 it: fill the flows, or set its shares to zero"
                            .into(),
                    });
                }
            }
        }
        Ok(())
    }

    /// Whether a place cannot do without a sector: a final good, or an input of something made.
    pub(super) fn needs(&self, place: usize, sector: usize) -> bool {
        let row = &self.inputs[(place * self.sectors + sector) * self.sectors..][..self.sectors];
        self.alpha[sector * self.n + place] > 0.0
            || (0..self.sectors).any(|k| row[k] != 0.0 && self.output[k * self.n + place] > 0.0)
    }
}

/// D_n, rounding clamped to zero.
fn deficits(
    exports: &[f64],
    imports: &[f64],
    value_added: &[f64],
    notes: &mut Vec<Note>,
) -> Vec<f64> {
    let mut deficit: Vec<f64> = imports.iter().zip(exports).map(|(m, e)| m - e).collect();
    let small: Vec<usize> = (0..deficit.len())
        .filter(|&p| deficit[p] != 0.0 && deficit[p].abs() < CLAMP * value_added[p])
        .collect();
    small.iter().for_each(|&p| deficit[p] = 0.0);
    note(notes, "imbalance_clamped", small, |count| {
        format!("{count} imbalances below {CLAMP:.0e} of value added are rounding and set to zero")
    });
    deficit
}

fn check_lengths(data: &ManySectorsData) -> Result<(), InputError> {
    let (n, sectors) = (data.places, data.sectors);
    if n == 0 || sectors == 0 {
        return Err(InputError::Empty {
            what: "places and sectors".into(),
            remedy: "give at least one place and one sector".into(),
        });
    }
    let lengths = [
        ("trade", data.trade.len(), sectors * n * n),
        ("tariffs", data.tariffs.len(), sectors * n * n),
        ("value-added shares", data.value_added_shares.len(), n * sectors),
        ("input shares", data.input_shares.len(), n * sectors * sectors),
        ("elasticities", data.elasticities.len(), sectors),
        ("final shares", data.final_shares.as_ref().map_or(n * sectors, Vec::len), n * sectors),
    ];
    for (what, got, expected) in lengths {
        if got != expected {
            return Err(InputError::Length { what: what.into(), expected, got });
        }
    }
    Ok(())
}

fn check_elasticities(theta: &[f64]) -> Result<(), InputError> {
    match theta.iter().position(|theta| !theta.is_finite() || *theta <= 0.0) {
        None => Ok(()),
        Some(j) => Err(InputError::Value {
            what: format!("elasticity of sector {j}"),
            index: j,
            value: theta[j],
            remedy: "theta is positive in every sector, in those that are not traded too".into(),
        }),
    }
}

fn check_values(data: &ManySectorsData) -> Result<(), InputError> {
    let (n, sectors) = (data.places, data.sectors);
    let pair =
        |c: usize| format!("sector {}, from place {} to place {}", c / (n * n), c / n % n, c % n);
    let refuse = |what: String, index: usize, value: f64, remedy: &str| {
        Err(InputError::Value { what, index, value, remedy: remedy.into() })
    };
    for (c, &value) in data.trade.iter().enumerate() {
        if !value.is_finite() || value < 0.0 {
            let what = format!("trade in {}", pair(c));
            return refuse(what, c, value, "flows are finite and not negative; fill missing ones");
        }
    }
    for (c, &rate) in data.tariffs.iter().enumerate() {
        if !rate.is_finite() || rate <= -1.0 {
            let what = format!("tariff in {}", pair(c));
            return refuse(what, c, rate, "a tariff is a fraction above -1: 0.05 is five percent");
        }
        if rate != 0.0 && c / n % n == c % n {
            let what = format!("tariff in {}", pair(c));
            return refuse(
                what,
                c,
                rate,
                "a place puts no tariff on its own goods: set it to zero",
            );
        }
    }
    for (c, &share) in data.value_added_shares.iter().enumerate() {
        if !share.is_finite() || !(0.0..=1.0).contains(&share) {
            let what =
                format!("value-added share of place {} in sector {}", c / sectors, c % sectors);
            return refuse(what, c, share, "a share lies between 0 and 1");
        }
    }
    for (c, &share) in data.input_shares.iter().enumerate() {
        if !share.is_finite() || share < BY_PRODUCT {
            let (place, k, j) = (c / (sectors * sectors), c / sectors % sectors, c % sectors);
            let what = format!("share of input sector {k} in sector {j} of place {place}");
            return refuse(what, c, share, "a share is not negative, but for small by-products");
        }
    }
    check_elasticities(&data.elasticities)?;
    for (c, &share) in data.final_shares.iter().flatten().enumerate() {
        if !share.is_finite() || share < 0.0 {
            let what = format!("final share of place {} in sector {}", c / sectors, c % sectors);
            return refuse(what, c, share, "a share is not negative");
        }
    }
    Ok(())
}
