//! The checks of `estimate_reference` on the sample in `oracles/estimate`, for everyone.

#[path = "common/case.rs"]
mod case;
mod common;
#[path = "common/estimate.rs"]
mod harness;
#[path = "common/parquet.rs"]
mod parquet;
use harness::{check_case, check_separation};

#[test]
fn gegravity_sample_2006() {
    check_case(&common::oracle("estimate"), "gegravity-sample-2006");
}

#[test]
fn separation_sets_give_exactly_the_listed_rows() {
    let folder = common::oracle("estimate").join("separation");
    let text = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    let sets: serde_json::Value = serde_json::from_str(&text).unwrap();
    let sets = sets.as_object().unwrap();
    assert_eq!(sets.len(), 5);
    for (file, expected) in sets {
        check_separation(&folder, file, expected);
    }
}
