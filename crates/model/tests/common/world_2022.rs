//! The bundled case `cases/world-2022` as a world of 80 places and 50 sectors.
//!
//! The case holds intermediate flows, inputs and gross output; final demand by destination and the
//! rest of the world are not in it. Assumptions made here to close the world:
//!
//! - what a place sells besides intermediates goes to the same destinations, in the same shares, as
//!   its intermediate sales of that sector (a sector without any is sold at home);
//! - value added is gross output minus the inputs recorded;
//! - no tariffs, and one trade elasticity of 5 for every sector.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use emporion_model::simulate::ManySectorsData;

pub struct World2022 {
    pub places: Vec<String>,
    pub sectors: Vec<String>,
    pub data: ManySectorsData,
}

fn records(name: &str) -> Vec<csv::StringRecord> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../cases/world-2022"));
    let file = std::fs::File::open(folder.join(name)).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).collect()
}

fn positions(names: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut at: BTreeMap<String, usize> = names.map(|name| (name, 0)).collect();
    at.values_mut().enumerate().for_each(|(k, v)| *v = k);
    at
}

pub fn world_2022() -> World2022 {
    let output = records("output.csv.gz");
    let place = positions(output.iter().map(|r| r[0].to_owned()));
    let sector = positions(output.iter().map(|r| r[1].to_owned()));
    let (n, s) = (place.len(), sector.len());
    let mut made = vec![0.0; n * s];
    for r in &output {
        made[place[&r[0]] * s + sector[&r[1]]] = r[2].parse::<f64>().unwrap();
    }
    let mut trade = vec![0.0; s * n * n];
    for r in records("flows.csv.gz") {
        let cell = (sector[&r[2]] * n + place[&r[0]]) * n + place[&r[1]];
        trade[cell] = r[3].parse().unwrap();
    }
    for row in 0..s * n {
        let (j, i) = (row / n, row % n);
        let sold: f64 = trade[row * n..(row + 1) * n].iter().sum();
        if sold > 0.0 {
            let scale = made[i * s + j] / sold;
            trade[row * n..(row + 1) * n].iter_mut().for_each(|v| *v *= scale);
        } else {
            trade[row * n + i] = made[i * s + j];
        }
    }
    let mut inputs = vec![0.0; n * s * s];
    for r in records("inputs.csv.gz") {
        let (p, using, supplying) = (place[&r[0]], sector[&r[1]], sector[&r[2]]);
        let value: f64 = r[3].parse().unwrap();
        if made[p * s + using] > 0.0 {
            inputs[(p * s + supplying) * s + using] = value / made[p * s + using];
        }
    }
    let value_added: Vec<f64> = (0..n * s)
        .map(|c| {
            let (p, j) = (c / s, c % s);
            let used: f64 = (0..s).map(|k| inputs[(p * s + k) * s + j]).sum();
            if made[c] > 0.0 { 1.0 - used } else { 0.0 }
        })
        .collect();
    World2022 {
        places: place.into_keys().collect(),
        sectors: sector.into_keys().collect(),
        data: ManySectorsData {
            places: n,
            sectors: s,
            trade,
            tariffs: vec![0.0; s * n * n],
            value_added_shares: value_added,
            input_shares: inputs,
            elasticities: vec![5.0; s],
            final_shares: None,
        },
    }
}
