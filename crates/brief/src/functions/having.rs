//! Who has which product: the options that all indicators of complexity and relatedness share.

use emporion_model::measure::core::{core, too_few};
use emporion_model::measure::presence::{CUT_OFF, Presence, presence};
use emporion_model::measure::rca::{Rca, rca, rca_against, rpop};
use emporion_model::measure::weights::Weights;
use emporion_model::panel::PlaceProduct;
use emporion_tables::named::few;
use minijinja::Error;
use minijinja::value::{Kwargs, Value};

use super::brought::{Domain, Wanted, brought, for_each};
use super::exported::Exports;
use crate::book::refuse;

/// The options read here.
pub const OPTIONS: [&str; 6] = ["cut_off", "presence", "population", "basket", "core", "core_rca"];

/// What makes a place have a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    Rca,
    Rpop,
    RcaOrRpop,
    RcaAndRpop,
    Given,
    Weights,
    Smooth,
}

/// When a place counts as having a product.
#[derive(Debug, Clone)]
pub struct Having {
    verb: &'static str,
    test: Test,
    cut_off: Option<f64>,
    population: Option<Value>,
    basket: Option<Value>,
    /// Least products of a place, least places of a product.
    core: Option<[usize; 2]>,
    /// Whether RCA is made anew after each round of the core.
    recomputed: bool,
}

/// M, and what it was made of.
pub struct Basis {
    /// RCA; none where the table is the author's own M.
    pub rca: Option<Rca>,
    /// M; where it has weights, the cells above 0.
    pub m: Presence,
    /// M of weights, where asked for.
    pub weights: Option<Weights>,
}

impl Basis {
    /// RCA of a cell; none where place or product has no trade, and of an M that was given.
    pub fn rca_of(&self, place: usize, product: usize) -> Option<f64> {
        super::related::rca_at(self.rca.as_ref()?, place, product)
    }
}

impl Having {
    /// Reads the options and refuses those that say nothing together.
    ///
    /// # Errors
    ///
    /// An unknown word; an option without the one that it belongs to.
    pub fn read(kwargs: &Kwargs, verb: &'static str) -> Result<Self, Error> {
        let word = kwargs.get::<Option<String>>("presence")?;
        let test = match word.as_deref().unwrap_or("rca") {
            "rca" => Test::Rca,
            "rpop" => Test::Rpop,
            "rca_or_rpop" => Test::RcaOrRpop,
            "rca_and_rpop" => Test::RcaAndRpop,
            "given" => Test::Given,
            "weights" => Test::Weights,
            "smooth" => Test::Smooth,
            other => {
                return Err(refuse(format!(
                    "{verb}(): presence is \"rca\", \"rpop\", \"rca_or_rpop\", \"rca_and_rpop\", \
                     \"given\", \"weights\" or \"smooth\", got {other:?}"
                )));
            }
        };
        let core = match kwargs.get::<Option<Vec<usize>>>("core")? {
            None => None,
            Some(least) => match least[..] {
                [diversity, ubiquity] if diversity > 0 && ubiquity > 0 => {
                    Some([diversity, ubiquity])
                }
                _ => {
                    return Err(refuse(format!(
                        "{verb}(): core takes the least products of a place and the least places \
                         of a product, both 1 or more: core=[5, 3]"
                    )));
                }
            },
        };
        let core_rca = kwargs.get::<Option<String>>("core_rca")?;
        let recomputed = match core_rca.as_deref() {
            None | Some("kept") => false,
            Some("recomputed") => true,
            Some(other) => {
                return Err(refuse(format!(
                    "{verb}(): core_rca is \"kept\" or \"recomputed\", got {other:?}"
                )));
            }
        };
        if core_rca.is_some() && core.is_none() {
            return Err(refuse(format!("{verb}(): core_rca belongs to core=[5, 3]")));
        }
        let having = Self {
            verb,
            test,
            cut_off: kwargs.get("cut_off")?,
            population: kwargs.get("population")?,
            basket: kwargs.get("basket")?,
            core,
            recomputed,
        };
        having.check()?;
        Ok(having)
    }

    /// Refuses options that say nothing together.
    fn check(&self) -> Result<(), Error> {
        let by_head = matches!(self.test, Test::Rpop | Test::RcaOrRpop | Test::RcaAndRpop);
        let by_rca = !matches!(self.test, Test::Rpop | Test::Given | Test::Weights);
        let stepped = !matches!(self.test, Test::Given | Test::Weights | Test::Smooth);
        let weighted = matches!(self.test, Test::Weights | Test::Smooth);
        let problem = if by_head && self.population.is_none() {
            "presence by exports per head needs population, a column of the table places, a table \
             of the case, or a mapping from ids to numbers"
        } else if !by_head && self.population.is_some() {
            "population is there for exports per head: add presence=\"rpop\", \"rca_or_rpop\" or \
             \"rca_and_rpop\", or leave it out"
        } else if !by_rca && self.basket.is_some() {
            "basket is there for RCA: take presence=\"rca\", or leave it out"
        } else if !stepped && self.cut_off.is_some() {
            "cut_off is there for RCA and exports per head: leave it out, or take another presence"
        } else if weighted && self.core.is_some() {
            "core counts products and places, and needs an M of 0 and 1: leave it out"
        } else {
            return Ok(());
        };
        Err(refuse(format!("{}(): {problem}", self.verb)))
    }

    /// The cut-off; none where M is given or has weights.
    pub fn cut_off(&self) -> Option<f64> {
        let stepped = !matches!(self.test, Test::Given | Test::Weights | Test::Smooth);
        stepped.then(|| self.cut_off.unwrap_or(CUT_OFF))
    }

    /// M of the exports, which are cut down to the core where one is asked for.
    ///
    /// # Errors
    ///
    /// What the kernels refuse, and numbers brought that do not fit.
    pub fn basis(&self, exports: &mut Exports<'_>) -> Result<Basis, Error> {
        let whole = self.of(exports)?;
        let Some(least) = self.core else {
            self.note(exports, &whole);
            return Ok(whole);
        };
        let before = [exports.places.clone(), exports.products.clone()];
        let found = match self.recomputed {
            true => self.trimmed(exports, whole, least)?,
            false => {
                self.note(exports, &whole);
                kept(exports, whole, least)?
            }
        };
        if self.recomputed {
            self.note(exports, &found);
        }
        let after = [&exports.places, &exports.products];
        let mut notes = Vec::new();
        for (what, (before, after)) in ["places", "products"].iter().zip(before.iter().zip(after)) {
            let gone: Vec<&str> =
                (before.iter().filter(|id| !after.contains(id))).map(String::as_str).collect();
            if !gone.is_empty() {
                let [d, u] = least;
                let (count, ids) = (gone.len(), few(&gone));
                notes.push(format!("{count} {what} outside the ({d}, {u})-core left out: {ids}"));
            }
        }
        exports.notes.extend(notes);
        Ok(found)
    }

    /// What RCA and M say of the table.
    fn note(&self, exports: &mut Exports<'_>, found: &Basis) {
        let of_rca = found.rca.iter().flat_map(|index| &index.notes);
        let told = exports.say(of_rca.chain(&found.m.notes));
        exports.notes.extend(told);
    }

    /// M of a table as it is.
    fn of(&self, exports: &Exports<'_>) -> Result<Basis, Error> {
        let refused = |error| exports.refused(&error);
        if self.test == Test::Given {
            let m = Presence::given(&exports.table).map_err(refused)?;
            return Ok(Basis { rca: None, m, weights: None });
        }
        if self.test == Test::Weights {
            let weights = Weights::given(&exports.table).map_err(refused)?;
            return Ok(Basis { rca: None, m: weights.pattern(), weights: Some(weights) });
        }
        let index = match &self.basket {
            None => rca(&exports.table).map_err(refused)?,
            Some(source) => self.against(exports, source)?,
        };
        let cut_off = self.cut_off.unwrap_or(CUT_OFF);
        let by_rca = || presence(&index, cut_off).map_err(refused);
        let by_head = || {
            let people = self.people(exports)?;
            let head = rpop(&exports.table, &people).map_err(refused)?;
            presence(&head, cut_off).map_err(refused)
        };
        let mut weights = None;
        let m = match self.test {
            Test::Rpop => by_head()?,
            Test::RcaOrRpop => by_rca()?.or(&by_head()?).map_err(refused)?,
            Test::RcaAndRpop => by_rca()?.and(&by_head()?).map_err(refused)?,
            Test::Smooth => weights.insert(Weights::saturating(&index).map_err(refused)?).pattern(),
            Test::Rca | Test::Given | Test::Weights => by_rca()?,
        };
        Ok(Basis { rca: Some(index), m, weights })
    }

    fn people(&self, exports: &Exports<'_>) -> Result<Vec<f64>, Error> {
        let source = self.population.clone().unwrap_or_default();
        let wanted = Wanted {
            verb: self.verb,
            option: "population",
            column: "population",
            places: true,
            domain: Domain::Positive,
            complete: false,
            year: exports.year.as_deref(),
        };
        for_each(exports.book, &source, &exports.places, &wanted)
    }

    /// RCA against a basket from outside. Products that only the basket has are part of its total.
    fn against(&self, exports: &Exports<'_>, source: &Value) -> Result<Rca, Error> {
        let wanted = Wanted {
            verb: self.verb,
            option: "basket",
            column: "value",
            places: false,
            domain: Domain::NotNegative,
            complete: true,
            year: exports.year.as_deref(),
        };
        let all = brought(exports.book, source, &wanted)?;
        let basket: Vec<f64> =
            exports.products.iter().map(|id| all.get(id).copied().unwrap_or(0.0)).collect();
        let mut found =
            rca_against(&exports.table, &basket).map_err(|error| exports.refused(&error))?;
        let share = all.values().sum::<f64>() / basket.iter().sum::<f64>();
        found.values.iter_mut().for_each(|value| *value *= share);
        Ok(found)
    }

    /// Rounds of taking out what is below, with RCA made anew after each.
    fn trimmed(
        &self,
        exports: &mut Exports<'_>,
        mut found: Basis,
        [diversity, ubiquity]: [usize; 2],
    ) -> Result<Basis, Error> {
        loop {
            let (few, rare) =
                too_few(&found.m, diversity, ubiquity).map_err(|error| exports.refused(&error))?;
            if few.is_empty() && rare.is_empty() {
                return Ok(found);
            }
            let others = |all: usize, gone: &[usize]| -> Vec<usize> {
                (0..all).filter(|at| gone.binary_search(at).is_err()).collect()
            };
            cut(exports, &others(found.m.places, &few), &others(found.m.products, &rare))?;
            found = self.of(exports)?;
        }
    }
}

/// The core with the RCA of the full table.
fn kept(
    exports: &mut Exports<'_>,
    found: Basis,
    [diversity, ubiquity]: [usize; 2],
) -> Result<Basis, Error> {
    let refused = |error| exports.refused(&error);
    let inner = core(&found.m, diversity, ubiquity).map_err(refused)?;
    let mut m = found.m.part(&inner.places, &inner.products).map_err(refused)?;
    m.convention = format!("{}, {} of them", m.convention, inner.convention);
    let rca = found.rca.map(|mut index| {
        let (n, all) = (index.products, std::mem::take(&mut index.values));
        let cells = inner.places.iter().flat_map(|i| inner.products.iter().map(move |k| i * n + k));
        index.values = cells.map(|cell| all[cell]).collect();
        (index.places, index.products) = (inner.places.len(), inner.products.len());
        // A core has nothing empty.
        (index.empty_places, index.empty_products) = Default::default();
        index
    });
    cut(exports, &inner.places, &inner.products)?;
    Ok(Basis { rca, m, weights: None })
}

/// Leaves some rows and columns of a table.
fn cut(exports: &mut Exports<'_>, places: &[usize], products: &[usize]) -> Result<(), Error> {
    let n = exports.products.len();
    let cells = places.iter().flat_map(|i| products.iter().map(move |k| i * n + k));
    let values = cells.map(|cell| exports.table.values[cell]).collect();
    let table = PlaceProduct::new(places.len(), products.len(), values);
    let of = |ids: &[String], kept: &[usize]| kept.iter().map(|at| ids[*at].clone()).collect();
    exports.table = table.map_err(|error| exports.refused(&error))?;
    exports.places = of(&exports.places, places);
    exports.products = of(&exports.products, products);
    Ok(())
}
