//! The references that the agent itself prints. Its tests compare them with what it would print
//! now; here they are written, by the agent that was built last.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::Findings;

/// Documents that are printed whole, each with the words that print it.
const WHOLE: [(&str, &[&str]); 3] = [
    ("docs/cli.md", &["reference"]),
    ("docs/detections.md", &["detections", "--output", "markdown"]),
    ("docs/schema/events.schema.json", &["events", "schema"]),
];
/// The document of which the tables are printed.
const TABLES: (&str, &[&str]) = ("docs/configuration.md", &["config", "reference"]);

/// Writes all of them.
pub fn mend(root: &Path, agent: &Path) -> Result<Findings> {
    if !agent.is_file() {
        let warning = "the references are left alone: build the agent first".to_owned();
        return Ok(Findings { warnings: vec![warning], ..Findings::default() });
    }
    for (document, words) in WHOLE {
        write(&root.join(document), &printed(agent, words)?)?;
    }
    let (document, words) = TABLES;
    let path = root.join(document);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {document}"))?;
    write(&path, &with_tables(&text, &printed(agent, words)?)?)?;
    Ok(Findings::default())
}

fn printed(agent: &Path, words: &[&str]) -> Result<String> {
    let output = Command::new(agent).args(words).output();
    let output = output.with_context(|| format!("cannot run {}", agent.display()))?;
    ensure!(output.status.success(), "{} {}: {}", agent.display(), words.join(" "), output.status);
    Ok(String::from_utf8(output.stdout)?)
}

fn write(path: &Path, text: &str) -> Result<()> {
    let is_same = fs::read_to_string(path).is_ok_and(|written| written == text);
    if !is_same {
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("tidy: wrote {}", path.display());
    }
    Ok(())
}

/// The document with the table of each section in place of the first one under its heading; the prose
/// around stays. A section that the document lacks is added at its end.
fn with_tables(document: &str, reference: &str) -> Result<String> {
    let mut text = document.to_owned();
    for section in reference.split("## ").skip(1) {
        let (heading, table) = section.split_once("\n\n").context("a section without a table")?;
        let table = table.trim_end();
        let line = format!("## {heading}\n");
        let Some(start) = text.find(&line).map(|at| at + line.len()) else {
            text.push_str(&format!("\n{line}\n{table}\n"));
            continue;
        };
        let end = text[start..].find("\n## ").map_or(text.len(), |at| start + at);
        match text[start..end].find("| key |") {
            Some(at) => {
                let at = start + at;
                let old = text[at..end].trim_end();
                let after = at + old.find("\n\n").unwrap_or(old.len());
                text.replace_range(at..after, table);
            }
            None => text.insert_str(start, &format!("\n{table}\n")),
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_replaced_and_prose_stays() {
        let document = "# C\n\n## `[a]`\n\nBefore.\n\n| key | x |\n| old |\n\nAfter.\n\n## `[b]`\n\n| key | x |\n| old |\n";
        let reference = "## `[a]`\n\n| key | y |\n| new |\n\n## `[b]`\n\n| key | z |\n\n## `[c]`\n\n| key | w |\n";
        let expected = "# C\n\n## `[a]`\n\nBefore.\n\n| key | y |\n| new |\n\nAfter.\n\n## `[b]`\n\n| key | z |\n\n## `[c]`\n\n| key | w |\n";
        assert_eq!(with_tables(document, reference).unwrap(), expected);
        assert_eq!(with_tables(expected, reference).unwrap(), expected);
    }
}
