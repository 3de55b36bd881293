//! What this process occupies.

/// Resident bytes of this process, as Linux counts them.
///
/// # Panics
/// Where `/proc` does not say.
pub fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc/self/status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kib: usize = kib.and_then(|kib| kib.parse().ok()).expect("VmRSS in kB");
    kib * 1024
}
