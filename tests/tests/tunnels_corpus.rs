//! Inner flows that an independent dissector found in the captures of the corpus are found here too.

use std::{collections::BTreeSet, path::PathBuf};

use sensor::config::Config;
use sensor::pipeline::replay::{Engine, replay};

/// The corpus, or nothing where this checkout has none.
fn corpus() -> Option<PathBuf> {
    let named = std::env::var_os("WARDLINE_CORPUS").map(PathBuf::from);
    let beside = || concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus/dev").into();
    Some(named.unwrap_or_else(beside)).filter(|path: &PathBuf| path.is_dir())
}

/// `address:port>address:port ...`, as in the truth; no port where there is none.
fn ends_of(inner_flow: &str) -> Option<[(String, u16); 2]> {
    let flow = inner_flow.split(' ').next()?;
    let (source, destination) = flow.split_once('>')?;
    let end = |text: &str| {
        let (address, port) = text.rsplit_once(':')?;
        Some((address.to_owned(), port.parse().unwrap_or(0)))
    };
    let mut ends = [end(source)?, end(destination)?];
    ends.sort();
    Some(ends)
}

#[test]
fn inner_flows_of_the_corpus_are_found() {
    let Some(corpus) = corpus() else {
        println!("NOT RUN: inner_flows_of_the_corpus_are_found: there is no corpus");
        return;
    };
    let truth = std::fs::read_to_string(corpus.join("truth_flows.csv")).unwrap();
    let mut lines = truth.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let column = |name: &str| names.iter().position(|found| *found == name).unwrap();
    let (file, inner) = (column("file"), column("inner_flow"));
    let (outer_source, outer_port) = (column("src"), column("sport"));
    // PPP in GRE, GTP and the second of two levels are not opened; the fuzzed captures hold
    // whatever they hold.
    let left_out = ["hostile", "GrePackets", "nDPI__gre", "erspan-vxlan"];
    let is_left_out = |file: &str| left_out.iter().any(|part| file.contains(part));
    let mut wanted = BTreeSet::new();
    for line in lines.filter(|line| line.contains('>')) {
        let fields: Vec<&str> = line.split(',').collect();
        if let Some(mut ends) = ends_of(fields[inner]).filter(|_| !is_left_out(fields[file])) {
            // Of IPv6 in IPv4 the truth has the outer addresses now and then.
            if ends.iter().any(|end| end.0 == fields[outer_source]) {
                continue;
            }
            // What has no ports inside was written down with those outside.
            let outer_port = fields[outer_port].parse().unwrap_or(0);
            if ends.iter().any(|end| end.1 == outer_port) {
                ends = ends.map(|(address, _)| (address, 0));
            }
            wanted.insert((fields[file].to_owned(), ends));
        }
    }
    let files: BTreeSet<String> = wanted.iter().map(|(file, _)| file.clone()).collect();
    assert!(files.len() >= 6, "{files:?}");
    for name in files {
        let mut events = Vec::new();
        replay(
            &corpus.join(&name),
            Engine::Host,
            &Config::default(),
            Some(&mut events),
            &mut |_, _| (),
        )
        .unwrap();
        let mut found = BTreeSet::new();
        for line in events.split(|octet| *octet == b'\n').filter(|line| !line.is_empty()) {
            let event: serde_json::Value = serde_json::from_slice(line).unwrap();
            if event["tunnel"]["depth"] == 1 {
                let end = |side: &str| {
                    let port = event[format!("{side}_port")].as_u64().unwrap_or(0) as u16;
                    (event[format!("{side}_ip")].as_str().unwrap_or_default().to_owned(), port)
                };
                let mut ends = [end("src"), end("dest")];
                ends.sort();
                found.insert((name.clone(), ends));
            }
        }
        let missing: Vec<_> = wanted
            .iter()
            .filter(|(file, _)| *file == name)
            .filter(|one| !found.contains(*one))
            .collect();
        println!("{name}: {} inner flows", found.len());
        assert!(missing.is_empty(), "{missing:?} of {found:?}");
    }
}
