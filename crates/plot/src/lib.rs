//! Charts and maps as SVG, each with a table twin.
