//! Runs, shares by year, changes of rank and constant prices, by hand.

use emporion_model::measure::in_time::{
    Priced, RankedAmong, constant_prices, gaps, rank_changes, share_series,
};
use emporion_model::measure::records::{
    Among, Bound, Observation, RecordOptions, Verdict, longest_growth, longest_records, record,
};
use emporion_model::measure::shares::contributions;
use emporion_model::outcome::InputError;

/// A handful of operations on numbers of order 100.
const ROUNDING: f64 = 1e-12;

fn series(figures: &[(i32, f64)]) -> Vec<Observation> {
    let at = |&(year, value)| Observation { year, value, bound: Bound::Exactly };
    figures.iter().map(at).collect()
}

/// Numbers that look like trade, the same on every machine.
fn random(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[test]
fn runs_of_growth_and_of_records_differ() {
    let options = RecordOptions::default();
    // 9 stays the highest until 2016: growth since 2013, records only in 2016 and 2017.
    let s =
        series(&[(2012, 9.0), (2013, 5.0), (2014, 6.0), (2015, 8.0), (2016, 10.0), (2017, 11.0)]);
    let growth = longest_growth(&s, &options).unwrap();
    assert_eq!((growth.from, growth.to, growth.steps), (Some(2013), Some(2017), 4));
    let records = longest_records(&s, &options).unwrap();
    assert_eq!((records.from, records.to, records.steps), (Some(2016), Some(2017), 2));
    assert_eq!(records.equally_long, 1);

    // A gap ends both; the year after it may be a record, but no growth is known.
    let s = series(&[(2012, 1.0), (2013, 2.0), (2015, 3.0), (2016, 4.0), (2017, 5.0)]);
    let growth = longest_growth(&s, &options).unwrap();
    assert_eq!((growth.from, growth.steps, growth.gaps), (Some(2015), 2, vec![2014]));
    let records = longest_records(&s, &options).unwrap();
    assert_eq!((records.from, records.to, records.steps), (Some(2015), Some(2017), 3));
    assert_eq!(records.gaps, [2014]);

    // A tie is no record, and nothing is a record in a falling series.
    let s = series(&[(2012, 3.0), (2013, 3.0), (2014, 2.0)]);
    let records = longest_records(&s, &options).unwrap();
    assert_eq!((records.from, records.steps, records.equally_long), (None, 0, 0));
    assert!(records.undecided.is_empty());

    // "About 100" after 99 is not decided.
    let mut s = series(&[(2012, 99.0), (2013, 100.0)]);
    s[1].bound = Bound::About;
    assert_eq!(longest_records(&s, &options).unwrap().undecided, [(2012, 2013)]);
    let one = longest_records(&s[..1], &options);
    assert!(matches!(one, Err(InputError::Empty { .. })));
}

#[test]
fn a_run_of_records_is_what_record_says_year_by_year() {
    for seed in 1..200 {
        let mut next = random(seed);
        let mut s = Vec::new();
        for year in 2000..2015 {
            if next() > 0.2 {
                s.push((year, (next() * 6.0).floor() + f64::from(year - 2000) / 4.0));
            }
        }
        if s.len() < 2 {
            continue;
        }
        let s = series(&s);
        let options = RecordOptions { among: Among::Earlier, ..RecordOptions::default() };
        let is = |year: i32| {
            record(&s, year, &options).is_ok_and(|found| found.verdict == Verdict::Record)
        };
        let (mut longest, mut length) = (0, 0);
        for year in 2000..2015 {
            length = if is(year) { length + 1 } else { 0 };
            longest = longest.max(length);
        }
        assert_eq!(longest_records(&s, &options).unwrap().steps, longest, "seed {seed}");
    }
}

#[test]
fn contributions_add_up_to_growth() {
    for seed in 1..100 {
        let mut next = random(seed);
        let before: Vec<f64> = (0..40).map(|_| 1e6 * next()).collect();
        let after: Vec<f64> = (0..40).map(|_| 1e6 * next()).collect();
        let found = contributions(&before, &after).unwrap();
        let sum: f64 = found.points.iter().sum();
        assert!((sum - found.total.percent.unwrap()).abs() <= ROUNDING * 100.0, "seed {seed}");
    }
}

#[test]
fn shares_by_year() {
    let members = [
        vec![Some(10.0), Some(20.0)],
        vec![Some(20.0), Some(20.0)],
        vec![Some(30.0), Some(20.0)],
        vec![Some(30.0), None],
    ];
    let found =
        share_series(&[2018, 2019, 2021, 2022], &members, &[100.0, 80.0, 100.0, 100.0]).unwrap();
    assert_eq!(found[0].share.share, Some(0.3));
    assert_eq!(found[1].share.share, Some(0.5));
    assert_eq!((found[0].change, found[1].change), (None, Some(0.2)));
    // No change across the gap of 2020, nor from a year in which a member is not known.
    assert_eq!((found[2].share.share, found[2].change), (Some(0.5), None));
    assert_eq!((found[3].share.share, found[3].share.at_least, found[3].change), (None, 0.3, None));
    assert_eq!(gaps(&[2018, 2022, 2019, 2021]), [2020]);
    assert!(gaps(&[]).is_empty());

    let unsorted = share_series(&[2019, 2018], &members[..2], &[1.0, 1.0]);
    assert!(matches!(unsorted, Err(InputError::Setting { .. })));
    let ragged = share_series(&[2019], &members[..2], &[1.0]);
    assert!(matches!(ragged, Err(InputError::Length { .. })));
    assert!(matches!(share_series(&[], &[], &[]), Err(InputError::Empty { .. })));
    let zero = share_series(&[2018], &members[..1], &[0.0]);
    assert!(matches!(zero, Err(InputError::Value { .. })));
}

#[test]
fn ranks_in_two_years() {
    let before = [Some(9.0), Some(7.0), Some(7.0), Some(1.0), None];
    let after = [Some(2.0), Some(8.0), None, Some(8.0), Some(9.0)];
    let all = |among| -> Vec<_> {
        let found = rank_changes(&before, &after, among).unwrap();
        found.into_iter().map(|r| (r.before, r.after, r.gained)).collect()
    };
    let both = all(RankedAmong::BothYears);
    assert_eq!(both[0], (Some(1), Some(3), Some(-2)));
    assert_eq!(both[1], (Some(2), Some(1), Some(1)));
    assert_eq!(both[2], (None, None, None));
    assert_eq!(both[3], (Some(3), Some(1), Some(2)));
    assert_eq!(both[4], (None, None, None));
    let each = all(RankedAmong::EachYear);
    assert_eq!(each[0], (Some(1), Some(4), Some(-3)));
    assert_eq!(each[1], (Some(2), Some(2), Some(0)));
    assert_eq!(each[2], (Some(2), None, None));
    assert_eq!(each[3], (Some(4), Some(2), Some(2)));
    assert_eq!(each[4], (None, Some(1), None));

    let apart = rank_changes(&[Some(1.0), None], &[None, Some(1.0)], RankedAmong::EachYear);
    assert!(matches!(apart, Err(InputError::Empty { .. })));
    let negative = rank_changes(&[Some(1.0)], &[Some(-1.0)], RankedAmong::EachYear);
    assert!(matches!(negative, Err(InputError::Value { index: 0, .. })));
    let ragged = rank_changes(&[Some(1.0)], &[], RankedAmong::EachYear);
    assert!(matches!(ragged, Err(InputError::Length { .. })));
}

fn priced(year: i32, value: f64, price: f64, price_base: f64) -> Priced {
    Priced { year, value, rate: 1.0, price, price_base }
}

#[test]
fn constant_prices_by_hand() {
    // Prices rise by a quarter: 60 at current prices are 48 at those of 2020.
    let figures = [
        priced(2020, 50.0, 80.0, 80.0),
        priced(2021, 60.0, 100.0, 80.0),
        priced(2023, 75.0, 100.0, 80.0),
    ];
    let found = constant_prices(&figures, 2020).unwrap();
    assert_eq!((found[1].current, found[1].constant), (60.0, 48.0));
    assert_eq!(found[1].price_index, Some(125.0));
    assert_eq!((found[1].value_index, found[1].volume_index), (Some(120.0), Some(96.0)));
    assert_eq!(found[1].volume_growth, Some(-4.0));
    assert_eq!((found[2].constant, found[2].volume_growth), (60.0, None));

    // Two parts with their own indices: 30/1.5 + 40/2 = 40 of 70, so prices are 175.
    let parts = [
        priced(2020, 20.0, 100.0, 100.0),
        priced(2020, 20.0, 100.0, 100.0),
        priced(2021, 30.0, 150.0, 100.0),
        priced(2021, 40.0, 200.0, 100.0),
    ];
    let found = constant_prices(&parts, 2020).unwrap();
    assert_eq!((found[1].constant, found[1].price_index), (40.0, Some(175.0)));
    assert_eq!(found[1].volume_index, Some(100.0));

    // Another currency, at the rate of each year.
    let at = |year, value, rate| Priced { year, value, rate, price: 1.0, price_base: 1.0 };
    let found = constant_prices(&[at(2020, 10.0, 0.5), at(2021, 10.0, 0.25)], 2020).unwrap();
    assert_eq!((found[0].current, found[1].current), (5.0, 2.5));

    // Without the base year there are values, but no index to it.
    let found = constant_prices(&figures[1..], 2020).unwrap();
    assert_eq!((found[0].constant, found[0].volume_index), (48.0, None));
}

#[test]
fn constant_prices_refuse() {
    assert!(matches!(constant_prices(&[], 2020), Err(InputError::Empty { .. })));
    for (value, price, base) in
        [(-1.0, 1.0, 1.0), (f64::NAN, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, f64::INFINITY)]
    {
        let bad = [priced(2020, 1.0, 1.0, 1.0), priced(2021, value, price, base)];
        let found = constant_prices(&bad, 2020);
        assert!(matches!(found, Err(InputError::Value { index: 1, .. })), "{value} {price} {base}");
    }
    let bad = [Priced { rate: -1.0, ..priced(2020, 1.0, 1.0, 1.0) }];
    assert!(matches!(constant_prices(&bad, 2020), Err(InputError::Value { index: 0, .. })));
}

#[test]
fn the_level_of_an_index_does_not_matter_and_value_is_price_times_volume() {
    for seed in 1..100 {
        let mut next = random(seed);
        let figures: Vec<Priced> = (0..24)
            .map(|i| priced(2000 + i % 8, 100.0 * next(), 0.5 + next(), 0.5 + next()))
            .collect();
        let other: Vec<Priced> = figures
            .iter()
            .map(|f| Priced { price: 7.0 * f.price, price_base: 7.0 * f.price_base, ..*f })
            .collect();
        let (a, b) = (constant_prices(&figures, 2003), constant_prices(&other, 2003));
        for (a, b) in a.unwrap().iter().zip(b.unwrap()) {
            assert!((a.constant - b.constant).abs() <= ROUNDING * a.constant);
            let product = a.price_index.unwrap() * a.constant / 100.0;
            assert!((product - a.current).abs() <= ROUNDING * a.current);
        }
    }
}
