//! The plots, as SVG: ratios to Go, and costs against the number of goroutines and of workers.

mod costs;
mod ratios;

use plotters::style::RGBColor;

use crate::record::Record;

const RATIOS: (&str, &str) = ("ratios.svg", "Ratios to Go");
const BY_SIZE: (&str, &str) = ("by-goroutines.svg", "Cost against the number of goroutines");
const BY_PROCS: (&str, &str) = ("by-workers.svg", "Cost against the number of workers");

/// File names and titles of the plots that a record has figures for.
pub(crate) fn present(record: &Record) -> Vec<(&'static str, &'static str)> {
    let mut all = Vec::new();
    if !ratios::rows(record).is_empty() {
        all.push(RATIOS);
    }
    if costs::has_sizes(record) {
        all.push(BY_SIZE);
    }
    if costs::has_procs(record) {
        all.push(BY_PROCS);
    }
    all
}

/// Those plots: file name and content.
pub(crate) fn draw(record: &Record) -> Result<Vec<(&'static str, String)>, String> {
    let draw = |(name, _)| {
        let svg = match name {
            name if name == RATIOS.0 => ratios::draw(record),
            name if name == BY_SIZE.0 => costs::by_size(record),
            _ => costs::by_procs(record),
        };
        Ok((name, svg.map_err(|error| format!("{name}: {error}"))?))
    };
    present(record).into_iter().map(draw).collect()
}

/// A side has the same colour everywhere; they differ in lightness too.
fn colour(side: &str) -> RGBColor {
    match side {
        "go" => RGBColor(110, 110, 110),
        "gort" => RGBColor(213, 94, 0),
        "gort-slab" => RGBColor(240, 170, 60),
        "gort-lto" => RGBColor(150, 50, 0),
        "gort-slab-lto" => RGBColor(200, 110, 90),
        "may" => RGBColor(86, 180, 233),
        "tokio" => RGBColor(0, 90, 160),
        _ => RGBColor(0, 140, 100),
    }
}
