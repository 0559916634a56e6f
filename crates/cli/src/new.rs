//! `emporion new`: an own case starts as a copy of a bundled one.

use std::fs;

use crate::args::New;
use crate::embedded::Bundled;
use crate::failure::Failure;
use crate::output::Output;

/// Copies a bundled case into an empty folder.
pub fn run(arguments: &New) -> Result<Output, Failure> {
    let folder = &arguments.folder;
    let case = Bundled::find(&arguments.from).ok_or_else(|| {
        Failure::new(format!(
            "there is no bundled case {:?}; --from takes one of {}",
            arguments.from,
            Bundled::names().join(", ")
        ))
    })?;
    let taken = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => folder.exists(),
    };
    if taken {
        return Err(Failure::new(format!(
            "{} is not an empty folder and is left as it is; name a folder that is empty or does \
             not exist",
            folder.display()
        )));
    }
    fs::create_dir_all(folder).map_err(|error| Failure::file("create", folder, &error))?;
    let mut files = 0;
    for (name, bytes) in case.files() {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(|error| Failure::file("write", &path, &error))?;
        files += 1;
    }
    Ok(Output::text(format!(
        "{files} files of {} are in {folder}. Next:\n  emporion check {folder}\n  \
         emporion brief {folder}\n",
        arguments.from,
        folder = folder.display()
    )))
}
