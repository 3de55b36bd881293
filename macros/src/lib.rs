//! Part of gort: macros.
