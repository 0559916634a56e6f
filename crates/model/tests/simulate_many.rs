//! Many sectors: known by hand, two roads to one answer, and properties, on a sample of its own.

mod common;
#[path = "../examples/many_sectors_one_page.rs"]
mod one_page;
#[path = "common/small_world.rs"]
mod small_world;

use emporion_model::outcome::Status;
use emporion_model::panel::SquareFlows;
use emporion_model::simulate::{
    Imbalances, ManySectorEquilibrium, ManySectorOptions, ManySectorShock, ManySectors,
    ManySectorsData, OneSectorOptions, Shock, Shocks, diversion, many_sector_diversion,
    many_sectors, one_sector,
};
use small_world::{PLACES, SECTORS, small_world};

/// Identities of the model up to rounding of logs, powers and sums.
const IDENTITY: f64 = 1e-12;
/// Market clearing, as promised by the documentation.
const RESIDUAL: f64 = 1e-12;
/// The damped iteration of the one-page twin stops near 1e-13, times the condition of its system.
const TWIN: f64 = 1e-11;

const CLOSURES: [Imbalances; 3] =
    [Imbalances::Additive, Imbalances::Multiplicative, Imbalances::RemovedFirst];

fn options(imbalances: Imbalances) -> ManySectorOptions {
    ManySectorOptions { imbalances, ..ManySectorOptions::default() }
}

fn solved(
    data: &ManySectorsData,
    change: impl Fn(&mut ManySectorShock),
    imbalances: Imbalances,
) -> ManySectorEquilibrium {
    let world = ManySectors::new(data).unwrap();
    let mut shock = ManySectorShock::none(&world);
    change(&mut shock);
    let got = many_sectors(&world, &shock, &options(imbalances)).unwrap();
    assert_eq!(got.status, Status::Converged, "{:?}", got.notes);
    assert!(got.residual <= RESIDUAL && got.baseline_residual <= RESIDUAL, "{}", got.residual);
    got
}

/// A cost, a tariff up, a tariff away, productivity and a closed market at once.
fn mixed(shock: &mut ManySectorShock) {
    shock.cost(0, 1, 2, 1.3).unwrap();
    shock.tariff(1, 0, 3, 0.4).unwrap();
    shock.tariff(2, 3, 1, 0.0).unwrap();
    shock.productivity(2, 0, 1.1).unwrap();
    shock.close(1, 2, 0).unwrap();
}

fn close(what: &str, got: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (k, (g, e)) in got.iter().zip(expected).enumerate() {
        let same = (g.is_nan() && e.is_nan()) || (g - e).abs() <= tolerance * e.abs().max(1.0);
        assert!(same, "{what}[{k}]: {g} against {e}");
    }
}

#[test]
fn no_shock_changes_nothing() {
    for imbalances in CLOSURES {
        let got = solved(&small_world(), |_| (), imbalances);
        for hats in [
            &got.wage_hat,
            &got.price_index_hat,
            &got.real_wage_hat,
            &got.welfare_exact_hat,
            &got.exports_hat,
            &got.imports_hat,
        ] {
            close("hat", hats, &[1.0; PLACES], IDENTITY);
        }
        for hats in [&got.sector_price_hat, &got.cost_hat] {
            assert!(hats.iter().all(|h| h.is_nan() || (h - 1.0).abs() <= IDENTITY));
        }
        close("first order", &got.first_order.welfare, &[0.0; PLACES], IDENTITY);
    }
}

/// Goods, income, spending, tariffs, balance and the numeraire add up, before and after.
#[test]
fn accounts_add_up() {
    let data = small_world();
    for imbalances in CLOSURES {
        let got = solved(&data, mixed, imbalances);
        let mut new = ManySectorShock::none(&ManySectors::new(&data).unwrap());
        mixed(&mut new);
        let cells = |f: &dyn Fn(usize, usize) -> f64| -> f64 {
            (0..SECTORS).flat_map(|j| (0..PLACES).map(move |m| (j, m))).map(|(j, m)| f(j, m)).sum()
        };
        for (levels, after) in [(&got.baseline, false), (&got.counterfactual, true)] {
            let trade = |j: usize, i: usize, d: usize| levels.trade[(j * PLACES + i) * PLACES + d];
            let rate = |j: usize, i: usize, d: usize| match after {
                true => new.new_tariff(j, i, d),
                false => data.tariffs[(j * PLACES + i) * PLACES + d],
            };
            for p in 0..PLACES {
                let all = |name: &str, got: f64, expected: f64| {
                    close(name, &[got], &[expected], IDENTITY);
                };
                let income = levels.value_added[p] + levels.tariff_revenue[p] + levels.deficit[p];
                all("income", income, levels.income[p]);
                all(
                    "revenue",
                    cells(&|j, i| rate(j, i, p) * trade(j, i, p)),
                    levels.tariff_revenue[p],
                );
                let foreign = |own: usize, flow: f64| if own == p { 0.0 } else { flow };
                all("exports", cells(&|j, d| foreign(d, trade(j, p, d))), levels.exports[p]);
                all("imports", cells(&|j, i| foreign(i, trade(j, i, p))), levels.imports[p]);
                all("balance", levels.exports[p] + levels.deficit[p], levels.imports[p]);
                let share = |j: usize| data.value_added_shares[p * SECTORS + j];
                let made = |j: usize| levels.output[p * SECTORS + j];
                let earned: f64 = (0..SECTORS).map(|j| share(j) * made(j)).sum();
                all("labour", earned, levels.value_added[p]);
                for j in 0..SECTORS {
                    let sold: f64 = (0..PLACES).map(|d| trade(j, p, d)).sum();
                    all("output", sold, made(j));
                    let paid = |i: usize| (1.0 + rate(j, i, p)) * trade(j, i, p);
                    let spent: f64 = (0..PLACES).map(paid).sum();
                    all("spending", spent, levels.spending[p * SECTORS + j]);
                }
            }
            let world: f64 = levels.value_added.iter().sum();
            let data_world: f64 =
                (0..PLACES).map(|p| ManySectors::new(&data).unwrap().value_added(p)).sum();
            close("numeraire", &[world], &[data_world], IDENTITY);
            close("deficits", &[levels.deficit.iter().sum::<f64>() / world], &[0.0], IDENTITY);
        }
        assert_eq!(got.trade_after(1, 2, 0), 0.0);
        assert!(got.trade_before(1, 2, 0) > 0.0);
    }
}

/// The parts by partner and sector add up to those of the place, and these to the whole.
#[test]
fn the_first_order_split_adds_up() {
    let got = solved(
        &small_world(),
        |shock| {
            shock.cost(0, 1, 2, 1.3).unwrap();
            shock.tariff(1, 0, 3, 0.4).unwrap();
            shock.productivity(2, 0, 1.1).unwrap();
        },
        Imbalances::Multiplicative,
    );
    let f = &got.first_order;
    for (total, by_flow) in [
        (&f.terms_of_trade, &f.terms_of_trade_by_flow),
        (&f.volume_of_trade, &f.volume_of_trade_by_flow),
        (&f.technical, &f.technical_by_flow),
    ] {
        assert!(total.iter().any(|&v| v != 0.0));
        for p in 0..PLACES {
            let sum: f64 =
                (0..SECTORS).flat_map(|j| &by_flow[(j * PLACES + p) * PLACES..][..PLACES]).sum();
            assert!((sum - total[p]).abs() <= IDENTITY);
        }
    }
    for p in 0..PLACES {
        let parts = f.terms_of_trade[p] + f.volume_of_trade[p] + f.technical[p] + f.transfer[p];
        assert!((parts - f.welfare[p]).abs() <= IDENTITY);
    }
}

/// The approximation's error falls with the square of the shock, under every closure.
#[test]
fn the_first_order_split_is_exact_for_small_shocks() {
    for imbalances in CLOSURES {
        let error = |size: f64| {
            let got = solved(
                &small_world(),
                |shock| {
                    shock.cost(0, 1, 2, 1.0 + size).unwrap();
                    shock.tariff(1, 0, 3, 0.05 + size).unwrap();
                    shock.productivity(2, 0, 1.0 - size).unwrap();
                },
                imbalances,
            );
            (0..PLACES)
                .map(|p| (got.welfare_exact_hat[p] - 1.0 - got.first_order.welfare[p]).abs())
                .fold(0.0, f64::max)
        };
        let (large, small) = (error(1e-3), error(1e-4));
        assert!(large < 2e-5, "{imbalances:?}: {large}");
        let order = (large / small).log10();
        assert!((1.9..2.1).contains(&order), "{imbalances:?}: order {order}");
    }
}

/// A large shock leaves the approximation far from the exact change: the two are told apart.
#[test]
fn a_closed_market_has_no_first_order_cost() {
    let got = solved(&small_world(), |shock| shock.close_all(1, 2).unwrap(), Imbalances::Additive);
    assert!(got.first_order.technical[2].is_nan() && got.first_order.welfare[2].is_nan());
    assert!(got.first_order.welfare[0].is_finite());
    assert!(got.welfare_exact_hat[2] < 1.0);
    assert!((0..SECTORS).all(|j| got.trade_after(j, 1, 2) == 0.0));
    assert!(got.notes.iter().any(|n| n.code == "closed_pairs"));
}

/// New names for places and sectors, and another unit, change nothing else.
#[test]
fn relabelling_and_scaling_change_nothing() {
    let data = small_world();
    let (places, sectors) = ([2, 0, 3, 1], [1, 2, 0]);
    let mut other = data.clone();
    let cell = |j: usize, i: usize, d: usize| (j * PLACES + i) * PLACES + d;
    for j in 0..SECTORS {
        other.elasticities[j] = data.elasticities[sectors[j]];
        for p in 0..PLACES {
            other.value_added_shares[p * SECTORS + j] =
                data.value_added_shares[places[p] * SECTORS + sectors[j]];
            for k in 0..SECTORS {
                other.input_shares[(p * SECTORS + k) * SECTORS + j] =
                    data.input_shares[(places[p] * SECTORS + sectors[k]) * SECTORS + sectors[j]];
            }
            for d in 0..PLACES {
                let from = cell(sectors[j], places[p], places[d]);
                other.trade[cell(j, p, d)] = 1e6 * data.trade[from];
                other.tariffs[cell(j, p, d)] = data.tariffs[from];
            }
        }
    }
    let new_place = |p: usize| places.iter().position(|&q| q == p).unwrap();
    let new_sector = |j: usize| sectors.iter().position(|&q| q == j).unwrap();
    for imbalances in CLOSURES {
        let first = solved(&data, mixed, imbalances);
        let second = solved(
            &other,
            |shock| {
                let (j, p) = (new_sector, new_place);
                shock.cost(j(0), p(1), p(2), 1.3).unwrap();
                shock.tariff(j(1), p(0), p(3), 0.4).unwrap();
                shock.tariff(j(2), p(3), p(1), 0.0).unwrap();
                shock.productivity(p(2), j(0), 1.1).unwrap();
                shock.close(j(1), p(2), p(0)).unwrap();
            },
            imbalances,
        );
        let pick = |values: &[f64]| -> Vec<f64> { places.iter().map(|&p| values[p]).collect() };
        for (a, b) in [
            (&first.wage_hat, &second.wage_hat),
            (&first.price_index_hat, &second.price_index_hat),
            (&first.welfare_exact_hat, &second.welfare_exact_hat),
            (&first.first_order.welfare, &second.first_order.welfare),
            (&first.exports_hat, &second.exports_hat),
        ] {
            close("relabelled", b, &pick(a), IDENTITY);
        }
        for p in 0..PLACES {
            for j in 0..SECTORS {
                let (a, b) = (places[p] * SECTORS + sectors[j], p * SECTORS + j);
                close("cost", &[second.cost_hat[b]], &[first.cost_hat[a]], IDENTITY);
            }
        }
    }
}

/// One sector without inputs and tariffs is the one-sector model.
#[test]
fn one_sector_is_a_special_case() {
    let flows = vec![90.0, 12.0, 6.0, 8.0, 70.0, 9.0, 5.0, 4.0, 40.0];
    let data = ManySectorsData {
        places: 3,
        sectors: 1,
        trade: flows.clone(),
        tariffs: vec![0.0; 9],
        value_added_shares: vec![1.0; 3],
        input_shares: vec![0.0; 3],
        elasticities: vec![4.0],
        final_shares: None,
    };
    let flows = SquareFlows::new(3, flows).unwrap();
    for (beta, hat) in [(0.5, (-0.125_f64).exp()), (f64::NEG_INFINITY, f64::INFINITY)] {
        let shock = Shock { origin: 0, destination: 1, beta };
        let shocks = Shocks::from_list(3, &[shock]).unwrap();
        for imbalances in CLOSURES {
            let settings = OneSectorOptions { imbalances, ..OneSectorOptions::default() };
            let one = one_sector(&flows, &shocks, &settings).unwrap();
            let many = solved(&data, |s| s.cost(0, 0, 1, hat).unwrap(), imbalances);
            close("wage", &many.wage_hat, &one.wage_hat, IDENTITY);
            close("price", &many.price_index_hat, &one.price_index_hat, IDENTITY);
            close("welfare", &many.welfare_exact_hat, &one.welfare_hat, IDENTITY);
            close("trade", &many.counterfactual.trade, &one.trade, IDENTITY);
            if beta.is_infinite() {
                let a = diversion(&one, 0, &[1]).unwrap();
                let b = many_sector_diversion(&many, 0, &[1], &[0]).unwrap();
                close("shares", &b.total.quantity_shares, &a.quantity_shares, IDENTITY);
                close("fill", &b.fill[0].shares, &a.fill[0].shares, IDENTITY);
                close("lost", &[b.total.lost], &[a.lost], IDENTITY);
                assert!(b.total.quantity_share_destroyed.abs() <= IDENTITY);
            }
        }
    }
}

/// One sector made from itself with a share b of value added is universal gravity with
/// psi = (1 - b) / b, when imbalances are removed (deficits are shares of different totals).
#[test]
fn roundabout_production_is_universal_gravity() {
    let flows = vec![90.0, 12.0, 6.0, 8.0, 70.0, 9.0, 10.0, 5.0, 40.0];
    let b = 0.4;
    let data = ManySectorsData {
        places: 3,
        sectors: 1,
        trade: flows.clone(),
        tariffs: vec![0.0; 9],
        value_added_shares: vec![b; 3],
        input_shares: vec![1.0 - b; 3],
        elasticities: vec![5.0],
        final_shares: None,
    };
    let settings = OneSectorOptions {
        elasticity: 5.0,
        supply_elasticity: (1.0 - b) / b,
        imbalances: Imbalances::RemovedFirst,
        ..OneSectorOptions::default()
    };
    let shock = Shock { origin: 0, destination: 1, beta: 1.0 };
    let shocks = Shocks::from_list(3, &[shock]).unwrap();
    let one = one_sector(&SquareFlows::new(3, flows).unwrap(), &shocks, &settings).unwrap();
    let hat = (-1.0_f64 / 5.0).exp();
    let many = solved(&data, |s| s.cost(0, 0, 1, hat).unwrap(), Imbalances::RemovedFirst);
    // The one-sector wage is the factory-gate price, here the unit cost.
    close("cost", &many.cost_hat, &one.wage_hat, IDENTITY);
    close("price", &many.price_index_hat, &one.price_index_hat, IDENTITY);
    close("welfare", &many.welfare_exact_hat, &one.welfare_hat, IDENTITY);
    close("exports", &many.exports_hat, &one.exports_hat, IDENTITY);
}

/// The slow twin of a page, on deficits, tariffs, costs and productivity.
#[test]
fn the_one_page_twin_agrees() {
    let data = small_world();
    let world = ManySectors::new(&data).unwrap();
    let mut shock = ManySectorShock::none(&world);
    mixed(&mut shock);
    let got = solved(&data, mixed, Imbalances::Additive);
    let place_sector = |f: &dyn Fn(usize, usize) -> f64| -> Vec<f64> {
        (0..PLACES * SECTORS).map(|c| f(c / SECTORS, c % SECTORS)).collect()
    };
    let flow = |f: &dyn Fn(usize, usize, usize) -> f64| -> Vec<f64> {
        (0..SECTORS * PLACES * PLACES)
            .map(|c| f(c / (PLACES * PLACES), c / PLACES % PLACES, c % PLACES))
            .collect()
    };
    let (wage, price, welfare) = one_page::counterfactual(&one_page::World {
        n: PLACES,
        sectors: SECTORS,
        trade: data.trade.clone(),
        tariff: data.tariffs.clone(),
        new_tariff: flow(&|j, i, d| shock.new_tariff(j, i, d)),
        cost: flow(&|j, i, d| shock.cost_hat(j, i, d)),
        productivity: place_sector(&|p, j| shock.productivity_hat(p, j)),
        value_added: data.value_added_shares.clone(),
        inputs: data.input_shares.clone(),
        theta: data.elasticities.clone(),
    });
    close("wage", &got.wage_hat, &wage, TWIN);
    close("price", &got.price_index_hat, &price, TWIN);
    close("welfare", &got.welfare_exact_hat, &welfare, TWIN);
}

/// A sector that a place neither makes nor buys, one it only buys, and zero pairs.
#[test]
fn zeros_stay_zero() {
    let mut data = small_world();
    let cell = |j: usize, i: usize, d: usize| (j * PLACES + i) * PLACES + d;
    for d in 0..PLACES {
        data.trade[cell(0, 3, d)] = 0.0;
        data.tariffs[cell(0, 3, d)] = 0.0;
        // Place 1 has nothing to do with sector 2: no sales, no purchases, no inputs.
        data.trade[cell(2, 1, d)] = 0.0;
        data.trade[cell(2, d, 1)] = 0.0;
    }
    data.trade[cell(1, 0, 2)] = 0.0;
    for k in 0..SECTORS {
        data.input_shares[(3 * SECTORS + k) * SECTORS] = 0.0;
        let moved = std::mem::take(&mut data.input_shares[(SECTORS + 2) * SECTORS + k]);
        data.input_shares[SECTORS * SECTORS + k] += moved;
    }
    data.value_added_shares[3 * SECTORS] = 0.0;
    for imbalances in CLOSURES {
        let got = solved(
            &data,
            |shock| {
                shock.close(0, 1, 2).unwrap();
                shock.tariff(1, 3, 0, 0.3).unwrap();
            },
            imbalances,
        );
        assert!((0..PLACES).all(|d| got.trade_after(0, 3, d) == 0.0));
        assert_eq!(got.trade_after(1, 0, 2), 0.0);
        assert!(
            got.cost_hat[3 * SECTORS].is_nan() && got.sector_price_hat[3 * SECTORS].is_finite()
        );
        assert!(got.sector_price_hat[SECTORS + 2].is_nan());
        assert!(got.welfare_exact_hat.iter().chain(&got.wage_hat).all(|h| h.is_finite()));
        assert!(got.first_order.terms_of_trade.iter().all(|h| h.is_finite()));
    }
}

/// Stiff elasticities, as of petroleum, and prohibitive costs are solved to the same residual.
#[test]
fn stiff_sectors_and_walls_are_solved() {
    let mut data = small_world();
    data.elasticities = vec![64.85, 1.2, 30.0];
    let wall = |shock: &mut ManySectorShock| {
        for j in 0..SECTORS {
            for i in 0..PLACES {
                for d in (0..PLACES).filter(|&d| d != i) {
                    shock.cost(j, i, d, 1.5).unwrap();
                }
            }
        }
    };
    let got = solved(&data, wall, Imbalances::RemovedFirst);
    assert!(got.exports_hat.iter().all(|&h| h < 0.8));
    assert!(got.welfare_exact_hat.iter().all(|&h| h < 1.0));
}

/// Everything closed to everybody: separate worlds, each its own numeraire.
#[test]
fn autarky_falls_into_blocs() {
    let close_all = |shock: &mut ManySectorShock| {
        for i in 0..PLACES {
            for d in (0..PLACES).filter(|&d| d != i) {
                shock.close_all(i, d).unwrap();
            }
        }
    };
    let got = solved(&small_world(), close_all, Imbalances::RemovedFirst);
    assert!(got.notes.iter().any(|n| n.code == "separate_blocs" && n.count == PLACES));
    close("wage", &got.wage_hat, &[1.0; PLACES], IDENTITY);
    assert!(got.welfare_exact_hat.iter().all(|&h| h < 1.0));
}

/// By sector and in all: value and quantity shares add up to one, and losses to gains.
#[test]
fn diversion_adds_up() {
    let got = solved(
        &small_world(),
        |shock| (0..2).for_each(|j| shock.close(j, 1, 2).unwrap()),
        Imbalances::Additive,
    );
    let account = many_sector_diversion(&got, 1, &[2], &[1, 0]).unwrap();
    assert_eq!(account.closed_sectors, [0, 1]);
    for part in account.sectors.iter().chain([&account.total]) {
        let q: f64 = part.quantity_shares.iter().sum();
        close("quantity", &[q + part.quantity_share_destroyed], &[1.0], IDENTITY);
        let v = part.value_share_abroad + part.value_share_home + part.value_share_destroyed;
        close("value", &[v], &[1.0], IDENTITY);
        let used = part.redirected_abroad + part.turned_home - part.output_change;
        close("lost", &[used], &[part.lost], IDENTITY);
        assert!(part.lost > 0.0 && part.quantity_share_destroyed > 0.0);
        assert_eq!(part.quantity_shares[2], 0.0);
    }
    for (j, part) in account.sectors.iter().enumerate() {
        close("all", &[part.lost], &[got.trade_before(j, 1, 2)], IDENTITY);
    }
    let lost: f64 = account.sectors.iter().map(|s| s.lost).sum();
    close("total", &[account.total.lost], &[lost], IDENTITY);
    assert_eq!(account.fill.len(), 2);
    // Sector 2 expands: the labour set free makes and sells more of it.
    assert!(account.other_sectors_exports > 0.0);
}
