//! What a table's columns should hold: the Table Schema of a data package.

use serde_json::Value;

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text; leading zeros are kept. Dates are read as text too.
    Text,
    /// A finite number with a decimal point.
    Number,
    /// A whole number.
    Integer,
    /// A year in four digits.
    Year,
    /// `true`, `false`, `1` or `0`; read as 1 and 0.
    Boolean,
}

/// One column as declared.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldSchema {
    /// Name in the header.
    pub name: String,
    /// Type; None leaves it to the values.
    pub kind: Option<Kind>,
    /// Whether every row must have a value.
    pub required: bool,
    /// Whether no two rows may have the same value.
    pub unique: bool,
    /// Smallest value allowed.
    pub minimum: Option<f64>,
    /// Largest value allowed.
    pub maximum: Option<f64>,
    /// The values allowed; empty allows all.
    pub allowed: Vec<String>,
}

impl FieldSchema {
    /// A column of a type, without constraints.
    #[must_use]
    pub fn new(name: &str, kind: Option<Kind>) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            required: false,
            unique: false,
            minimum: None,
            maximum: None,
            allowed: Vec::new(),
        }
    }
}

/// A reference of this table's columns to another table's.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignKey {
    /// Columns here.
    pub fields: Vec<String>,
    /// Resource referred to; empty for this one.
    pub resource: String,
    /// Columns there.
    pub reference: Vec<String>,
}

/// The columns of a table as declared.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Schema {
    /// The columns that are known; the file may have more.
    pub fields: Vec<FieldSchema>,
    /// Columns that must be in the header.
    pub required: Vec<String>,
    /// Columns that together name a row once.
    pub primary_key: Vec<String>,
    /// References to other tables.
    pub foreign_keys: Vec<ForeignKey>,
}

impl Schema {
    /// Reads the `schema` of a resource; errors are sentences.
    pub(crate) fn from_json(json: &Value) -> (Self, Vec<String>) {
        let mut schema = Self::default();
        let mut faults = Vec::new();
        for field in json["fields"].as_array().into_iter().flatten() {
            let Some(name) = field["name"].as_str() else {
                faults.push("a field has no name".to_owned());
                continue;
            };
            let kind = match field["type"].as_str() {
                None | Some("any") => None,
                Some("string" | "date" | "datetime" | "time" | "yearmonth" | "duration") => {
                    Some(Kind::Text)
                }
                Some("number") => Some(Kind::Number),
                Some("integer") => Some(Kind::Integer),
                Some("year") => Some(Kind::Year),
                Some("boolean") => Some(Kind::Boolean),
                Some(other) => {
                    faults.push(format!(
                        "field {name} has the type {other:?}, known are string, number, integer, \
                         boolean, year, date"
                    ));
                    None
                }
            };
            let constraints = &field["constraints"];
            schema.fields.push(FieldSchema {
                name: name.to_owned(),
                kind,
                required: constraints["required"].as_bool().unwrap_or(false),
                unique: constraints["unique"].as_bool().unwrap_or(false),
                minimum: constraints["minimum"].as_f64(),
                maximum: constraints["maximum"].as_f64(),
                allowed: constraints["enum"].as_array().map_or_else(Vec::new, |all| {
                    all.iter()
                        .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
                        .collect()
                }),
            });
            schema.required.push(name.to_owned());
        }
        schema.primary_key = names(&json["primaryKey"]);
        for key in json["foreignKeys"].as_array().into_iter().flatten() {
            schema.foreign_keys.push(ForeignKey {
                fields: names(&key["fields"]),
                resource: key["reference"]["resource"].as_str().unwrap_or("").to_owned(),
                reference: names(&key["reference"]["fields"]),
            });
        }
        (schema, faults)
    }

    /// The declaration of a column.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&FieldSchema> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// What is known of the five tables every case may have.
    #[must_use]
    pub fn core(resource: &str) -> Self {
        use Kind::{Integer, Number, Text, Year};
        let (fields, required): (&[(&str, Kind)], &[&str]) = match resource {
            "places" => (
                &[
                    ("id", Text),
                    ("kind", Text),
                    ("parent", Text),
                    ("members", Text),
                    ("seat_lat", Number),
                    ("seat_lon", Number),
                    ("population", Number),
                ],
                &["id", "kind"],
            ),
            "flows" => (
                &[
                    ("flow_id", Text),
                    ("origin", Text),
                    ("destination", Text),
                    ("measure", Text),
                    ("product", Text),
                    ("year", Year),
                    ("period", Text),
                    ("value", Number),
                    ("unit", Text),
                    ("bound", Text),
                    ("growth_pct_yoy", Text),
                    ("scope", Text),
                    ("side", Text),
                    ("status", Text),
                    ("source", Text),
                    ("note", Text),
                ],
                &["origin", "destination", "value"],
            ),
            "pairs" => (
                &[("origin", Text), ("destination", Text), ("year", Year)],
                &["origin", "destination"],
            ),
            "ties" => (
                &[
                    ("id", Text),
                    ("kind", Text),
                    ("party_a", Text),
                    ("party_b", Text),
                    ("city", Text),
                    ("start", Text),
                    ("end", Text),
                    ("status", Text),
                    ("count", Integer),
                    ("source", Text),
                    ("note", Text),
                ],
                &["id", "kind", "party_a", "party_b"],
            ),
            "sources" => (
                &[
                    ("id", Text),
                    ("title", Text),
                    ("publisher", Text),
                    ("date", Text),
                    ("locator", Text),
                    ("kind", Text),
                    ("note", Text),
                ],
                &["id", "title"],
            ),
            _ => (&[], &[]),
        };
        let mut schema = Self {
            fields: fields.iter().map(|&(n, k)| FieldSchema::new(n, Some(k))).collect(),
            required: required.iter().map(|&n| n.to_owned()).collect(),
            ..Self::default()
        };
        if required.contains(&"id") {
            schema.primary_key = vec!["id".to_owned()];
        }
        for field in &mut schema.fields {
            // A value may be missing where only growth was published; a place may not.
            field.required = required.contains(&field.name.as_str()) && field.name != "value";
        }
        schema
    }

    /// Lays a package's own declaration over the core one: its types and constraints win, core
    /// columns stay required.
    pub(crate) fn over(mut self, core: Self) -> Self {
        for field in core.fields {
            match self.fields.iter_mut().find(|own| own.name == field.name) {
                None => self.fields.push(field),
                Some(own) => {
                    own.kind = own.kind.or(field.kind);
                    own.required |= field.required;
                }
            }
        }
        for name in core.required {
            if !self.required.contains(&name) {
                self.required.push(name);
            }
        }
        if self.primary_key.is_empty() {
            self.primary_key = core.primary_key;
        }
        self
    }
}

/// One name or a list of names.
fn names(json: &Value) -> Vec<String> {
    match json {
        Value::String(name) => vec![name.clone()],
        Value::Array(all) => {
            all.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    }
}
