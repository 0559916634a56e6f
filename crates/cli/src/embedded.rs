//! The bundled cases, inside the binary.

use std::borrow::Cow;

use emporion_tables::Files;
use include_dir::{Dir, File, include_dir};

static CASES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../cases");

/// A notice that belongs to every case.
const NOTICE: &str = "NOTICE.md";

/// A case inside the binary.
#[derive(Debug, Clone, Copy)]
pub struct Bundled {
    name: &'static str,
    folder: &'static Dir<'static>,
}

impl Bundled {
    /// The bundled case of this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::all().find(|case| case.name == name)
    }

    /// All bundled cases, by name.
    pub fn all() -> impl Iterator<Item = Self> {
        CASES.dirs().filter_map(|folder| {
            let name = folder.path().file_name()?.to_str()?;
            Some(Self { name, folder })
        })
    }

    /// Names of all bundled cases.
    pub fn names() -> Vec<&'static str> {
        Self::all().map(|case| case.name).collect()
    }

    /// Its files with their names in the case's folder, the notice of sources and licences included.
    pub fn files(&self) -> impl Iterator<Item = (&'static str, &'static [u8])> {
        let notice = CASES.get_file(NOTICE).into_iter();
        notice.chain(self.folder.files()).filter_map(|file: &File<'_>| {
            Some((file.path().file_name()?.to_str()?, file.contents()))
        })
    }
}

impl Files for Bundled {
    fn read(&self, path: &str) -> Option<Cow<'_, [u8]>> {
        self.files().find(|(name, _)| *name == path).map(|(_, bytes)| Cow::Borrowed(bytes))
    }

    fn root(&self) -> String {
        format!("bundled case {}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_cases_are_inside_with_the_notice() {
        assert_eq!(Bundled::names(), ["belarus-russian-regions", "world-2022"]);
        for case in Bundled::all() {
            for file in ["datapackage.json", "brief.md", "places.csv", NOTICE] {
                assert!(case.exists(file), "{} lacks {file}", case.root());
            }
            assert!(!case.exists("../NOTICE.md"));
        }
        assert!(Bundled::find("nowhere").is_none());
    }
}
