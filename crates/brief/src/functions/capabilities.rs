//! What places can make, by other roads than ECI, on the rows of the case: how many products, fitness,
//! reflections, and what lies near.

use std::sync::Arc;

use emporion_model::measure::complexity::{ComplexityOptions, complexity};
use emporion_model::measure::fitness::{FitnessOptions, fitness};
use emporion_model::measure::opportunity::{PciScale, opportunity};
use emporion_model::measure::presence::{CUT_OFF, Presence};
use emporion_model::measure::proximity::{Diagonal, density, proximity};
use emporion_model::measure::reflections::reflections;
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::complexities::{Exports, item, order};
use crate::book::{Book, refuse};

/// Steps of the reflections unless others are asked for.
const STEPS: usize = 20;

/// Registers the functions of this file.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("diversity", move |kwargs: Kwargs| counts(&b, &kwargs));
    let b = Arc::clone(book);
    env.add_function("fitness", move |kwargs: Kwargs| fit(&b, &kwargs));
    let b = Arc::clone(book);
    env.add_function("reflections", move |kwargs: Kwargs| reflect(&b, &kwargs));
    let b = Arc::clone(book);
    env.add_function("outlook", move |kwargs: Kwargs| outlook(&b, &kwargs));
}

/// One number for each place or product.
struct Scores<'a> {
    /// What it is, as in labels and traces.
    index: &'a str,
    values: Vec<Option<f64>>,
    unit: &'a str,
}

/// Exports, M, and how many items are wanted.
struct Question<'a> {
    exports: Exports<'a>,
    m: Presence,
    top: usize,
    cut_off: f64,
}

impl<'a> Question<'a> {
    fn new(
        book: &'a Book,
        kwargs: &Kwargs,
        verb: &'static str,
        own: &[&str],
    ) -> Result<Self, Error> {
        let top = kwargs.get::<Option<usize>>("top")?.unwrap_or(usize::MAX);
        let cut_off = kwargs.get::<Option<f64>>("cut_off")?.unwrap_or(CUT_OFF);
        let own = [own, &["top", "cut_off"]].concat();
        let exports = Exports::new(book, kwargs, verb, &own)?;
        let (_, m) = exports.presence(cut_off)?;
        Ok(Self { exports, m, top, cut_off })
    }

    /// Items of `ids`, the highest first; those without a number are left out. `asked` tells the
    /// numbers from those of another question.
    fn list(
        &self,
        ids: &[String],
        scores: &Scores<'_>,
        asked: &[(&str, &str)],
        text: &str,
    ) -> Value {
        let cut_off = self.cut_off.to_string();
        let items = order(&scores.values).into_iter().take(self.top).enumerate();
        let items = items.map(|(position, at)| {
            let id = &ids[at];
            let own = [("of", id.as_str()), ("index", scores.index), ("cut_off", &cut_off)];
            let asked = [asked, &own].concat();
            let label = format!("{}: {}", scores.index, self.exports.name(id));
            let (value, unit) = (scores.values[at], scores.unit);
            let cell = self.exports.cell(&asked, label, value, unit, text.to_owned());
            let mut pairs = item(&self.exports, position, id);
            pairs.push(("value", self.exports.enter(cell)));
            Value::from_pairs(pairs)
        });
        Value::from(items.collect::<Vec<_>>())
    }

    /// Places and products under the same conventions.
    fn both(
        &self,
        (places, products): (Scores<'_>, Scores<'_>),
        asked: &[(&str, &str)],
        convention: &str,
        notes: Vec<String>,
    ) -> Value {
        let (n, m) = (self.exports.places.len(), self.exports.products.len());
        let text = format!("{convention}; {n} places \u{d7} {m} products");
        let notes = notes.into_iter().chain(self.exports.notes.iter().map(|n| n.message.clone()));
        Value::from_pairs([
            ("places", self.list(&self.exports.places, &places, asked, &text)),
            ("products", self.list(&self.exports.products, &products, asked, &text)),
            ("notes", Value::from(notes.collect::<Vec<_>>().join("; "))),
        ])
    }
}

/// `diversity(top, cut_off, ...)`: products of each place, places of each product.
fn counts(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let question = Question::new(book, kwargs, "diversity", &[])?;
    let known = |counts: Vec<usize>| counts.into_iter().map(|count| Some(count as f64)).collect();
    let places =
        Scores { index: "diversity", values: known(question.m.diversity()), unit: "products" };
    let products =
        Scores { index: "ubiquity", values: known(question.m.ubiquity()), unit: "places" };
    Ok(question.both((places, products), &[], &question.m.convention, Vec::new()))
}

/// `fitness(top, cut_off, ...)`: places by fitness, products by the complexity that belongs to it.
fn fit(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let question = Question::new(book, kwargs, "fitness", &[])?;
    let found = fitness(&question.m, &FitnessOptions::default())
        .map_err(|error| question.exports.refused(&error))?;
    let convention =
        format!("{}; {} steps, last change {:.1e}", found.convention, found.steps, found.residual);
    let notes = found.notes.iter().map(|note| note.message.clone()).collect();
    let places = Scores { index: "fitness", values: found.fitness, unit: "mean 1" };
    let products =
        Scores { index: "complexity by fitness", values: found.complexity, unit: "mean 1" };
    Ok(question.both((places, products), &[], &convention, notes))
}

/// `reflections(steps = 20, top, cut_off, ...)`: the method of reflections after so many steps.
fn reflect(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let steps = kwargs.get::<Option<usize>>("steps")?.unwrap_or(STEPS);
    let question = Question::new(book, kwargs, "reflections", &["steps"])?;
    let found =
        reflections(&question.m, steps, 0).map_err(|error| question.exports.refused(&error))?;
    let notes = found.notes.iter().map(|note| note.message.clone()).collect();
    let unit = "standard deviations";
    let places = Scores { index: "reflections of places", values: found.places, unit };
    let products = Scores { index: "reflections of products", values: found.products, unit };
    let steps = steps.to_string();
    Ok(question.both((places, products), &[("steps", &steps)], &found.convention, notes))
}

/// `outlook(exporter, scale = "eigenvector", diagonal = 1, top, cut_off, ...)`: places by complexity
/// outlook (COI); with an exporter, the products that it does not have by what each would add (COG).
fn outlook(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let exporter: Option<String> = kwargs.get("exporter")?;
    let scale_word = kwargs.get::<Option<String>>("scale")?.unwrap_or("eigenvector".into());
    let scale = match scale_word.as_str() {
        "eigenvector" => PciScale::Eigenvector,
        "standardised" => PciScale::Standardised,
        other => {
            return Err(refuse(format!(
                "outlook(): scale is \"eigenvector\" or \"standardised\", got {other:?}"
            )));
        }
    };
    let diagonal = match kwargs.get::<Option<u8>>("diagonal")?.unwrap_or(1) {
        0 => Diagonal::Zero,
        1 => Diagonal::One,
        other => return Err(refuse(format!("outlook(): diagonal is 1 or 0, got {other}"))),
    };
    let question = Question::new(book, kwargs, "outlook", &["exporter", "scale", "diagonal"])?;
    let (exports, m) = (&question.exports, &question.m);
    let refused = |error| exports.refused(&error);
    let index = complexity(m, &ComplexityOptions::default()).map_err(refused)?;
    let near = proximity(m, diagonal).map_err(refused)?;
    let around = density(m, &near).map_err(refused)?;
    let found = opportunity(m, &index, &near, &around, scale).map_err(refused)?;
    let gains = match &exporter {
        None => Vec::new(),
        Some(id) => {
            let place = exports.place(id)?;
            let gain = |k: usize| {
                let known = index.pci[k].is_some() && !m.has(place, k);
                known.then(|| found.cog[place * m.products + k])
            };
            (0..m.products).map(gain).collect()
        }
    };
    let notes = index.notes.iter().map(|note| note.message.clone()).collect();
    let unit = match scale {
        PciScale::Eigenvector => "standard deviations",
        PciScale::Standardised => "sum of density times PCI",
    };
    let places = Scores { index: "complexity outlook", values: found.coi, unit };
    let products =
        Scores { index: "complexity outlook gain", values: gains, unit: "standard deviations" };
    let diagonal = diagonal.value().to_string();
    let mut asked = vec![("scale", scale_word.as_str()), ("diagonal", diagonal.as_str())];
    asked.extend(exporter.as_deref().map(|id| ("exporter", id)));
    Ok(question.both((places, products), &asked, &found.convention, notes))
}
