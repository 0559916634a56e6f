//! measure: methods of this stage.
