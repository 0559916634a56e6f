//! Numbers written so that they are read back bit for bit: NaN as null, infinities as words.
//!
//! JSON has neither; a fit has NaN for rows that were dropped and for errors that do not exist.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number as it stands in a file.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Finite(f64),
    Infinite(String),
    Missing(()),
}

impl From<f64> for Written {
    fn from(v: f64) -> Self {
        if v.is_nan() {
            Self::Missing(())
        } else if v.is_infinite() {
            Self::Infinite(if v > 0.0 { "inf" } else { "-inf" }.into())
        } else {
            Self::Finite(v)
        }
    }
}

impl Written {
    fn number<E: serde::de::Error>(self) -> Result<f64, E> {
        match self {
            Self::Finite(v) => Ok(v),
            Self::Missing(()) => Ok(f64::NAN),
            Self::Infinite(text) => match text.as_str() {
                "inf" => Ok(f64::INFINITY),
                "-inf" => Ok(f64::NEG_INFINITY),
                _ => Err(E::custom(format!("{text:?} is not a number, inf, -inf or null"))),
            },
        }
    }
}

/// One number.
pub(super) mod number {
    use super::*;

    pub fn serialize<S: Serializer>(v: &f64, out: S) -> Result<S::Ok, S::Error> {
        Written::from(*v).serialize(out)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<f64, D::Error> {
        Written::deserialize(input)?.number()
    }
}

/// A list of numbers.
pub(super) mod numbers {
    use super::*;

    pub fn serialize<S: Serializer>(v: &[f64], out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(v.iter().map(|v| Written::from(*v)))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<f64>, D::Error> {
        Vec::<Written>::deserialize(input)?.into_iter().map(Written::number).collect()
    }
}
