//! ECI and PCI on one page: plain matrices and power iteration, for reading and for checking.
//!
//! Run with `cargo run -p emporion-model --example complexity_one_page`. The kernel in
//! `measure/complexity.rs` solves a symmetric eigenproblem instead; a test holds the two equal.

/// ECI per place and PCI per product (on ECI's scale) of exports `x`, one row per place.
///
/// Every place and every product must trade something, and the presence matrix must hang
/// together: this page checks nothing.
#[must_use]
pub fn complexity(x: &[Vec<f64>]) -> (Vec<f64>, Vec<f64>) {
    let (places, products) = (x.len(), x[0].len());
    let total: f64 = x.iter().flatten().sum();
    let of_place: Vec<f64> = x.iter().map(|row| row.iter().sum()).collect();
    let of_product: Vec<f64> = (0..products).map(|k| x.iter().map(|row| row[k]).sum()).collect();

    // M_ik = 1 where the place's share of the product in its exports is at least the table's.
    let mut m = vec![vec![0.0; products]; places];
    for i in 0..places {
        for k in 0..products {
            let rca = (x[i][k] / of_place[i]) / (of_product[k] / total);
            m[i][k] = if rca >= 1.0 { 1.0 } else { 0.0 };
        }
    }
    let diversity: Vec<f64> = m.iter().map(|row| row.iter().sum()).collect();
    let ubiquity: Vec<f64> = (0..products).map(|k| m.iter().map(|row| row[k]).sum()).collect();

    // One reflection: mean over a product's places, then mean over a place's products.
    let mean_over_places = |e: &[f64]| -> Vec<f64> {
        (0..products)
            .map(|k| (0..places).map(|i| m[i][k] * e[i]).sum::<f64>() / ubiquity[k])
            .collect()
    };
    let mean_over_products = |p: &[f64]| -> Vec<f64> {
        (0..places)
            .map(|i| (0..products).map(|k| m[i][k] * p[k]).sum::<f64>() / diversity[i])
            .collect()
    };

    // Reflections have the constant as first eigenvector. Taking out the diversity-weighted mean
    // leaves the second one to grow. Any start that is not special will do.
    let weight: f64 = diversity.iter().sum();
    let mut e: Vec<f64> = (0..places).map(|i| ((i + 1) as f64).sin()).collect();
    for _ in 0..5_000 {
        let mean = diversity.iter().zip(&e).map(|(d, e)| d * e).sum::<f64>() / weight;
        let centred: Vec<f64> = e.iter().map(|e| e - mean).collect();
        let next = mean_over_products(&mean_over_places(&centred));
        let size = next.iter().fold(0.0f64, |s, e| s.max(e.abs()));
        e = next.iter().map(|e| e / size).collect();
    }
    // PCI before scaling: then ECI is the mean PCI of a place's products.
    let mut p = mean_over_places(&e);
    e = mean_over_products(&p);

    // Mean 0 and standard deviation 1 over places; the sign makes ECI rise with diversity.
    let n = places as f64;
    let mean = e.iter().sum::<f64>() / n;
    let mut sd = (e.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / n).sqrt();
    if e.iter().zip(&diversity).map(|(e, d)| (e - mean) * (d - weight / n)).sum::<f64>() < 0.0 {
        sd = -sd;
    }
    for value in e.iter_mut().chain(&mut p) {
        *value = (*value - mean) / sd;
    }
    (e, p)
}

/// A small world: the last place makes everything, the first sells one common product.
#[allow(dead_code)]
fn main() {
    let x = vec![
        vec![90.0, 10.0, 0.0, 0.0],
        vec![60.0, 50.0, 5.0, 0.0],
        vec![30.0, 40.0, 40.0, 10.0],
        vec![20.0, 30.0, 40.0, 60.0],
    ];
    let (eci, pci) = complexity(&x);
    for (i, value) in eci.iter().enumerate() {
        println!("place {i}    ECI {value:6.3}");
    }
    for (k, value) in pci.iter().enumerate() {
        println!("product {k}  PCI {value:6.3}");
    }
}
