//! simulate: methods of this stage.
