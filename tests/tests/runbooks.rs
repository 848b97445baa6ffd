//! Every alert has a runbook, no runbook is of an alert that is none, and what they tell an operator
//! to type exists.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use clap::Parser as _;
use sensor::command::Arguments;
use sensor::detect::desk::{DIGEST, RUNBOOKS};
use sensor::detect::listing;
use tests::agent::{Scratch, is_installed};
use tests::deploy::{alerting_rules, deployed, recorded_names, stems, unknown_metrics};

const SECTIONS: [&str; 5] =
    ["What it means", "Safe first action", "Do not", "Confirm", "When it is benign"];
/// Programs of the system that runbooks have an operator run.
const PROGRAMS: [&str; 6] = ["df ", "ethtool ", "ip ", "journalctl ", "systemctl ", "timedatectl"];

fn runbooks() -> BTreeMap<String, String> {
    let directory = deployed("runbooks");
    let names = stems(&directory, "md").unwrap();
    let read = |name: &String| fs::read_to_string(directory.join(format!("{name}.md"))).unwrap();
    names.into_iter().map(|name| (name.clone(), read(&name))).collect()
}

/// What stands between a heading and the next.
fn section<'t>(text: &'t str, heading: &str) -> &'t str {
    let rest = text.split_once(&format!("\n## {heading}\n\n")).map_or("", |(_, rest)| rest);
    rest.split("\n## ").next().unwrap_or_default().trim_end()
}

/// The lines that an operator types.
fn typed(text: &str) -> Vec<&str> {
    section(text, "Confirm").lines().filter_map(|line| line.strip_prefix("    ")).collect()
}

fn is_command(line: &str) -> bool {
    line.starts_with("wardline ") || PROGRAMS.iter().any(|program| line.starts_with(program))
}

#[test]
fn every_alert_has_a_runbook_and_every_runbook_an_alert() {
    let of_rules = alerting_rules().unwrap().into_iter().map(|rule| rule.name);
    let of_agent = listing::lines().into_iter().map(|line| line.name);
    let alerts: BTreeSet<String> = of_rules.chain(of_agent).chain([DIGEST.1.to_owned()]).collect();
    let runbooks: BTreeSet<String> = runbooks().into_keys().collect();
    println!("{} alerts", alerts.len());
    let difference: Vec<_> = alerts.symmetric_difference(&runbooks).collect();
    assert_eq!(difference, [""; 0], "alerts without a runbook, or runbooks without an alert");
}

#[test]
fn every_runbook_says_what_is_promised() {
    let shared = runbooks();
    for (name, text) in &shared {
        assert!(text.starts_with(&format!("# {name}")), "{name}");
        for heading in SECTIONS {
            assert!(section(text, heading).len() > 5, "{name} says nothing under {heading}");
        }
        assert!(!typed(text).is_empty(), "{name} tells nothing to type");
    }
    for line in listing::lines() {
        let facts = format!(
            "\n{}, {}, ",
            line.id,
            if line.is_threshold { "threshold" } else { "detection" }
        );
        let head = shared[&line.name].split("\n## ").next().unwrap();
        assert!(head.contains(&facts), "{} should say {facts}", line.name);
        assert!(head.contains(&format!(", {}.", line.severity.name())), "{}: severity", line.name);
    }
    for rule in alerting_rules().unwrap() {
        let facts = format!("\nPrometheus, {}: ", rule.severity);
        assert!(shared[&rule.name].contains(&facts), "{} should say {facts}", rule.name);
    }
}

#[test]
fn rules_link_to_where_the_agent_links_by_default() {
    for rule in alerting_rules().unwrap() {
        assert_eq!(rule.runbook_url, RUNBOOKS.replace("{name}", &rule.name));
    }
}

#[test]
fn commands_in_runbooks_are_commands_of_the_agent() {
    let mut tried = 0;
    for (name, text) in runbooks() {
        let own = typed(&text).into_iter().filter(|line| line.starts_with("wardline "));
        for line in own {
            let command = line.split(" | ").next().unwrap_or_default();
            let words = command.split_whitespace().map(|word| match word {
                "ID" | "DEVICE" => "7",
                word => word,
            });
            let parsed = Arguments::try_parse_from(words);
            assert!(parsed.is_ok(), "{name}: {line}: {}", parsed.unwrap_err());
            tried += 1;
        }
        for detection in text.split("`wardline detections ").skip(1) {
            assert_eq!(detection.split('`').next(), Some(name.as_str()));
        }
    }
    assert!(tried > 100, "{tried} commands");
}

#[test]
fn expressions_in_runbooks_ask_for_what_exists() {
    let recorded = recorded_names().unwrap();
    for (name, text) in runbooks() {
        for line in typed(&text).into_iter().filter(|line| !is_command(line)) {
            assert_eq!(unknown_metrics(line, &recorded), [""; 0], "{name}: {line}");
        }
    }
}

#[test]
#[ignore = "needs promtool"]
fn expressions_in_runbooks_are_promql() {
    if !is_installed("promtool") {
        println!("NOT RUN: expressions_in_runbooks_are_promql: promtool is not installed");
        return;
    }
    let mut rules = "groups:\n- name: runbooks\n  rules:\n".to_owned();
    let mut count = 0;
    for text in runbooks().values() {
        for line in typed(text).into_iter().filter(|line| !is_command(line)) {
            rules += &format!("  - record: expression_{count}\n    expr: '{line}'\n");
            count += 1;
        }
    }
    let scratch = Scratch::make("runbooks").unwrap();
    let file = scratch.write("rules.yml", rules).unwrap();
    let output = Command::new("promtool").args(["check", "rules"]).arg(file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    println!("{count} expressions");
    assert!(output.status.success() && count > 40, "{said}");
}
