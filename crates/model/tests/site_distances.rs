//! Distances on roads and between regions: by hand, a second road to each number, refusals.

use emporion_model::site::distance::{Point, great_circle_km};
use emporion_model::site::regions::{
    Region, RegionMean, internal_distance_km, region_distance_km, region_matrix_km,
};
use emporion_model::site::roads::{Direction, Road, RoadError, Search, distances, distances_by};
use proptest::prelude::*;

/// Rounding of some ten operations on numbers up to 20,000.
const ROUNDING: f64 = 1e-9;

fn roads(list: &[(usize, usize, f64)]) -> Vec<Road> {
    list.iter().map(|&(from, to, length)| Road { from, to, length }).collect()
}

#[test]
fn a_detour_and_a_one_way_road_are_known_by_hand() {
    // A triangle 0-1-2 with a dear side, and a dead end 3 behind 2.
    let list = roads(&[(0, 1, 2.0), (1, 2, 3.0), (0, 2, 9.0), (2, 3, 1.0), (0, 1, 4.0)]);
    let all = [0, 1, 2, 3];
    let none = RoadError::Disconnected { customer: 1, site: 0, from: 3, to: 0 };
    for search in [Search::EachSite, Search::Hierarchy, Search::Cheapest] {
        let distances = |direction, customers: &[usize], sites: &[usize]| {
            distances_by(search, 4, &list, direction, customers, sites)
        };
        let both = distances(Direction::Both, &all, &[3, 0]).unwrap();
        assert_eq!(both, [6.0, 0.0, 4.0, 2.0, 1.0, 5.0, 0.0, 6.0]);
        assert_eq!(distances(Direction::OneWay, &[0, 2], &[3]).unwrap(), [6.0, 1.0]);
        assert_eq!(distances(Direction::OneWay, &[0, 3], &[0, 3]), Err(none.clone()));
    }
    assert!(none.to_string().contains("customer 1 (vertex 3) has no way to site 0 (vertex 0)"));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Floyd and Warshall's three loops are the other road to all shortest ways.
    #[test]
    fn all_shortest_ways_are_those_of_the_three_loops(
        list in prop::collection::vec((0_usize..9, 0_usize..9, 0_u8..20), 0..40),
        one_way in any::<bool>(),
    ) {
        let list: Vec<Road> = list
            .into_iter()
            .map(|(from, to, length)| Road { from, to, length: f64::from(length) })
            .collect();
        let mut far = vec![vec![f64::INFINITY; 9]; 9];
        (0..9).for_each(|a| far[a][a] = 0.0);
        for road in &list {
            far[road.from][road.to] = far[road.from][road.to].min(road.length);
            if !one_way {
                far[road.to][road.from] = far[road.to][road.from].min(road.length);
            }
        }
        for k in 0..9 {
            for a in 0..9 {
                for b in 0..9 {
                    far[a][b] = far[a][b].min(far[a][k] + far[k][b]);
                }
            }
        }
        let direction = if one_way { Direction::OneWay } else { Direction::Both };
        for a in 0..9 {
            for b in 0..9 {
                let expected = far[a][b];
                for search in [Search::EachSite, Search::Hierarchy] {
                    match distances_by(search, 9, &list, direction, &[a], &[b]) {
                        Ok(way) => prop_assert_eq!(way, vec![expected]),
                        Err(RoadError::Disconnected { .. }) => prop_assert!(expected.is_infinite()),
                        Err(error) => prop_assert!(false, "{error}"),
                    }
                }
            }
        }
    }

    #[test]
    fn means_are_ordered_and_do_not_depend_on_the_order_of_places(
        one in prop::collection::vec((-60.0_f64..60.0, -170.0_f64..170.0, 0.1_f64..9.0), 1..6),
        other in prop::collection::vec((-60.0_f64..60.0, -170.0_f64..170.0, 0.1_f64..9.0), 1..6),
        scale in 0.1_f64..1000.0,
    ) {
        let region = |list: &[(f64, f64, f64)], scale: f64| {
            let place = |(a, b, people): &(f64, f64, f64)| {
                (Point::new(*a, *b).unwrap(), scale * people)
            };
            Region::new(list.iter().map(place).collect(), 1e4).unwrap()
        };
        let (a, b) = (region(&one, 1.0), region(&other, 1.0));
        let mean = |mean| region_distance_km(&a, &b, mean);
        let (arithmetic, harmonic) = (mean(RegionMean::Arithmetic), mean(RegionMean::Harmonic));
        prop_assert!(harmonic <= arithmetic + ROUNDING);
        let turned: Vec<_> = one.iter().rev().copied().collect();
        let again = region_distance_km(&b, &region(&turned, scale), RegionMean::Harmonic);
        prop_assert!((again - harmonic).abs() <= ROUNDING);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// A net of streets with lengths of many digits, some closed, some one-way, some beside another:
    /// a search from each site is the other road to what the hierarchy answers, also for sites on
    /// one vertex and for more of them than are searched for at once.
    #[test]
    fn a_hierarchy_finds_the_ways_that_searches_find(
        lengths in prop::collection::vec(prop::option::weighted(0.95, 0.0_f64..1e4), 2 * 20 * 20),
        more in prop::collection::vec((0_usize..400, 0_usize..400, 0.0_f64..1e4), 0..150),
        customers in prop::collection::vec(0_usize..400, 1..40),
        sites in prop::collection::vec(0_usize..400, 1..30),
        one_way in any::<bool>(),
    ) {
        let streets = lengths.iter().enumerate().filter_map(|(at, length)| {
            let (from, down) = (at / 2, at % 2 == 1);
            let to = if down { from + 20 } else { from + 1 };
            let inside = if down { to < 400 } else { to % 20 > 0 };
            let (from, to) = if at % 3 == 0 { (to, from) } else { (from, to) };
            length.filter(|_| inside).map(|length| (from, to, length))
        });
        let list: Vec<_> = streets.chain(more).collect();
        let list = roads(&list);
        let direction = if one_way { Direction::OneWay } else { Direction::Both };
        let found = |search| distances_by(search, 400, &list, direction, &customers, &sites);
        match (found(Search::EachSite), found(Search::Hierarchy)) {
            (Ok(one), Ok(other)) => {
                for (one, other) in one.iter().zip(&other) {
                    prop_assert!((one - other).abs() <= 1e-13 * one, "{one} {other}");
                }
            }
            (one, other) => prop_assert_eq!(one, other),
        }
    }
}

#[test]
fn regions_of_one_place_have_cepii_s_simple_distances() {
    let (minsk, moscow) =
        (Point::new(53.9, 27.5667).unwrap(), Point::new(55.7558, 37.6173).unwrap());
    let one = Region::new(vec![(minsk, 2e6)], 207_600.0).unwrap();
    let two = Region::new(vec![(moscow, 13e6)], 2_561.0).unwrap();
    let inside = internal_distance_km(207_600.0).unwrap();
    // 0.67 √(207,600 / π) km.
    assert!((inside - 172.231).abs() < 0.001, "{inside}");
    for mean in [RegionMean::Arithmetic, RegionMean::Harmonic] {
        let km = region_matrix_km(&[one.clone(), two.clone()], std::slice::from_ref(&one), mean);
        assert!((km[0] - inside).abs() < ROUNDING);
        assert!((km[1] - great_circle_km(minsk, moscow)).abs() < ROUNDING);
    }
    let named = serde_json::to_string(&[RegionMean::Arithmetic, RegionMean::Harmonic]).unwrap();
    assert_eq!(named, r#"["distw_arithmetic","distw_harmonic"]"#);
}

#[test]
fn each_refusal_names_the_place() {
    let refused = |list: &[(usize, usize, f64)], customers: &[usize], sites: &[usize]| {
        let answer = distances(3, &roads(list), Direction::Both, customers, sites);
        answer.unwrap_err().to_string()
    };
    assert!(refused(&[(0, 3, 1.0)], &[0], &[0]).contains("vertex of road 0"));
    assert!(refused(&[], &[0, 7], &[0]).contains("vertex of customer 1"));
    assert!(refused(&[], &[0], &[9]).contains("vertex of site 0"));
    assert!(refused(&[], &[], &[0]).contains("customers: no data"));
    assert!(refused(&[(0, 1, 1.0), (0, 1, -1.0)], &[0], &[1]).contains("entry 1"));
    assert!(refused(&[(0, 1, f64::NAN)], &[0], &[1]).contains("length of roads"));
    let at = Point::new(0.0, 0.0).unwrap();
    let region = |people, area| Region::new(vec![(at, people)], area).unwrap_err().to_string();
    assert!(region(0.0, 1.0).contains("places with people"));
    assert!(region(f64::NAN, 1.0).contains("population, entry 0"));
    assert!(region(1.0, 0.0).contains("area"));
    assert!(Region::new(vec![], 1.0).is_err());
}
