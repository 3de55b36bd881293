//! Ordinary libraries run on a goroutine's default stack, in debug and in release builds (DESIGN:
//! "what ordinary libraries need").

use gort::prelude::*;

#[gort::test]
fn libraries_run_on_the_default_stack() {
    for (name, run) in gort_libraries::ALL {
        go!(name = name; run()).join().unwrap();
    }
}
