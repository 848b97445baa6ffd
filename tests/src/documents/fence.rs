//! Fenced blocks.

/// Why a block of commands is not run. It stands in the document, in a comment before the block:
/// `<!-- not run: REASON -->`.
pub const NOT_RUN: [&str; 7] = [
    "installs packages",
    "compiles",
    "takes minutes",
    "needs a network card",
    "needs other hosts",
    "needs systemd",
    "shows forms",
];

const NOTE: &str = "<!-- not run: ";

/// One fenced block.
#[derive(Clone, Debug)]
pub struct Fence {
    /// Of its first line within the document, from 1.
    pub line: usize,
    pub language: String,
    /// What the document says of why it is not run.
    pub not_run: Option<String>,
    pub text: String,
}

/// The blocks of a document, and the rest of its text.
pub fn split(document: &str) -> (Vec<Fence>, String) {
    let mut fences: Vec<Fence> = Vec::new();
    let mut prose = String::new();
    let mut open: Option<Fence> = None;
    let mut note: Option<String> = None;
    for (index, line) in document.lines().enumerate() {
        let mark = line.trim_start().strip_prefix("```");
        match (&mut open, mark) {
            (Some(_), Some(_)) => fences.extend(open.take()),
            (Some(fence), None) => {
                fence.text.push_str(line);
                fence.text.push('\n');
            }
            (None, Some(info)) => {
                let language = info.split_whitespace().next().unwrap_or_default().to_owned();
                let not_run = note.take();
                open = Some(Fence { line: index + 2, language, not_run, text: String::new() });
            }
            (None, None) => {
                if let Some(reason) = line.trim().strip_prefix(NOTE) {
                    note = Some(reason.trim_end_matches("-->").trim().to_owned());
                } else if !line.trim().is_empty() {
                    note = None;
                }
                prose.push_str(line);
                prose.push('\n');
            }
        }
    }
    fences.extend(open);
    (fences, prose)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_with_their_languages_and_notes() {
        let document =
            "a\n<!-- not run: compiles -->\n\n```sh\ncargo xtask build\n```\nb\n```\nx\n";
        let (fences, prose) = split(document);
        assert_eq!(fences.len(), 2);
        assert_eq!((fences[0].language.as_str(), fences[0].line), ("sh", 5));
        assert_eq!(fences[0].not_run.as_deref(), Some("compiles"));
        assert_eq!(fences[0].text, "cargo xtask build\n");
        assert_eq!((fences[1].language.as_str(), fences[1].not_run.as_deref()), ("", None));
        assert_eq!(prose, "a\n<!-- not run: compiles -->\n\nb\n");
    }
}
