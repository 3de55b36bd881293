//! gort beside crates that know nothing of it: TLS, WebSocket, Redis, hyper, tokio.
//!
//! The programs are in `examples/`, what they must do in `tests/`. They are a package of their own
//! because those crates take longer to build than gort does, and nobody who runs another example
//! should wait for them.
