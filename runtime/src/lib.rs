//! Part of gort: runtime.
