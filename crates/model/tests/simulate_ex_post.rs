//! Lost exports from records: by hand, by brute force, by slow direct computation, and by what must
//! hold whatever the table.

use std::collections::BTreeMap;

use emporion_model::outcome::{InputError, Status};
use emporion_model::panel::SquareFlows;
use emporion_model::simulate::{
    Account, Approach, ExPost, ExPostOptions, OneSectorOptions, Records, Shocks, Split, Yardstick,
    diversion, ex_post, one_sector, shock,
};

/// Sums of a few dozen numbers of one size: only the last bits may differ.
const ROUNDING: f64 = 1e-12;
/// The estimator stops at 1e-9 in log fitted values with quadratic convergence; the slow twin stops
/// at steps of 1e-14.
const FITTED: f64 = 1e-8;

/// Sales by origin, destination, product, before and after.
#[derive(Clone, Default)]
struct Sales {
    places: usize,
    products: usize,
    origin: Vec<u32>,
    destination: Vec<u32>,
    product: Vec<u32>,
    after: Vec<bool>,
    value: Vec<f64>,
    quantity: Option<Vec<f64>>,
}

impl Sales {
    fn new(places: usize, products: usize) -> Self {
        Self { places, products, ..Self::default() }
    }

    fn put(&mut self, i: usize, j: usize, k: usize, after: bool, value: f64) {
        self.origin.push(i as u32);
        self.destination.push(j as u32);
        self.product.push(k as u32);
        self.after.push(after);
        self.value.push(value);
    }

    fn pair(&mut self, [i, j, k]: [usize; 3], before: f64, after: f64) {
        self.put(i, j, k, false, before);
        self.put(i, j, k, true, after);
    }

    fn records(&self) -> Records<'_> {
        Records {
            places: self.places,
            products: self.products,
            origin: &self.origin,
            destination: &self.destination,
            product: &self.product,
            after: &self.after,
            value: &self.value,
            quantity: self.quantity.as_deref(),
        }
    }

    fn run(&self, exporter: usize, closed: &[usize], options: &ExPostOptions) -> ExPost {
        ex_post(&self.records(), exporter, closed, options).unwrap_or_else(|e| panic!("{e}"))
    }

    fn refused(&self, exporter: usize, closed: &[usize], method: Approach, words: &[&str]) {
        let options = with(method);
        refused(ex_post(&self.records(), exporter, closed, &options), words);
    }
}

fn with(method: Approach) -> ExPostOptions {
    ExPostOptions { method, ..ExPostOptions::default() }
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, InputError>, words: &[&str]) {
    let message = result.expect_err("must be refused").to_string();
    for word in words {
        assert!(message.contains(word), "{word:?} is not in: {message}");
    }
}

#[track_caller]
fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * (1.0 + expected.abs()), "{found} {expected}");
}

/// A reproducible number between 0 and 1.
fn random(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Three places and their own sales: 0 loses 6 in market 1.
fn by_hand() -> Sales {
    let mut sales = Sales::new(3, 1);
    for (i, j, before, after) in [
        (0, 0, 50.0, 51.0),
        (0, 1, 10.0, 4.0),
        (0, 2, 5.0, 9.0),
        (1, 1, 80.0, 82.0),
        (2, 1, 20.0, 25.0),
        (1, 2, 8.0, 10.0),
        (2, 2, 60.0, 60.0),
        (1, 0, 4.0, 4.0),
        (2, 0, 6.0, 7.0),
    ] {
        sales.pair([i, j, 0], before, after);
    }
    sales
}

#[test]
fn naive_by_hand() {
    let found = by_hand().run(0, &[1], &with(Approach::Naive));
    let value = &found.account.value;
    assert_eq!((value.lost, value.redirected_abroad, value.turned_home), (6.0, 4.0, Some(1.0)));
    assert_eq!((value.destroyed, &value.redirected[..]), (1.0, &[0.0, 0.0, 4.0][..]));
    assert_eq!(value.shares, [1.0 / 6.0, 0.0, 4.0 / 6.0]);
    assert_eq!((found.observed_change, found.expected_change), (-1.0, 0.0));
    // In market 1 its own producers sell 2 more and place 2 sells 5 more, for 6 lost.
    let fill = &found.account.fill[0];
    assert_eq!((fill.market, fill.lost), (1, 6.0));
    assert_eq!(fill.shares, [0.0, 2.0 / 6.0, 5.0 / 6.0]);
    assert_eq!((found.account.quantity, found.prices, found.yardstick), (None, None, None));
    assert_eq!((found.status, found.compared, found.notes.len()), (Status::Converged, 3, 0));
}

#[test]
fn market_share_by_hand() {
    let found = by_hand().run(0, &[1], &with(Approach::MarketShare));
    let value = &found.account.value;
    // Imports from others: market 1 from 20 to 25, market 2 from 8 to 10, home from 10 to 11.
    close(value.lost, 12.5 - 4.0, ROUNDING);
    close(value.redirected[2], 9.0 - 6.25, ROUNDING);
    close(value.turned_home.unwrap(), 51.0 - 55.0, ROUNDING);
    close(value.destroyed, 8.5 - 2.75 + 4.0, ROUNDING);
    close(found.expected_change, 2.5 + 1.25 + 5.0, ROUNDING);
    // Rivals' imports keep their share by construction: place 2 is the only one.
    close(found.account.fill[0].shares[2], 0.0, ROUNDING);
    assert_eq!(found.notes[0].code, "fill_is_relative");
}

#[test]
fn shares_of_every_account_add_up_to_one() {
    let one = |split: &Split| {
        split.share_abroad + split.share_home.unwrap_or(0.0) + split.share_destroyed
    };
    for method in [Approach::Naive, Approach::MarketShare, Approach::Ppml] {
        let found = by_hand().run(0, &[1], &with(method));
        close(one(&found.account.value), 1.0, ROUNDING);
        let shares: f64 = found.account.value.shares.iter().sum();
        close(shares + found.account.value.share_destroyed, 1.0, ROUNDING);
        assert!(found.identity_gap < ROUNDING, "{method:?} {}", found.identity_gap);
    }
}

#[test]
fn quantities_and_prices_by_hand() {
    // Product 0: 10 tonnes at 4 in market 1 before; product 1: 5 pieces at 2.
    let mut sales = Sales::new(4, 2);
    sales.pair([0, 1, 0], 40.0, 0.0);
    sales.pair([0, 1, 1], 10.0, 4.0);
    sales.pair([0, 2, 0], 20.0, 33.0);
    sales.pair([0, 3, 1], 6.0, 6.0);
    sales.quantity = Some(vec![10.0, 0.0, 5.0, 2.0, 5.0, 11.0, 3.0, 4.0]);
    let found = sales.run(0, &[1], &with(Approach::Naive));
    let (value, quantity) = (&found.account.value, found.account.quantity.as_ref().unwrap());
    let prices = found.prices.as_ref().unwrap();
    assert_eq!(prices.base_price, [4.0, 2.0]);
    // Lost: 10 tonnes at 4 and 3 pieces at 2. Redirected: 6 tonnes to 2, 1 piece to 3.
    assert_eq!((quantity.lost, quantity.redirected[2], quantity.redirected[3]), (46.0, 24.0, 2.0));
    assert_eq!((quantity.destroyed, quantity.turned_home), (20.0, None));
    assert_eq!((value.lost, value.redirected[2], value.redirected[3]), (46.0, 13.0, 0.0));
    // 11 tonnes for 33 instead of 44; 4 pieces for 6 instead of 8.
    assert_eq!((prices.discount[2], prices.discount[3]), (0.25, 0.25));
    assert_eq!((prices.discount_abroad, prices.price_part[2]), (0.25, -11.0));
    assert!(prices.discount[0].is_nan());
    assert_eq!(found.account.headline(), quantity);
    // Without a quantity in the closed market a product is in the value account only.
    sales.quantity.as_mut().unwrap()[2] = f64::NAN;
    let found = sales.run(0, &[1], &with(Approach::Naive));
    assert_eq!(found.account.quantity.unwrap().lost, 40.0);
    assert_eq!(found.account.value.lost, 46.0);
    let note = found.notes.iter().find(|n| n.code == "products_without_unit_value").unwrap();
    assert_eq!(note.rows, [1]);
}

#[test]
fn missing_is_counted_and_never_zero() {
    let mut sales = by_hand();
    sales.places = 5;
    sales.put(0, 3, 0, false, 7.0);
    let found = sales.run(0, &[1], &with(Approach::Naive));
    assert_eq!(found.account.value.lost, 6.0);
    assert!(found.account.value.redirected[3].is_nan() && found.account.value.shares[3].is_nan());
    assert_eq!(found.account.value.redirected_abroad, 4.0);
    let note = |code: &str| found.notes.iter().find(|n| n.code == code).unwrap();
    assert!(note("one_period_only").message.contains("7 before, 0 after"));
    assert_eq!(note("markets_not_compared").rows, [3, 4]);
    // Declared to be zero, the same 7 are gone from market 3 as well.
    let zero = ExPostOptions { absent_is_zero: true, ..ExPostOptions::default() };
    let found = sales.run(0, &[1], &zero);
    let to = &found.account.value.redirected;
    assert_eq!((to[3], to[4], found.account.value.redirected_abroad), (-7.0, 0.0, -3.0));
    assert!(found.notes.is_empty());
}

#[test]
fn naive_records_of_a_model_are_the_account_of_the_model() {
    let flows = vec![90.0, 5.0, 4.0, 6.0, 40.0, 3.0, 3.0, 4.0, 20.0];
    let shocks = Shocks::from_list(3, &shock::closed_markets(0, &[1], false)).unwrap();
    let world = SquareFlows::new(3, flows.clone()).unwrap();
    let solved = one_sector(&world, &shocks, &OneSectorOptions::default()).unwrap();
    let model = diversion(&solved, 0, &[1]).unwrap();
    let account = Account::from(&model);
    let mut sales = Sales::new(3, 1);
    for (at, before) in flows.iter().enumerate() {
        sales.pair([at / 3, at % 3, 0], *before, solved.trade[at]);
    }
    let found = sales.run(0, &[1], &with(Approach::Naive)).account;
    close(found.value.lost, account.value.lost, ROUNDING);
    close(found.value.redirected[2], account.value.redirected[2], ROUNDING);
    close(found.value.turned_home.unwrap(), account.value.turned_home.unwrap(), ROUNDING);
    close(found.value.destroyed, -model.income_change, ROUNDING);
    close(account.value.destroyed, -model.income_change, ROUNDING);
    for m in 0..3 {
        close(found.fill[0].shares[m], account.fill[0].shares[m], ROUNDING);
    }
    // In quantities the model loses nothing: the shares of `Diversion` come back.
    let quantity = account.quantity.unwrap();
    close(quantity.share_destroyed, 0.0, ROUNDING);
    for j in 0..3 {
        close(quantity.shares[j], model.quantity_shares[j], ROUNDING);
    }
    assert_eq!(account.approach, Approach::Model);
}

/// A full random table; some zeros and, where asked for, some cells without a record.
fn random_sales(places: usize, products: usize, holes: bool, seed: u64) -> Sales {
    let mut state = seed;
    let mut sales = Sales::new(places, products);
    for i in 0..places {
        for j in 0..places {
            for k in 0..products {
                // Product 0 of place 0 is never sold in market 1: it can be a yardstick.
                let none = i == 0 && j == 1 && k == 0 && products > 1;
                for after in [false, true] {
                    if holes && random(&mut state) < 0.15 && (i, j) != (0, 1) {
                        continue;
                    }
                    let zero = none || random(&mut state) < 0.1 && (i, j) != (0, 1);
                    let x = if zero { 0.0 } else { 1.0 + 99.0 * random(&mut state) };
                    // The markets closed in these tests take a twentieth afterwards.
                    let shut = after && i == 0 && (j == 1 || j == 4);
                    let x = if shut { 0.05 * x } else { x };
                    sales.put(i, j, k, after, x);
                }
            }
        }
    }
    sales
}

/// The formulas of the module once more, cell by cell over a map.
fn brute_force(sales: &Sales, closed: &[usize], grow: bool) -> (f64, Vec<f64>, Vec<Vec<f64>>) {
    let mut cells: BTreeMap<(usize, usize, usize), [f64; 2]> = BTreeMap::new();
    for r in 0..sales.value.len() {
        let key = (sales.origin[r], sales.destination[r], sales.product[r]);
        let key = (key.0 as usize, key.1 as usize, key.2 as usize);
        cells.entry(key).or_insert([f64::NAN; 2])[usize::from(sales.after[r])] = sales.value[r];
    }
    let sold = |k: usize| closed.iter().any(|&j| cells.get(&(0, j, k)).is_some_and(|x| x[0] > 0.0));
    let without = |i: usize, j: usize, k: usize| {
        let x = cells[&(i, j, k)][0];
        if !grow || x == 0.0 {
            return x;
        }
        let mut sums = [0.0, 0.0];
        for m in (1..sales.places).filter(|&m| m != j) {
            if let Some(&[a, b]) = cells.get(&(m, j, k))
                && !(a + b).is_nan()
            {
                sums = [sums[0] + a, sums[1] + b];
            }
        }
        if sums[0] > 0.0 { x * sums[1] / sums[0] } else { f64::NAN }
    };
    let change = |i: usize, j: usize| {
        let each = (0..sales.products).filter(|&k| sold(k)).filter_map(|k| {
            let x = cells.get(&(i, j, k))?;
            let more = x[1] - without(i, j, k);
            (!more.is_nan() && !x[0].is_nan()).then_some(more)
        });
        let each: Vec<f64> = each.collect();
        if each.is_empty() { f64::NAN } else { each.iter().sum() }
    };
    let lost = -closed.iter().map(|&j| change(0, j)).sum::<f64>();
    let to = (0..sales.places).map(|j| change(0, j)).collect();
    let fill = closed
        .iter()
        .map(|&j| {
            let lost = -change(0, j);
            let share = |m| if lost > 0.0 { change(m, j) / lost } else { f64::NAN };
            (0..sales.places).map(share).collect()
        })
        .collect();
    (lost, to, fill)
}

#[test]
fn brute_force_on_random_tables() {
    for seed in 0..40 {
        let sales = random_sales(6, 3, seed % 2 == 1, seed);
        let closed = [1, 4];
        for (method, grow) in [(Approach::Naive, false), (Approach::MarketShare, true)] {
            let Ok(found) = ex_post(&sales.records(), 0, &closed, &with(method)) else {
                // Holes can leave a closed market without any pair; market 1 has none.
                assert!(seed % 2 == 1, "seed {seed}");
                continue;
            };
            let (lost, to, fill) = brute_force(&sales, &closed, grow);
            let value = &found.account.value;
            close(value.lost, lost, ROUNDING);
            for j in [2, 3, 5] {
                assert_eq!(value.redirected[j].is_nan(), to[j].is_nan());
                if !to[j].is_nan() {
                    close(value.redirected[j], to[j], ROUNDING);
                }
            }
            assert!(value.lost > 0.0);
            assert_eq!(value.turned_home.is_none(), to[0].is_nan());
            for (fill, brute) in found.account.fill.iter().zip(fill) {
                for m in 1..6 {
                    let (a, b) = (fill.shares[m], brute[m]);
                    assert!(a.is_nan() && b.is_nan() || (a - b).abs() < 1e-9 * (1.0 + b.abs()));
                }
            }
            assert!(found.identity_gap < ROUNDING, "{}", found.identity_gap);
        }
    }
}

#[test]
fn names_order_and_unit_do_not_matter() {
    let sales = random_sales(6, 3, false, 7);
    let to = [3, 5, 0, 2, 4, 1];
    let mut other = sales.clone();
    for ids in [&mut other.origin, &mut other.destination] {
        ids.iter_mut().for_each(|id| *id = to[*id as usize]);
    }
    other.value.iter_mut().for_each(|x| *x *= 1000.0);
    other.origin.reverse();
    other.destination.reverse();
    other.product.reverse();
    other.after.reverse();
    other.value.reverse();
    for method in [Approach::Naive, Approach::MarketShare, Approach::Ppml] {
        let tolerance = if method == Approach::Ppml { FITTED } else { ROUNDING };
        let a = sales.run(0, &[1, 4], &with(method)).account.value;
        let b = other.run(to[0] as usize, &[to[1] as usize, to[4] as usize], &with(method));
        let b = b.account.value;
        close(1000.0 * a.lost, b.lost, tolerance);
        close(a.share_destroyed, b.share_destroyed, tolerance);
        for j in 0..6 {
            close(a.shares[j], b.shares[to[j] as usize], tolerance);
        }
    }
}

/// X~ by scaling rows, columns and pairs in turn until nothing moves: the slow twin of the fit.
fn scaled(sales: &Sales, touched: impl Fn(usize, usize, usize) -> bool) -> Vec<[f64; 2]> {
    let (n, p) = (sales.places, sales.products);
    let at = |i: usize, j: usize, k: usize| (i * n + j) * p + k;
    let mut x = vec![[f64::NAN; 2]; n * n * p];
    for r in 0..sales.value.len() {
        let (i, j) = (sales.origin[r] as usize, sales.destination[r] as usize);
        x[at(i, j, sales.product[r] as usize)][usize::from(sales.after[r])] = sales.value[r];
    }
    let all = || (0..n).flat_map(move |i| (0..n).flat_map(move |j| (0..p).map(move |k| (i, j, k))));
    let used = |i, j, k, t| t == 0 || !touched(i, j, k);
    let (mut a, mut b) = (vec![[1.0; 2]; n], vec![[1.0; 2]; n * p]);
    let mut m = vec![1.0; n * n * p];
    for _ in 0..200_000 {
        let mut step = 0.0_f64;
        let mut scale = |group: &dyn Fn(usize, usize, usize, usize) -> usize,
                         v: &mut [f64],
                         a: &[[f64; 2]],
                         b: &[[f64; 2]],
                         m: &[f64]| {
            let (mut want, mut have) = (vec![0.0; v.len()], vec![0.0; v.len()]);
            for (i, j, k) in all() {
                for t in (0..2).filter(|&t| used(i, j, k, t)) {
                    want[group(i, j, k, t)] += x[at(i, j, k)][t];
                    have[group(i, j, k, t)] += a[i][t] * b[j * p + k][t] * m[at(i, j, k)];
                }
            }
            for (v, (want, have)) in v.iter_mut().zip(want.iter().zip(&have)) {
                if *have > 0.0 {
                    step = step.max((want / have - 1.0).abs());
                    *v *= want / have;
                }
            }
        };
        let mut flat = a.concat();
        scale(&|i, _, _, t| 2 * i + t, &mut flat, &a, &b, &m);
        a = flat.chunks(2).map(|c| [c[0], c[1]]).collect();
        let mut flat = b.concat();
        scale(&|_, j, k, t| 2 * (j * p + k) + t, &mut flat, &a, &b, &m);
        b = flat.chunks(2).map(|c| [c[0], c[1]]).collect();
        let before = m.clone();
        scale(&|i, j, k, _| at(i, j, k), &mut m, &a, &b, &before);
        if step < 1e-14 {
            break;
        }
    }
    all().map(|(i, j, k)| [0, 1].map(|t| a[i][t] * b[j * p + k][t] * m[at(i, j, k)])).collect()
}

#[test]
fn ppml_against_a_slow_direct_computation() {
    let mut state = 99;
    for (products, yardstick) in
        [(1, Yardstick::OwnSales), (2, Yardstick::OtherProducts), (1, Yardstick::ThirdMarkets)]
    {
        let n = 4;
        let mut sales = Sales::new(n, products);
        for at in 0..n * n * products {
            let [i, j, k] = [at / products / n, at / products % n, at % products];
            let none = i == 0 && j == 1 && k == 1;
            let mut x = || if none { 0.0 } else { 5.0 + 50.0 * random(&mut state) };
            let (before, after) = (x(), x());
            sales.pair([i, j, k], before, if (i, j) == (0, 1) { 0.05 * after } else { after });
        }
        let touched = |i: usize, j: usize, k: usize| {
            i == 0
                && match yardstick {
                    Yardstick::OwnSales => j != 0,
                    Yardstick::OtherProducts => k == 0,
                    Yardstick::ThirdMarkets => j == 1,
                }
        };
        let options = ExPostOptions { yardstick: Some(yardstick), ..with(Approach::Ppml) };
        let found = sales.run(0, &[1], &options);
        let slow = scaled(&sales, touched);
        let mu = |i: usize, j: usize| slow[(i * n + j) * products][1];
        let x = |i: usize, j: usize| {
            let at = (0..sales.value.len()).find(|&r| {
                let cell = (sales.origin[r] as usize, sales.destination[r] as usize);
                cell == (i, j) && sales.product[r] == 0 && sales.after[r]
            });
            sales.value[at.unwrap()]
        };
        let value = &found.account.value;
        close(value.lost, mu(0, 1) - x(0, 1), FITTED);
        for j in [2, 3] {
            close(value.redirected[j], x(0, j) - mu(0, j), FITTED);
        }
        let fill = &found.account.fill[0];
        for m in 1..n {
            close(fill.shares[m] * fill.lost, x(m, 1) - mu(m, 1), FITTED);
        }
        // The market's own effect: what rivals gain and lose adds up to nothing.
        let bought: f64 = (0..n).map(|m| x(m, 1)).sum();
        close(fill.shares.iter().sum::<f64>() * fill.lost / bought, 0.0, FITTED);
        assert_eq!(found.yardstick, Some(yardstick));
        match yardstick {
            Yardstick::OtherProducts => {
                close(value.turned_home.unwrap(), x(0, 0) - mu(0, 0), FITTED);
                assert_eq!(found.status, Status::Converged);
            }
            Yardstick::OwnSales => assert_eq!(value.turned_home, None),
            Yardstick::ThirdMarkets => {
                assert_eq!(found.status, Status::NotIdentified);
                assert!(value.share_destroyed.is_nan() && value.redirected_abroad.is_nan());
                // Their sum with home is zero by the exporter's own effect, whatever happened.
                let home = x(0, 0) - mu(0, 0);
                let sold: f64 = (0..n).map(|j| x(0, j)).sum();
                let more = value.redirected[2] + value.redirected[3] + home;
                close(more / sold, 0.0, FITTED);
            }
        }
    }
}

#[test]
fn ppml_finds_what_was_put_in() {
    // Sales follow the model exactly, but for what the closure moved.
    let mut state = 5;
    let (n, p) = (5, 3);
    let mut draw = || 0.5 + random(&mut state);
    let a: Vec<[f64; 2]> = (0..n).map(|_| [draw(), draw()]).collect();
    let b: Vec<[f64; 2]> = (0..n * p).map(|_| [draw(), draw()]).collect();
    let mut sales = Sales::new(n, p);
    for at in 0..n * n * p {
        let [i, j, k] = [at / p / n, at / p % n, at % p];
        let m = if [i, j, k] == [0, 1, 2] { 0.0 } else { 100.0 * draw() };
        let [before, after] = [0, 1].map(|t| a[i][t] * b[j * p + k][t] * m);
        let moved = match (i, j, k) {
            (0, 1, 0) => -0.9 * after,
            (0, 1, 1) => -after,
            (0, 2, 0) => 10.0,
            (0, 3, 1) => 5.0,
            (0, 0, 0) => 2.5,
            _ => 0.0,
        };
        sales.pair([i, j, k], before, after + moved);
    }
    let found = sales.run(0, &[1], &with(Approach::Ppml));
    let value = &found.account.value;
    assert_eq!((found.status, &found.products[..]), (Status::Converged, &[0, 1][..]));
    close(value.redirected[2], 10.0, FITTED);
    close(value.redirected[3], 5.0, FITTED);
    close(value.redirected[4], 0.0, FITTED);
    close(value.turned_home.unwrap(), 2.5, FITTED);
    close(value.destroyed, value.lost - 17.5, FITTED);
}

#[test]
fn ppml_leaves_open_what_no_pair_of_periods_joins() {
    // Market 3 has records of rivals before only: its own development is not in the data.
    let mut sales = Sales::new(4, 1);
    for (i, j) in [(0, 0), (0, 1), (0, 2), (1, 1), (2, 1), (1, 2), (2, 2), (1, 0), (2, 0)] {
        sales.pair([i, j, 0], 10.0 + (i + 2 * j) as f64, 12.0 + (i * j) as f64);
    }
    sales.pair([0, 3, 0], 8.0, 9.0);
    sales.put(1, 3, 0, false, 4.0);
    let found = sales.run(0, &[1], &with(Approach::Ppml));
    assert!(found.account.value.redirected[3].is_nan());
    assert!(!found.account.value.redirected[2].is_nan());
    assert!(found.notes.iter().any(|n| n.code == "no_counterfactual" && n.count == 1));
}

#[test]
fn without_a_loss_there_are_no_shares() {
    let mut sales = by_hand();
    sales.value[3] = 14.0;
    let found = sales.run(0, &[1], &with(Approach::Naive)).account;
    assert_eq!((found.value.lost, found.value.destroyed), (-4.0, -9.0));
    assert!(found.value.share_abroad.is_nan() && found.value.share_destroyed.is_nan());
    assert!(found.fill[0].shares[2].is_nan());
}

#[test]
fn refusals() {
    let sales = by_hand();
    let naive = Approach::Naive;
    sales.refused(0, &[], naive, &["closed markets", "at least one"]);
    sales.refused(0, &[1, 1], naive, &["place 1 twice"]);
    sales.refused(0, &[0], naive, &["place 0", "exporter"]);
    sales.refused(0, &[3], naive, &["one of the 3 places", "got 3"]);
    sales.refused(3, &[1], naive, &["got 3"]);
    sales.refused(0, &[1], Approach::Model, &["method", "Account::from"]);

    let mut none = sales.clone();
    none.value[2] = 0.0;
    none.refused(0, &[1], naive, &["place 0 has no sales in place 1", "base period"]);

    let mut hole = sales.clone();
    hole.value[3] = f64::NAN;
    hole.refused(
        0,
        &[1],
        naive,
        &["place 0 lost in place 1", "counterpart: 10", "missing is not zero"],
    );

    let mut alone = Sales::new(3, 1);
    alone.pair([0, 1, 0], 10.0, 4.0);
    alone.pair([0, 2, 0], 5.0, 9.0);
    alone.pair([2, 1, 0], 0.0, 9.0);
    alone.refused(0, &[1], Approach::MarketShare, &["place 0 lost in place 1", "this method"]);
    alone.refused(0, &[1], Approach::Ppml, &["neither sales to itself", "third_markets"]);
    for (yardstick, words) in [
        (Yardstick::OtherProducts, "sold no product in both periods"),
        (Yardstick::OwnSales, "no sales to itself"),
    ] {
        let options = ExPostOptions { yardstick: Some(yardstick), ..with(Approach::Ppml) };
        refused(ex_post(&alone.records(), 0, &[1], &options), &[words, "naive"]);
    }

    let mut twice = sales.clone();
    twice.put(0, 1, 0, true, 3.0);
    twice.refused(0, &[1], naive, &["record 18", "place 0 to place 1", "add the records"]);
    let mut negative = sales.clone();
    negative.value[4] = -1.0;
    negative.refused(0, &[1], naive, &["value, entry 4", "-1"]);
    let mut far = sales.clone();
    far.destination[5] = 3;
    far.refused(0, &[1], naive, &["destination, record 5", "0 to 2", "got 3"]);
    let mut product = sales.clone();
    product.product[5] = 1;
    product.refused(0, &[1], naive, &["product, record 5", "got 1"]);
    let mut short = sales.clone();
    short.after.pop();
    short.refused(0, &[1], naive, &["after has 17 entries", "18"]);
    let mut quantity = sales.clone();
    quantity.quantity = Some(vec![1.0; 17]);
    quantity.refused(0, &[1], naive, &["quantity has 17 entries"]);
    Sales::new(3, 1).refused(0, &[1], naive, &["records", "no data"]);
}
