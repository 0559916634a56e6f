//! The observed world: sales by sector, tariffs, production, final spending.

use serde::Serialize;

use crate::outcome::{InputError, Note};

/// Shares that must add up to one may be this far from it: tables are printed with six digits and
/// more.
const SHARE_SLACK: f64 = 1e-4;

/// A world of N places and J sectors as it is observed.
///
/// ```text
/// X_n^j = sum_i (1 + t_in^j) M_in^j               spending, tariffs included
/// Y_i^j = sum_n M_in^j                            output
/// w_n L_n = sum_j gamma_n^j Y_n^j                 value added
/// D_n = sum_{j,i≠n} (M_in^j - M_ni^j)             deficit
/// I_n = w_n L_n + sum_{j,i} t_in^j M_in^j + D_n   final spending
/// alpha_n^j = (X_n^j - sum_k gamma_n^{j,k} Y_n^k) / I_n
/// ```
///
/// # Notation
///
/// | symbol | field | shape | unit |
/// | --- | --- | --- | --- |
/// | M_in^j | `sales[(j * n + i) * n + m]`, i origin, m destination | J × N × N | the table's |
/// | t_in^j | `tariff`, of the destination on the origin | J × N × N | 1 (0.05 is 5 percent) |
/// | gamma_n^j | `value_added[j * n + i]` | J × N | 1 |
/// | gamma_n^{k,j} | `inputs[(i * J + k) * J + j]`, k supplies, j uses | N × J × J | 1 |
/// | theta^j | `elasticity` | J | 1 |
/// | alpha_n^j | `final_share[j * n + i]` | J × N | 1 |
///
/// Caliendo and Parro write importers first (`pi_ni`); here as everywhere in this crate the origin
/// comes first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SectorWorld {
    pub(super) n: usize,
    pub(super) sectors: usize,
    pub(super) sales: Vec<f64>,
    pub(super) tariff: Vec<f64>,
    pub(super) value_added: Vec<f64>,
    pub(super) inputs: Vec<f64>,
    pub(super) elasticity: Vec<f64>,
    pub(super) final_share: Vec<f64>,
    pub(super) deficit: Vec<f64>,
    pub(super) notes: Vec<Note>,
}

impl SectorWorld {
    /// Checks the tables and derives final spending.
    ///
    /// # Assumptions
    ///
    /// Final spending that comes out negative, because the tables do not fit each other, is set to
    /// zero and the other shares are scaled; a note counts the cells and says how much of the
    /// world's final spending they are. The world is then not quite an equilibrium, and
    /// [`many_sectors`](super::many_sectors) solves the baseline before the shock.
    ///
    /// # Errors
    ///
    /// [`InputError`] naming the sector and place (counted from 0) when an array has the wrong
    /// size; a sale is negative or not finite; a tariff is below zero or on own sales; a share lies
    /// outside 0 to 1, or value added and inputs do not add up to one (within 1e-4, and are then
    /// scaled) where something is made; an elasticity is not positive; a place makes nothing, has no
    /// value added or no final spending; a place needs an input that nobody sells to it.
    pub fn new(
        n: usize,
        sectors: usize,
        sales: Vec<f64>,
        tariff: Vec<f64>,
        value_added: Vec<f64>,
        inputs: Vec<f64>,
        elasticity: Vec<f64>,
    ) -> Result<Self, InputError> {
        let mut world = Self {
            n,
            sectors,
            sales,
            tariff,
            value_added,
            inputs,
            elasticity,
            final_share: vec![0.0; n * sectors],
            deficit: vec![0.0; n],
            notes: Vec::new(),
        };
        world.check()?;
        world.scale_shares()?;
        world.close()?;
        Ok(world)
    }

    /// N, the number of places.
    #[must_use]
    pub fn places(&self) -> usize {
        self.n
    }

    /// J, the number of sectors.
    #[must_use]
    pub fn sectors(&self) -> usize {
        self.sectors
    }

    /// Sales of `sector` from `origin` to `destination` before tariffs.
    #[must_use]
    pub fn sale(&self, sector: usize, origin: usize, destination: usize) -> f64 {
        self.sales[(sector * self.n + origin) * self.n + destination]
    }

    /// Tariff of `destination` on `sector` from `origin`, 0.05 for 5 percent.
    #[must_use]
    pub fn tariff_of(&self, sector: usize, origin: usize, destination: usize) -> f64 {
        self.tariff[(sector * self.n + origin) * self.n + destination]
    }

    /// All tariffs, J × N × N, to start a schedule from.
    #[must_use]
    pub fn tariffs(&self) -> &[f64] {
        &self.tariff
    }

    /// theta of each sector.
    #[must_use]
    pub fn elasticities(&self) -> &[f64] {
        &self.elasticity
    }

    /// What the tables needed to become a world.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Y_i^j, J × N.
    pub(super) fn output(&self) -> Vec<f64> {
        self.sales.chunks_exact(self.n).map(|row| row.iter().sum()).collect()
    }

    /// X_n^j, J × N.
    pub(super) fn spending(&self) -> Vec<f64> {
        let n = self.n;
        let mut spending = vec![0.0; self.sectors * n];
        for (at, (&m, &t)) in self.sales.iter().zip(&self.tariff).enumerate() {
            spending[at / (n * n) * n + at % n] += (1.0 + t) * m;
        }
        spending
    }

    /// w_n L_n.
    pub(super) fn labour_income(&self, output: &[f64]) -> Vec<f64> {
        let mut income = vec![0.0; self.n];
        for (at, (y, g)) in output.iter().zip(&self.value_added).enumerate() {
            income[at % self.n] += g * y;
        }
        income
    }

    fn check(&self) -> Result<(), InputError> {
        let (n, sectors) = (self.n, self.sectors);
        if n == 0 || sectors == 0 {
            return Err(InputError::Empty {
                what: "places and sectors".into(),
                remedy: "give at least one of each".into(),
            });
        }
        let cells = sectors * n * n;
        for (what, got, expected) in [
            ("sales by sector", self.sales.len(), cells),
            ("tariffs", self.tariff.len(), cells),
            ("shares of value added", self.value_added.len(), sectors * n),
            ("input shares", self.inputs.len(), n * sectors * sectors),
            ("elasticities", self.elasticity.len(), sectors),
        ] {
            if got != expected {
                return Err(InputError::Length { what: what.into(), expected, got });
            }
        }
        let value = |what: String, index, value, remedy: &str| {
            Err(InputError::Value { what, index, value, remedy: remedy.into() })
        };
        for (at, &m) in self.sales.iter().enumerate() {
            if !m.is_finite() || m < 0.0 {
                let what = format!("sales, {}", self.pair(at));
                return value(what, at, m, "sales are zero or positive numbers");
            }
            let t = self.tariff[at];
            if !t.is_finite() || t < 0.0 {
                let what = format!("tariff, {}", self.pair(at));
                return value(what, at, t, "a tariff is zero or positive, 0.05 for 5 percent");
            }
            if t != 0.0 && at % n == at / n % n {
                let what = format!("tariff, {}", self.pair(at));
                return value(what, at, t, "nobody has a tariff on own sales: write zero");
            }
        }
        for (what, shares) in
            [("share of value added", &self.value_added), ("input share", &self.inputs)]
        {
            if let Some(at) = shares.iter().position(|s| !(0.0..=1.0 + SHARE_SLACK).contains(s)) {
                return value(what.into(), at, shares[at], "shares lie between 0 and 1");
            }
        }
        match self.elasticity.iter().position(|t| !t.is_finite() || *t <= 0.0) {
            None => Ok(()),
            Some(at) => value(
                "elasticity (theta) of a sector".into(),
                at,
                self.elasticity[at],
                "theta is a positive number; sectors that are hardly traded need one too",
            ),
        }
    }

    /// Value added and inputs of what is made add up to one exactly.
    fn scale_shares(&mut self) -> Result<(), InputError> {
        let (n, sectors) = (self.n, self.sectors);
        let output = self.output();
        for i in 0..n {
            for j in 0..sectors {
                let inputs = (0..sectors).map(|k| self.inputs[(i * sectors + k) * sectors + j]);
                let total = self.value_added[j * n + i] + inputs.sum::<f64>();
                if output[j * n + i] > 0.0 && (total - 1.0).abs() > SHARE_SLACK {
                    return Err(InputError::Value {
                        what: format!("value added and inputs of sector {j} in place {i}"),
                        index: j * n + i,
                        value: total,
                        remedy: "the shares of value added and of all inputs add up to one".into(),
                    });
                }
                if total > 0.0 {
                    self.value_added[j * n + i] /= total;
                    for k in 0..sectors {
                        self.inputs[(i * sectors + k) * sectors + j] /= total;
                    }
                }
            }
        }
        Ok(())
    }

    /// Deficits, and final shares from what inputs leave over.
    fn close(&mut self) -> Result<(), InputError> {
        let (n, sectors) = (self.n, self.sectors);
        let (output, spending) = (self.output(), self.spending());
        let labour = self.labour_income(&output);
        if let Some(at) = labour.iter().position(|&income| income <= 0.0) {
            return Err(InputError::Value {
                what: format!("value added of place {at}"),
                index: at,
                value: labour[at],
                remedy: "every place makes something and earns from it: drop the place or fill \
                         its sales and shares"
                    .into(),
            });
        }
        for j in 0..sectors {
            for i in 0..n {
                for m in (0..n).filter(|&m| m != i) {
                    let sale = self.sale(j, i, m);
                    self.deficit[m] += sale;
                    self.deficit[i] -= sale;
                }
            }
        }
        let (mut cells, mut short, mut world) = (Vec::new(), 0.0, 0.0);
        for i in 0..n {
            let mut left = vec![0.0; sectors];
            for (j, left) in left.iter_mut().enumerate() {
                let used: f64 = (0..sectors)
                    .map(|k| self.inputs[(i * sectors + j) * sectors + k] * output[k * n + i])
                    .sum();
                let bought = spending[j * n + i];
                if bought == 0.0 && used > 0.0 {
                    return Err(InputError::Undefined {
                        what: format!("the price of sector {j} in place {i}"),
                        reason: "it is needed as an input and nobody sells it there".into(),
                        remedy: "give the sales of that sector to that place, or no input share"
                            .into(),
                    });
                }
                *left = bought - used;
                // A millionth of what is bought is rounding of the tables, not a contradiction.
                if *left < 0.0 {
                    if *left < -1e-6 * bought {
                        cells.push(j * n + i);
                    }
                    short -= *left;
                    *left = 0.0;
                }
            }
            let total: f64 = left.iter().sum();
            if total <= 0.0 {
                return Err(InputError::Value {
                    what: format!("final spending of place {i}"),
                    index: i,
                    value: total,
                    remedy: "inputs use up all that is bought: check the input shares".into(),
                });
            }
            world += total;
            for (j, left) in left.iter().enumerate() {
                self.final_share[j * n + i] = left / total;
            }
        }
        super::super::baseline::note(&mut self.notes, "negative_final_spending", cells, |count| {
            format!(
                "in {count} cells of place and sector inputs use more than is bought; final \
                 spending is set to zero there ({:.1e} of the world's), and the baseline is solved \
                 before the shock",
                short / world
            )
        });
        Ok(())
    }

    fn pair(&self, at: usize) -> String {
        let n = self.n;
        format!("sector {}, from place {} to place {}", at / (n * n), at / n % n, at % n)
    }
}
