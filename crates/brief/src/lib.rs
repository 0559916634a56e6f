//! A report whose every number is computed and traced.
