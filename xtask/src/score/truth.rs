//! The corpus's truth, one line a flow.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::flow::FlowKey;
use super::vocabulary::accepted;

/// The table, in a corpus part.
const TABLE: &str = "truth_flows.csv";

pub struct TrueFlow {
    pub key: Option<FlowKey>,
    pub label: String,
    /// Off the registered port, or on a negotiated one.
    pub is_off_port: bool,
    /// The flow as the table has it, for messages.
    pub shown: String,
}

/// The scored flows of each capture whose path begins with `only`.
pub fn read(corpus: &Path, only: &str) -> Result<BTreeMap<String, Vec<TrueFlow>>> {
    let path = corpus.join(TABLE);
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text, only).with_context(|| format!("{} is not understood", path.display()))
}

fn parse(text: &str, only: &str) -> Result<BTreeMap<String, Vec<TrueFlow>>> {
    let mut lines = text.lines();
    let columns: Vec<_> = lines.next().context("there is no heading")?.split(',').collect();
    let mut flows = BTreeMap::<_, Vec<_>>::new();
    for line in lines {
        if line.contains('"') {
            bail!("quoted fields are not read: {line}");
        }
        let fields: BTreeMap<_, _> = columns.iter().copied().zip(line.split(',')).collect();
        let field = |name: &str| {
            fields.get(name).copied().with_context(|| format!("there is no {name} in: {line}"))
        };
        let capture = field("file")?;
        let label = field("app_label")?;
        // What two dissectors call differently, and what is inside of a tunnel, is not scored.
        let is_disputed = field("label_source")? == "tshark" && field("tshark_ndpi_agree")? == "no";
        let is_inner = !field("inner_flow")?.is_empty() && label != "vxlan";
        if !capture.starts_with(only) || accepted(label).is_none() || is_disputed || is_inner {
            continue;
        }
        let port = |name: &str| Ok::<_, anyhow::Error>(field(name)?.parse().unwrap_or(0));
        let source = (field("src")?, port("sport")?);
        let destination = (field("dst")?, port("dport")?);
        flows.entry(capture.to_owned()).or_default().push(TrueFlow {
            key: FlowKey::new(field("proto")?, source, destination),
            label: label.to_owned(),
            is_off_port: matches!(field("port_is_standard")?, "no" | "mixed" | "dynamic"),
            shown: format!("{}:{} > {}:{}", source.0, source.1, destination.0, destination.1),
        });
    }
    Ok(flows)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADING: &str = "file,proto,src,sport,dst,dport,app_label,label_source,\
        tshark_ndpi_agree,port_is_standard,inner_flow";

    fn labels(rows: &[&str]) -> Vec<String> {
        let table = [&[HEADING], rows].concat().join("\n");
        let flows = parse(&table, "a/").expect("the table is sound");
        flows.into_values().flatten().map(|flow| flow.label).collect()
    }

    #[test]
    fn only_flows_with_an_undisputed_label_of_their_own_count() {
        let rows = [
            "a/x.pcap,6,10.0.0.1,4000,10.0.0.2,104,dicom,manual(known server),no,yes,",
            "a/x.pcap,6,10.0.0.1,4001,10.0.0.2,104,dicom,tshark,no,yes,",
            "a/x.pcap,6,10.0.0.1,4002,10.0.0.2,104,tls,tshark,yes,yes,10.1.0.1 dns",
            "a/x.pcap,6,10.0.0.1,4003,10.0.0.2,104,none,tshark,,yes,",
            "b/x.pcap,6,10.0.0.1,4004,10.0.0.2,104,dicom,tshark,,yes,",
            "a/x.pcap,17,10.0.0.1,4005,10.0.0.2,8472,vxlan,tshark,,no,10.1.0.1 dns",
        ];
        assert_eq!(labels(&rows), ["dicom", "vxlan"]);
    }

    #[test]
    fn a_table_without_a_column_is_refused() {
        assert!(parse("file,proto\na.pcap,6", "").is_err());
        assert!(parse(&format!("{HEADING}\n\"a\",6"), "").is_err());
    }
}
