//! A bar chart of what programs add to a packet, as SVG.

use std::fmt::Write as _;

use super::programs::Stock;
use super::report::{LoadResult, SHIPPED};

const WIDTH: f64 = 760.0;
/// Where bars begin, and how far the longest may go.
const LEFT: f64 = 190.0;
const RIGHT: f64 = 690.0;
const BAR: f64 = 13.0;
const GAP: f64 = 12.0;
const TOP: f64 = 46.0;

/// Programs with their colours, told apart by lightness as well.
const PROGRAMS: [(&str, &str); 4] = [
    (Stock::Parse.name(), "#b9c4cc"),
    (Stock::Hash.name(), "#7d93a3"),
    (Stock::Lru.name(), "#4d6475"),
    (SHIPPED, "#d9622b"),
];

/// Median added nanoseconds of each program under each load.
pub fn plot(loads: &[&LoadResult]) -> String {
    let bars = |load: &LoadResult| {
        PROGRAMS.map(|(name, colour)| (colour, load.added(name).map_or(0.0, |added| added.median)))
    };
    let longest = loads.iter().flat_map(|load| bars(load)).map(|bar| bar.1).fold(1.0, f64::max);
    let scale = (RIGHT - LEFT) / longest;
    let group = BAR * PROGRAMS.len() as f64 + GAP;
    let height = TOP + group * loads.len() as f64 + 20.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"10\" y=\"18\" font-size=\"13\">Nanoseconds added to a packet, median</text>\n"
    );
    for (index, (name, colour)) in PROGRAMS.iter().enumerate() {
        let x = LEFT + index as f64 * 125.0;
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"26\" width=\"10\" height=\"10\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"35\">{name}</text>",
            x + 14.0
        );
    }
    for (index, load) in loads.iter().enumerate() {
        let y = TOP + index as f64 * group;
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            LEFT - 8.0,
            y + BAR * 2.0 + 4.0,
            load.name
        );
        for (row, (colour, added)) in bars(load).into_iter().enumerate() {
            let (y, width) = (y + row as f64 * BAR, (added * scale).max(0.0));
            let _ = writeln!(
                svg,
                "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{:.1}\" \
                 fill=\"{colour}\"/><text x=\"{:.1}\" y=\"{:.1}\">{added:.0}</text>",
                BAR - 2.0,
                LEFT + width + 4.0,
                y + BAR - 3.5
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}
