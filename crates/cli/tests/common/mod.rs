//! Runs the program the way a user does.

#![allow(dead_code)] // each test file uses a part of this

pub mod pages;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The case with few rows, for tests that must be quick.
pub const SMALL: &str = "belarus-russian-regions";

/// What a run left behind.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    /// Standard output of a run that must have gone well.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "stdout: {}\nstderr: {}", self.out, self.err);
        self.out
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.ok()).expect("the output is JSON")
    }

    /// Standard error of a run that must have been refused with this exit code, and holds these
    /// words.
    #[track_caller]
    pub fn refused(self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.out, self.err);
        assert!(self.out.is_empty(), "a refusal leaves standard output alone: {}", self.out);
        for word in words {
            assert!(self.err.contains(word), "{word:?} is missing in:\n{}", self.err);
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
    }
}

/// A folder of its own for a test, with small data files.
pub struct Desk(tempfile::TempDir);

impl Desk {
    pub fn new() -> Self {
        let desk = Self(tempfile::tempdir().expect("a temporary folder"));
        desk.write("flows.csv", "origin,destination,value\nA,A,90\nA,B,10\nB,A,10\nB,B,90\n");
        desk.write(
            "world.csv",
            "origin,destination,year,product,value,unit\n\
             A,A,2020,x,80,USD mn\nA,B,2020,x,10,USD mn\nA,C,2020,y,10,USD mn\n\
             B,A,2020,y,20,USD mn\nB,B,2020,y,60,USD mn\nB,C,2020,z,5,USD mn\n\
             C,A,2020,z,4,USD mn\nC,B,2020,x,6,USD mn\nC,C,2020,z,50,USD mn\n\
             A,B,2021,x,15,USD mn\nB,A,2021,y,18,USD mn\n",
        );
        desk.write(
            "sales.csv",
            "origin,destination,year,value,quantity,unit\n\
             A,A,2020,50,50,USD mn\nA,B,2020,10,5,USD mn\nA,C,2020,5,2,USD mn\n\
             B,B,2020,80,80,USD mn\nC,B,2020,20,10,USD mn\nB,C,2020,8,8,USD mn\n\
             C,C,2020,60,60,USD mn\nB,A,2020,4,4,USD mn\nC,A,2020,6,3,USD mn\n\
             A,A,2021,51,51,USD mn\nA,B,2021,4,2,USD mn\nA,C,2021,9,5,USD mn\n\
             B,B,2021,82,81,USD mn\nC,B,2021,25,12,USD mn\nB,C,2021,10,9,USD mn\n\
             C,C,2021,60,60,USD mn\nB,A,2021,4,4,USD mn\nC,A,2021,7,3,USD mn\n",
        );
        desk.write("costs.csv", "from,to,cost\nA,X,1\nA,Y,4\nB,X,5\nB,Y,2\nC,X,9\nC,Y,9\n");
        desk.write("weights.csv", "id,weight\nX,10\nY,1\n");
        desk.write(
            "towns.csv",
            "id,lat,lon,people\nMinsk,53.9,27.57,2000\nBrest,52.1,23.7,340\nGomel,52.4,31.0,500\n",
        );
        desk.write(
            "exports.csv",
            "origin,product,value\nA,x,9\nA,y,8\nA,z,7\nA,w,1\nB,y,9\nB,z,9\nB,w,2\n\
             C,z,9\nC,w,9\nD,y,3\nD,w,9\n",
        );
        desk.write("gravity.csv", &gravity());
        desk.write(
            "scenarios.toml",
            "[[scenario]]\nname = \"A and B agree\"\n\n  [[scenario.agreement]]\n  \
             between = [\"A\", \"B\"]\n  effect = { low = 0.1, high = 0.4 }\n",
        );
        desk
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.file(name);
        std::fs::create_dir_all(path.parent().expect("inside the desk")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).expect("the file is there")
    }

    /// Runs the program here with these arguments.
    pub fn run(&self, arguments: &[&str]) -> Run {
        let output = self.command(arguments).output().expect("the program starts");
        Run {
            code: output.status.code().expect("it ends by itself"),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// Runs a line as a user types it; double quotes keep words together.
    pub fn line(&self, line: &str) -> Run {
        let words = words(line);
        self.run(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_emporion"));
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        command
    }
}

/// Splits a command line at spaces outside double quotes.
pub fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            letter => word.push(letter),
        }
    }
    words.push(word);
    words.into_iter().filter(|word| !word.is_empty()).collect()
}

/// Twelve places, every pair, flows that follow exp(2 - log distance) with a wobble.
fn gravity() -> String {
    let mut text = "origin,destination,distance,value\n".to_owned();
    for o in 0..12_u32 {
        for d in (0..12).filter(|d| *d != o) {
            let distance = 100 + 37 * o.abs_diff(d) + 11 * ((o * d) % 7);
            let value = 2_f64.exp() * 1e4 / f64::from(distance) + f64::from((7 * o + 5 * d) % 13);
            text.push_str(&format!("P{o},P{d},{distance},{value:.3}\n"));
        }
    }
    text
}
