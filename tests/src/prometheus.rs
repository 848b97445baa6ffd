//! A real Prometheus in a namespace, and what it answers.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Stdio;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::agent::Scratch;
use crate::fetch::fetch;
use crate::lab::{ChildGuard, Namespace};

/// The namespace has all ports to itself.
const ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9_090);

pub struct Prometheus {
    namespace: Namespace,
    _process: ChildGuard,
}

impl Prometheus {
    /// Starts one with this configuration; it keeps its data in `scratch`.
    pub fn start(namespace: &Namespace, scratch: &Scratch, configuration: &str) -> Result<Self> {
        let file = scratch.write("prometheus.yml", configuration)?;
        let mut command = namespace.command("prometheus");
        command.arg(format!("--config.file={}", file.display()));
        command.arg(format!("--storage.tsdb.path={}", scratch.join("prometheus").display()));
        command.arg(format!("--web.listen-address={ADDRESS}"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self { namespace: namespace.clone(), _process: ChildGuard::start(&mut command)? })
    }

    /// What an expression gives; an error with what Prometheus says of it, or if it is not there yet.
    pub fn query(&self, expression: &str) -> Result<Vec<Value>> {
        let answer = self.ask("/api/v1/query", "query", expression)?;
        let found = answer["data"]["result"].as_array().cloned();
        found.with_context(|| answer["error"].to_string())
    }

    /// The value of an expression that gives one sample.
    pub fn sample(&self, expression: &str) -> Option<f64> {
        let found = self.query(expression).ok()?;
        found.first()?.pointer("/value/1")?.as_str()?.parse().ok()
    }

    /// The answer to a question with one parameter, whatever it is.
    pub fn ask(&self, path: &str, parameter: &str, value: &str) -> Result<Value> {
        let encoded: String = value.bytes().map(|octet| format!("%{octet:02X}")).collect();
        let path = format!("{path}?{parameter}={encoded}");
        let (_, body) = self.namespace.in_namespace(|| fetch(ADDRESS, &path))??;
        // The body may come in chunks; the document is between its outermost braces, and the length
        // of a chunk stands between line ends.
        let document =
            body.find('{').zip(body.rfind('}')).and_then(|(from, to)| body.get(from..=to));
        let document = document.context("no document")?;
        Ok(serde_json::from_str(&document.split("\r\n").step_by(2).collect::<String>())?)
    }
}
