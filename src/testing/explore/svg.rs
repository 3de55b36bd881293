//! The same picture as a file that browsers show: lines of life from top to bottom, steps on them,
//! an arrow from whoever wakes to who goes on.

use std::fmt::{self, Write};

use super::table::{Picture, cut};

/// Between two columns, and between two rows.
const COLUMN: usize = 240;
const ROW: usize = 22;
/// Left of the first column, and above the first row.
const LEFT: usize = 60;
const TOP: usize = 64;

/// Writes the picture under a title.
pub(crate) fn svg(picture: &Picture, title: &str) -> String {
    let mut text = String::new();
    // Writing into a string does not fail.
    let _ = write(&mut text, picture, title);
    text
}

fn write(out: &mut String, picture: &Picture, title: &str) -> fmt::Result {
    let columns = picture.names.len();
    let rows = picture.rows.len();
    let (width, height) = (LEFT + columns * COLUMN + 20, TOP + (rows + 3) * ROW);
    let x = |column: usize| LEFT + column * COLUMN + 10;
    let y = |row: usize| TOP + (row + 1) * ROW;
    writeln!(
        out,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="monospace" font-size="12">
<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="3" orient="auto"><path d="M0,0 L7,3 L0,6 z" fill="#888"/></marker></defs>
<rect width="100%" height="100%" fill="white"/>
<text x="10" y="20" font-weight="bold">{}</text>"##,
        escaped(&cut(title, 160))
    )?;
    let file = picture.file();
    if let Some(file) = file {
        writeln!(
            out,
            r##"<text x="10" y="38" fill="#666">lines of {}</text>"##,
            escaped(file)
        )?;
    }
    for (column, name) in picture.names.iter().enumerate() {
        let (x, end) = (x(column), y(rows));
        writeln!(
            out,
            r##"<text x="{x}" y="{TOP}" font-weight="bold">{}</text><path d="M{x},{} V{end}" stroke="#bbb"/>"##,
            escaped(&cut(name, 30)),
            TOP + 6
        )?;
    }
    for (index, row) in picture.rows.iter().enumerate() {
        let (x, y) = (x(usize::from(row.number)), y(index));
        let colour = match (row.preempts, row.waits) {
            (true, _) => "#c0392b",
            (false, true) => "#d68910",
            (false, false) => "#2e86c1",
        };
        if row.preempts {
            writeln!(
                out,
                r##"<path d="M{LEFT},{} H{width}" stroke="#c0392b" stroke-dasharray="2 4"/>"##,
                y - 15
            )?;
        }
        writeln!(
            out,
            r##"<text x="{}" y="{y}" text-anchor="end" fill="#999">{}</text><circle cx="{x}" cy="{}" r="4" fill="{colour}"/><text x="{}" y="{y}">{}</text>"##,
            LEFT - 20,
            index + 1,
            y - 4,
            x + 10,
            escaped(&cut(&picture.cell(row, file), 32))
        )?;
        for &woken in &row.woke {
            let goes_on = picture.rows[index + 1..]
                .iter()
                .position(|later| later.number == woken);
            if let Some(after) = goes_on {
                let (to_x, to_y) = (LEFT + usize::from(woken) * COLUMN + 10, y + (after + 1) * ROW - 4);
                writeln!(
                    out,
                    r##"<path d="M{x},{} L{to_x},{to_y}" stroke="#888" stroke-dasharray="4 3" fill="none" marker-end="url(#tip)"/>"##,
                    y - 4
                )?;
            }
        }
    }
    for (number, end) in &picture.ends {
        let (x, y) = (x(usize::from(*number)), y(rows));
        writeln!(
            out,
            r##"<text x="{x}" y="{y}" fill="#c0392b" font-weight="bold">{}</text>"##,
            escaped(&cut(end, 34))
        )?;
    }
    out.write_str("</svg>\n")
}

/// As text of XML.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::example;
    use super::*;

    #[test]
    fn every_step_is_a_dot_and_every_wake_an_arrow() {
        let text = svg(&example(), "a < b");
        assert_eq!(text.matches("<circle").count(), 4);
        assert!(
            text.contains("a &lt; b") && text.contains("worker &lt;1&gt;") && text.contains("it &amp; went")
        );
        // Nobody goes on after the last step, so that wake has no end to point to.
        assert_eq!(text.matches("marker-end").count(), 0);
        let mut picture = example();
        picture.rows[1].woke = vec![0];
        assert_eq!(svg(&picture, "").matches("marker-end").count(), 1);
    }

    #[test]
    fn it_is_one_whole_element() {
        let text = svg(&example(), "t");
        let opened = text.matches("<text").count();
        assert_eq!(opened, text.matches("</text>").count());
        assert!(text.starts_with("<svg") && text.ends_with("</svg>\n"));
    }
}
