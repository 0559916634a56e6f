//! The delta method with many sectors against solutions at moved parameters.

use emporion_model::simulate::*;

/// The slopes the solver factors are good to 1e-6 of their largest; outcomes move by about one.
const SLOPES: f64 = 1e-5;
/// Step of the differences between whole solutions.
const STEP: f64 = 1e-4;

/// Three places, two sectors with inputs, tariffs and deficits.
fn world() -> ManySectors {
    let tariff = |c: usize| if c / 3 % 3 == c % 3 { 0.0 } else { 0.04 };
    ManySectors::new(&ManySectorsData {
        places: 3,
        sectors: 2,
        trade: vec![
            50.0, 8.0, 4.0, 7.0, 40.0, 6.0, 5.0, 7.0, 30.0, //
            60.0, 6.0, 2.0, 8.0, 50.0, 5.0, 3.0, 4.0, 35.0,
        ],
        tariffs: (0..18).map(tariff).collect(),
        value_added_shares: vec![0.6; 6],
        input_shares: vec![0.2; 12],
        elasticities: vec![4.0, 7.0],
        final_shares: None,
    })
    .unwrap()
}

fn scenario(world: &ManySectors, elasticities: SectorElasticities) -> ManySectorScenario {
    let on =
        |sector, origin, destination| SectorLoading { sector, origin, destination, loading: 1.0 };
    let mut fixed = ManySectorShock::none(world);
    fixed.close(1, 2, 1).unwrap();
    ManySectorScenario {
        fixed,
        effects: vec![
            SectorEffect {
                name: "agreement".into(),
                coefficient: Coefficient::Estimated(0),
                loadings: vec![on(0, 0, 1), on(0, 1, 0), on(1, 0, 1)],
                per_theta: false,
            },
            SectorEffect {
                name: "freight".into(),
                coefficient: Coefficient::Given(Range::Normal { mean: -0.05, sd: 0.02 }),
                loadings: vec![on(1, 2, 0)],
                per_theta: true,
            },
        ],
        estimated: JointNormal { mean: vec![0.4], covariance: vec![0.01] },
        elasticities,
    }
}

fn account() -> ClosedSectors {
    ClosedSectors { exporter: 2, markets: vec![1], sectors: vec![1] }
}

/// Every outcome and the account's shares, solved anew.
fn solved(
    scenario: &ManySectorScenario,
    c: &[f64],
    t: &[f64],
    options: &ManySectorOptions,
) -> Vec<Vec<f64>> {
    let world = world().with_elasticities(t).unwrap();
    let found = many_sectors(&world, &scenario.shock(c, t).unwrap(), options).unwrap();
    let mut all: Vec<Vec<f64>> =
        ManySectorOutcome::ALL.iter().map(|kind| kind.of(&found)).collect();
    let total = many_sector_diversion(&found, 2, &[1], &[1]).unwrap().total;
    let mut shares = total.quantity_shares;
    let split =
        [total.quantity_share_abroad, total.quantity_share_home, total.quantity_share_destroyed];
    shares.extend(split);
    all.push(shares);
    all
}

#[test]
fn derivatives_and_errors_equal_those_of_solutions() {
    let log_normal = |mean: f64, sd: f64| Elasticity::LogNormal { mean, sd };
    let by_sector =
        SectorElasticities::BySector(vec![Elasticity::Fixed(4.0), log_normal(7.0, 1.0)]);
    let common = SectorElasticities::Common(log_normal(5.0, 0.5));
    for imbalances in [Imbalances::Additive, Imbalances::Multiplicative, Imbalances::RemovedFirst] {
        for elasticities in [by_sector.clone(), common.clone()] {
            let options = ManySectorOptions { imbalances, ..ManySectorOptions::default() };
            let scenario = scenario(&world(), elasticities.clone());
            let found = many_sector_delta(&world(), &scenario, &options, &[account()]).unwrap();
            let (c, t) = (scenario.central(), elasticities.central(2));
            // Two coefficients, and the one elasticity that is not known.
            let moved = |parameter: usize, h: f64| {
                let (mut c, mut t) = (c.clone(), t.clone());
                match (parameter, &elasticities) {
                    (2, SectorElasticities::Common(_)) => t.iter_mut().for_each(|t| *t += h),
                    (2, SectorElasticities::BySector(_)) => t[1] += h,
                    _ => c[parameter] += h,
                }
                solved(&scenario, &c, &t, &options)
            };
            let sd = [0.1, 0.02, if t[1] == 7.0 { 1.0 } else { 0.5 }];
            let slopes: Vec<Vec<Vec<f64>>> = (0..3)
                .map(|p| {
                    let (up, down) = (moved(p, STEP), moved(p, -STEP));
                    let slope = |(a, b): (&Vec<f64>, &Vec<f64>)| -> Vec<f64> {
                        a.iter().zip(b).map(|(a, b)| (a - b) / (2.0 * STEP)).collect()
                    };
                    up.iter().zip(&down).map(slope).collect()
                })
                .collect();
            let lines =
                found.outcomes.iter().map(|(_, l)| l).chain(found.accounts.iter().map(|(_, l)| l));
            let mut told = 0;
            for (k, line) in lines.enumerate() {
                for at in 0..line.central.len() {
                    let mut variance = 0.0;
                    for p in 0..3 {
                        let (a, b) = (line.derivatives[p][at], slopes[p][k][at]);
                        let gap = (a - b).abs();
                        // First-order welfare is no number where a market closes.
                        assert!(
                            gap < SLOPES || a.is_nan() && b.is_nan(),
                            "{imbalances:?} {k} {at} {p}: {a} {b}"
                        );
                        variance += (sd[p] * b).powi(2);
                    }
                    let gap = (line.standard_error[at] - variance.sqrt()).abs();
                    assert!(gap < SLOPES || variance.is_nan(), "{k} {at}: {gap:e}");
                    told += usize::from(line.standard_error[at] > 0.0);
                }
            }
            assert!(told > 15, "{told} standard errors");
        }
    }
}

/// With one sector and no inputs both models are one, and so are their errors.
#[test]
fn one_sector_has_the_errors_of_the_one_sector_model() {
    const FLOWS: [f64; 9] = [80.0, 14.0, 6.0, 9.0, 60.0, 11.0, 11.0, 6.0, 40.0];
    let many = ManySectors::new(&ManySectorsData {
        places: 3,
        sectors: 1,
        trade: FLOWS.to_vec(),
        tariffs: vec![0.0; 9],
        value_added_shares: vec![1.0; 3],
        input_shares: vec![0.0; 3],
        elasticities: vec![4.0],
        final_shares: None,
    })
    .unwrap();
    let coefficient = Coefficient::Given(Range::Normal { mean: 0.4, sd: 0.1 });
    let theta = Elasticity::LogNormal { mean: 4.0, sd: 0.8 };
    let effect = SectorEffect {
        name: "agreement".into(),
        coefficient,
        loadings: vec![SectorLoading { sector: 0, origin: 0, destination: 1, loading: 1.0 }],
        per_theta: false,
    };
    let sectors = ManySectorScenario {
        fixed: ManySectorShock::none(&many),
        effects: vec![effect],
        estimated: JointNormal::default(),
        elasticities: SectorElasticities::Common(theta.clone()),
    };
    let one = Uncertain {
        fixed: Shocks::none(3),
        effects: vec![Effect {
            name: "agreement".into(),
            coefficient,
            loadings: vec![Loading { origin: 0, destination: 1, loading: 1.0 }],
            per_theta: false,
        }],
        estimated: JointNormal::default(),
        elasticity: theta,
    };
    let a = many_sector_delta(&many, &sectors, &ManySectorOptions::default(), &[]).unwrap();
    let flows = emporion_model::panel::SquareFlows::new(3, FLOWS.to_vec()).unwrap();
    let b = delta(&flows, &one, &OneSectorOptions::default(), &[]).unwrap();
    for (many, one) in [
        (ManySectorOutcome::Welfare, Outcome::Welfare),
        (ManySectorOutcome::RealWage, Outcome::RealWage),
        (ManySectorOutcome::Wage, Outcome::Wage),
        (ManySectorOutcome::Exports, Outcome::Exports),
    ] {
        let (a, b) = (a.outcome(many).unwrap(), b.outcome(one));
        for place in 0..3 {
            let gap = (a.standard_error[place] - b.standard_error[place]).abs();
            assert!(gap < SLOPES, "{many:?} of {place}: {gap:e}");
        }
    }
}
