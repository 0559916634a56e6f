//! What a place could make next: complexity outlook (COI), the gain of a product (COG), and the
//! complexity of regions by the products of the world.

use rayon::prelude::*;
use serde::Serialize;

use super::check_length;
use super::complexity::Complexity;
use super::presence::Presence;
use super::proximity::{Density, Proximity};
use crate::outcome::InputError;

/// Which PCI enters COI and COG; the three programs in use rank places differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PciScale {
    /// The eigenvector itself, in standard deviations of ECI (the default, that of the Growth
    /// Lab's programs): its zero is the mean of ECI weighted with diversity. COI is z-scored.
    #[default]
    Eigenvector,
    /// PCI z-scored over products; COI is the plain sum (R and other Python packages).
    Standardised,
}

/// COI per place and COG per cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Opportunity {
    /// Complexity outlook index; none for a place without products.
    pub coi: Vec<Option<f64>>,
    /// Complexity outlook gain, row-major, places × products; 0 where the place has the product.
    pub cog: Vec<f64>,
    /// The scale used.
    pub scale: PciScale,
    /// The convention, in one line.
    pub convention: String,
}

/// Complexity outlook index and gain.
///
/// ```text
/// COI_i  = Σ_k (1 - M_ik) ω_ik PCI_k
/// COG_ik = (1 - M_ik) Σ_l (1 - M_il) φ_kl PCI_l / Σ_m φ_lm
/// ```
///
/// # Notation
///
/// | symbol | argument or field | shape |
/// | --- | --- | --- |
/// | M_ik | `presence.values` | places × products |
/// | ω_ik, φ_kl | `density`, `proximity` | places × products, products × products |
/// | PCI_k | `complexity`, by `scale` | products |
///
/// # Assumptions
///
/// Products without PCI count as nothing. The term that the Atlas takes off in its text, ω_ik
/// PCI_k, is not taken off, as its programs do not.
///
/// # Errors
///
/// [`InputError::Length`] when the parts speak of different places or products.
///
/// # Cost
///
/// products × (places × products - Σ M) steps; any number of threads gives the same bytes.
///
/// # Source
///
/// Hausmann et al., The Atlas of Economic Complexity, 2014, p. 54.
pub fn opportunity(
    presence: &Presence,
    complexity: &Complexity,
    proximity: &Proximity,
    density: &Density,
    scale: PciScale,
) -> Result<Opportunity, InputError> {
    let (n, m) = (presence.places, presence.products);
    check_length("presence matrix", n * m, presence.values.len())?;
    check_length("ECI", n, complexity.eci.len())?;
    check_length("PCI", m, complexity.pci.len())?;
    check_length("proximity", m * m, proximity.values.len())?;
    check_length("density", n * m, density.values.len())?;
    let pci = scaled_pci(complexity, scale);
    let row = |l: usize| &proximity.values[l * m..(l + 1) * m];
    let weight: Vec<f64> = (0..m)
        .map(|l| row(l).iter().sum::<f64>())
        .zip(&pci)
        .map(|(around, pci)| if around > 0.0 { pci / around } else { 0.0 })
        .collect();
    let mut cog = vec![0.0; n * m];
    cog.par_chunks_mut(m.max(1)).enumerate().for_each(|(i, out)| {
        for l in (0..m).filter(|l| !presence.has(i, *l)) {
            for (sum, phi) in out.iter_mut().zip(row(l)) {
                *sum += phi * weight[l];
            }
        }
        for k in (0..m).filter(|k| presence.has(i, *k)) {
            out[k] = 0.0;
        }
    });
    let outlook = |i: usize| -> f64 {
        let missing = (0..m).filter(|k| !presence.has(i, *k));
        missing.map(|k| density.values[i * m + k] * pci[k]).sum()
    };
    let mut coi: Vec<Option<f64>> = (0..n).map(|i| complexity.eci[i].map(|_| outlook(i))).collect();
    if scale == PciScale::Eigenvector {
        standardise(&mut coi);
    }
    let convention = format!(
        "{}; {}; {}",
        complexity.convention,
        density.convention,
        match scale {
            PciScale::Eigenvector => "PCI: eigenvector in sd of ECI; COI z-scored over places",
            PciScale::Standardised => "PCI: z-scored over products; COI a plain sum",
        }
    );
    Ok(Opportunity { coi, cog, scale, convention })
}

fn scaled_pci(complexity: &Complexity, scale: PciScale) -> Vec<f64> {
    if scale == PciScale::Standardised {
        return complexity.pci_z.iter().map(|p| p.unwrap_or(0.0)).collect();
    }
    // D^1/2 e is orthogonal to the trivial vector D^1/2 1: Σ d_i e_i = 0 gives the shift back.
    let known = || {
        complexity
            .eci
            .iter()
            .zip(&complexity.diversity)
            .filter_map(|(e, d)| e.map(|e| (e, *d as f64)))
    };
    let weights: f64 = known().map(|(_, d)| d).sum();
    let shift = known().map(|(e, d)| e * d).sum::<f64>() / weights;
    complexity.pci.iter().map(|p| p.map_or(0.0, |p| p - shift)).collect()
}

fn standardise(values: &mut [Option<f64>]) {
    let known: Vec<f64> = values.iter().flatten().copied().collect();
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    let sd = (known.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / known.len() as f64).sqrt();
    for value in values {
        *value = value.filter(|_| sd > 0.0).map(|x| (x - mean) / sd);
    }
}

/// Complexity of places by the PCI of another table: regions by the products of the world.
///
/// ```text
/// ECI_i = Σ_k M_ik PCI_k / Σ_k M_ik      over the products with a PCI
/// ```
///
/// # Notation
///
/// | symbol | argument | shape |
/// | --- | --- | --- |
/// | M_ik | `presence.values` | places × products |
/// | PCI_k | `pci`, none where the other table has no such product | products |
///
/// # Result
///
/// On PCI's own scale; none for a place none of whose products has a PCI.
///
/// # Errors
///
/// [`InputError::Length`] when `pci` does not list every product; [`InputError::Value`] for one
/// that is not finite.
///
/// # Source
///
/// Hausmann et al. 2014, p. 24, with an outside PCI.
///
/// # Example
///
/// ```
/// use emporion_model::measure::{opportunity::external_complexity, presence::Presence};
/// let m = Presence::new(2, 2, vec![true, false, false, true])?;
/// assert_eq!(external_complexity(&m, &[Some(1.5), None])?, [Some(1.5), None]);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn external_complexity(
    presence: &Presence,
    pci: &[Option<f64>],
) -> Result<Vec<Option<f64>>, InputError> {
    check_length("presence matrix", presence.places * presence.products, presence.values.len())?;
    check_length("outside PCI", presence.products, pci.len())?;
    let bad =
        pci.iter().enumerate().find_map(|(k, p)| p.filter(|p| !p.is_finite()).map(|p| (k, p)));
    if let Some((index, value)) = bad {
        let remedy = "leave a product without PCI out, or give it as missing".into();
        return Err(InputError::Value { what: "outside PCI".into(), index, value, remedy });
    }
    let mean = |i: usize| {
        let own = (0..presence.products).filter(|k| presence.has(i, *k)).filter_map(|k| pci[k]);
        let (sum, count) = own.fold((0.0, 0), |(sum, count), p| (sum + p, count + 1));
        (count > 0).then(|| sum / f64::from(count))
    };
    Ok((0..presence.places).map(mean).collect())
}
