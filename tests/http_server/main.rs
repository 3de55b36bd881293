//! The example `http_server`, run as a person would and asked by clients of all kinds: proper ones,
//! old ones, slow ones, broken ones and hostile ones. Builds nothing: `cargo test` has built the
//! example when it runs this.
//!
//! What of it can be tested without a socket is taken in here by path.

mod bodies;
mod client;
mod keep_alive;
mod limits;
mod parts;
mod refusals;
mod server;
mod slow;
mod stopping;

#[path = "../support/program.rs"]
mod program;
#[allow(dead_code, reason = "not all of it is for everybody")]
#[path = "../support/seed.rs"]
mod seed;

macro_rules! of_the_example {
    ($($name:ident = $path:literal),*) => {$(
        #[allow(dead_code, reason = "the example uses the rest")]
        #[path = $path]
        mod $name;
    )*};
}

of_the_example! {
    args = "../../examples/http_server/args.rs",
    chunked = "../../examples/http_server/chunked.rs",
    date = "../../examples/http_server/date.rs",
    head = "../../examples/http_server/head.rs",
    status = "../../examples/http_server/status.rs",
    wire = "../../examples/http_server/wire.rs"
}
