//! Goroutines and objects: who waits on what, who holds what.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::Duration;

use crate::debug::Snapshot;
use crate::debug::goroutine::{Goroutine, Status};
use crate::debug::object::{Object, ObjectKind};
use crate::debug::stuck::{Certainty, Stuck};
use crate::debug::svg;
use crate::g::label::Title;

/// Who has waited for so long, and seems to be stuck, is drawn so.
const AGE: Duration = Duration::from_secs(1);
/// Larger graphs are cut to those who are stuck, and what is next to them.
const MOST: usize = 200;

/// A goroutine or an object in a [`WaitGraph`].
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) label: String,
    pub(super) is_goroutine: bool,
    pub(super) stuck: Option<Certainty>,
}

/// From one who waits, or from what is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) is_wait: bool,
}

/// Goroutines that wait, on what they wait, and who holds that. `Display` prints a line for each that waits.
#[derive(Debug, Clone, Default)]
pub struct WaitGraph {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
}

/// Who waits on what, and who holds what: the holder of a mutex, the goroutine that is joined, the members of a scope, and of a channel
/// those who wait and have a handle on their stack.
///
/// ```
/// let graph = gort_runtime::debug::wait_graph();
/// print!("{graph}");
/// assert!(graph.to_dot().starts_with("digraph"));
/// assert!(graph.to_svg().starts_with("<svg"));
/// ```
pub fn wait_graph() -> WaitGraph {
    match crate::sched::if_started() {
        Some(rt) => WaitGraph::of(&Snapshot::take_with_reach(rt)),
        None => WaitGraph::default(),
    }
}

#[derive(Default)]
struct Maker {
    graph: WaitGraph,
    goroutines: HashMap<u64, usize>,
    objects: HashMap<usize, usize>,
}

impl Maker {
    fn goroutine(&mut self, goroutine: &Goroutine, stuck: &Stuck) -> usize {
        let nodes = &mut self.graph.nodes;
        *self.goroutines.entry(goroutine.id).or_insert_with(|| {
            let state = match goroutine.status {
                Status::Running => "running",
                Status::Runnable => "runnable",
                Status::Waiting(reason) => reason.as_str(),
            };
            nodes.push(Node {
                label: format!("{}\n{state}", Title(goroutine.id, goroutine.name.as_deref())),
                is_goroutine: true,
                stuck: stuck
                    .get(goroutine.id)
                    .map(|found| found.certainty())
                    .filter(|certainty| *certainty > Certainty::Old),
            });
            nodes.len() - 1
        })
    }

    fn object(&mut self, object: &Object) -> usize {
        let nodes = &mut self.graph.nodes;
        *self.objects.entry(object.number).or_insert_with(|| {
            nodes.push(Node {
                label: object.to_string().replace(" (made", "\n(made"),
                is_goroutine: false,
                stuck: None,
            });
            nodes.len() - 1
        })
    }

    fn edge(&mut self, from: usize, to: usize, is_wait: bool) {
        self.graph.edges.push(Edge { from, to, is_wait });
    }
}

impl WaitGraph {
    fn of(snapshot: &Snapshot) -> WaitGraph {
        let stuck = Stuck::among(snapshot, AGE, |_| true);
        let mut maker = Maker::default();
        // The handles of channels that somebody waits on, inverted as all words are.
        let mut handles: HashMap<usize, usize> = HashMap::new();
        for goroutine in snapshot {
            for object in &goroutine.objects {
                let from = maker.goroutine(goroutine, &stuck);
                if object.kind == ObjectKind::Goroutine {
                    if let Some(joined) = snapshot.get(object.number as u64) {
                        let to = maker.goroutine(joined, &stuck);
                        maker.edge(from, to, true);
                    }
                    continue;
                }
                let to = maker.object(object);
                maker.edge(from, to, true);
                if object.kind == ObjectKind::Channel {
                    handles
                        .extend([1, 2, 3].map(|kind| (super::hidden(object.number).wrapping_sub(kind), to)));
                }
                if let Some(holder) = object.holder.and_then(|holder| snapshot.get(holder)) {
                    let holder = maker.goroutine(holder, &stuck);
                    maker.edge(to, holder, false);
                }
                if object.kind == ObjectKind::Scope {
                    for member in snapshot.iter().filter(|one| one.reach.scope == object.number) {
                        let member = maker.goroutine(member, &stuck);
                        maker.edge(to, member, false);
                    }
                }
            }
        }
        for goroutine in snapshot.iter().filter(|one| !one.objects.is_empty()) {
            let words = goroutine.reach.words.iter().flatten();
            let held: HashSet<usize> = words.filter_map(|word| handles.get(word)).copied().collect();
            let place = maker.goroutine(goroutine, &stuck);
            for object in held {
                maker.edge(object, place, false);
            }
        }
        let mut graph = maker.graph;
        let mut seen = HashSet::new();
        graph.edges.retain(|edge| seen.insert(*edge));
        graph.edges.sort_by_key(|edge| (edge.from, edge.to));
        graph
    }

    /// How many goroutines and objects it has.
    ///
    /// ```
    /// println!("{} nodes", gort_runtime::debug::wait_graph().len());
    /// ```
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether nobody waits.
    ///
    /// ```
    /// if gort_runtime::debug::wait_graph().is_empty() {
    ///     println!("nobody waits");
    /// }
    /// ```
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// In Graphviz's language: goroutines are boxes, objects ellipses; solid arrows: waits on; dashed: is held by.
    ///
    /// ```
    /// assert!(gort_runtime::debug::wait_graph().to_dot().ends_with("}\n"));
    /// ```
    pub fn to_dot(&self) -> String {
        let mut out = String::from("digraph waits {\n");
        for (place, node) in self.nodes.iter().enumerate() {
            let shape = if node.is_goroutine { "box" } else { "ellipse" };
            let color = match node.stuck {
                Some(Certainty::Certain) => ", color=red",
                Some(_) => ", color=orange",
                None => "",
            };
            let label = format!("{:?}", node.label);
            out.push_str(&format!("    n{place} [shape={shape}, label={label}{color}];\n"));
        }
        for Edge { from, to, is_wait } in &self.edges {
            let style = if *is_wait { "solid" } else { "dashed" };
            out.push_str(&format!("    n{from} -> n{to} [style={style}];\n"));
        }
        out.push_str("}\n");
        out
    }

    /// As a picture. A graph of more than 200 nodes is cut to those who are stuck and what is next to them, and then to 200.
    ///
    /// ```
    /// assert!(gort_runtime::debug::wait_graph().to_svg().ends_with("</svg>\n"));
    /// ```
    pub fn to_svg(&self) -> String {
        if self.nodes.len() <= MOST {
            return svg::draw(self);
        }
        let is_stuck = |place: usize| self.nodes[place].stuck.is_some();
        let near = |place: usize| {
            let touches = |edge: &Edge| {
                edge.from == place && is_stuck(edge.to) || edge.to == place && is_stuck(edge.from)
            };
            is_stuck(place) || self.edges.iter().any(touches)
        };
        let kept: Vec<usize> = (0..self.nodes.len())
            .filter(|&place| near(place))
            .take(MOST)
            .collect();
        let places: HashMap<usize, usize> = kept.iter().enumerate().map(|(new, &old)| (old, new)).collect();
        let edges = self.edges.iter().filter_map(|edge| {
            Some(Edge {
                from: *places.get(&edge.from)?,
                to: *places.get(&edge.to)?,
                is_wait: edge.is_wait,
            })
        });
        svg::draw(&WaitGraph {
            edges: edges.collect(),
            nodes: kept.iter().map(|&place| self.nodes[place].clone()).collect(),
        })
    }
}

impl fmt::Display for WaitGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flat = |place: usize| self.nodes[place].label.replace('\n', " ");
        for Edge { from, to, is_wait } in &self.edges {
            let verb = if *is_wait { "waits on" } else { "is held by" };
            writeln!(f, "{} {verb} {}", flat(*from), flat(*to))?;
        }
        Ok(())
    }
}
