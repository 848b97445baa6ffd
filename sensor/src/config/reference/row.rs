//! What the reference says of a key.

use std::time::Duration;

use crate::config::{duration, size};

/// One section of the file.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    pub name: &'static str,
    pub shape: Shape,
    pub rows: &'static [Row],
}

/// How a section is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `[name]`
    Table,
    /// `[[name]]`, any number of them; with a file that holds one of the smallest, called `x`.
    List { smallest: &'static str },
    /// `[name.x]`; with a file that holds one.
    Named { smallest: &'static str },
}

impl Section {
    /// The heading that opens the section in the file.
    pub fn title(&self) -> String {
        match self.shape {
            Shape::Table => format!("[{}]", self.name),
            Shape::List { .. } => format!("[[{}]]", self.name),
            Shape::Named { .. } => format!("[{}.NAME]", self.name),
        }
    }

    /// Whether an entry of the list is the one that [`Shape::List`] has.
    pub(super) fn is_smallest(&self, entry: &toml::Value) -> bool {
        ["name", "id", "owner"]
            .iter()
            .find_map(|key| entry.get(key)?.as_str())
            .is_some_and(|name| name == "x")
    }
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub key: &'static str,
    pub kind: Kind,
    /// The section is refused without it.
    pub is_needed: bool,
    /// What it does, with the unit if that is not in the value; Markdown.
    pub meaning: &'static str,
}

/// What is written as the value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Flag,
    /// A whole number, both bounds allowed.
    Whole(u64, u64),
    /// A number, the upper bound allowed, the lower one not.
    Above(f64, f64),
    /// Octets with a unit, both bounds allowed.
    Size(u64, u64),
    /// Milliseconds with a unit, both bounds allowed.
    Duration(u64, u64),
    OneOf(&'static [&'static str]),
    /// Of this form.
    Text(&'static str),
    /// A list of texts of this form.
    Texts(&'static str),
    /// A list of whole numbers.
    Wholes(u64, u64),
    /// A list of these.
    SomeOf(&'static [&'static str]),
    /// `"all"`, or a table of one key.
    Scope,
}

impl Kind {
    /// As the reference says it.
    pub fn name(&self) -> String {
        let listed = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| format!("`\"{name}\"`")).collect();
            names.join(", ")
        };
        match self {
            Self::Flag => "`true` or `false`".to_owned(),
            Self::Whole(lowest, highest) => format!("whole number, {lowest} to {highest}"),
            Self::Above(lowest, highest) => format!("number above {lowest}, at most {highest}"),
            Self::Size(lowest, highest) => {
                format!("size, {} to {}", size::written(*lowest), size::written(*highest))
            }
            Self::Duration(shortest, longest) => {
                let written = |millis: &u64| duration::written(Duration::from_millis(*millis));
                format!("duration, {} to {}", written(shortest), written(longest))
            }
            Self::OneOf(names) => listed(names),
            Self::Text(form) => (*form).to_owned(),
            Self::Texts(form) => format!("list: {form}"),
            Self::Wholes(lowest, highest) => {
                format!("list: whole numbers, {lowest} to {highest}")
            }
            Self::SomeOf(names) => format!("list: {}", listed(names)),
            Self::Scope => {
                "`\"all\"`, `{ role = \"NAME\" }`, `{ device = \"ADDRESS\" }`".to_owned()
            }
        }
    }
}

pub(super) const fn row(key: &'static str, kind: Kind, meaning: &'static str) -> Row {
    Row { key, kind, is_needed: false, meaning }
}

pub(super) const fn needed(key: &'static str, kind: Kind, meaning: &'static str) -> Row {
    Row { key, kind, is_needed: true, meaning }
}
