//! Who has which product: the options that all indicators of complexity and relatedness share.

use emporion_model::measure::having::{self, Basket, Cored, Test};
use emporion_model::measure::presence::CUT_OFF;
use emporion_tables::named::few;
use minijinja::Error;
use minijinja::value::{Kwargs, Value};

use super::brought::{Domain, Wanted, brought, for_each};
use super::exported::Exports;
use crate::book::refuse;

/// The options read here.
pub const OPTIONS: [&str; 6] = ["cut_off", "presence", "population", "basket", "core", "core_rca"];

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

pub use having::Basis;

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
        let problem = if self.test.by_head() && self.population.is_none() {
            "presence by exports per head needs population, a column of the table places, a table \
             of the case, or a mapping from ids to numbers"
        } else if !self.test.by_head() && self.population.is_some() {
            "population is there for exports per head: add presence=\"rpop\", \"rca_or_rpop\" or \
             \"rca_and_rpop\", or leave it out"
        } else if !self.test.by_rca() && self.basket.is_some() {
            "basket is there for RCA: take presence=\"rca\", or leave it out"
        } else if !self.test.stepped() && self.cut_off.is_some() {
            "cut_off is there for RCA and exports per head: leave it out, or take another presence"
        } else if self.test.weighted() && self.core.is_some() {
            "core counts products and places, and needs an M of 0 and 1: leave it out"
        } else {
            return Ok(());
        };
        Err(refuse(format!("{}(): {problem}", self.verb)))
    }

    /// The cut-off; none where M is given or has weights.
    pub fn cut_off(&self) -> Option<f64> {
        self.test.stepped().then(|| self.cut_off.unwrap_or(CUT_OFF))
    }

    /// M of the exports, which are cut down to the core where one is asked for.
    ///
    /// # Errors
    ///
    /// What the kernels refuse, and numbers brought that do not fit.
    pub fn basis(&self, exports: &mut Exports<'_>) -> Result<Basis, Error> {
        let how = self.how(exports)?;
        let whole = how.basis(&exports.table).map_err(|error| exports.refused(&error))?;
        let Some(least) = self.core else {
            self.note(exports, &whole);
            return Ok(whole);
        };
        if !self.recomputed {
            self.note(exports, &whole);
        }
        let cored = match self.recomputed {
            true => how.trimmed(&exports.table, whole, least),
            false => whole.core(least[0], least[1]),
        };
        let Cored { basis, places, products } = cored.map_err(|error| exports.refused(&error))?;
        let before = [exports.places.clone(), exports.products.clone()];
        exports.cut(&places, &products)?;
        if self.recomputed {
            self.note(exports, &basis);
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
        Ok(basis)
    }

    /// What RCA and M say of the table.
    fn note(&self, exports: &mut Exports<'_>, found: &Basis) {
        let of_rca = found.rca.iter().flat_map(|index| &index.notes);
        let told = exports.say(of_rca.chain(&found.m.notes));
        exports.notes.extend(told);
    }

    /// How M is made, with the numbers brought.
    fn how(&self, exports: &Exports<'_>) -> Result<having::Having, Error> {
        let people = self.population.as_ref().map(|source| self.people(exports, source));
        let basket = self.basket.as_ref().map(|source| self.outside(exports, source));
        Ok(having::Having {
            test: self.test,
            cut_off: self.cut_off.unwrap_or(CUT_OFF),
            people: people.transpose()?,
            basket: basket.transpose()?,
        })
    }

    fn people(&self, exports: &Exports<'_>, source: &Value) -> Result<Vec<f64>, Error> {
        let wanted = Wanted {
            verb: self.verb,
            option: "population",
            column: "population",
            places: true,
            domain: Domain::Positive,
            complete: false,
            year: exports.year.as_deref(),
        };
        for_each(exports.book, source, &exports.places, &wanted)
    }

    /// A basket from outside, by the products of the table.
    fn outside(&self, exports: &Exports<'_>, source: &Value) -> Result<Basket, Error> {
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
        let of = |id: &String| all.get(id).copied().unwrap_or(0.0);
        let products = exports.products.iter().map(of).collect();
        Ok(Basket { products, total: all.values().sum() })
    }
}
