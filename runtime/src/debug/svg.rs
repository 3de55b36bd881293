//! A wait graph as a picture: each connected part is a circle, in the order in which its arrows lead round.

use std::f64::consts::TAU;
use std::fmt::Write;

use crate::debug::graph::WaitGraph;
use crate::debug::stuck::Certainty;

/// A node's box.
const WIDTH: f64 = 150.0;
const HEIGHT: f64 = 40.0;
/// Between the centres of two neighbours on a circle.
const APART: f64 = 160.0;
const MARGIN: f64 = 20.0;
/// Parts side by side before a new row begins, in all.
const ROW: f64 = 1600.0;

pub(super) fn draw(graph: &WaitGraph) -> String {
    let mut places = vec![(0.0, 0.0); graph.nodes.len()];
    let (mut left, mut top, mut row, mut width) = (0.0_f64, 0.0_f64, 0.0_f64, 0.0_f64);
    for part in parts(graph) {
        let count = part.len() as f64;
        let radius = if part.len() == 1 {
            0.0
        } else {
            (APART * count / TAU).max(90.0)
        };
        let (wide, high) = (2.0 * radius + WIDTH + MARGIN, 2.0 * radius + HEIGHT + MARGIN);
        if left > 0.0 && left + wide > ROW {
            (left, top, row) = (0.0, top + row, 0.0);
        }
        for (number, place) in part.into_iter().enumerate() {
            let angle = TAU * (number as f64 / count - 0.25);
            places[place] = (
                left + wide / 2.0 + radius * angle.cos(),
                top + high / 2.0 + radius * angle.sin(),
            );
        }
        left += wide;
        row = row.max(high);
        width = width.max(left);
    }
    write(graph, &places, width, top + row)
}

/// The connected parts, each in the order of a walk along its arrows.
fn parts(graph: &WaitGraph) -> Vec<Vec<usize>> {
    let mut next = vec![Vec::new(); graph.nodes.len()];
    let mut before = next.clone();
    for edge in &graph.edges {
        next[edge.from].push(edge.to);
        before[edge.to].push(edge.from);
    }
    let mut seen = vec![false; graph.nodes.len()];
    let mut parts = Vec::new();
    for start in 0..graph.nodes.len() {
        let mut part = Vec::new();
        let mut ahead = vec![start];
        while let Some(at) = ahead.pop() {
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            part.push(at);
            // The last one pushed is gone to first: along the arrows if possible.
            ahead.extend(before[at].iter().chain(&next[at]));
        }
        if !part.is_empty() {
            parts.push(part);
        }
    }
    parts
}

fn write(graph: &WaitGraph, places: &[(f64, f64)], width: f64, height: f64) -> String {
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<defs><marker id=\"head\" viewBox=\"0 0 10 10\" refX=\"10\" refY=\"5\" \
         markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0,0 L10,5 L0,10 z\"/></marker></defs>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for edge in &graph.edges {
        let (from, to) = (places[edge.from], places[edge.to]);
        let ((x1, y1), (x2, y2)) = (border(from, to), border(to, from));
        let dashes = if edge.is_wait {
            ""
        } else {
            " stroke-dasharray=\"5 4\""
        };
        put(
            &mut out,
            format_args!(
                "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"black\"{dashes} marker-end=\"url(#head)\"/>\n"
            ),
        );
    }
    for (node, &(x, y)) in graph.nodes.iter().zip(places) {
        let fill = match node.stuck {
            Some(Certainty::Certain) => "#ffd0d0",
            Some(_) => "#ffe8c0",
            None if node.is_goroutine => "#e0ecff",
            None => "#f4f4f4",
        };
        let round = if node.is_goroutine { 4.0 } else { HEIGHT / 2.0 };
        put(
            &mut out,
            format_args!(
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"{round}\" fill=\"{fill}\" stroke=\"#444\"/>\n",
                x - WIDTH / 2.0,
                y - HEIGHT / 2.0
            ),
        );
        let lines: Vec<&str> = node.label.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let y = y + 4.0 + 15.0 * (number as f64 - (lines.len() as f64 - 1.0) / 2.0);
            put(
                &mut out,
                format_args!(
                    "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{}</text>\n",
                    escaped(line)
                ),
            );
        }
    }
    out.push_str("</svg>\n");
    out
}

fn put(out: &mut String, what: std::fmt::Arguments<'_>) {
    // A string takes everything.
    let _ = out.write_fmt(what);
}

/// Where the line to `to` leaves the box at `from`.
fn border(from: (f64, f64), to: (f64, f64)) -> (f64, f64) {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let by = (dx.abs() / (WIDTH / 2.0)).max(dy.abs() / (HEIGHT / 2.0)).max(1.0);
    (from.0 + dx / by, from.1 + dy / by)
}

/// A line as XML, not longer than its box.
fn escaped(line: &str) -> String {
    let short: String = if line.chars().count() > 24 {
        line.chars().take(23).chain(['…']).collect()
    } else {
        line.to_string()
    };
    short
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
