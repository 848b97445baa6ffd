//! The truth about flows, from the table of a labelled corpus.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::conversations::Flow;

/// Labels of the table that say nothing about the application.
const NO_LABEL: [&str; 5] = ["none", "unknown", "ip", "ipv6", "gre"];

/// Labels that a dissector gives by the port alone, or to all that follows on a port: true only where
/// somebody else says the same. Scanners send every port the payload of another protocol.
const BY_PORT: [&str; 2] = ["dns", "tftp"];

#[derive(Default)]
pub struct Labels {
    by_flow: BTreeMap<(PathBuf, Flow), String>,
}

impl Labels {
    /// Rows that two dissectors disagree about, and flows that are tunnels, are passed over.
    pub fn read(table: &Path, directory: &Path) -> Result<Self> {
        let text = fs::read_to_string(table)
            .with_context(|| format!("cannot read {}", table.display()))?;
        let mut lines = text.lines();
        let heads: Vec<_> = lines.next().unwrap_or_default().split(',').collect();
        let column = |name: &str| {
            let found = heads.iter().position(|head| *head == name);
            found.with_context(|| format!("{} has no column {name}", table.display()))
        };
        let (file, label, agree, inner, source_of_label) = (
            column("file")?,
            column("app_label")?,
            column("tshark_ndpi_agree")?,
            column("inner_flow")?,
            column("label_source")?,
        );
        let flow = [column("proto")?, column("src")?, column("sport")?, column("dst")?];
        let port = column("dport")?;
        let mut by_flow = BTreeMap::new();
        for line in lines {
            ensure!(!line.contains('"'), "a quoted field: {line}");
            let fields: Vec<_> = line.split(',').collect();
            let field = |at: usize| fields.get(at).copied().unwrap_or_default();
            let name = field(label);
            let says_nothing = NO_LABEL.contains(&name) || name.starts_with("ip-proto");
            let is_guess = BY_PORT.contains(&name)
                && field(source_of_label) == "tshark"
                && field(agree) != "yes";
            if says_nothing || is_guess || field(agree) == "no" || !field(inner).is_empty() {
                continue;
            }
            let [protocol, source, source_port, destination] = flow.map(field);
            let end = |address: &str, port: &str| {
                Some((address.parse::<IpAddr>().ok()?, port.parse::<u16>().unwrap_or(0)))
            };
            let ends = (end(source, source_port), end(destination, field(port)));
            let (Ok(protocol), (Some(one), Some(other))) = (protocol.parse(), ends) else {
                continue;
            };
            let flow = Flow::between(protocol, one, other);
            by_flow.insert((directory.join(field(file)), flow), name.to_owned());
        }
        Ok(Self { by_flow })
    }

    pub fn captures(&self) -> BTreeSet<PathBuf> {
        self.by_flow.keys().map(|(capture, _)| capture.clone()).collect()
    }

    pub fn of(&self, capture: &Path, flow: &Flow) -> Option<&str> {
        self.by_flow.get(&(capture.to_owned(), *flow)).map(String::as_str)
    }
}
