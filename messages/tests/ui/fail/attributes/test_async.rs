//! An async test, a test with arguments.

#[gort::test]
async fn waits() {
    std::future::ready(()).await;
}

#[gort::test]
fn takes(n: u64) {
    println!("{n}");
}

fn main() {}
