//! `du`: its sums, its progress and how it is cancelled.

use std::fs;
use std::process::Command;

use super::{program, run};

#[test]
fn counts_files_and_bytes() {
    let tree = tempfile::tempdir().expect("a directory");
    let root = tree.path();
    let mut bytes = 0;
    for i in 0..200_usize {
        let dir = root.join(format!("{}/{}", i % 5, i % 3));
        fs::create_dir_all(&dir).expect("a directory");
        fs::write(dir.join(format!("file {i}")), vec![0; i]).expect("a file");
        bytes += i;
    }
    let printed = run(Command::new(program("du")).arg(root)).clean();
    assert_eq!(printed, format!("200 files  {bytes} bytes\n"));

    let missing = root.join("missing");
    let outcome = run(Command::new(program("du")).args([root, &missing]));
    assert_eq!(outcome.status, Some(1));
    assert_eq!(outcome.stdout, printed.as_bytes());
    assert_eq!(
        outcome.stderr,
        format!(
            "du: {}: No such file or directory (os error 2)\n",
            missing.display()
        )
    );
}
