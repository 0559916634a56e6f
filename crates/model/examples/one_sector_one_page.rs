//! The one-sector counterfactual on one page: the model as economists write it, iterated slowly.
//!
//! Exact hat algebra (Dekle, Eaton and Kortum 2007), additive deficits, world income fixed. This is
//! the slow twin of `emporion_model::simulate::one_sector`: a damped fixed point on wages, markets
//! cleared in the textbook form with own trade. Read it to learn the model; a test holds the two to
//! the same answer. Near autarky it crawls and loses digits, which is why the other one exists.

/// Wage hats and price index hats, from X_ij, phi_hat_ij (row-major, rows origins) and theta.
pub fn counterfactual(n: usize, flows: &[f64], phi: &[f64], theta: f64) -> (Vec<f64>, Vec<f64>) {
    let income: Vec<f64> = (0..n).map(|i| (0..n).map(|j| flows[i * n + j]).sum()).collect();
    let spending: Vec<f64> = (0..n).map(|j| (0..n).map(|i| flows[i * n + j]).sum()).collect();
    let world: f64 = income.iter().sum();
    let mut wage = vec![1.0_f64; n];
    let mut price = vec![1.0_f64; n];
    for _ in 0..200_000 {
        let mut sales = vec![0.0; n];
        for j in 0..n {
            // P_hat_j^(-theta) = sum_k pi_kj phi_hat_kj w_hat_k^(-theta)
            let weight =
                |i: usize| flows[i * n + j] / spending[j] * phi[i * n + j] * wage[i].powf(-theta);
            let sum: f64 = (0..n).map(weight).sum();
            price[j] = sum.powf(-1.0 / theta);
            // E'_j = Y_j w_hat_j + D_j, and i earns pi'_ij E'_j from it.
            let new_spending = income[j] * wage[j] + (spending[j] - income[j]);
            for i in 0..n {
                sales[i] += weight(i) / sum * new_spending;
            }
        }
        // A place that sells more than it makes at today's wage has too low a wage.
        let mut gap = 0.0_f64;
        for i in 0..n {
            let excess = sales[i] / (income[i] * wage[i]);
            gap = gap.max((excess - 1.0).abs());
            wage[i] *= excess.powf(1.0 / (1.0 + theta));
        }
        let scale = world / (0..n).map(|i| income[i] * wage[i]).sum::<f64>();
        wage.iter_mut().for_each(|w| *w *= scale);
        if gap < 1e-15 {
            break;
        }
    }
    (wage, price)
}

/// Three places; the second and the third sign an agreement that raises their trade by a third.
#[allow(dead_code, reason = "a test includes this file for the function above")]
fn main() {
    let flows = [900.0, 80.0, 40.0, 60.0, 400.0, 30.0, 30.0, 40.0, 200.0];
    let mut phi = [1.0; 9];
    (phi[5], phi[7]) = (4.0 / 3.0, 4.0 / 3.0);
    let (wage, price) = counterfactual(3, &flows, &phi, 4.0);
    println!("place  wage, %  prices, %  real wage, %");
    for i in 0..3 {
        let percent = |hat: f64| 100.0 * (hat - 1.0);
        println!(
            "{i:5}  {:+7.3}  {:+9.3}  {:+12.3}",
            percent(wage[i]),
            percent(price[i]),
            percent(wage[i] / price[i])
        );
    }
}
