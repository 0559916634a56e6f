//! Draws of scenarios with many sectors, and the delta method beside them.

use emporion_model::outcome::{InputError, Status};
use emporion_model::panel::SquareFlows;
use emporion_model::simulate::*;

/// Two solvers meet at their stopping rule of 1e-12, and hats amplify it a little.
const TWO_ROADS: f64 = 1e-9;

/// The slopes the solver factors are good to 1e-6 of their largest; outcomes move by about one.
const SLOPES: f64 = 1e-5;
/// Step of the differences between whole solutions.
const STEP: f64 = 1e-4;

const FLOWS: [f64; 9] = [80.0, 14.0, 6.0, 9.0, 60.0, 11.0, 11.0, 6.0, 40.0];

/// One sector that uses no inputs.
fn plain(theta: f64) -> ManySectors {
    let data = ManySectorsData {
        places: 3,
        sectors: 1,
        trade: FLOWS.to_vec(),
        tariffs: vec![0.0; 9],
        value_added_shares: vec![1.0; 3],
        input_shares: vec![0.0; 3],
        elasticities: vec![theta],
        final_shares: None,
    };
    ManySectors::new(&data).unwrap()
}

/// Two sectors with inputs and tariffs.
fn linked() -> ManySectors {
    let trade = vec![
        50.0, 8.0, 4.0, 7.0, 40.0, 6.0, 5.0, 7.0, 30.0, //
        60.0, 6.0, 2.0, 8.0, 50.0, 5.0, 3.0, 4.0, 35.0,
    ];
    let tariff = |c: usize| if c / 3 % 3 == c % 3 { 0.0 } else { 0.04 };
    let data = ManySectorsData {
        places: 3,
        sectors: 2,
        trade,
        tariffs: (0..18).map(tariff).collect(),
        value_added_shares: vec![0.6; 6],
        input_shares: vec![0.2; 12],
        elasticities: vec![4.0, 7.0],
        final_shares: None,
    };
    ManySectors::new(&data).unwrap()
}

fn scenario(world: &ManySectors, theta: SectorElasticities) -> ManySectorScenario {
    let on =
        |sector, origin, destination| SectorLoading { sector, origin, destination, loading: 1.0 };
    let each = |pairs: &[(usize, usize)]| -> Vec<SectorLoading> {
        (0..world.sectors()).flat_map(|k| pairs.iter().map(move |&(i, n)| on(k, i, n))).collect()
    };
    ManySectorScenario {
        fixed: ManySectorShock::none(world),
        effects: vec![
            SectorEffect {
                name: "agreement".into(),
                coefficient: Coefficient::Estimated(1),
                loadings: each(&[(0, 1), (1, 0)]),
                per_theta: false,
            },
            SectorEffect {
                name: "freight".into(),
                coefficient: Coefficient::Given(Range::Uniform { low: -0.1, high: 0.02 }),
                loadings: each(&[(2, 0)]),
                per_theta: true,
            },
        ],
        estimated: JointNormal { mean: vec![9.0, 0.4], covariance: vec![0.5, 0.1, 0.1, 0.09] },
        elasticities: theta,
    }
}

fn few() -> DrawOptions {
    DrawOptions { n: 40, seed: 7, ..DrawOptions::default() }
}

#[test]
fn one_sector_without_inputs_is_the_one_sector_model_draw_by_draw() {
    let theta = Elasticity::LogNormal { mean: 5.0, sd: 1.0 };
    let world = plain(5.0);
    let many = scenario(&world, SectorElasticities::Common(theta.clone()));
    let options = ManySectorOptions::default();
    let found = many_sector_draws(&world, &many, &options, &few(), &[]).unwrap();
    let flows = SquareFlows::new(3, FLOWS.to_vec()).unwrap();
    let loadings = |effect: &SectorEffect| {
        let one = |at: &SectorLoading| Loading {
            origin: at.origin,
            destination: at.destination,
            loading: at.loading,
        };
        effect.loadings.iter().map(one).collect()
    };
    let effects = many.effects.iter().map(|effect| Effect {
        name: effect.name.clone(),
        coefficient: effect.coefficient,
        loadings: loadings(effect),
        per_theta: effect.per_theta,
    });
    let one = Uncertain {
        fixed: Shocks::none(3),
        effects: effects.collect(),
        estimated: many.estimated.clone(),
        elasticity: theta,
    };
    let want = draws(&flows, &one, &OneSectorOptions::default(), &few()).unwrap();
    assert_eq!((found.solved, found.failed.len()), (40, 0));
    for (mine, other) in [
        (ManySectorOutcome::Welfare, Outcome::Welfare),
        (ManySectorOutcome::RealWage, Outcome::RealWage),
        (ManySectorOutcome::PriceIndex, Outcome::PriceIndex),
        (ManySectorOutcome::Exports, Outcome::Exports),
        (ManySectorOutcome::Imports, Outcome::Imports),
    ] {
        let (mine, other) = (found.outcome(mine).unwrap(), want.outcome(other));
        for place in 0..3 {
            for (a, b) in [
                (mine.central[place], other.central[place] - 1.0),
                (mine.mean[place], other.mean[place] - 1.0),
                (mine.sd[place], other.sd[place]),
                (mine.low[place], other.low[place] - 1.0),
                (mine.high[place], other.high[place] - 1.0),
            ] {
                assert!((a - b).abs() < TWO_ROADS, "{a} {b}");
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_in_any_number_of_threads() {
    let world = linked();
    let theta = vec![
        Elasticity::LogNormal { mean: 4.0, sd: 0.5 },
        Elasticity::Uniform { low: 5.0, high: 9.0 },
    ];
    let scenario = scenario(&world, SectorElasticities::BySector(theta));
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let options = ManySectorOptions::default();
        pool.install(|| many_sector_draws(&world, &scenario, &options, &few(), &[])).unwrap()
    };
    let one = run(1);
    assert_eq!(format!("{one:?}"), format!("{:?}", run(3)));
    assert_eq!(one.solved, 40);
    let welfare = one.outcome(ManySectorOutcome::Welfare).unwrap();
    assert!((0..3).all(|p| welfare.low[p] < welfare.mean[p] && welfare.mean[p] < welfare.high[p]));
}

#[test]
fn a_draw_that_cannot_vary_is_the_solution() {
    let world = linked();
    let mut known = scenario(&world, SectorElasticities::Common(Elasticity::Fixed(6.0)));
    known.effects.truncate(1);
    known.effects[0].coefficient = Coefficient::Given(Range::Point(0.3));
    known.fixed.close_all(2, 1).unwrap();
    let closed = ClosedSectors { exporter: 2, markets: vec![1], sectors: vec![0, 1] };
    let options = ManySectorOptions::default();
    let few = DrawOptions { n: 3, ..DrawOptions::default() };
    let found = many_sector_draws(&world, &known, &options, &few, std::slice::from_ref(&closed));
    let found = found.unwrap();
    let world = world.with_elasticities(&[6.0, 6.0]).unwrap();
    let solved =
        many_sectors(&world, &known.shock(&[0.3], &[6.0, 6.0]).unwrap(), &options).unwrap();
    let welfare = found.outcome(ManySectorOutcome::Welfare).unwrap();
    assert_eq!(welfare.central, ManySectorOutcome::Welfare.of(&solved));
    assert_eq!((&welfare.low, &welfare.high), (&welfare.central, &welfare.central));
    let account = many_sector_diversion(&solved, 2, &[1], &[0, 1]).unwrap().total;
    assert_eq!(found.accounts[0].quantity_shares.low, account.quantity_shares);
    assert_eq!(found.accounts[0].split.high[1], account.quantity_share_home);
    // A trade effect on a closed flow cannot open it.
    assert_eq!(solved.trade_after(0, 2, 1), 0.0);
}

#[test]
fn a_draw_without_a_solution_is_listed_and_not_replaced() {
    // Place 0 sends 20 abroad whatever happens: when its exports get dear enough, it cannot.
    let surplus = [80.0, 24.0, 16.0, 9.0, 60.0, 11.0, 11.0, 6.0, 40.0];
    let world = ManySectors::new(&ManySectorsData {
        places: 3,
        sectors: 1,
        trade: surplus.to_vec(),
        tariffs: vec![0.0; 9],
        value_added_shares: vec![1.0; 3],
        input_shares: vec![0.0; 3],
        elasticities: vec![4.0],
        final_shares: None,
    })
    .unwrap();
    let on = |destination| SectorLoading { sector: 0, origin: 0, destination, loading: 1.0 };
    let wide = ManySectorScenario {
        fixed: ManySectorShock::none(&world),
        effects: vec![SectorEffect {
            name: "dearer".into(),
            coefficient: Coefficient::Given(Range::Triangular {
                low: -20.0,
                mode: -1.0,
                high: 0.0,
            }),
            loadings: vec![on(1), on(2)],
            per_theta: false,
        }],
        estimated: JointNormal::default(),
        elasticities: SectorElasticities::Common(Elasticity::Fixed(4.0)),
    };
    let options = ManySectorOptions::default();
    let found = many_sector_draws(&world, &wide, &options, &few(), &[]).unwrap();
    assert_eq!(found.solved + found.failed.len(), 40);
    assert!(found.solved > 0 && !found.failed.is_empty(), "{} solved", found.solved);
    assert!(found.worst_residual <= 1e-12);
    for draw in &found.failed {
        let shock = wide.shock(&draw.coefficients, &draw.elasticities).unwrap();
        let again = many_sectors(&world, &shock, &options).unwrap();
        assert_eq!(again.status, draw.status);
        assert_ne!(again.status, Status::Converged);
    }
}

#[test]
fn what_cannot_be_drawn_is_refused_with_the_place() {
    let world = linked();
    let good = || scenario(&world, SectorElasticities::Common(Elasticity::Fixed(5.0)));
    let run = |scenario: &ManySectorScenario, draw: &DrawOptions| -> InputError {
        let options = ManySectorOptions::default();
        many_sector_draws(&world, scenario, &options, draw, &[]).unwrap_err()
    };
    let says = |error: InputError, words: &[&str]| {
        let text = error.to_string();
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    };
    says(run(&good(), &DrawOptions { n: 0, ..few() }), &["draws", "at least 1"]);
    says(run(&good(), &DrawOptions { level: 1.5, ..few() }), &["level", "between 0 and 1"]);
    says(run(&good(), &DrawOptions { keep: true, ..few() }), &["many sectors", "last argument"]);
    let mut own = good();
    own.effects[0].loadings[0].destination = own.effects[0].loadings[0].origin;
    says(run(&own, &few()), &["sector 0", "place 0", "two different places"]);
    let mut outside = good();
    outside.effects[1].loadings[0].sector = 2;
    says(run(&outside, &few()), &["sectors 0 to 1"]);
    let mut unknown = good();
    unknown.effects[0].coefficient = Coefficient::Estimated(2);
    says(run(&unknown, &few()), &["agreement", "coefficient 2"]);
    let mut short = good();
    short.elasticities = SectorElasticities::BySector(vec![Elasticity::Fixed(4.0)]);
    says(run(&short, &few()), &["elasticities"]);
    let mut negative = good();
    negative.elasticities = SectorElasticities::Common(Elasticity::Fixed(-4.0));
    says(run(&negative, &few()), &["elasticity"]);
}

/// One market closed in one sector, an agreement and cheaper freight.
fn closed_scenario(world: &ManySectors, elasticities: SectorElasticities) -> ManySectorScenario {
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
    let world = linked().with_elasticities(t).unwrap();
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
            let scenario = closed_scenario(&linked(), elasticities.clone());
            let found = many_sector_delta(&linked(), &scenario, &options, &[account()]).unwrap();
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
    let many = plain(4.0);
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
    let flows = SquareFlows::new(3, FLOWS.to_vec()).unwrap();
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
