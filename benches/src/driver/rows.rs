//! What is measured: the sides, the rows of the tables with their goals, what stands in for what,
//! the scaling runs.

/// The order of the columns; ratios are to the first.
pub(crate) const SIDES: [&str; 8] = [
    "go",
    "gort",
    "gort-slab",
    "gort-lto",
    "gort-slab-lto",
    "may",
    "tokio",
    "threads",
];
/// The sides whose costs are measured against N. The others cannot make 10^6 of anything.
pub(crate) const SCALED_SIDES: &[&str] = &["go", "gort", "gort-slab", "tokio"];

/// One line of the tables.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) workload: &'static str,
    /// Which of its figures.
    pub(crate) figure: &'static str,
    pub(crate) label: &'static str,
    /// The ratio to Go that gort wants to reach, with any backing, and with `slab-stacks` where
    /// that one is to do better.
    pub(crate) goal: Option<(f64, f64)>,
}

const fn row(workload: &'static str, figure: &'static str, label: &'static str) -> Row {
    Row {
        workload,
        figure,
        label,
        goal: None,
    }
}

const fn time(workload: &'static str, label: &'static str) -> Row {
    row(workload, "time", label)
}

impl Row {
    const fn goal(mut self, ratio: f64) -> Row {
        self.goal = Some((ratio, ratio));
        self
    }

    const fn goals(mut self, ratio: f64, slab: f64) -> Row {
        self.goal = Some((ratio, slab));
        self
    }
}

/// In the order of the tables: those with a goal, then the others.
pub(crate) const ROWS: &[Row] = &[
    time("parked-1e4", "cold: parked 10^4, time").goals(2.0, 0.6),
    time("parked-1e5", "cold: parked 10^5, time").goals(2.0, 0.6),
    time("parked-1e6", "cold: parked 10^6, time").goals(2.0, 0.7),
    row("parked-1e4", "resident", "cold: parked 10^4, resident").goals(1.6, 1.55),
    row("parked-1e5", "resident", "cold: parked 10^5, resident").goals(1.6, 1.55),
    row("parked-1e6", "resident", "cold: parked 10^6, resident").goals(1.6, 1.55),
    row("sleeping-1e4", "last", "cold: 10^4 sleep 1 s, last late by").goals(2.5, 0.5),
    row("sleeping-1e5", "last", "cold: 10^5 sleep 1 s, last late by").goals(2.5, 0.5),
    time("skynet-1e4", "cold: skynet 10^4").goals(0.9, 0.4),
    time("skynet-1e6", "cold: skynet 10^6").goals(0.8, 0.35),
    time("spawn", "spawn").goal(0.5),
    time("yield", "yield").goal(0.2),
    time("pingpong", "ping-pong, unbuffered").goals(0.28, 0.15),
    time("buffered1x1", "buffered 1:1").goal(0.3),
    time("buffered8x8", "buffered 8:8").goal(0.3),
    time("unbuffered8x8", "unbuffered 8:8").goal(0.25),
    time("select4", "select over 4").goal(0.3),
    time("ring", "ring of 1000").goals(0.42, 0.25),
    time("sieve", "prime sieve").goals(0.4, 0.25),
    time("skynet", "skynet 10^6, again and again").goal(0.7),
    time("mutex16", "mutex among 16").goal(1.0),
    row("sleepers", "last", "sleepers 10^5, last").goal(0.6),
    time("echo", "echo").goal(0.8),
    time("yield-alone", "yield, alone"),
    time("pairs", "ping-pong, 16 pairs"),
    time("select2", "select over 2"),
    time("select8", "select over 8"),
    time("select32", "select over 32"),
    time("rwlock16", "rwlock among 16"),
    time("waitgroup16", "wait group among 16"),
    time("cond", "condition variables"),
    row("sleepers-staggered", "p50", "sleepers staggered, p50"),
    row("sleepers-staggered", "p99.9", "sleepers staggered, p99.9"),
    row("sleepers-staggered", "worst", "sleepers staggered, worst"),
    row("hogs", "p50", "sleeper beside hogs, p50"),
    row("hogs", "p99.9", "sleeper beside hogs, p99.9"),
    row("hogs", "worst", "sleeper beside hogs, worst"),
    time("blocking", "64 blocking calls, announced"),
    time("blocking-unannounced", "64 blocking calls, unannounced"),
    time("quicksort", "parallel quicksort"),
];

/// Servers whose clients are in another process, in the order of their table. Goals: ahead of Go,
/// for no more of the processors.
pub(crate) const SERVED_ROWS: &[Row] = &[
    row("served-echo-1", "p50", "echo, 1 × 64 B: p50").goal(0.9),
    row("served-echo-1", "p99", "echo, 1 × 64 B: p99").goal(0.9),
    row("served-echo-1", "p99.9", "echo, 1 × 64 B: p99.9"),
    row("served-echo-1", "cpu", "echo, 1 × 64 B: CPU a round trip").goal(1.0),
    row(
        "served-echo-1-rests",
        "p50",
        "echo, 1 × 64 B, client rests 1 ms: p50",
    )
    .goal(0.9),
    row(
        "served-echo-1-rests",
        "p99",
        "echo, 1 × 64 B, client rests 1 ms: p99",
    )
    .goal(0.9),
    row(
        "served-echo-1-rests",
        "p99.9",
        "echo, 1 × 64 B, client rests 1 ms: p99.9",
    ),
    row(
        "served-echo-1-rests",
        "cpu",
        "echo, 1 × 64 B, client rests 1 ms: CPU a round trip",
    )
    .goal(1.0),
    row(
        "served-echo-1-slow",
        "p50",
        "echo, 1 × 64 B, client rests 20 ms: p50",
    )
    .goal(0.9),
    row(
        "served-echo-1-slow",
        "p99",
        "echo, 1 × 64 B, client rests 20 ms: p99",
    )
    .goal(0.9),
    row(
        "served-echo-1-slow",
        "p99.9",
        "echo, 1 × 64 B, client rests 20 ms: p99.9",
    ),
    row(
        "served-echo-1-slow",
        "cpu",
        "echo, 1 × 64 B, client rests 20 ms: CPU a round trip",
    )
    .goal(1.0),
    row("served-echo-8", "p50", "echo, 8 × 64 B: p50").goal(0.9),
    row("served-echo-8", "p99", "echo, 8 × 64 B: p99").goal(0.9),
    row("served-echo-8", "p99.9", "echo, 8 × 64 B: p99.9"),
    row("served-echo-8", "cpu", "echo, 8 × 64 B: CPU a round trip").goal(1.0),
    row(
        "served-echo-8-half",
        "p50",
        "echo, 8 × 64 B, open loop, 50 %: p50",
    )
    .goal(0.9),
    row(
        "served-echo-8-half",
        "p99",
        "echo, 8 × 64 B, open loop, 50 %: p99",
    )
    .goal(0.9),
    row(
        "served-echo-8-half",
        "p99.9",
        "echo, 8 × 64 B, open loop, 50 %: p99.9",
    ),
    row(
        "served-echo-8-half",
        "cpu",
        "echo, 8 × 64 B, open loop, 50 %: CPU a round trip",
    )
    .goal(1.0),
    row(
        "served-echo-8-busy",
        "p50",
        "echo, 8 × 64 B, open loop, 80 %: p50",
    )
    .goal(0.9),
    row(
        "served-echo-8-busy",
        "p99",
        "echo, 8 × 64 B, open loop, 80 %: p99",
    )
    .goal(0.9),
    row(
        "served-echo-8-busy",
        "p99.9",
        "echo, 8 × 64 B, open loop, 80 %: p99.9",
    ),
    row(
        "served-echo-8-busy",
        "cpu",
        "echo, 8 × 64 B, open loop, 80 %: CPU a round trip",
    )
    .goal(1.0),
    row("served-echo-64", "p50", "echo, 64 × 64 B: p50").goal(0.9),
    row("served-echo-64", "p99", "echo, 64 × 64 B: p99").goal(0.9),
    row("served-echo-64", "p99.9", "echo, 64 × 64 B: p99.9"),
    row("served-echo-64", "cpu", "echo, 64 × 64 B: CPU a round trip").goal(1.0),
    row("served-echo-8-16k", "p50", "echo, 8 × 16 KiB: p50").goal(0.9),
    row("served-echo-8-16k", "p99", "echo, 8 × 16 KiB: p99").goal(0.9),
    row("served-echo-8-16k", "p99.9", "echo, 8 × 16 KiB: p99.9"),
    row("served-echo-8-16k", "cpu", "echo, 8 × 16 KiB: CPU a round trip").goal(1.0),
    row("served-proxy-1", "p50", "proxy, 1 × 64 B: p50").goal(0.9),
    row("served-proxy-1", "p99", "proxy, 1 × 64 B: p99").goal(0.9),
    row("served-proxy-1", "p99.9", "proxy, 1 × 64 B: p99.9"),
    row("served-proxy-1", "cpu", "proxy, 1 × 64 B: CPU a round trip").goal(1.0),
    row("served-proxy-8", "p50", "proxy, 8 × 64 B: p50").goal(0.9),
    row("served-proxy-8", "p99", "proxy, 8 × 64 B: p99").goal(0.9),
    row("served-proxy-8", "p99.9", "proxy, 8 × 64 B: p99.9"),
    row("served-proxy-8", "cpu", "proxy, 8 × 64 B: CPU a round trip").goal(1.0),
    row("served-proxy-64", "p50", "proxy, 64 × 64 B: p50").goal(0.9),
    row("served-proxy-64", "p99", "proxy, 64 × 64 B: p99").goal(0.9),
    row("served-proxy-64", "p99.9", "proxy, 64 × 64 B: p99.9"),
    row("served-proxy-64", "cpu", "proxy, 64 × 64 B: CPU a round trip").goal(1.0),
];

/// Each once, in the order of the rows.
pub(crate) fn workload_names() -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for row in SERVED_ROWS.iter().chain(ROWS) {
        if !names.iter().any(|name| name == row.workload) {
            names.push(row.workload.into());
        }
    }
    names
}

/// A side, workloads of its, and what was measured there in place of what the row says.
pub(crate) const STAND_INS: &[(&str, &[&str], &str)] = &[
    (
        "may",
        &["pingpong", "pairs", "buffered1x1", "ring", "sieve"],
        "has only unbounded channels: its `spsc` stands in for every other, so its producers never wait (its sieve gets \
         just the numbers it needs)",
    ),
    (
        "may",
        &[
            "buffered8x8",
            "unbuffered8x8",
            "skynet",
            "skynet-1e4",
            "skynet-1e6",
        ],
        "`mpmc` and `mpsc`, unbounded, stand in where several send or receive",
    ),
    (
        "may",
        &["select2", "select4", "select8", "select32"],
        "`cqueue`, a coroutine for each arm, stands in for select",
    ),
    (
        "may",
        &["parked-1e4", "parked-1e5", "parked-1e6"],
        "`SyncFlag` stands in for the channel that is closed",
    ),
    (
        "tokio",
        &[
            "pingpong",
            "pairs",
            "select2",
            "select4",
            "select8",
            "select32",
            "ring",
            "sieve",
            "skynet",
            "skynet-1e4",
            "skynet-1e6",
        ],
        "has no unbuffered channel: `mpsc` of capacity 1 stands in",
    ),
    (
        "tokio",
        &["buffered8x8", "unbuffered8x8"],
        "has no channel with several receivers: `async-channel` stands in, of capacity 128 and 1",
    ),
    (
        "tokio",
        &["parked-1e4", "parked-1e5", "parked-1e6"],
        "`watch` stands in for the channel that is closed",
    ),
    (
        "tokio",
        &["mutex16", "rwlock16"],
        "`tokio::sync`, as its locks are the ones that do not block a worker",
    ),
    (
        "threads",
        &["waitgroup16"],
        "has no wait group: a counter that looks whether somebody has to be woken stands in",
    ),
];

/// What one process is asked for: a workload, with a size after a colon where it has one, on so
/// many workers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) workload: String,
    pub(crate) procs: usize,
}

impl Item {
    pub(crate) fn new(workload: &str, procs: usize) -> Item {
        Item {
            workload: workload.into(),
            procs,
        }
    }

    /// Without the size.
    pub(crate) fn name(&self) -> &str {
        self.workload.split(':').next().unwrap_or_default()
    }
}

/// A panel of the plot of costs against the number of goroutines: workload, figure, title.
pub(crate) const BY_SIZE: &[(&str, &str, &str)] = &[
    ("spawn", "time", "spawn, in batches of N: ns per goroutine"),
    ("ring", "time", "ring of N: ns per hop"),
    ("parked", "time", "N parked, then woken: ns per goroutine"),
    (
        "sleepers",
        "each",
        "N sleepers, due at once: lateness of the last / N, in ns",
    ),
];
/// And of costs against the number of workers.
pub(crate) const BY_PROCS: &[(&str, &str, &str)] = &[
    ("spawn", "time", "spawn: ns per goroutine"),
    ("pairs", "time", "16 ping-pong pairs: ns per round trip"),
    ("buffered8x8", "time", "buffered 8:8: ns per value"),
];

/// Workloads of the scaling runs, each once.
pub(crate) fn scaled_names() -> Vec<String> {
    let mut names: Vec<String> = BY_SIZE.iter().map(|panel| panel.0.into()).collect();
    names.extend(["pairs".into(), "buffered8x8".into()]);
    names
}

/// The scaling runs of these workloads.
pub(crate) fn scaled(workloads: &[String], sizes: &[usize], procs: &[usize]) -> Vec<Item> {
    let wanted = |name: &str| workloads.iter().any(|workload| workload == name);
    let by_size = BY_SIZE.iter().filter(|panel| wanted(panel.0)).flat_map(|panel| {
        sizes
            .iter()
            .map(|size| Item::new(&format!("{}:{size}", panel.0), 2))
    });
    let by_procs = BY_PROCS
        .iter()
        .filter(|panel| wanted(panel.0))
        .flat_map(|panel| procs.iter().map(|&procs| Item::new(panel.0, procs)));
    by_size.chain(by_procs).collect()
}
