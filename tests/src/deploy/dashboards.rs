//! Grafana's dashboards, as far as tests look into them.

use std::fs;
use std::io;

use serde::Deserialize;
use serde_json::Value;

use super::{deployed, stems};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dashboard {
    pub uid: String,
    pub title: String,
    pub schema_version: u32,
    pub templating: Templating,
    pub panels: Vec<Panel>,
}

#[derive(Debug, Deserialize)]
pub struct Templating {
    pub list: Vec<Variable>,
}

#[derive(Debug, Deserialize)]
pub struct Variable {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub definition: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Panel {
    pub id: u32,
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    #[serde(default)]
    pub description: String,
    pub grid_pos: Place,
    pub datasource: Option<Value>,
    #[serde(default)]
    pub targets: Vec<Target>,
}

/// In columns, of which there are 24, and rows.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub struct Place {
    pub x: u32,
    pub y: u32,
    pub w: u32,
    pub h: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    pub expr: String,
    pub ref_id: String,
    pub instant: bool,
    pub datasource: Value,
}

impl Dashboard {
    /// All of `deploy/grafana`.
    pub fn all() -> io::Result<Vec<Self>> {
        let directory = deployed("grafana");
        let read = |name: String| {
            let text = fs::read_to_string(directory.join(name + ".json"))?;
            serde_json::from_str(&text).map_err(io::Error::other)
        };
        stems(&directory, "json")?.into_iter().map(read).collect()
    }
}

impl Panel {
    /// A heading.
    pub fn is_row(&self) -> bool {
        self.kind == "row"
    }

    /// Whether its description says why it shows nothing on a good day.
    pub fn is_normally_empty(&self) -> bool {
        self.description.contains(" Normally empty: ")
    }
}

impl Place {
    pub fn overlaps(&self, other: &Self) -> bool {
        let meets =
            |at: u32, length: u32, other: u32, its: u32| at < other + its && other < at + length;
        meets(self.x, self.w, other.x, other.w) && meets(self.y, self.h, other.y, other.h)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_side_by_side_do_not_overlap() {
        let place = |x, y| Place { x, y, w: 8, h: 4 };
        assert!(place(0, 0).overlaps(&place(7, 3)));
        assert!(!place(0, 0).overlaps(&place(8, 0)) && !place(0, 0).overlaps(&place(0, 4)));
    }
}
