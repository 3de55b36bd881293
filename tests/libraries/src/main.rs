//! How much stack each library needs: `cargo run [--release]`. Runs itself, with less and less, as
//! long as that ends well.

use std::process::{Command, Stdio};

fn main() {
    let mut args = std::env::args().skip(1);
    if let (Some(name), Some(kib)) = (args.next(), args.next()) {
        let (_, run) = gort_libraries::ALL
            .into_iter()
            .find(|(known, _)| *known == name)
            .expect("a library");
        let stack = kib.parse::<usize>().expect("a number") << 10;
        gort::run(|| gort::go!(stack = stack; run()).join()).expect("no panic");
        return;
    }
    let own = std::env::current_exe().expect("the path of this program");
    for (name, _) in gort_libraries::ALL {
        let enough = |kib: usize| {
            let mut child = Command::new(&own);
            child.args([name, &kib.to_string()]).stderr(Stdio::null());
            child.status().expect("this program runs").success()
        };
        // In steps of 4 KiB.
        let (mut little, mut much) = (4, 1024);
        assert!(enough(4 * much), "{name} needs more than 4 MiB");
        while much - little > 1 {
            let half = usize::midpoint(little, much);
            if enough(4 * half) {
                much = half
            } else {
                little = half
            }
        }
        println!("{name}: {} KiB", 4 * much);
    }
}
