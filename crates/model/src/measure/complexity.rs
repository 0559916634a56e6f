//! The economic complexity index of places (ECI) and the product complexity index (PCI).

use serde::Serialize;

use super::check_length;
use super::presence::{Component, Presence, components};
use super::spectrum::{Bipartite, One, Weight, averages, second_vector};
use super::weights::Weights;
use crate::outcome::{InputError, Note, Status};

/// Below this the second eigenvalue is rounding of 0 (a symmetric eigenproblem of norm 1 carries
/// some n × 2e-16).
const NO_VARIATION: f64 = 1e-12;
/// Below this gap rounding alone turns the second eigenvector by 1e-6 or more.
const TIE: f64 = 1e-10;
/// A relative gap below this earns a note: small changes of the data can reorder the ranking.
/// A rule of thumb of ours; trade tables of countries have 0.3.
const SMALL_GAP: f64 = 0.05;
/// A correlation below this makes the sign a weak convention.
const WEAK_SIGN: f64 = 0.1;
/// A correlation below this is rounding: the sign then follows the most extreme place.
const NO_SIGN: f64 = 1e-9;

/// What to do with a table that falls into unconnected parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Disconnected {
    /// Refuse and name the components (the default): ECI would only tell them apart.
    #[default]
    Refuse,
    /// Keep the largest component; the rest has no ECI.
    Largest,
}

/// How ECI and PCI are scaled and signed.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ComplexityOptions {
    /// Divisor of the variance is n - ddof. The default 0 is that of the Atlas and of the Stata
    /// and Python packages of the Growth Lab; R packages use 1.
    pub ddof: usize,
    /// Values per place that ECI shall correlate with positively, such as income per head. The
    /// default is diversity, as in the Atlas.
    pub sign_reference: Option<Vec<f64>>,
    /// Unconnected parts.
    pub disconnected: Disconnected,
}

/// Which side the eigenproblem was solved on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// A matrix of places × places.
    Places,
    /// A matrix of products × products.
    Products,
}

/// ECI and PCI with what they rest on.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Complexity {
    /// ECI per place: mean 0, standard deviation 1 over the places that have one.
    pub eci: Vec<Option<f64>>,
    /// PCI per product on ECI's own scale: ECI is the mean PCI of a place's products.
    pub pci: Vec<Option<f64>>,
    /// The same, z-scored over products.
    pub pci_z: Vec<Option<f64>>,
    /// Products per place, d.
    pub diversity: Vec<usize>,
    /// Places per product, u.
    pub ubiquity: Vec<usize>,
    /// Second eigenvalue, 0 to 1; near 1 the table nearly falls apart.
    pub lambda2: f64,
    /// Third eigenvalue; none when the shorter side has two entries.
    pub lambda3: Option<f64>,
    /// `lambda2` - `lambda3`: the condition of the answer.
    pub gap: f64,
    /// Euclidean norm of S v - λ v for the unit eigenvector v.
    pub residual: f64,
    /// Correlation of ECI with the sign's reference.
    pub sign_correlation: f64,
    /// The side solved.
    pub side: Side,
    /// `Converged`; or `NotIdentified` when the second eigenvalue is double: then no scores.
    pub status: Status,
    /// `dropped_places`, `dropped_products`, `weak_sign`, `small_gap`, `tied_eigenvalues`.
    pub notes: Vec<Note>,
    /// The conventions used, in one line.
    pub convention: String,
}

/// ECI and PCI by the second eigenvector.
///
/// ```text
/// D^-1 M U^-1 M' e = λ2 e        p = U^-1 M' e / λ2        e = D^-1 M p
/// S = D^-1/2 M U^-1 M' D^-1/2 = S'        S v = λ2 v        e = D^-1/2 v
/// ECI_i = (e_i - mean e) / sd e        PCI_k = (p_k - mean e) / sd e
/// ```
///
/// When there are fewer products than places, the same problem is solved on the products' side,
/// U^-1/2 M' D^-1 M U^-1/2, which has the same eigenvalues.
///
/// # Notation
///
/// | symbol | field | shape | unit |
/// | --- | --- | --- | --- |
/// | M_ik | `presence.values` | places × products | 0 or 1 |
/// | D, U | `diversity`, `ubiquity` on the diagonal | | counts |
/// | λ2, λ3 | `lambda2`, `lambda3` | | |
/// | e, ECI_i | `eci` | places | standard deviations |
/// | p, PCI_k | `pci` (ECI's scale), `pci_z` (own scale) | products | standard deviations |
///
/// # Assumptions
///
/// Places without products and products without places are left out and listed; they do not touch
/// the rest, because M comes from the RCA of the full table. One sign serves both indices: ECI
/// correlates positively with the reference. A weak correlation is reported.
///
/// # Result
///
/// None for what was left out. With a double second eigenvalue every mixture of two vectors would
/// do: status `NotIdentified` and no scores.
///
/// # Errors
///
/// [`InputError::Empty`] for a table without presence; [`InputError::Undefined`] for unconnected
/// parts (named, or ask for the largest) and for a table in which all places have the same basket;
/// [`InputError::Length`] or [`InputError::Value`] for a reference that does not fit.
///
/// # Cost
///
/// With n the shorter side: n³ for the eigenproblem, Σ (degree of the longer side)² to build it.
///
/// # Source
///
/// Hidalgo, Hausmann 2009; Hausmann et al., The Atlas of Economic Complexity, 2014, p. 24; the
/// symmetric form: Mealy, Farmer, Teytelboym 2019.
///
/// # Example
///
/// ```
/// use emporion_model::measure::{complexity::*, presence::Presence};
/// // Three places with nested baskets: the most diverse has the rarest product.
/// let m = [true, true, true, true, true, false, true, false, false];
/// let c = complexity(&Presence::new(3, 3, m.to_vec())?, &ComplexityOptions::default())?;
/// assert!(c.eci[0] > c.eci[1] && c.eci[1] > c.eci[2]);
/// assert!(c.pci[2] > c.pci[1] && c.pci[1] > c.pci[0]);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn complexity(
    presence: &Presence,
    options: &ComplexityOptions,
) -> Result<Complexity, InputError> {
    check_length("presence matrix", presence.places * presence.products, presence.values.len())?;
    let diversity: Vec<f64> = presence.diversity().into_iter().map(|d| d as f64).collect();
    solve(presence, |_, _| One, diversity, "diversity", options)
}

/// ECI and PCI of an M of weights: values from 0 to 1 of the user's own, or a smooth function of
/// RCA instead of a step.
///
/// The equations are those of [`complexity`] with d_i = Σ_k M_ik and u_k = Σ_i M_ik; ECI is the
/// mean PCI of a place's products weighted with M_ik. The sign makes ECI rise with d_i. The fields
/// `diversity` and `ubiquity` count the cells above 0. With weights of 0 and 1 the answer is that
/// of [`complexity`], bit for bit.
///
/// # Errors
///
/// As [`complexity`]. A smooth M seldom has a cell of 0: the table is then connected, and a second
/// eigenvalue near 0 says how little there is to tell.
///
/// # Example
///
/// ```
/// use emporion_model::measure::{complexity::*, weights::Weights};
/// use emporion_model::panel::PlaceProduct;
/// let m = vec![1.0, 0.8, 0.6, 0.9, 0.5, 0.0, 0.7, 0.1, 0.0];
/// let weights = Weights::given(&PlaceProduct::new(3, 3, m)?)?;
/// let c = weighted_complexity(&weights, &ComplexityOptions::default())?;
/// assert!(c.eci[0] > c.eci[1] && c.eci[1] > c.eci[2]);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn weighted_complexity(
    weights: &Weights,
    options: &ComplexityOptions,
) -> Result<Complexity, InputError> {
    let m = |i: usize, k: usize| weights.values()[i * weights.products() + k];
    solve(&weights.pattern(), m, weights.diversity(), "the sum of its M", options)
}

/// Either of the two: `presence` says where M is above 0, `m` what it is there.
fn solve<W: Weight>(
    presence: &Presence,
    m: impl Fn(usize, usize) -> W,
    own_reference: Vec<f64>,
    reference_name: &str,
    options: &ComplexityOptions,
) -> Result<Complexity, InputError> {
    let (diversity, ubiquity) = (presence.diversity(), presence.ubiquity());
    let reference = options.sign_reference.clone().unwrap_or(own_reference);
    check_length("sign reference", presence.places, reference.len())?;
    let kept = connected_part(presence, options.disconnected)?;
    if let Some(i) = kept.places.iter().find(|i| !reference[**i].is_finite()) {
        return Err(InputError::Value {
            what: "sign reference".into(),
            index: *i,
            value: reference[*i],
            remedy: "give a finite value for every place".into(),
        });
    }
    let shorter = kept.places.len().min(kept.products.len());
    if shorter < 2 || shorter <= options.ddof {
        return Err(no_variation("fewer than two places or products are left"));
    }

    let bipartite = Bipartite::of(presence, &kept, m);
    let (places, products) = (kept.places.len(), kept.products.len());
    let side = if places <= products { Side::Places } else { Side::Products };
    let spectrum = match side {
        Side::Places => second_vector(&bipartite.products_of, &bipartite.places_of),
        Side::Products => second_vector(&bipartite.places_of, &bipartite.products_of),
    };
    if spectrum.status == Status::Converged && spectrum.lambda2 <= NO_VARIATION {
        return Err(no_variation("all places have the same basket: there is no variation"));
    }
    let lambda3 = spectrum.lambda3.map(|l| l.max(0.0));
    let mut out = Complexity {
        eci: vec![None; presence.places],
        pci: vec![None; presence.products],
        pci_z: vec![None; presence.products],
        lambda2: spectrum.lambda2,
        lambda3,
        gap: spectrum.lambda2 - lambda3.unwrap_or(0.0),
        residual: spectrum.residual,
        sign_correlation: 0.0,
        side,
        status: spectrum.status,
        notes: presence.notes.clone(),
        convention: convention(presence, options, reference_name),
        diversity,
        ubiquity,
    };
    note_dropped(&mut out, &kept);
    if out.status != Status::Converged {
        return Ok(out);
    }
    if out.gap <= TIE {
        out.status = Status::NotIdentified;
        note(
            &mut out,
            "tied_eigenvalues",
            "the second eigenvalue is double: no ranking is better founded than another",
        );
        return Ok(out);
    }
    if out.gap < SMALL_GAP * out.lambda2 {
        note(
            &mut out,
            "small_gap",
            "second and third eigenvalue are close: small changes of the data can reorder places",
        );
    }

    // From either side, end with e = D^-1 M p: ECI is then the mean PCI to rounding.
    let mut p = match side {
        Side::Places => {
            let p = averages(&bipartite.places_of, &spectrum.vector);
            p.iter().map(|p| p / spectrum.lambda2).collect()
        }
        Side::Products => spectrum.vector,
    };
    let mut e = averages(&bipartite.products_of, &p);
    let own: Vec<f64> = kept.places.iter().map(|i| reference[*i]).collect();
    let sign = sign_of(&e, &own);
    e.iter_mut().chain(&mut p).for_each(|x| *x *= sign.factor);
    out.sign_correlation = sign.correlation;
    if sign.correlation < WEAK_SIGN {
        note(
            &mut out,
            "weak_sign",
            "ECI hardly correlates with its sign's reference: which end is the complex one is a \
             convention here, not a finding",
        );
    }

    let (mean, sd) = mean_sd(&e, options.ddof);
    let (mean_p, sd_p) = mean_sd(&p, options.ddof);
    for (i, x) in kept.places.iter().zip(&e) {
        out.eci[*i] = Some((x - mean) / sd);
    }
    for (k, x) in kept.products.iter().zip(&p) {
        out.pci[*k] = Some((x - mean) / sd);
        out.pci_z[*k] = Some((x - mean_p) / sd_p);
    }
    Ok(out)
}

fn connected_part(
    presence: &Presence,
    disconnected: Disconnected,
) -> Result<Component, InputError> {
    let mut parts = components(presence);
    if parts.is_empty() {
        return Err(InputError::Empty {
            what: "presence matrix".into(),
            remedy: "no place has any product; lower the cut-off".into(),
        });
    }
    if parts.len() > 1 && disconnected == Disconnected::Refuse {
        let named: Vec<String> = parts
            .iter()
            .map(|c| format!("places {} with products {}", ids(&c.places), ids(&c.products)))
            .collect();
        return Err(InputError::Undefined {
            what: "ECI".into(),
            reason: format!(
                "the table falls into {} parts that share no product ({}); the second eigenvalue \
                 is 1 and ECI would only tell the parts apart",
                parts.len(),
                named.join("; ")
            ),
            remedy: "ask for the largest part, or use a coarser classification".into(),
        });
    }
    Ok(parts.swap_remove(0))
}

/// Up to eight ids, then how many more.
fn ids(list: &[usize]) -> String {
    let shown: Vec<String> = list.iter().take(8).map(|i| i.to_string()).collect();
    match list.len().checked_sub(8) {
        Some(more) if more > 0 => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

fn no_variation(reason: &str) -> InputError {
    InputError::Undefined {
        what: "ECI".into(),
        reason: reason.into(),
        remedy: "use a finer classification or more places; there is nothing to rank".into(),
    }
}

struct Sign {
    factor: f64,
    correlation: f64,
}

/// The sign that makes the correlation with the reference positive. Without any correlation the
/// most extreme place (the first of equals) is put at the upper end.
fn sign_of(e: &[f64], reference: &[f64]) -> Sign {
    let (mean_e, sd_e) = mean_sd(e, 0);
    let (mean_r, sd_r) = mean_sd(reference, 0);
    let mut correlation = 0.0;
    if sd_r > 0.0 {
        let products = e.iter().zip(reference).map(|(e, r)| (e - mean_e) * (r - mean_r));
        correlation = products.sum::<f64>() / (e.len() as f64 * sd_e * sd_r);
    }
    if correlation.abs() > NO_SIGN {
        return Sign { factor: correlation.signum(), correlation: correlation.abs() };
    }
    let extreme = e.iter().map(|x| x - mean_e).fold(0.0f64, |a, x| {
        // A little more is needed to replace the first: equals differ by rounding.
        if x.abs() > a.abs() * (1.0 + NO_SIGN) { x } else { a }
    });
    Sign { factor: if extreme < 0.0 { -1.0 } else { 1.0 }, correlation: 0.0 }
}

fn mean_sd(values: &[f64], ddof: usize) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    (mean, (squares / (n - ddof as f64)).sqrt())
}

fn note(out: &mut Complexity, code: &'static str, message: &str) {
    out.notes.push(Note { code, message: message.into(), count: 1, rows: Vec::new() });
}

fn note_dropped(out: &mut Complexity, kept: &Component) {
    let left = |n: usize, kept: &[usize]| -> Vec<usize> {
        (0..n).filter(|i| kept.binary_search(i).is_err()).collect()
    };
    for (code, what, rows) in [
        ("dropped_places", "places", left(out.eci.len(), &kept.places)),
        ("dropped_products", "products", left(out.pci.len(), &kept.products)),
    ] {
        if !rows.is_empty() {
            out.notes.push(Note {
                code,
                message: format!("{what} outside the connected table have no index"),
                count: rows.len(),
                rows,
            });
        }
    }
}

fn convention(presence: &Presence, options: &ComplexityOptions, reference: &str) -> String {
    format!(
        "{}; eigenvector; ECI mean 0, sd 1 over places (ddof {}); PCI on ECI's scale, pci_z on its \
         own; sign: ECI rises with {}",
        presence.convention,
        options.ddof,
        if options.sign_reference.is_some() { "the given reference" } else { reference }
    )
}
