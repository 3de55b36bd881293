//! Go-style CSP for Rust.
