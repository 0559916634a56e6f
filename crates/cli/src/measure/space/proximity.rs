//! `emporion measure proximity`: how near products, or places, are to one another.

use emporion_model::measure::presence::Presence;

use super::{
    Basis, advice, decimals, few, having_options, kind_word, known, nearness, of_presence, whole,
    with_columns,
};
use crate::answer::{Advice, Answer, Part, Show};
use crate::args::{Nearness, Pairs, Proximity as Arguments};
use crate::failure::Failure;
use crate::measure::Figures;

/// Pairs, the nearest first.
pub fn answer(arguments: &Arguments, figures: &Figures<'_>) -> Result<Answer, Failure> {
    let basis = Basis::open(&arguments.having, figures)?;
    let exports = &basis.exports;
    let (key, m, ids, shown) = match arguments.of {
        Pairs::Products => ("product", basis.m.clone(), &exports.products, &arguments.product),
        Pairs::Places => ("origin", basis.m.transposed(), &exports.places, &arguments.place),
    };
    let other = match arguments.of {
        Pairs::Products => &arguments.place,
        Pairs::Places => &arguments.product,
    };
    if !other.is_empty() {
        let other: Vec<&str> = other.iter().map(String::as_str).collect();
        return Err(Failure::new(format!(
            "the pairs are pairs of {}: {} cannot choose among them; see --of",
            if key == "origin" { "places" } else { "products" },
            few(&other)
        )));
    }
    known(key, shown, ids)?;
    let lowest = if arguments.kind == Nearness::Correlation { -1.0 } else { 0.0 };
    if let Some(least) = arguments.least.filter(|least| !(lowest..=1.0).contains(least)) {
        return Err(Failure::new(format!(
            "--least {least}: proximities of this kind run from {lowest} to 1"
        )));
    }
    let phi = match arguments.of {
        Pairs::Products => nearness(&basis, arguments.kind, 1)?,
        Pairs::Places => of_presence(&m, arguments.kind, 1, exports)?,
    };
    let (pairs, found) = pairs(arguments, &phi.values, &phi.undefined_products, ids, shown);

    let title = if key == "origin" { "Proximity of places" } else { "Proximity of products" };
    let mut answer = figures.answer("proximity", title);
    answer.option("kind", kind_word(arguments.kind));
    answer.option("of", if key == "origin" { "places" } else { "products" });
    answer.option("product", arguments.product.clone());
    answer.option("place", arguments.place.clone());
    answer.option("least", arguments.least);
    having_options(&arguments.having, exports, &mut answer);
    figures.describe(&mut answer, [&exports.whole]);
    let mut columns = figures.key_columns(&[key]);
    columns.extend(with_columns(figures, key));
    let common = if key == "origin" { "Products\nof both" } else { "Places\nwith both" };
    columns.extend([decimals("proximity", "Proximity"), whole("both", common)]);
    let mut part = Part::new("rows", "", columns);
    for (phi, k, l) in pairs {
        let mut row = figures.key_cells(&[key], std::slice::from_ref(&ids[k]));
        row.extend(figures.key_cells(&[key], std::slice::from_ref(&ids[l])));
        row.extend([phi.into(), common_of(&m, k, l).into()]);
        part.push(row);
    }
    if part.rows.len() < found {
        let (left, top) = (found - part.rows.len(), part.rows.len());
        let message = format!("{left} further rows are left out by --top {top}");
        answer.note(Advice::new("left_out_by_top", message, left));
    }
    answer.parts.push(part);
    answer.count("pairs", "Pairs", "", Show::Whole, found);
    exports.count(&mut answer);
    answer.say("convention", "Convention", phi.convention.as_str());
    answer.notes.extend(basis.notes());
    let undefined = phi.notes.iter().map(|note| {
        let mut note = note.clone();
        if key == "origin" {
            note.code = "undefined_places";
            note.message =
                note.message.replace("products", "places").replace("place has", "product has");
        }
        note
    });
    answer.notes.extend(advice(&undefined.collect::<Vec<_>>(), exports));
    Ok(answer)
}

/// The nearest pairs and the number of all, each pair once; both ways round where the kind tells
/// them apart, or for one of those shown.
fn pairs(
    arguments: &Arguments,
    phi: &[f64],
    undefined: &[usize],
    ids: &[String],
    shown: &[String],
) -> (Vec<(f64, usize, usize)>, usize) {
    let n = ids.len();
    let defined: Vec<usize> = (0..n).filter(|k| undefined.binary_search(k).is_err()).collect();
    let both_ways = arguments.kind == Nearness::Asymmetric;
    let of = |id: &String| shown.contains(id);
    let mut pairs = Vec::new();
    for &k in &defined {
        for &l in defined.iter().filter(|l| **l != k) {
            let wanted = if shown.is_empty() {
                both_ways || k < l
            } else {
                // The one that was asked for stands first; a pair of two of them once.
                of(&ids[k]) && (both_ways || !of(&ids[l]) || k < l)
            };
            let near = phi[k * n + l];
            if wanted && arguments.least.is_none_or(|least| near >= least) {
                pairs.push((near, k, l));
            }
        }
    }
    let found = pairs.len();
    let nearer = |a: &(f64, usize, usize), b: &(f64, usize, usize)| {
        b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2)))
    };
    // There can be millions of pairs: only those kept are put in order.
    if let Some(top) = arguments.common.shape.top.filter(|top| *top < found) {
        pairs.select_nth_unstable_by(top, nearer);
        pairs.truncate(top);
    }
    pairs.sort_by(nearer);
    (pairs, found)
}

/// Rows of M with both columns.
fn common_of(m: &Presence, k: usize, l: usize) -> usize {
    (0..m.places).filter(|i| m.has(*i, k) && m.has(*i, l)).count()
}
