//! Four places and three sectors with tariffs, inputs and deficits: an equilibrium of the model up
//! to rounding, since final demand is positive everywhere.

use emporion_model::simulate::ManySectorsData;

pub const PLACES: usize = 4;
pub const SECTORS: usize = 3;

/// Value added, then the three inputs, of each sector; places differ by a small shift.
const RECIPES: [[f64; 4]; SECTORS] =
    [[0.5, 0.2, 0.2, 0.1], [0.4, 0.1, 0.3, 0.2], [0.7, 0.0, 0.1, 0.2]];

pub fn small_world() -> ManySectorsData {
    let cells = SECTORS * PLACES * PLACES;
    let at = |c: usize| (c / (PLACES * PLACES), c / PLACES % PLACES, c % PLACES);
    let trade = |c: usize| {
        let (j, i, d) = at(c);
        let size = [3.0, 1.0, 2.0, 1.5][i];
        if i == d {
            size * (40.0 + 10.0 * j as f64)
        } else {
            size + ((7 * i + 5 * d + 3 * j) % 8) as f64
        }
    };
    let tariff = |c: usize| {
        let (j, i, d) = at(c);
        if i == d { 0.0 } else { 0.05 * ((i + 2 * d + j) % 3) as f64 }
    };
    let shift = |p: usize| 0.01 * p as f64;
    let mut input_shares = Vec::new();
    for p in 0..PLACES {
        for k in 0..SECTORS {
            for recipe in RECIPES {
                input_shares.push(recipe[k + 1] - if k == 2 { shift(p) } else { 0.0 });
            }
        }
    }
    ManySectorsData {
        places: PLACES,
        sectors: SECTORS,
        trade: (0..cells).map(trade).collect(),
        tariffs: (0..cells).map(tariff).collect(),
        value_added_shares: (0..PLACES * SECTORS)
            .map(|c| RECIPES[c % SECTORS][0] + shift(c / SECTORS))
            .collect(),
        input_shares,
        elasticities: vec![4.0, 8.0, 2.0],
        final_shares: None,
    }
}
