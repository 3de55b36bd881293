//! Ratios to Go: a group of bars for every workload with a goal, on a logarithmic scale.

use std::error::Error;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::colour;
use crate::record::Record;
use crate::rows::{ROWS, Row, SIDES};

const SIZE: (i32, i32) = (1000, 1280);
/// Around the bars: what stands there fits.
const LEFT: i32 = 190;
const RIGHT: i32 = 30;
const TOP: i32 = 90;
const BOTTOM: i32 = 50;
/// The range of the axis: ratios beyond it are drawn to its end and labelled.
const RANGE: (f64, f64) = (0.05, 10.0);
const TICKS: [f64; 8] = [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// The rows that can be drawn.
pub(super) fn rows(record: &Record) -> Vec<&'static Row> {
    let has = |row: &&Row| bars(record, row).len() > 1 && row.goal.is_some();
    ROWS.iter().filter(has).collect()
}

/// Side and ratio to Go, Go itself included.
fn bars(record: &Record, row: &Row) -> Vec<(&'static str, f64)> {
    let median = |side| Some(record.get(row.workload, 2, side, row.figure)?.0.median);
    let Some(go) = median("go") else {
        return Vec::new();
    };
    SIDES
        .into_iter()
        .filter_map(|side| Some((side, median(side)? / go)))
        .collect()
}

/// Where a ratio stands on the axis.
fn x(ratio: f64) -> i32 {
    let (low, high) = (RANGE.0.ln(), RANGE.1.ln());
    let share = (ratio.clamp(RANGE.0, RANGE.1).ln() - low) / (high - low);
    LEFT + (share * f64::from(SIZE.0 - LEFT - RIGHT)) as i32
}

pub(super) fn draw(record: &Record) -> Result<String, Box<dyn Error>> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (SIZE.0 as u32, SIZE.1 as u32)).into_drawing_area();
        area.fill(&WHITE)?;
        let text = |size: i32, h, v| {
            TextStyle::from(("sans-serif", size))
                .pos(Pos::new(h, v))
                .color(&BLACK)
        };
        let title = "Ratio to Go, 2 workers, median (smaller is better; logarithmic)";
        area.draw(&Text::new(
            title,
            (SIZE.0 / 2, 15),
            text(20, HPos::Center, VPos::Top),
        ))?;
        let rows = rows(record);
        let all: Vec<_> = SIDES
            .into_iter()
            .skip(1)
            .filter(|side| {
                rows.iter()
                    .any(|row| bars(record, row).iter().any(|bar| bar.0 == *side))
            })
            .collect();
        legend(&area, &all)?;

        let foot = SIZE.1 - BOTTOM;
        for tick in TICKS {
            let line = if tick == 1.0 {
                BLACK.stroke_width(2)
            } else {
                RGBColor(205, 205, 205).stroke_width(1)
            };
            area.draw(&PathElement::new(vec![(x(tick), TOP), (x(tick), foot)], line))?;
            let label = if tick == 1.0 {
                "1 = Go".into()
            } else {
                tick.to_string()
            };
            area.draw(&Text::new(
                label,
                (x(tick), foot + 8),
                text(15, HPos::Center, VPos::Top),
            ))?;
        }
        let pitch = (foot - TOP) / rows.len() as i32;
        for (i, row) in rows.iter().enumerate() {
            let top = TOP + pitch * i as i32;
            area.draw(&Text::new(
                row.label,
                (LEFT - 10, top + pitch / 2),
                text(15, HPos::Right, VPos::Center),
            ))?;
            let bars: Vec<_> = bars(record, row)
                .into_iter()
                .filter(|bar| bar.0 != "go")
                .collect();
            let thickness = (pitch - 10) / all.len() as i32;
            let at = |side: &str| {
                let place = all.iter().position(|name| *name == side).unwrap_or(0) as i32;
                top + 5 + place * thickness
            };
            for (side, ratio) in &bars {
                let bar = [(x(RANGE.0), at(side)), (x(*ratio), at(side) + thickness - 1)];
                area.draw(&Rectangle::new(bar, colour(side).filled()))?;
            }
            if let Some((goal, _)) = row.goal {
                let line = vec![(x(goal), top + 3), (x(goal), top + pitch - 3)];
                area.draw(&PathElement::new(line, RED.stroke_width(2)))?;
            }
            for (side, ratio) in bars {
                let label = (x(ratio) + 4, at(side) + thickness / 2);
                let right = x(ratio) > SIZE.0 - RIGHT - 50;
                let (label, anchor) = if right {
                    ((label.0 - 8, label.1), HPos::Right)
                } else {
                    (label, HPos::Left)
                };
                let style = text(11, anchor, VPos::Center).color(if right { &WHITE } else { &BLACK });
                area.draw(&Text::new(format!("{ratio:.2}"), label, style))?;
            }
        }
        area.present()?;
    }
    Ok(svg)
}

/// A line of coloured squares with names, and the mark of a goal.
fn legend(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    sides: &[&str],
) -> Result<(), Box<dyn Error>> {
    let style = TextStyle::from(("sans-serif", 16))
        .pos(Pos::new(HPos::Left, VPos::Center))
        .color(&BLACK);
    let mut at = LEFT;
    for side in sides {
        area.draw(&Rectangle::new([(at, 53), (at + 14, 67)], colour(side).filled()))?;
        area.draw(&Text::new(*side, (at + 20, 60), style.clone()))?;
        at += 120;
    }
    area.draw(&PathElement::new(
        vec![(at + 7, 50), (at + 7, 70)],
        RED.stroke_width(2),
    ))?;
    area.draw(&Text::new("goal", (at + 20, 60), style))?;
    Ok(())
}
