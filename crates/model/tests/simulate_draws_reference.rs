//! Uncertainty on 44 countries: who absorbs the sales a closed market loses, over a range of theta.
//!
//! The data lie outside the repository (see `common::reference`).

mod common;

use emporion_model::panel::SquareFlows;
use emporion_model::simulate::shock::closed_markets;
use emporion_model::simulate::{
    ClosedMarkets, Coefficient, DrawOptions, Effect, Elasticity, Loading, OneSectorOptions,
    Outcome, Range, Shocks, Uncertain, delta, draws,
};
use serde_json::Value;

/// The reference closes with exp(-20) instead of zero, and its file of flows has ten digits.
const CLOSED: f64 = 5e-9;

/// Russia and the EU15 close to each other; theta somewhere between 2 and 8, most likely 4; an
/// agreement with China that may bring 0 to 20 percent of trade.
#[test]
fn a_closed_market_over_a_range_of_elasticities() {
    let Some(folder) = common::reference("simulate/wiod44") else { return };
    let text = std::fs::read(folder.join("rus_eu15_closed.json")).unwrap();
    let json: Value = serde_json::from_slice(&text).unwrap();
    let ids: Vec<&str> =
        json["countries"].as_array().unwrap().iter().map(|c| c.as_str().unwrap()).collect();
    let at = |id: &str| ids.iter().position(|c| *c == id).unwrap();
    let n = ids.len();
    let mut values = vec![f64::NAN; n * n];
    for row in csv::Reader::from_path(folder.join("flows.csv")).unwrap().records() {
        let row = row.unwrap();
        values[at(&row[0]) * n + at(&row[1])] = row[3].parse().unwrap();
    }
    let flows = SquareFlows::new(n, values).unwrap();
    let (russia, china) = (at("RUS"), at("CHN"));
    let markets: Vec<usize> = json["shock"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| at(s[0].as_str().unwrap()))
        .filter(|&k| k != russia)
        .collect();
    let fixed = Shocks::from_list(n, &closed_markets(russia, &markets, true)).unwrap();
    let account = ClosedMarkets { exporter: russia, markets };

    // Known exactly, it is the reference.
    let known = Uncertain::known(fixed.clone(), 4.0);
    let accounts = vec![account];
    let asked = DrawOptions { n: 1, accounts: accounts.clone(), ..DrawOptions::default() };
    let one = draws(&flows, &known, &OneSectorOptions::default(), &asked).unwrap();
    let welfare = one.outcome(Outcome::RealWage);
    let exact = json["exact"]["real_wage_hat"].as_array().unwrap();
    for (got, want) in welfare.mean.iter().zip(exact) {
        assert!((got - want.as_f64().unwrap()).abs() < CLOSED);
    }
    let abroad = &one.accounts[0].quantity_share_abroad;
    assert_eq!((abroad.low[0], abroad.high[0]), (abroad.mean[0], abroad.mean[0]));
    println!("theta 4: {:.1} % of the lost quantity goes to third markets", 100.0 * abroad.mean[0]);

    let loadings = [(russia, china), (china, russia)].map(|(origin, destination)| Loading {
        origin,
        destination,
        loading: 1.0,
    });
    let range = Range::Uniform { low: 0.0, high: 1.2_f64.ln() };
    let uncertain = Uncertain {
        effects: vec![Effect {
            name: "agreement".into(),
            coefficient: Coefficient::Given(range),
            loadings: loadings.to_vec(),
            per_theta: false,
        }],
        elasticity: Elasticity::Triangular { low: 2.0, mode: 4.0, high: 8.0 },
        ..known
    };
    let asked = DrawOptions { n: 1000, accounts: accounts.clone(), ..DrawOptions::default() };
    let options = OneSectorOptions::default();
    let found = draws(&flows, &uncertain, &options, &asked).unwrap();
    assert_eq!((found.solved, found.failed.len()), (1000, 0));
    assert!(found.worst_residual <= 1e-12);
    let welfare = found.outcome(Outcome::Welfare);
    let percent = |hat: f64| 100.0 * (hat - 1.0);
    println!(
        "welfare of Russia: {:.2} % [{:.2}, {:.2}], {} steps in 1000 draws, residual {:.0e}",
        percent(welfare.central[russia]),
        percent(welfare.low[russia]),
        percent(welfare.high[russia]),
        found.iterations,
        found.worst_residual
    );
    assert!(welfare.low[russia] < welfare.central[russia]);
    assert!(welfare.central[russia] < welfare.high[russia] && welfare.high[russia] < 1.0);
    let shares = &found.accounts[0].quantity_shares;
    let sum: f64 = shares.mean.iter().sum();
    assert!((sum - 1.0).abs() < 1e-10, "the mean shares add up to {sum}");
    let abroad = &found.accounts[0].quantity_share_abroad;
    assert!(abroad.low[0] < abroad.central[0] && abroad.central[0] < abroad.high[0]);
    println!(
        "to third markets: {:.1} % [{:.1}, {:.1}]",
        100.0 * abroad.central[0],
        100.0 * abroad.low[0],
        100.0 * abroad.high[0]
    );
    // The shares are differences of sums: derivatives of the account add up to zero.
    let linear = delta(&flows, &uncertain, &options, &accounts).unwrap();
    for derivative in &linear.accounts[0].1.derivatives {
        let sum: f64 = derivative.iter().sum();
        let size: f64 = derivative.iter().map(|d| d.abs()).sum();
        assert!(sum.abs() <= 1e-10 * size.max(1.0), "{sum:e}");
    }
    // A wide range of theta is beyond the delta method, but not beyond its order of magnitude.
    let ratio = linear.outcome(Outcome::Welfare).standard_error[russia] / welfare.sd[russia];
    println!("delta / draws: {ratio:.2}");
    assert!((0.5..2.0).contains(&ratio));
}
