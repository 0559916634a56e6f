//! What places can make, by other roads than ECI, on the rows of the case: how many products, fitness,
//! reflections, and what lies near.

use std::sync::Arc;

use emporion_model::measure::complexity::complexity;
use emporion_model::measure::fitness::{FitnessOptions, fitness, weighted_fitness};
use emporion_model::measure::opportunity::{PciScale, opportunity};
use emporion_model::measure::proximity::{density, proximity};
use emporion_model::measure::reflections::reflections;
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::complexities::{Scaling, in_parts, item, order};
use super::exported::{Exports, joined};
use super::having::{Basis, Having};
use super::related::diagonal;
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
    basis: Basis,
    top: usize,
}

impl<'a> Question<'a> {
    fn new(
        book: &'a Book,
        kwargs: &Kwargs,
        verb: &'static str,
        own: &[&str],
    ) -> Result<Self, Error> {
        let top = kwargs.get::<Option<usize>>("top")?.unwrap_or(usize::MAX);
        let own = [own, &["top"]].concat();
        let open = if verb == "fitness" { Exports::weighted_too } else { Exports::new };
        let (mut exports, basis) = open(book, kwargs, verb, &own)?;
        if let Some(cut_off) = Having::read(kwargs, verb)?.cut_off() {
            exports.options.insert("cut_off".into(), cut_off.to_string());
        }
        Ok(Self { exports, basis, top })
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
        let items = order(&scores.values).into_iter().take(self.top).enumerate();
        let items = items.map(|(position, at)| {
            let id = &ids[at];
            let own = [("of", id.as_str()), ("index", scores.index)];
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
        let notes = notes.into_iter().chain(self.exports.notes.iter().cloned());
        Value::from_pairs([
            ("places", self.list(&self.exports.places, &places, asked, &text)),
            ("products", self.list(&self.exports.products, &products, asked, &text)),
            ("notes", joined(notes)),
        ])
    }
}

/// `diversity(top, cut_off, ...)`: products of each place, places of each product.
fn counts(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let question = Question::new(book, kwargs, "diversity", &[])?;
    let m = &question.basis.m;
    let known = |counts: Vec<usize>| counts.into_iter().map(|count| Some(count as f64)).collect();
    let places = Scores { index: "diversity", values: known(m.diversity()), unit: "products" };
    let products = Scores { index: "ubiquity", values: known(m.ubiquity()), unit: "places" };
    Ok(question.both((places, products), &[], &m.convention, Vec::new()))
}

/// `fitness(steps, top, cut_off, ...)`: places by fitness, products by the complexity that belongs
/// to it.
fn fit(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let steps: Option<usize> = kwargs.get("steps")?;
    let question = Question::new(book, kwargs, "fitness", &["steps"])?;
    let options = match steps {
        None => FitnessOptions::default(),
        Some(max_steps) => FitnessOptions { tolerance: 0.0, max_steps },
    };
    let found = match &question.basis.weights {
        None => fitness(&question.basis.m, &options),
        Some(weights) => weighted_fitness(weights, &options),
    }
    .map_err(|error| question.exports.refused(&error))?;
    let convention =
        format!("{}; {} steps, last change {:.1e}", found.convention, found.steps, found.residual);
    let notes = question.exports.say(&found.notes);
    let places = Scores { index: "fitness", values: found.fitness, unit: "mean 1" };
    let products =
        Scores { index: "complexity by fitness", values: found.complexity, unit: "mean 1" };
    let steps = steps.map(|steps| steps.to_string());
    let asked: Vec<(&str, &str)> =
        steps.as_deref().map(|steps| ("steps", steps)).into_iter().collect();
    Ok(question.both((places, products), &asked, &convention, notes))
}

/// `reflections(steps = 20, ddof = 0, top, cut_off, ...)`: the method of reflections after so many
/// steps.
fn reflect(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let steps = kwargs.get::<Option<usize>>("steps")?.unwrap_or(STEPS);
    let ddof: Option<usize> = kwargs.get("ddof")?;
    if let Some(ddof) = ddof.filter(|ddof| *ddof > 1) {
        return Err(refuse(format!("reflections(): ddof is 0 or 1, got {ddof}")));
    }
    let mut question = Question::new(book, kwargs, "reflections", &["steps", "ddof"])?;
    question.exports.keep(kwargs, "ddof")?;
    let found = reflections(&question.basis.m, steps, ddof.unwrap_or(0))
        .map_err(|error| question.exports.refused(&error))?;
    let notes = question.exports.say(&found.notes);
    let unit = "standard deviations";
    let places = Scores { index: "reflections of places", values: found.places, unit };
    let products = Scores { index: "reflections of products", values: found.products, unit };
    let steps = steps.to_string();
    Ok(question.both((places, products), &[("steps", &steps)], &found.convention, notes))
}

/// `outlook(exporter, scale = "eigenvector", diagonal = 1, ddof, largest_part, sign, top, cut_off,
/// ...)`: places by complexity outlook (COI); with an exporter, the products that it does not have
/// by what each would add (COG).
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
    let diagonal = diagonal(kwargs, "outlook")?;
    let scaling = Scaling::read(kwargs, "outlook")?;
    let own = [&["exporter", "scale", "diagonal"][..], &Scaling::OPTIONS].concat();
    let mut question = Question::new(book, kwargs, "outlook", &own)?;
    for name in Scaling::OPTIONS {
        question.exports.keep(kwargs, name)?;
    }
    let (exports, m) = (&question.exports, &question.basis.m);
    let refused = |error| exports.refused(&error);
    let index =
        complexity(m, &scaling.options(exports)?).map_err(|error| in_parts(exports, &error))?;
    let near = proximity(m, diagonal).map_err(refused)?;
    let around = density(m, &near).map_err(refused)?;
    let found = opportunity(m, &index, &near, &around, scale).map_err(refused)?;
    let gains = match &exporter {
        None => Vec::new(),
        Some(id) => {
            let place = exports.place(id)?;
            // What lies outside the part taken has no scores.
            let gain = |k: usize| {
                let scored = index.eci[place].is_some() && index.pci[k].is_some();
                (scored && !m.has(place, k)).then(|| found.cog[place * m.products + k])
            };
            (0..m.products).map(gain).collect()
        }
    };
    let notes = exports.say(index.notes.iter().chain(&around.notes));
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
