//! Who has which product, by one of several tests, and the core of it.

use serde::Serialize;

use super::core::{core, too_few};
use super::presence::{Presence, presence};
use super::rca::{Rca, rca, rca_against_part, rpop};
use super::weights::Weights;
use crate::outcome::InputError;
use crate::panel::PlaceProduct;

/// What makes a place have a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// RCA at or above the cut-off.
    #[default]
    Rca,
    /// Exports per head at or above the cut-off.
    Rpop,
    /// One of the two.
    RcaOrRpop,
    /// Both of them.
    RcaAndRpop,
    /// The numbers of the table are M, 0 and 1.
    Given,
    /// The numbers of the table are M, from 0 to 1.
    Weights,
    /// RCA / (1 + RCA) instead of a step.
    Smooth,
}

impl Test {
    /// Whether it asks for exports per head.
    #[must_use]
    pub fn by_head(self) -> bool {
        matches!(self, Self::Rpop | Self::RcaOrRpop | Self::RcaAndRpop)
    }

    /// Whether it asks for RCA.
    #[must_use]
    pub fn by_rca(self) -> bool {
        !matches!(self, Self::Rpop | Self::Given | Self::Weights)
    }

    /// Whether it has a cut-off.
    #[must_use]
    pub fn stepped(self) -> bool {
        !matches!(self, Self::Given | Self::Weights | Self::Smooth)
    }

    /// Whether M has weights.
    #[must_use]
    pub fn weighted(self) -> bool {
        matches!(self, Self::Weights | Self::Smooth)
    }
}

/// A basket from outside the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Basket {
    /// Of each product of the table; 0 where the basket does not have it.
    pub products: Vec<f64>,
    /// Of all its products, those among them that the table does not have.
    pub total: f64,
}

/// When a place counts as having a product.
#[derive(Debug, Clone, PartialEq)]
pub struct Having {
    /// The test.
    pub test: Test,
    /// RCA, or exports per head, from which on.
    pub cut_off: f64,
    /// People of each place, for exports per head.
    pub people: Option<Vec<f64>>,
    /// What RCA compares with; the table itself without it.
    pub basket: Option<Basket>,
}

/// M, and what it was made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Basis {
    /// RCA; none where the table is M.
    pub rca: Option<Rca>,
    /// M; where it has weights, the cells above 0.
    pub m: Presence,
    /// M of weights, where asked for.
    pub weights: Option<Weights>,
}

/// A core of a table: M of what is left, and the positions of that in the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Cored {
    /// M of the core.
    pub basis: Basis,
    /// Places kept, ascending.
    pub places: Vec<usize>,
    /// Products kept, ascending.
    pub products: Vec<usize>,
}

impl Having {
    /// M of a table.
    ///
    /// # Errors
    ///
    /// As [`rca`], [`rpop`], [`presence`] and [`Weights`]; [`InputError::Empty`] for exports per head
    /// without people.
    pub fn basis(&self, table: &PlaceProduct) -> Result<Basis, InputError> {
        match self.test {
            Test::Given => {
                return Ok(Basis { rca: None, m: Presence::given(table)?, weights: None });
            }
            Test::Weights => {
                let weights = Weights::given(table)?;
                return Ok(Basis { rca: None, m: weights.pattern(), weights: Some(weights) });
            }
            _ => {}
        }
        let index = match &self.basket {
            None => rca(table)?,
            Some(basket) => rca_against_part(table, &basket.products, basket.total)?,
        };
        let by_rca = || presence(&index, self.cut_off);
        let by_head = || {
            let people = self.people.as_ref().ok_or_else(|| InputError::Empty {
                what: "population".into(),
                remedy: "exports per head need the people of each place".into(),
            })?;
            presence(&rpop(table, people)?, self.cut_off)
        };
        let mut weights = None;
        let m = match self.test {
            Test::Rpop => by_head()?,
            Test::RcaOrRpop => by_rca()?.or(&by_head()?)?,
            Test::RcaAndRpop => by_rca()?.and(&by_head()?)?,
            Test::Smooth => weights.insert(Weights::saturating(&index)?).pattern(),
            Test::Rca | Test::Given | Test::Weights => by_rca()?,
        };
        Ok(Basis { rca: Some(index), m, weights })
    }

    /// The (d, u)-core with RCA made anew: places and products below are taken out together, again
    /// until none is below.
    ///
    /// # Errors
    ///
    /// As [`Having::basis`] and [`too_few`].
    pub fn trimmed(
        &self,
        table: &PlaceProduct,
        whole: Basis,
        [diversity, ubiquity]: [usize; 2],
    ) -> Result<Cored, InputError> {
        let (places, products) =
            ((0..table.places).collect::<Vec<_>>(), (0..table.products).collect::<Vec<_>>());
        let mut found = Cored { basis: whole, places, products };
        loop {
            let (few, rare) = too_few(&found.basis.m, diversity, ubiquity)?;
            if few.is_empty() && rare.is_empty() {
                return Ok(found);
            }
            found.places = without(&found.places, &few);
            found.products = without(&found.products, &rare);
            let part = table.part(&found.places, &found.products)?;
            found.basis = self.part(&found.places, &found.products).basis(&part)?;
        }
    }

    fn part(&self, places: &[usize], products: &[usize]) -> Self {
        let of = |all: &Vec<f64>, kept: &[usize]| kept.iter().map(|at| all[*at]).collect();
        Self {
            test: self.test,
            cut_off: self.cut_off,
            people: self.people.as_ref().map(|people| of(people, places)),
            basket: self.basket.as_ref().map(|basket| Basket {
                products: of(&basket.products, products),
                total: basket.total,
            }),
        }
    }
}

impl Basis {
    /// RCA of a cell; none where place or product has no trade, and of an M that was given.
    #[must_use]
    pub fn rca_of(&self, place: usize, product: usize) -> Option<f64> {
        self.rca.as_ref()?.of(place, product)
    }

    /// The (d, u)-core of an M of 0 and 1, with the RCA of the full table.
    ///
    /// # Errors
    ///
    /// As [`core`](core()).
    pub fn core(self, diversity: usize, ubiquity: usize) -> Result<Cored, InputError> {
        let found = core(&self.m, diversity, ubiquity)?;
        let mut m = self.m.part(&found.places, &found.products)?;
        m.convention = format!("{}, {} of them", m.convention, found.convention);
        let rca = self.rca.map(|index| index.part(&found.places, &found.products));
        let basis = Self { rca, m, weights: None };
        Ok(Cored { basis, places: found.places, products: found.products })
    }
}

/// A list less the entries at ascending positions.
fn without(list: &[usize], gone: &[usize]) -> Vec<usize> {
    let stays = |(at, _): &(usize, &usize)| gone.binary_search(at).is_err();
    list.iter().enumerate().filter(stays).map(|(_, entry)| *entry).collect()
}
