//! Reads a reference case: data, filter, derived columns, and the design it describes.

use super::parquet::{Column, read};
use emporion_model::estimate::design::{Design, Factor, Regressor};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

/// Columns of equal length by name.
pub struct Table {
    pub columns: BTreeMap<String, Column>,
    pub rows: usize,
}

/// Reads a CSV file; a column is numbers if every value parses.
pub fn read_csv(path: &Path) -> Table {
    let mut reader =
        csv::Reader::from_path(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let mut text = vec![Vec::new(); names.len()];
    for record in reader.records() {
        for (column, value) in text.iter_mut().zip(record.unwrap().iter()) {
            column.push(value.to_owned());
        }
    }
    let rows = text.first().map_or(0, Vec::len);
    let columns = names
        .into_iter()
        .zip(text)
        .map(|(name, text)| {
            let numbers: Result<Vec<f64>, _> = text.iter().map(|v| v.parse()).collect();
            (name, numbers.map_or(Column::Text(text), Column::Number))
        })
        .collect();
    Table { columns, rows }
}

impl Table {
    /// Numbers of a column.
    pub fn number(&self, name: &str) -> &[f64] {
        match self.columns.get(name) {
            Some(Column::Number(v)) => v,
            other => panic!("column {name} is not numeric: {}", other.is_some()),
        }
    }

    fn texts(&self, name: &str) -> Vec<String> {
        match &self.columns[name] {
            Column::Number(v) => v.iter().map(f64::to_string).collect(),
            Column::Text(v) => v.clone(),
        }
    }

    /// The factor `a#b`, levels numbered by first occurrence.
    pub fn factor(&self, name: &str) -> Factor {
        let parts: Vec<Vec<String>> = name.split('#').map(|c| self.texts(c)).collect();
        let mut levels: HashMap<Vec<&str>, u32> = HashMap::new();
        let ids = (0..self.rows)
            .map(|i| {
                let key: Vec<&str> = parts.iter().map(|p| p[i].as_str()).collect();
                let next = levels.len() as u32;
                *levels.entry(key).or_insert(next)
            })
            .collect();
        Factor { name: name.into(), ids, levels: levels.len() }
    }

    pub fn regressor(&self, name: &str) -> Regressor {
        Regressor { name: name.into(), values: self.number(name).to_vec() }
    }

    fn filter(&mut self, query: &str) {
        if query.is_empty() {
            return;
        }
        let mut keep = vec![true; self.rows];
        for clause in query.split(" and ") {
            let words: Vec<&str> = clause.splitn(3, ' ').collect();
            let [left, operator, right] = words[..] else { panic!("clause {clause}") };
            let left = self.texts(left);
            let right: Vec<Vec<String>> = if operator == "in" {
                let list = right.trim_matches(['(', ')']);
                vec![list.split(", ").map(str::to_owned).collect(); self.rows]
            } else if self.columns.contains_key(right) {
                self.texts(right).into_iter().map(|v| vec![v]).collect()
            } else {
                vec![vec![right.trim_matches('\'').to_owned()]; self.rows]
            };
            for i in 0..self.rows {
                let number = |s: &str| s.parse::<f64>().unwrap();
                let (l, r) = (&left[i], &right[i]);
                keep[i] &= match operator {
                    "==" | "in" => r.contains(l),
                    "!=" => !r.contains(l),
                    ">" => number(l) > number(&r[0]),
                    ">=" => number(l) >= number(&r[0]),
                    other => panic!("operator {other}"),
                };
            }
        }
        for column in self.columns.values_mut() {
            *column = column.filter(&keep);
        }
        self.rows = keep.iter().filter(|k| **k).count();
    }

    fn derive(&mut self, name: &str, rule: &[Value]) {
        let argument = |i: usize| rule[i].as_str().unwrap();
        let values = match argument(1) {
            "log" => self.number(argument(2)).iter().map(|v| v.ln()).collect(),
            "ne" => std::iter::zip(self.texts(argument(2)), self.texts(argument(3)))
                .map(|(a, b)| f64::from(u8::from(a != b)))
                .collect(),
            other => panic!("rule {other}"),
        };
        self.columns.insert(name.into(), Column::Number(values));
    }
}

/// Strings of a JSON array.
pub fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
}

/// The table a case describes, filtered, with its derived columns.
pub fn table(root: &Path, case: &Value) -> Table {
    let path = root.join(case["data"].as_str().unwrap());
    let mut needed: BTreeSet<String> = strings(&case["x"]).into_iter().collect();
    needed.insert(case["y"].as_str().unwrap().into());
    let clusters = case["cluster"].as_array().unwrap().iter().flat_map(strings);
    for f in strings(&case["fe"]).into_iter().chain(clusters) {
        needed.extend(f.split('#').map(str::to_owned));
    }
    let rules = case["derive"].as_array().unwrap();
    for rule in rules {
        needed.extend(strings(rule).into_iter().skip(2));
    }
    let query = case["filter"].as_str().unwrap();
    needed.extend(query.split(' ').map(str::to_owned));
    let mut table = if path.extension().is_some_and(|e| e == "csv") {
        read_csv(&path)
    } else {
        let columns = read(&path, &|name| needed.contains(name));
        let rows = match columns.values().next().unwrap() {
            Column::Number(v) => v.len(),
            Column::Text(v) => v.len(),
        };
        Table { columns, rows }
    };
    table.filter(query);
    for rule in rules {
        let rule = rule.as_array().unwrap();
        table.derive(rule[0].as_str().unwrap(), rule);
    }
    table
}

/// The design of a case, without clusters.
pub fn design(table: &Table, case: &Value) -> Design {
    let y = case["y"].as_str().unwrap();
    Design {
        outcome: y.into(),
        y: table.number(y).to_vec(),
        x: strings(&case["x"]).iter().map(|x| table.regressor(x)).collect(),
        constant: true,
        effects: strings(&case["fe"]).iter().map(|f| table.factor(f)).collect(),
        ..Design::default()
    }
}
