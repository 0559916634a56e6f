//! site: methods of this stage.
