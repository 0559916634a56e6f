//! estimate: methods of this stage.
