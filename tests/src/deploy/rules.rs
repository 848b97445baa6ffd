//! Rule files and their tests, in the layout that this repository writes them in: one key a line,
//! `expr` as a folded block. promtool is who reads them as YAML.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;

use super::{deployed, stems};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertingRule {
    pub name: String,
    pub expression: String,
    pub severity: String,
    pub summary: String,
    pub runbook_url: String,
}

/// One test of promtool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleTest {
    pub alert: String,
    /// Whether the alert is expected; else it is expected not to be there.
    pub fires: bool,
}

/// All rule files, or the files of their tests.
pub fn rule_files(directory: &str) -> io::Result<Vec<PathBuf>> {
    let directory = deployed(directory);
    let names = stems(&directory, "yml")?;
    Ok(names.into_iter().map(|name| directory.join(name + ".yml")).collect())
}

fn text_of(directory: &str) -> io::Result<String> {
    rule_files(directory)?.iter().map(fs::read_to_string).collect()
}

/// Every alerting rule of `deploy/rules`.
pub fn alerting_rules() -> io::Result<Vec<AlertingRule>> {
    let text = text_of("rules")?;
    Ok(text.split("- alert: ").skip(1).map(alerting_rule).collect())
}

fn alerting_rule(text: &str) -> AlertingRule {
    // Up to the next rule or group.
    let end = ["\n      - ", "\n  - name: "].iter().filter_map(|next| text.find(next)).min();
    let text = &text[..end.unwrap_or(text.len())];
    AlertingRule {
        name: text.lines().next().unwrap_or_default().to_owned(),
        expression: block(text, "expr"),
        severity: value(text, "severity").trim_end_matches(" }").to_owned(),
        summary: block(text, "summary"),
        runbook_url: value(text, "runbook_url").to_owned(),
    }
}

/// The names that recording rules give.
pub fn recorded_names() -> io::Result<BTreeSet<String>> {
    let text = text_of("rules")?;
    let records = text.split("- record: ").skip(1);
    Ok(records.map(|text| text.lines().next().unwrap_or_default().to_owned()).collect())
}

/// Every test of an alert in `deploy/rules/tests`.
pub fn rule_tests() -> io::Result<Vec<RuleTest>> {
    let text = text_of("rules/tests")?;
    let tests = text.split("alertname: ").skip(1).map(|text| RuleTest {
        alert: text.lines().next().unwrap_or_default().to_owned(),
        fires: !text.lines().nth(1).unwrap_or_default().ends_with("exp_alerts: []"),
    });
    Ok(tests.collect())
}

/// What follows `key: ` on its line.
fn value<'t>(text: &'t str, key: &str) -> &'t str {
    let rest = text.split_once(&format!("{key}: ")).map_or("", |(_, rest)| rest);
    rest.lines().next().unwrap_or_default()
}

/// The value of `key`, on its line or folded below it.
fn block(text: &str, key: &str) -> String {
    let mut lines =
        text.lines().skip_while(|line| !line.trim_start().starts_with(&format!("{key}:")));
    let Some(first) = lines.next() else { return String::new() };
    let inline = first.split_once(": ").map_or("", |(_, value)| value);
    if inline != ">-" {
        return inline.to_owned();
    }
    let indent = |line: &str| line.len() - line.trim_start().len();
    let own = indent(first);
    lines.take_while(|line| indent(line) > own).map(str::trim).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "A\n        expr: >-\n          x\n          > 1\n        for: 1m\n        \
        labels: { severity: high }\n        annotations:\n          summary: >-\n            One\n            \
        two.\n          runbook_url: file:///A.md\n      - alert: B\n        expr: y\n";

    #[test]
    fn a_rule_ends_where_the_next_begins() {
        let rule = alerting_rule(RULE);
        assert_eq!((rule.name.as_str(), rule.expression.as_str()), ("A", "x > 1"));
        assert_eq!((rule.severity.as_str(), rule.summary.as_str()), ("high", "One two."));
        assert_eq!(rule.runbook_url, "file:///A.md");
        assert_eq!(alerting_rule("B\n        expr: y\n").expression, "y");
    }
}
