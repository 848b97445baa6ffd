//! What is wrong with a configuration file, and where.

use std::{fmt, io, path::PathBuf};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl Problem {
    /// A problem at the octet `offset` of `text`; an unknown name gets the nearest known one.
    pub fn new(text: &str, offset: usize, message: &str) -> Self {
        let before =
            text.get(..offset.min(text.len())).unwrap_or_else(|| whole_characters(text, offset));
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let message = message.trim_end().replace('\n', "; ");
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message: match suggestion(&message) {
                Some(name) => format!("{message}; did you mean `{name}`?"),
                None => message,
            },
        }
    }
}

/// The text before `offset`, which lies within a character.
fn whole_characters(text: &str, offset: usize) -> &str {
    let start = text.floor_char_boundary(offset);
    &text[..start]
}

/// Why a configuration is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{}: {source}", file.display())]
    Unreadable { file: PathBuf, source: io::Error },
    #[error("{}", listed(file, problems))]
    Wrong {
        file: PathBuf,
        /// At least one, in the order of the file.
        problems: Vec<Problem>,
    },
    /// A command line option does not go with the file or with another option.
    #[error("command line: {0}")]
    Override(String),
    /// Strangers would reach what nothing protects.
    #[error("{0}")]
    Exposed(String),
}

fn listed(file: &std::path::Path, problems: &[Problem]) -> String {
    let file = file.display();
    let lines: Vec<_> = problems.iter().map(|problem| format!("{file}:{problem}")).collect();
    lines.join("\n")
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, message } = self;
        write!(formatter, "{line}:{column}: {message}")
    }
}

/// The known name nearest to the unknown one in serde's sentence, which lists them in backquotes:
/// ``unknown field `modee`, expected one of `mode`, `persist` ``.
fn suggestion(message: &str) -> Option<&str> {
    if !message.starts_with("unknown ") {
        return None;
    }
    let mut names = message.split('`').skip(1).step_by(2);
    let unknown = names.next()?;
    nearest(unknown, names)
}

/// The name that is most like `unknown`, if one is like it.
pub fn nearest<'a>(unknown: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |name: &&str| strsim::normalized_damerau_levenshtein(unknown, name);
    names
        .into_iter()
        .map(|name| (likeness(&name), name))
        .filter(|(likeness, _)| *likeness >= 0.5)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_stands_at_its_line_and_column() {
        let problem = Problem::new("a = 1\nü = \"x\"\n", 7, "m");
        assert_eq!((problem.line, problem.column), (2, 1));
        let problem = Problem::new("a = 1\nü = \"x\"\n", 11, "m");
        assert_eq!((problem.line, problem.column), (2, 5));
        let problem = Problem::new("a", 99, "m");
        assert_eq!((problem.line, problem.column), (1, 2));
    }

    #[test]
    fn an_unknown_name_gets_the_nearest_known_one() {
        let message = "unknown field `interfacs`, expected one of `interfaces`, `mode`";
        let problem = Problem::new("", 0, message);
        assert!(problem.message.ends_with("did you mean `interfaces`?"));
        let far = Problem::new("", 0, "unknown field `zzz`, expected `interfaces` or `mode`");
        assert!(!far.message.contains("did you mean"));
    }
}
