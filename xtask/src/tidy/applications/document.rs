//! The rows of the document: label, standard and marker, what confirms, method, kept figures.

use std::collections::BTreeMap;

use super::DOCUMENT;

/// Columns of a row, the label's first.
const COLUMNS: usize = 5;
const MARKER: usize = 1;
const FIGURES: usize = 4;
/// What an empty cell says.
const NOTHING: &str = "–";

/// What a label's row has to say.
pub struct Expected {
    pub label: String,
    /// `None` where the document itself says it.
    pub marker: Option<String>,
    pub figures: String,
}

/// The document with the markers and figures that are expected; all else stays.
pub fn mended(text: &str, expected: &[Expected]) -> String {
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    for line in &mut lines {
        let Some(mut cells) = row(line) else { continue };
        let Some(expected) = expected.iter().find(|expected| expected.label == label(&cells))
        else {
            continue;
        };
        if let Some(marker) = &expected.marker {
            cells[MARKER] = marker.clone();
        }
        let figures = &expected.figures;
        cells[FIGURES] = if figures.is_empty() { NOTHING } else { figures }.to_owned();
        *line = format!("| {} |", cells.join(" | "));
    }
    lines.join("\n") + "\n"
}

pub fn missing_and_invented(text: &str, expected: &[Expected]) -> Vec<String> {
    let mut rows = BTreeMap::<String, u32>::new();
    for cells in text.lines().filter_map(row) {
        *rows.entry(label(&cells).to_owned()).or_default() += 1;
    }
    let mut errors: Vec<_> = expected
        .iter()
        .filter(|expected| rows.get(&expected.label) != Some(&1))
        .map(|expected| format!("{DOCUMENT} does not have one row for {}", expected.label))
        .collect();
    let is_known = |label: &String| expected.iter().any(|expected| expected.label == *label);
    errors.extend(
        rows.keys()
            .filter(|label| !is_known(label))
            .map(|label| format!("{DOCUMENT} has a row for {label}, which does not exist")),
    );
    errors
}

/// The cells of a line that begins with a label.
fn row(line: &str) -> Option<Vec<String>> {
    let inner = line.strip_prefix("| `")?.strip_suffix('|')?;
    // A bar that is escaped belongs to the text.
    let cells: Vec<_> = inner
        .replace("\\|", "\0")
        .split('|')
        .map(|cell| cell.trim().replace('\0', "\\|"))
        .collect();
    let mut cells: Vec<_> = (cells.len() == COLUMNS).then_some(cells)?;
    cells[0] = format!("`{}", cells[0]);
    Some(cells)
}

fn label(cells: &[String]) -> &str {
    cells[0].trim_matches('`')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Labels\n\n| `dicom` | old | the title \\| more | payload | 1 of 2 |\n";

    fn expected(label: &str, marker: Option<&str>) -> Expected {
        Expected {
            label: label.to_owned(),
            marker: marker.map(str::to_owned),
            figures: "2 of 2".to_owned(),
        }
    }

    #[test]
    fn markers_and_figures_are_mended_and_the_rest_stays() {
        let mended = mended(TEXT, &[expected("dicom", Some("PS3.8"))]);
        let row = "| `dicom` | PS3.8 | the title \\| more | payload | 2 of 2 |";
        assert_eq!(mended, format!("# Labels\n\n{row}\n"));
    }

    #[test]
    fn a_marker_that_no_source_says_stays() {
        let mended = mended(TEXT, &[expected("dicom", None)]);
        assert!(mended.contains("| old |"), "{mended}");
    }

    #[test]
    fn rows_that_are_missing_invented_or_there_twice_are_errors() {
        let twice = format!("{TEXT}{}", TEXT.lines().last().unwrap_or_default());
        assert!(missing_and_invented(TEXT, &[expected("dicom", None)]).is_empty());
        assert_eq!(missing_and_invented(&twice, &[expected("dicom", None)]).len(), 1);
        assert_eq!(missing_and_invented(TEXT, &[expected("hl7", None)]).len(), 2);
    }
}
