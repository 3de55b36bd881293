//! Costs against N: a panel for each workload, a line for each side.

use std::error::Error;
use std::ops::Range;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::colour;
use crate::record::{Record, Summary};
use crate::rows::{BY_PROCS, BY_SIZE, SIDES};

/// N and what it cost, by side.
struct Panel {
    title: &'static str,
    lines: Vec<(&'static str, Vec<(f64, Summary)>)>,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn lines(
    record: &Record,
    points: impl Fn(&str) -> Vec<(f64, Summary)>,
) -> Vec<(&'static str, Vec<(f64, Summary)>)> {
    let mut lines = Vec::new();
    for side in SIDES
        .into_iter()
        .filter(|name| record.sides.iter().any(|side| side.0 == *name))
    {
        let mut points = points(side);
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        if points.len() > 1 {
            lines.push((side, points));
        }
    }
    lines
}

/// What was asked for with a size.
fn sized(record: &Record) -> Vec<Panel> {
    let panel = |&(workload, figure, title)| {
        let points = |side: &str| {
            let its = record
                .figures
                .iter()
                .filter(|f| f.side == side && f.figure == figure && f.procs == 2);
            let point = |f: &crate::record::Figures| {
                let size = f.workload.strip_prefix(workload)?.strip_prefix(':')?;
                Some((size.parse().ok()?, Summary::of(&f.rounds)?))
            };
            its.filter_map(point).collect()
        };
        Panel {
            title,
            lines: lines(record, points),
        }
    };
    BY_SIZE
        .iter()
        .map(panel)
        .filter(|panel| !panel.lines.is_empty())
        .collect()
}

/// What was run with several numbers of workers.
fn by_workers(record: &Record) -> Vec<Panel> {
    let panel = |&(workload, figure, title)| {
        let points = |side: &str| {
            let its = record
                .figures
                .iter()
                .filter(|f| f.side == side && f.figure == figure && f.workload == workload);
            its.filter_map(|f| Some((f.procs as f64, Summary::of(&f.rounds)?)))
                .collect()
        };
        Panel {
            title,
            lines: lines(record, points),
        }
    };
    BY_PROCS
        .iter()
        .map(panel)
        .filter(|panel| !panel.lines.is_empty())
        .collect()
}

pub(super) fn has_sizes(record: &Record) -> bool {
    !sized(record).is_empty()
}

pub(super) fn has_procs(record: &Record) -> bool {
    !by_workers(record).is_empty()
}

pub(super) fn by_size(record: &Record) -> Result<String, Box<dyn Error>> {
    let panels = sized(record);
    picture(
        &panels,
        "Cost of one against their number, 2 workers (both logarithmic)",
        |area, panel| {
            draw(area, panel, (80.0..1.3e6).log_scale(), "goroutines", |n| {
                match n.log10().round() as i32 {
                    exponent if (n - 10_f64.powi(exponent)).abs() < 1e-6 * n => format!("10^{exponent}"),
                    _ => String::new(),
                }
            })
        },
    )
}

pub(super) fn by_procs(record: &Record) -> Result<String, Box<dyn Error>> {
    let panels = by_workers(record);
    let cores = record.machine.cores;
    let title = format!("Cost against the number of workers, on {cores} cores (both logarithmic)");
    picture(&panels, &title, |area, panel| {
        draw(area, panel, (0.9..9.0).log_scale().base(2.0), "workers", |n| {
            format!("{n:.0}")
        })
    })
}

fn picture(
    panels: &[Panel],
    title: &str,
    draw: impl Fn(&Area<'_>, &Panel) -> Result<(), Box<dyn Error>>,
) -> Result<String, Box<dyn Error>> {
    let rows = panels.len().div_ceil(2);
    let mut svg = String::new();
    {
        let size = (1000, 70 + 400 * rows as u32);
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        area.fill(&WHITE)?;
        let (head, body) = area.split_vertically(70);
        let centre = Pos::new(HPos::Center, VPos::Top);
        head.draw(&Text::new(
            title,
            (500, 12),
            TextStyle::from(("sans-serif", 20)).pos(centre),
        ))?;
        let mut at = 60;
        let style = TextStyle::from(("sans-serif", 16)).pos(Pos::new(HPos::Left, VPos::Center));
        for side in SIDES
            .into_iter()
            .filter(|side| panels.iter().any(|p| p.lines.iter().any(|l| l.0 == *side)))
        {
            head.draw(&PathElement::new(
                vec![(at, 54), (at + 26, 54)],
                colour(side).stroke_width(3),
            ))?;
            head.draw(&Text::new(side, (at + 32, 54), style.clone()))?;
            at += 140;
        }
        for (place, panel) in body.split_evenly((rows, 2)).iter().zip(panels) {
            draw(place, panel)?;
        }
        area.present()?;
    }
    Ok(svg)
}

/// From the power of ten below the smallest, where the labels begin, to a bit above the largest.
fn range(panel: &Panel) -> Range<f64> {
    let all = || panel.lines.iter().flat_map(|line| &line.1);
    let low = all().map(|point| point.1.min).fold(f64::INFINITY, f64::min);
    let high = all().map(|point| point.1.max).fold(1.0, f64::max);
    10_f64.powf(low.max(0.1).log10().floor())..high * 1.5
}

fn draw<X>(
    area: &Area<'_>,
    panel: &Panel,
    axis: X,
    name: &str,
    label: impl Fn(f64) -> String,
) -> Result<(), Box<dyn Error>>
where
    X: plotters::coord::ranged1d::AsRangedCoord<Value = f64>,
    X::CoordDescType: plotters::coord::ranged1d::ValueFormatter<f64>,
{
    let mut chart = ChartBuilder::on(area)
        .caption(panel.title, ("sans-serif", 16))
        .margin(12)
        .x_label_area_size(45)
        .y_label_area_size(70)
        .build_cartesian_2d(axis, range(panel).log_scale())?;
    chart
        .configure_mesh()
        .x_desc(name)
        .y_desc("ns")
        .x_label_formatter(&|n| label(*n))
        .y_labels(20)
        .y_label_formatter(&|ns| format!("{ns}"))
        .label_style(("sans-serif", 14))
        .axis_desc_style(("sans-serif", 15))
        .light_line_style(RGBColor(240, 240, 240))
        .draw()?;
    for (side, points) in &panel.lines {
        let colour = colour(side);
        let line: Vec<_> = points.iter().map(|(n, s)| (*n, s.median)).collect();
        chart.draw_series(
            line.windows(2)
                .map(|ends| PathElement::new(ends.to_vec(), colour.stroke_width(3))),
        )?;
        chart.draw_series(line.iter().map(|&point| Circle::new(point, 4, colour.filled())))?;
        let spread = |(n, s): &(f64, Summary)| {
            PathElement::new(vec![(*n, s.min), (*n, s.max)], colour.stroke_width(1))
        };
        chart.draw_series(points.iter().map(spread))?;
    }
    Ok(())
}
