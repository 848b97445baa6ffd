//! What packages install beside the agent: completions that each shell reads, manual pages that man
//! formats without complaint, and the version.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::process::Command;

use serde_json::Value;
use tests::agent::{Scratch, is_installed, wardline};

fn said(arguments: &[&str]) -> String {
    let output = wardline(arguments).unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn shells_read_their_completions() {
    let scratch = Scratch::make("completions").unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let script = said(&["completions", shell]);
        for word in ["alerts", "suppressions", "unknown"] {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
        let file = scratch.write(&format!("wardline.{shell}"), script).unwrap();
        if !is_installed(shell) {
            println!("NOT RUN: shells_read_their_completions: {shell} is not installed");
            continue;
        }
        let output = Command::new(shell).arg("-n").arg(&file).output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && complaint.is_empty(), "{shell}: {complaint}");
    }
    let completed = "source \"$1\"; COMP_WORDS=(wardline alerts un); COMP_CWORD=2; \
                     _wardline wardline un alerts; echo \"${COMPREPLY[*]}\"";
    let file = scratch.join("wardline.bash");
    let output = Command::new("bash").args(["-c", completed, "bash"]).arg(file).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "unsuppress\n");
}

#[test]
fn there_is_a_manual_page_for_each_command() {
    let scratch = Scratch::make("man").unwrap();
    said(&["man", "--directory", scratch.path().to_str().unwrap()]);
    assert!(said(&["man"]).contains(".TH"));
    for page in ["wardline", "wardline-run", "wardline-config-check", "wardline-alerts-explain"] {
        let file = scratch.join(&format!("{page}.1"));
        assert!(file.is_file(), "{page}");
        if !is_installed("groff") {
            println!("NOT RUN: there_is_a_manual_page_for_each_command: groff is not installed");
            continue;
        }
        let output = Command::new("groff").args(["-ww", "-man", "-Tutf8"]).arg(&file).output();
        let output = output.unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && complaint.is_empty(), "{page}: {complaint}");
        assert!(!output.stdout.is_empty());
    }
    assert!(!scratch.join("wardline-verify.1").exists(), "a hidden command has a page");
}

#[test]
fn the_version_is_said_to_people_and_to_programs() {
    let version = env!("CARGO_PKG_VERSION");
    assert!(said(&["version"]).starts_with(&format!("wardline {version}, layout ")));
    let answer: Value = serde_json::from_str(&said(&["version", "--json"])).unwrap();
    assert_eq!((&answer["schema"], &answer["version"]), (&"version/v1".into(), &version.into()));
    assert!(answer["layout"].as_u64().is_some());
}
