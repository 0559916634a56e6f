//! The counterfactual of many sectors on one page: the model as Caliendo and Parro (2015) write it,
//! iterated slowly.
//!
//! Deficits keep their value, world value added is the numeraire. This is the slow twin of
//! `emporion_model::simulate::many_sectors`: damped wages around prices around spending. Read it to
//! learn the model; a test holds the two to the same answer.

/// Flows `(sector × N + origin) × N + destination`, places `place × J + sector`, inputs
/// `(place × J + supplying) × J + using`.
pub struct World {
    /// N.
    pub n: usize,
    /// J.
    pub sectors: usize,
    /// M_ni^j, f.o.b., own sales included.
    pub trade: Vec<f64>,
    /// t_ni^j.
    pub tariff: Vec<f64>,
    /// t'_ni^j.
    pub new_tariff: Vec<f64>,
    /// d_hat_ni^j, infinite for a closed market.
    pub cost: Vec<f64>,
    /// A_hat_n^j.
    pub productivity: Vec<f64>,
    /// gamma_n^j.
    pub value_added: Vec<f64>,
    /// gamma_n^{k,j}.
    pub inputs: Vec<f64>,
    /// theta^j.
    pub theta: Vec<f64>,
}

/// Hats of wages, of price indices and of welfare I/P. The data must be an equilibrium.
pub fn counterfactual(w: &World) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let (n, s) = (w.n, w.sectors);
    let at = |j: usize, i: usize, d: usize| (j * n + i) * n + d;
    let sum = |f: &dyn Fn(usize) -> f64, to: usize| -> f64 { (0..to).map(f).sum() };
    let over = |f: &dyn Fn(usize, usize) -> f64| sum(&|j| sum(&|i| f(j, i), n), s);
    let spent =
        |j: usize, d: usize| sum(&|i| (1.0 + w.tariff[at(j, i, d)]) * w.trade[at(j, i, d)], n);
    let made = |j: usize, i: usize| sum(&|d| w.trade[at(j, i, d)], n);
    let input = |p: usize, k: usize, j: usize| w.inputs[(p * s + k) * s + j];
    let earned: Vec<f64> =
        (0..n).map(|p| sum(&|j| w.value_added[p * s + j] * made(j, p), s)).collect();
    let deficit: Vec<f64> = (0..n)
        .map(|p| over(&|j, i| w.trade[at(j, i, p)]) - over(&|j, d| w.trade[at(j, p, d)]))
        .collect();
    let revenue = |p: usize| over(&|j, i| w.tariff[at(j, i, p)] * w.trade[at(j, i, p)]);
    let before: Vec<f64> = (0..n).map(|p| earned[p] + revenue(p) + deficit[p]).collect();
    let alpha =
        |p: usize, j: usize| (spent(j, p) - sum(&|k| input(p, j, k) * made(k, p), s)) / before[p];
    let mut spending: Vec<f64> = (0..n * s).map(|c| spent(c % s, c / s)).collect();
    let (mut wage, mut price) = (vec![1.0_f64; n], vec![1.0_f64; n * s]);
    let mut income = before.clone();
    for _ in 0..100_000 {
        // Prices given wages.
        let mut share = vec![0.0; s * n * n];
        for _ in 0..200 {
            let unit = |p: usize, j: usize| {
                let inputs: f64 = (0..s).map(|k| price[p * s + k].powf(input(p, k, j))).product();
                wage[p].powf(w.value_added[p * s + j]) * inputs / w.productivity[p * s + j]
            };
            let cost: Vec<f64> = (0..n * s).map(|c| unit(c / s, c % s)).collect();
            for d in 0..n {
                for j in 0..s {
                    let weight = |i: usize| {
                        let c = at(j, i, d);
                        let change = (1.0 + w.new_tariff[c]) / (1.0 + w.tariff[c]) * w.cost[c];
                        (1.0 + w.tariff[c]) * w.trade[c] / spent(j, d)
                            * (change * cost[i * s + j]).powf(-w.theta[j])
                    };
                    let total = sum(&weight, n);
                    price[d * s + j] = total.powf(-1.0 / w.theta[j]);
                    (0..n).for_each(|i| share[at(j, i, d)] = weight(i) / total);
                }
            }
        }
        // Spending given prices.
        let net = |j: usize, i: usize, d: usize, x: &[f64]| {
            share[at(j, i, d)] * x[d * s + j] / (1.0 + w.new_tariff[at(j, i, d)])
        };
        for _ in 0..200 {
            let x = spending.clone();
            for p in 0..n {
                let new_revenue = over(&|j, i| w.new_tariff[at(j, i, p)] * net(j, i, p, &x));
                income[p] = wage[p] * earned[p] + new_revenue + deficit[p];
                for j in 0..s {
                    let used = sum(&|k| input(p, j, k) * sum(&|d| net(k, p, d, &x), n), s);
                    spending[p * s + j] = used + alpha(p, j) * income[p];
                }
            }
        }
        // A place that sells more than it buys and borrows has too low a wage.
        let mut gap = 0.0_f64;
        for p in 0..n {
            let sold = over(&|j, d| net(j, p, d, &spending));
            let bought = over(&|j, i| net(j, i, p, &spending));
            let excess = (sold + deficit[p] - bought) / earned[p];
            gap = gap.max(excess.abs());
            wage[p] *= 1.0 + 0.3 * excess;
        }
        let scale = sum(&|p| earned[p], n) / sum(&|p| earned[p] * wage[p], n);
        wage.iter_mut().for_each(|v| *v *= scale);
        if gap < 1e-13 {
            break;
        }
    }
    let index: Vec<f64> =
        (0..n).map(|p| (0..s).map(|j| price[p * s + j].powf(alpha(p, j))).product()).collect();
    let welfare = (0..n).map(|p| income[p] / before[p] / index[p]).collect();
    (wage, index, welfare)
}

/// Two places with goods and services; the second drops its tariff of a fifth on goods.
#[allow(dead_code, reason = "a test includes this file for the function above")]
fn main() {
    let world = World {
        n: 2,
        sectors: 2,
        trade: vec![80.0, 20.0, 22.0, 60.0, 100.0, 4.0, 2.0, 70.0],
        tariff: vec![0.0, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        new_tariff: vec![0.0; 8],
        cost: vec![1.0; 8],
        productivity: vec![1.0; 4],
        value_added: vec![0.4, 0.6, 0.4, 0.6],
        inputs: vec![0.4, 0.1, 0.2, 0.3, 0.4, 0.1, 0.2, 0.3],
        theta: vec![6.0, 3.0],
    };
    let (wage, price, welfare) = counterfactual(&world);
    println!("place  wage, %  prices, %  welfare, %");
    for p in 0..2 {
        let percent = |hat: f64| 100.0 * (hat - 1.0);
        println!(
            "{p:5}  {:+7.3}  {:+9.3}  {:+10.3}",
            percent(wage[p]),
            percent(price[p]),
            percent(welfare[p])
        );
    }
}
