//! Who has which product: the table that all indicators of this family stand on.

use emporion_model::measure::having::{self, Cored};
use emporion_model::measure::presence::{CUT_OFF, Presence};
use emporion_model::measure::rca::Rca;
use emporion_model::measure::weights::Weights;

use super::{Domain, advice, few, per_place};
use crate::answer::{Advice, Answer};
use crate::args::{CoreRca, Having, Test};
use crate::failure::Failure;
use crate::measure::Figures;
use crate::measure::rca::{Exports, basket, exports, named};
use crate::measure::trade::word;

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
    /// What was taken as zero in a basket, and what the core took out.
    own: Vec<Advice>,
}

impl Basis {
    /// The rows selected, and M as the user wants it.
    pub fn open(having: &Having, figures: &Figures<'_>) -> Result<Self, Failure> {
        if having::Test::from(having.presence).weighted() {
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
        let told = |error| named(&error, &exports);
        let mut notes = Vec::new();
        let how = how(having, figures, &exports, &mut notes)?;
        let whole = how.basis(&exports.table).map_err(told)?;
        let least = match having.core[..] {
            [] => return Ok(Self::of(exports, whole, notes)),
            [diversity, ubiquity] if diversity > 0 && ubiquity > 0 => [diversity, ubiquity],
            _ => {
                return Err(Failure::new(
                    "--core takes the least products of a place and the least places of a product, \
                     both 1 or more: --core 5,3",
                ));
            }
        };
        let Cored { basis, places, products } = match having.core_rca {
            CoreRca::Kept => whole.core(least[0], least[1]),
            CoreRca::Recomputed => how.trimmed(&exports.table, whole, least),
        }
        .map_err(told)?;
        let inner = exports.part(&places, &products)?;
        for (code, what, before, after) in [
            ("core_places", "places", &exports.places, &inner.places),
            ("core_products", "products", &exports.products, &inner.products),
        ] {
            let gone: Vec<&str> = before
                .iter()
                .filter(|id| after.binary_search(id).is_err())
                .map(String::as_str)
                .collect();
            if !gone.is_empty() {
                let message = format!(
                    "{} {what} outside the ({}, {})-core are left out: {}",
                    gone.len(),
                    least[0],
                    least[1],
                    few(&gone)
                );
                notes.push(Advice::new(code, message, gone.len()));
            }
        }
        Ok(Self::of(inner, basis, notes))
    }

    fn of(exports: Exports, found: having::Basis, own: Vec<Advice>) -> Self {
        let having::Basis { rca, m, weights } = found;
        Self { exports, rca, m, weights, own }
    }

    /// RCA of a cell; none where place or product has no trade.
    pub fn rca_of(&self, place: usize, product: usize) -> Option<f64> {
        self.rca.as_ref()?.of(place, product)
    }

    /// Remarks on the table and on M, with ids.
    pub fn notes(&self) -> Vec<Advice> {
        let index = self.rca.iter().flat_map(|rca| &rca.notes);
        let notes = self.exports.notes.iter().chain(index).chain(&self.m.notes);
        let mut all = advice(notes, &self.exports);
        all.extend(self.own.iter().cloned());
        all
    }
}

/// How M is made, with the numbers brought.
fn how(
    asked: &Having,
    figures: &Figures<'_>,
    exports: &Exports,
    notes: &mut Vec<Advice>,
) -> Result<having::Having, Failure> {
    let people = asked.population.as_deref();
    let people =
        people.map(|source| per_place(figures, exports, source, "population", Domain::Positive));
    let basket = asked.basket.as_deref().map(|path| basket(figures, exports, path, notes));
    Ok(having::Having {
        test: asked.presence.into(),
        cut_off: asked.cut_off.unwrap_or(CUT_OFF),
        people: people.transpose()?,
        basket: basket.transpose()?,
    })
}

impl From<Test> for having::Test {
    fn from(test: Test) -> Self {
        match test {
            Test::Rca => Self::Rca,
            Test::Rpop => Self::Rpop,
            Test::RcaOrRpop => Self::RcaOrRpop,
            Test::RcaAndRpop => Self::RcaAndRpop,
            Test::Given => Self::Given,
            Test::Weights => Self::Weights,
            Test::Smooth => Self::Smooth,
        }
    }
}

/// Refuses options that say nothing together.
fn check(asked: &Having) -> Result<(), Failure> {
    let test = having::Test::from(asked.presence);
    let problem = if test.by_head() && asked.population.is_none() {
        "--presence by exports per head needs --population: a file with origin and population, or \
         a column of the case's places"
    } else if !test.by_head() && asked.population.is_some() {
        "--population is there for exports per head: add --presence rpop, rca-or-rpop or \
         rca-and-rpop, or leave it out"
    } else if !test.by_rca() && asked.basket.is_some() {
        "--basket is there for RCA: take --presence rca, or leave it out"
    } else if !test.stepped() && asked.cut_off.is_some() {
        "--cut-off is there for RCA and exports per head: leave it out, or take another --presence"
    } else if test.weighted() && !asked.core.is_empty() {
        "--core counts products and places, and needs an M of 0 and 1: leave it out"
    } else {
        return Ok(());
    };
    Err(Failure::new(problem))
}

/// The options of [`Having`], defaults among them.
pub fn having_options(asked: &Having, exports: &Exports, answer: &mut Answer) {
    let test = having::Test::from(asked.presence);
    answer.option("presence", word(&test));
    answer.option("cut_off", test.stepped().then(|| asked.cut_off.unwrap_or(CUT_OFF)));
    answer.option("population", asked.population.clone());
    let basket = asked.basket.as_ref().map(|path| path.display().to_string());
    answer.option("basket", basket);
    answer.option("core", asked.core.clone());
    let core_rca = if asked.core_rca == CoreRca::Kept { "kept" } else { "recomputed" };
    answer.option("core_rca", (!asked.core.is_empty()).then_some(core_rca));
    answer.option("absent", exports.absent_word());
}
