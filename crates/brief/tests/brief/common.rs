//! Bundled cases, and a case of five places small enough to add up by hand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use emporion_brief::cell::Cell;
use emporion_brief::engine;
use emporion_brief::json::Document;
use emporion_brief::render::Brief;
use emporion_tables::Case;

/// The folder of a bundled case.
pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases").join(name)
}

/// A bundled case.
pub fn bundled(name: &str) -> Arc<Case> {
    Arc::new(Case::open(&folder(name)).unwrap_or_else(|report| panic!("{report}")))
}

/// The brief of a case, without settings.
pub fn built(case: &Arc<Case>) -> Brief {
    engine::build(Arc::clone(case), BTreeMap::new()).unwrap_or_else(|report| panic!("{report}"))
}

/// The only number with this label.
pub fn labelled<'a>(brief: &'a Brief, label: &str) -> &'a Cell {
    let found: Vec<&Arc<Cell>> = brief.cells.values().filter(|c| c.label == label).collect();
    assert_eq!(found.len(), 1, "numbers labelled {label:?}: {found:#?}");
    found[0]
}

pub const PLACES: &str =
    "id,kind,parent,name_en,seat_city,seat_lat,seat_lon,seat_population,members,source
AAA,country,,Alfa,Alfa City,50,10,100,,S1
BBB,country,,Beta,Beta City,52,20,200,,S1
CCC,country,,\"<script>alert(1)</script>&\"\"|*C*\",Gamma City,48,30,300,,S1
AAA-1,region,AAA,First Region,One,50,11,10,,S1
UNI,group,,Union,,,,,AAA BBB,S1
";

pub const FLOWS: &str = "flow_id,origin,destination,measure,product,year,period,value,unit,bound,scope,side,status,source,note
1,AAA,BBB,flow,TOTAL,2020,Y,100,USD mn,=,goods,A,reported,S1,
2,AAA,CCC,flow,TOTAL,2020,Y,50,USD mn,=,goods,A,reported,S1,
3,BBB,AAA,flow,TOTAL,2020,Y,80,USD mn,=,goods,A,reported,S2,
4,AAA,BBB,flow,TOTAL,2021,Y,120,USD mn,~,goods,A,reported,S2,
5,AAA,BBB,flow,TOTAL,2021,Y,130,USD mn,=,goods,B,derived,S2,from the other side
6,AAA,BBB,flow,TOTAL,2022,Y,,USD mn,=,goods,A,reported,S1,not published
7,AAA-1,CCC,flow,TOTAL,2020,Y,20,USD mn,=,goods,A,reported,S1,
8,AAA,BBB,flow,TOTAL,2019,Y,90,EUR mn,=,goods,A,reported,S1,
9,BBB,CCC,turnover,TOTAL,2020,Y,0,USD mn,=,goods,A,reported,S1,
";

pub const SOURCES: &str = "id,title,publisher,date,locator,kind,licence,note
S1,First & foremost,Office,2022,one.example,statistics,CC0,
S2,Second <i>source</i>,Office,2023,two.example,statistics,CC0,
";

/// A small case in a folder of its own, to be changed between builds.
pub struct Mini {
    folder: tempfile::TempDir,
}

impl Mini {
    /// The case with this brief.
    pub fn new(brief: &str) -> Self {
        let mini = Self { folder: tempfile::tempdir().unwrap() };
        mini.package("mini");
        mini.put("places.csv", PLACES);
        mini.put("flows.csv", FLOWS);
        mini.put("sources.csv", SOURCES);
        mini.put("brief.md", brief);
        mini
    }

    /// Writes the package under a name.
    pub fn package(&self, name: &str) {
        let resources: Vec<String> = ["places", "flows", "sources"]
            .iter()
            .map(|name| {
                format!(
                    r#"{{"name": "{name}", "path": "{name}.csv", "licenses": [{{"name": "CC0", "title": "Public domain"}}]}}"#
                )
            })
            .collect();
        let package = format!(
            r#"{{"name": "{name}", "title": "A small case", "licenses": [{{"name": "CC0", "title": "Public domain", "path": "https://example.org/cc0"}}], "resources": [{}]}}"#,
            resources.join(", ")
        );
        self.put("datapackage.json", &package);
    }

    /// Writes a file of the case.
    pub fn put(&self, file: &str, text: &str) {
        std::fs::write(self.folder.path().join(file), text).unwrap();
    }

    /// Replaces a text that must be there.
    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.folder.path().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from:?}");
        std::fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    /// The case as it is now.
    pub fn case(&self) -> Arc<Case> {
        Arc::new(Case::open(self.folder.path()).unwrap_or_else(|report| panic!("{report}")))
    }

    /// The brief as it is now.
    pub fn brief(&self) -> Brief {
        built(&self.case())
    }

    /// The brief as data, through the text that a reader would keep.
    pub fn document(&self) -> Document {
        let case = self.case();
        let text = serde_json::to_string(&Document::new(&built(&case), &case)).unwrap();
        Document::read(&text).unwrap()
    }

    /// What a build with these settings is refused for.
    pub fn refusal(&self, settings: &[(&str, &str)]) -> String {
        let settings =
            settings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        match engine::build(self.case(), settings) {
            Ok(brief) => panic!("not refused: {}", brief.text),
            Err(report) => report.to_string(),
        }
    }
}

/// A brief on three places with a square table, for a counterfactual.
pub fn square(brief: &str) -> Mini {
    let mini = Mini::new(brief);
    let mut text = format!("{}\n", FLOWS.lines().next().unwrap());
    let places = ["AAA", "BBB", "CCC"];
    for (i, origin) in places.iter().enumerate() {
        for (j, destination) in places.iter().enumerate() {
            let value = if i == j { 100 } else { 10 + i + j };
            text += &format!(
                "{},{origin},{destination},flow,TOTAL,2020,Y,{value},USD mn,=,goods,A,reported,S1,\n",
                3 * i + j
            );
        }
    }
    mini.put("flows.csv", &text);
    mini
}
