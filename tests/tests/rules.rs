//! Every alerting rule is tested by promtool both ways, speaks of metrics that exist, and says what
//! to do.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::collections::BTreeSet;
use std::process::Command;

use tests::agent::is_installed;
use tests::deploy::{alerting_rules, recorded_names, rule_files, rule_tests, unknown_metrics};

const SEVERITIES: [&str; 6] = ["none", "info", "low", "medium", "high", "critical"];
/// Fires always: there is nothing that it does not fire at.
const WATCHDOG: &str = "WardlineWatchdog";

/// What promtool says of the files, which must be no complaint.
fn promtool(words: &[&str], directory: &str) {
    let output =
        Command::new("promtool").args(words).args(rule_files(directory).unwrap()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    println!("{said}");
    assert!(output.status.success() && said.contains("SUCCESS"), "{}", output.status);
}

#[test]
#[ignore = "needs promtool"]
fn promtool_accepts_the_rules_and_they_pass_their_tests() {
    if !is_installed("promtool") {
        println!(
            "NOT RUN: promtool_accepts_the_rules_and_they_pass_their_tests: promtool is not \
             installed"
        );
        return;
    }
    promtool(&["check", "rules"], "rules");
    promtool(&["test", "rules"], "rules/tests");
}

#[test]
fn every_alert_is_tested_where_it_fires_and_where_it_does_not() {
    let tests = rule_tests().unwrap();
    for rule in alerting_rules().unwrap() {
        let tested =
            |fires: bool| tests.iter().any(|test| test.alert == rule.name && test.fires == fires);
        assert!(tested(true), "{} has no test in which it fires", rule.name);
        assert!(tested(false) || rule.name == WATCHDOG, "{} is not tested silent", rule.name);
    }
    let names: BTreeSet<_> = alerting_rules().unwrap().into_iter().map(|rule| rule.name).collect();
    let orphan = tests.iter().find(|test| !names.contains(&test.alert));
    assert_eq!(orphan, None, "a test of a rule that is none");
}

#[test]
fn every_alert_has_a_severity_a_summary_and_metrics_that_exist() {
    let recorded = recorded_names().unwrap();
    let rules = alerting_rules().unwrap();
    println!("{} alerting rules, {} recorded names", rules.len(), recorded.len());
    assert!(!rules.is_empty() && !recorded.is_empty());
    let mut names = BTreeSet::new();
    for rule in rules {
        assert!(SEVERITIES.contains(&rule.severity.as_str()), "{rule:?}");
        assert!(rule.summary.len() > 20 && rule.summary.ends_with('.'), "{rule:?}");
        assert!(!rule.expression.is_empty(), "{rule:?}");
        let unknown = unknown_metrics(&rule.expression, &recorded);
        assert_eq!(unknown, [""; 0], "{} asks for what nobody exports", rule.name);
        assert!(names.insert(rule.name.clone()), "{} is there twice", rule.name);
    }
}

#[test]
fn recording_rules_ask_for_metrics_that_exist() {
    let recorded = recorded_names().unwrap();
    for file in rule_files("rules").unwrap() {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        let rules = code.filter(|line| !line.contains("name: ")).collect::<Vec<_>>().join("\n");
        assert_eq!(unknown_metrics(&rules, &recorded), [""; 0], "{}", file.display());
    }
}
