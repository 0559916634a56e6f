//! Who has which product: the table that all indicators of this family stand on.

use emporion_model::measure::core::{core, too_few};
use emporion_model::measure::presence::{CUT_OFF, Presence, presence};
use emporion_model::measure::rca::{self, Rca};
use emporion_model::measure::weights::Weights;
use emporion_model::panel::PlaceProduct;

use super::{Domain, advice, few, per_place};
use crate::answer::{Advice, Answer};
use crate::args::{CoreRca, Having, Test};
use crate::failure::Failure;
use crate::measure::Figures;
use crate::measure::rca::{Exports, against, exports, named};

/// A table of places by products, and who has what.
pub struct Basis {
    /// Exports, or the user's own M.
    pub exports: Exports,
    /// RCA; none where the table is the user's own M.
    pub rca: Option<Rca>,
    /// M; where it has weights, the cells above 0.
    pub m: Presence,
    /// M of weights, where asked for.
    pub weights: Option<Weights>,
    /// What the core took out.
    taken_out: Vec<Advice>,
}

impl Basis {
    /// The rows selected, and M as the user wants it.
    pub fn open(having: &Having, figures: &Figures<'_>) -> Result<Self, Failure> {
        if matches!(having.presence, Test::Weights | Test::Smooth) {
            return Err(Failure::new(
                "this needs an M of 0 and 1; --presence weights and smooth are there for measure \
                 complexity",
            ));
        }
        Self::weighted_too(having, figures)
    }

    /// The same where M may have weights.
    pub fn weighted_too(having: &Having, figures: &Figures<'_>) -> Result<Self, Failure> {
        check(having)?;
        let exports = exports(figures, &figures.rows, &having.filling)?;
        let whole = Self::of(having, figures, exports)?;
        match having.core[..] {
            [] => Ok(whole),
            [diversity, ubiquity] if diversity > 0 && ubiquity > 0 => {
                whole.cored(having, figures, diversity, ubiquity)
            }
            _ => Err(Failure::new(
                "--core takes the least products of a place and the least places of a product, \
                 both 1 or more: --core 5,3",
            )),
        }
    }

    /// M of a table.
    fn of(having: &Having, figures: &Figures<'_>, exports: Exports) -> Result<Self, Failure> {
        let told = |error| named(&error, &exports);
        let none = Vec::new();
        match having.presence {
            Test::Given => {
                let m = Presence::given(&exports.table).map_err(told)?;
                return Ok(Self { exports, rca: None, m, weights: None, taken_out: none });
            }
            Test::Weights => {
                let weights = Weights::given(&exports.table).map_err(told)?;
                let m = weights.pattern();
                return Ok(Self { exports, rca: None, m, weights: Some(weights), taken_out: none });
            }
            _ => {}
        }
        let index = match &having.basket {
            None => rca::rca(&exports.table).map_err(told)?,
            Some(path) => against(figures, &exports, path)?,
        };
        let cut_off = having.cut_off.unwrap_or(CUT_OFF);
        let by_rca = || presence(&index, cut_off).map_err(told);
        let by_head = || {
            let source = having.population.as_deref().unwrap_or_default();
            let people = per_place(figures, &exports, source, "population", Domain::Positive)?;
            let head = rca::rpop(&exports.table, &people).map_err(told)?;
            presence(&head, cut_off).map_err(told)
        };
        let mut weights = None;
        let m = match having.presence {
            Test::Rpop => by_head()?,
            Test::RcaOrRpop => by_rca()?.or(&by_head()?).map_err(told)?,
            Test::RcaAndRpop => by_rca()?.and(&by_head()?).map_err(told)?,
            Test::Smooth => {
                let smooth = Weights::saturating(&index).map_err(told)?;
                weights.insert(smooth).pattern()
            }
            Test::Rca | Test::Given | Test::Weights => by_rca()?,
        };
        Ok(Self { exports, rca: Some(index), m, weights, taken_out: none })
    }

    /// The core of it, RCA kept or made anew.
    fn cored(
        mut self,
        having: &Having,
        figures: &Figures<'_>,
        diversity: usize,
        ubiquity: usize,
    ) -> Result<Self, Failure> {
        let (places, products) = (self.exports.places.clone(), self.exports.products.clone());
        if having.core_rca == CoreRca::Recomputed {
            self = self.recomputed(having, figures, diversity, ubiquity)?;
        } else {
            let found =
                core(&self.m, diversity, ubiquity).map_err(|error| named(&error, &self.exports))?;
            let exports = cut(&self.exports, &found.places, &found.products)?;
            if let Some(index) = &mut self.rca {
                let m = index.products;
                let cell = |i: &usize, k: &usize| index.values[i * m + k];
                let values =
                    found.places.iter().flat_map(|i| found.products.iter().map(move |k| (i, k)));
                index.values = values.map(|(i, k)| cell(i, k)).collect();
                (index.places, index.products) = (found.places.len(), found.products.len());
                // A core has nothing empty.
                (index.empty_places, index.empty_products) = Default::default();
                index.notes.clear();
            }
            let mut m = self.m.part(&found.places, &found.products)?;
            m.convention = format!("{}, {} of them", m.convention, found.convention);
            (self.exports, self.m) = (exports, m);
        }
        for (code, what, before, after) in [
            ("core_places", "places", &places, &self.exports.places),
            ("core_products", "products", &products, &self.exports.products),
        ] {
            let gone: Vec<&str> = before
                .iter()
                .filter(|id| after.binary_search(id).is_err())
                .map(String::as_str)
                .collect();
            if !gone.is_empty() {
                let message = format!(
                    "{} {what} outside the ({diversity}, {ubiquity})-core are left out: {}",
                    gone.len(),
                    few(&gone)
                );
                self.taken_out.push(Advice::new(code, message, gone.len()));
            }
        }
        Ok(self)
    }

    /// Rounds of taking out what is below, with RCA made anew after each.
    fn recomputed(
        mut self,
        having: &Having,
        figures: &Figures<'_>,
        diversity: usize,
        ubiquity: usize,
    ) -> Result<Self, Failure> {
        loop {
            let (few, rare) = too_few(&self.m, diversity, ubiquity)
                .map_err(|error| named(&error, &self.exports))?;
            if few.is_empty() && rare.is_empty() {
                return Ok(self);
            }
            let others = |all: usize, gone: &[usize]| -> Vec<usize> {
                (0..all).filter(|at| gone.binary_search(at).is_err()).collect()
            };
            let (places, products) = (others(self.m.places, &few), others(self.m.products, &rare));
            self = Self::of(having, figures, cut(&self.exports, &places, &products)?)?;
        }
    }

    /// RCA of a cell; none where place or product has no trade.
    pub fn rca_of(&self, place: usize, product: usize) -> Option<f64> {
        let index = self.rca.as_ref()?;
        let traded = index.empty_places.binary_search(&place).is_err()
            && index.empty_products.binary_search(&product).is_err();
        traded.then(|| index.values[place * index.products + product])
    }

    /// Remarks on the table and on M, with ids.
    pub fn notes(&self) -> Vec<Advice> {
        let index = self.rca.iter().flat_map(|rca| &rca.notes);
        let notes = self.exports.notes.iter().chain(index).chain(&self.m.notes);
        let mut all = advice(notes, &self.exports);
        all.extend(self.taken_out.iter().cloned());
        all
    }
}

/// Refuses options that say nothing together.
fn check(having: &Having) -> Result<(), Failure> {
    let by_head = matches!(having.presence, Test::Rpop | Test::RcaOrRpop | Test::RcaAndRpop);
    let by_rca =
        matches!(having.presence, Test::Rca | Test::RcaOrRpop | Test::RcaAndRpop | Test::Smooth);
    let weighted = matches!(having.presence, Test::Weights | Test::Smooth);
    let problem = if by_head && having.population.is_none() {
        "--presence by exports per head needs --population: a file with origin and population, or \
         a column of the case's places"
    } else if !by_head && having.population.is_some() {
        "--population is there for exports per head: add --presence rpop, rca-or-rpop or \
         rca-and-rpop, or leave it out"
    } else if !by_rca && having.basket.is_some() {
        "--basket is there for RCA: take --presence rca, or leave it out"
    } else if matches!(having.presence, Test::Given | Test::Weights | Test::Smooth)
        && having.cut_off.is_some()
    {
        "--cut-off is there for RCA and exports per head: leave it out, or take another --presence"
    } else if weighted && !having.core.is_empty() {
        "--core counts products and places, and needs an M of 0 and 1: leave it out"
    } else {
        return Ok(());
    };
    Err(Failure::new(problem))
}

/// Some rows and columns of a table.
fn cut(exports: &Exports, places: &[usize], products: &[usize]) -> Result<Exports, Failure> {
    let m = exports.products.len();
    let cells = places.iter().flat_map(|i| products.iter().map(move |k| i * m + k));
    let values = cells.map(|cell| exports.table.values[cell]).collect();
    let of = |ids: &[String], kept: &[usize]| kept.iter().map(|at| ids[*at].clone()).collect();
    Ok(Exports {
        table: PlaceProduct::new(places.len(), products.len(), values)?,
        places: of(&exports.places, places),
        products: of(&exports.products, products),
        notes: exports.notes.clone(),
        whole: exports.whole.clone(),
        absent: exports.absent,
    })
}

/// The options of [`Having`], defaults among them.
pub fn having_options(having: &Having, exports: &Exports, answer: &mut Answer) {
    let word = match having.presence {
        Test::Rca => "rca",
        Test::Rpop => "rpop",
        Test::RcaOrRpop => "rca_or_rpop",
        Test::RcaAndRpop => "rca_and_rpop",
        Test::Given => "given",
        Test::Weights => "weights",
        Test::Smooth => "smooth",
    };
    answer.option("presence", word);
    let stepped = !matches!(having.presence, Test::Given | Test::Weights | Test::Smooth);
    answer.option("cut_off", stepped.then(|| having.cut_off.unwrap_or(CUT_OFF)));
    answer.option("population", having.population.clone());
    let basket = having.basket.as_ref().map(|path| path.display().to_string());
    answer.option("basket", basket);
    answer.option("core", having.core.clone());
    let core_rca = if having.core_rca == CoreRca::Kept { "kept" } else { "recomputed" };
    answer.option("core_rca", (!having.core.is_empty()).then_some(core_rca));
    answer.option("absent", exports.absent_word());
}
