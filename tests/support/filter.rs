//! Which tests the command line asks for: what Rust's own harness understands of it, as far as we
//! need it.

/// Whether `name` contains one of the arguments (if there are any) and none of those after a
/// `--skip`.
pub(crate) fn wants(name: &str) -> bool {
    let (mut any, mut named) = (false, false);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        if arg == "--skip" {
            if args.next().is_some_and(|skipped| name.contains(&skipped)) {
                return false;
            }
        } else if !arg.starts_with('-') {
            any = true;
            named |= name.contains(&arg);
        }
    }
    named || !any
}
