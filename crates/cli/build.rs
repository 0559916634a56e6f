//! Builds again when a bundled case changes: the cases are compiled into the binary.

fn main() {
    println!("cargo::rerun-if-changed=../../cases");
}
