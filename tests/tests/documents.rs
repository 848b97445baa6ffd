//! What the documents tell readers to type, to write and to expect.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::collections::BTreeSet;
use std::process::Command;

use clap::Parser as _;
use clap::error::ErrorKind;
use sensor::command::Arguments;
use sensor::config::{Config, Overrides, Web};
use sensor::export::eve::schema;
use sensor::web::Access;
use serde_json::Value;
use tests::agent::{Scratch, is_installed};
use tests::documents::{self, NOT_RUN, Page, checker, filled, invocations, pages};
use tests::siem::Authority;

/// What clap has against a command line.
fn complaint(words: &[String]) -> Option<clap::Error> {
    let words = std::iter::once("wardline".to_owned()).chain(filled(words));
    Arguments::try_parse_from(words)
        .err()
        .filter(|error| !matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion))
}

#[test]
fn every_wardline_command_is_one_that_the_program_knows() {
    let mut known = 0;
    for page in pages().unwrap() {
        for fence in page.fences.iter().filter(|fence| fence.language == "sh") {
            for words in invocations(&fence.text, &["wardline"]) {
                known += 1;
                let complaint = complaint(&words);
                assert!(complaint.is_none(), "{}:{}: {complaint:?}", page.name, fence.line);
            }
        }
        for line in page.indented() {
            for words in invocations(line.trim_start(), &["wardline"]) {
                known += 1;
                let complaint = complaint(&words);
                assert!(complaint.is_none(), "{}: {line}: {complaint:?}", page.name);
            }
        }
        // In prose a command may be cut short, but not invented.
        let spans = page.spans();
        for span in spans.iter().filter(|span| span.starts_with("wardline ")) {
            for words in invocations(span, &["wardline"]) {
                known += 1;
                let complaint = complaint(&words).filter(|error| {
                    matches!(
                        error.kind(),
                        ErrorKind::UnknownArgument
                            | ErrorKind::InvalidSubcommand
                            | ErrorKind::InvalidValue
                            | ErrorKind::ValueValidation
                    )
                });
                assert!(complaint.is_none(), "{}: `{span}`: {complaint:?}", page.name);
            }
        }
    }
    for unit in documents::files("deploy", "service").unwrap() {
        let text = std::fs::read_to_string(&unit).unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix("Exec")?.split_once('='));
        for (_, line) in lines {
            for words in invocations(line.trim_start_matches(['+', '-', '!', '@']), &["wardline"]) {
                known += 1;
                let complaint = complaint(&words);
                assert!(complaint.is_none(), "{}: {line}: {complaint:?}", unit.display());
            }
        }
    }
    println!("{known} commands");
    assert!(known > 100, "{known} commands were found");
}

#[test]
fn every_xtask_command_is_one_that_it_knows() {
    let mut lines = BTreeSet::new();
    for page in pages().unwrap() {
        let fences = page.fences.iter().filter(|fence| fence.language == "sh");
        let texts = fences.map(|fence| fence.text.clone()).chain(page.spans());
        for text in texts {
            for words in invocations(&text, &["cargo", "xtask"]) {
                lines.insert((filled(&words), page.name.clone()));
            }
        }
    }
    assert!(lines.len() > 10, "{lines:?}");
    let cargo = std::env::var("CARGO").unwrap_or("cargo".into());
    let built = Command::new(cargo).args(["build", "--quiet", "--package", "xtask"]).status();
    assert!(built.unwrap().success());
    // This test lies in `deps`, beside which cargo puts programs.
    let xtask = std::env::current_exe().unwrap().parent().unwrap().with_file_name("xtask");
    for (words, page) in lines {
        // Words that are unknown are refused before the help is given.
        let output = Command::new(&xtask).args(&words).arg("--help").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{page}: cargo xtask {words:?}: {said}");
    }
}

#[test]
fn no_command_hides_where_no_test_looks() {
    for page in pages().unwrap() {
        // What runbooks say to do is about what an alert told; queries stand beside commands there.
        let is_runbook = page.name.starts_with("deploy/runbooks/");
        for line in page.indented().filter(|_| !is_runbook) {
            let is_command = ["wardline ", "cargo ", "target/", "apt "]
                .iter()
                .any(|start| line.trim_start().starts_with(start));
            assert!(!is_command, "{}: fence this off as `sh`: {line}", page.name);
        }
        for fence in &page.fences {
            let is_hidden = matches!(fence.language.as_str(), "" | "bash" | "shell" | "console");
            assert!(!is_hidden, "{}:{}: say `sh`, or what it is", page.name, fence.line);
            let reason = fence.not_run.as_deref();
            assert!(
                reason.is_none_or(|reason| NOT_RUN.contains(&reason)),
                "{}:{}: {reason:?} is no reason that is known",
                page.name,
                fence.line
            );
        }
    }
}

#[test]
fn every_link_leads_somewhere() {
    for page in pages().unwrap() {
        let broken = page.broken_links();
        assert!(broken.is_empty(), "{}: {broken:?}", page.name);
    }
}

#[test]
fn every_configuration_is_valid() {
    let mut valid = 0;
    for page in pages().unwrap() {
        for fence in page.fences.iter().filter(|fence| fence.language == "toml") {
            let result = Config::parse(page.name.as_ref(), &fence.text, &Overrides::default());
            assert!(result.is_ok(), "{}:{}: {}", page.name, fence.line, result.unwrap_err());
            valid += 1;
        }
    }
    for file in documents::files("deploy", "toml").unwrap() {
        let text = std::fs::read_to_string(&file).unwrap();
        let result = Config::parse(&file, &text, &Overrides::default());
        assert!(result.is_ok(), "{}", result.unwrap_err());
        valid += 1;
    }
    println!("{valid} configurations");
    assert!(valid >= 8);
}

#[test]
fn every_record_that_is_shown_validates() {
    let validator = jsonschema::validator_for(&schema::schema()).unwrap();
    let mut events = 0;
    for page in pages().unwrap() {
        for fence in page.fences.iter().filter(|fence| fence.language == "json") {
            let record: Value = serde_json::from_str(&fence.text)
                .unwrap_or_else(|error| panic!("{}:{}: {error}", page.name, fence.line));
            if record.get("event_type").is_none() {
                continue;
            }
            events += 1;
            let errors: Vec<_> =
                validator.iter_errors(&record).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{}:{}: {errors:?}", page.name, fence.line);
        }
    }
    assert!(events >= 5, "{events} events");
}

/// What a snippet needs to be a whole file.
fn completed(kind: documents::Checker, text: &str, scratch: &Scratch) -> String {
    let mut text = text.to_owned();
    match kind {
        documents::Checker::Alertmanager => {
            if !text.contains("route:") {
                text.push_str("\nroute:\n  receiver: x\n");
            }
            if !text.contains("receivers:") {
                text.push_str("\nreceivers:\n  - name: x\n");
            }
            text
        }
        documents::Checker::Web => {
            lay_out_certificates(&text, scratch);
            text.replace("/etc/wardline/", &format!("{}/", scratch.path().display()))
        }
        documents::Checker::Prometheus | documents::Checker::Rules => text,
    }
}

/// The certificates and keys that a web configuration names exist, beside it.
fn lay_out_certificates(text: &str, scratch: &Scratch) {
    let authority = Authority::make(scratch.path()).unwrap();
    let (certificate, key) = authority.issue("localhost").unwrap();
    for line in text.lines() {
        let Some((name, file)) = line.trim().split_once(": ") else { continue };
        let original = match name {
            "cert_file" => &certificate,
            "key_file" => &key,
            "client_ca_file" => &authority.certificate(),
            _ => continue,
        };
        let file = scratch.join(file.rsplit('/').next().unwrap());
        if file != *original {
            std::fs::copy(original, file).unwrap();
        }
    }
}

#[test]
fn prometheus_and_alertmanager_take_what_is_written_for_them() {
    let scratch = Scratch::make("yaml").unwrap();
    let mut judged = 0;
    for page in pages().unwrap() {
        for fence in page.fences.iter().filter(|fence| fence.language == "yaml") {
            let place = format!("{}:{}", page.name, fence.line);
            let kind = checker(&fence.text).unwrap_or_else(|| panic!("{place}: who reads this?"));
            let text = completed(kind, &fence.text, &scratch);
            let file = scratch.write("snippet.yml", &text).unwrap();
            if kind == documents::Checker::Web {
                let web = Web { config_file: Some(file.clone()), ..Web::default() };
                assert!(Access::load(&web).is_ok(), "{place}: {:?}", Access::load(&web).err());
                judged += 1;
                // Debian's promtool is older than this key.
                if text.contains("rate_limit") {
                    continue;
                }
            }
            if !is_installed(kind.program()) {
                println!("NOT RUN: {place}: {} is not installed", kind.program());
                continue;
            }
            let output = kind.command(file.to_str().unwrap()).output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{place}: {said}");
            judged += 1;
        }
    }
    println!("{judged} pieces of YAML");
}

/// Queries in a block are apart by empty lines.
#[test]
fn prometheus_can_parse_every_query() {
    if !is_installed("promtool") {
        println!("NOT RUN: prometheus_can_parse_every_query: promtool is not installed");
        return;
    }
    let mut rules = String::from("groups:\n- name: documents\n  rules:\n");
    for page in pages().unwrap() {
        for fence in page.fences.iter().filter(|fence| fence.language == "promql") {
            for query in fence.text.split("\n\n") {
                let query = query.replace('\n', "\n      ");
                rules += &format!("  - record: a:b\n    labels: {{ at: '{}' }}\n", fence.line);
                rules += &format!("    expr: |\n      {query}\n");
            }
        }
    }
    assert!(rules.matches("expr").count() >= 4, "{rules}");
    let scratch = Scratch::make("queries").unwrap();
    let file = scratch.write("rules.yml", &rules).unwrap();
    let output = documents::Checker::Rules.command(file.to_str().unwrap()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{rules}\n{said}");
}

fn is_run(page: &Page) -> bool {
    page.fences.iter().any(|fence| fence.language == "sh" && fence.not_run.is_none())
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN, CAP_SYS_ADMIN"]
fn every_command_runs() {
    let only = std::env::var("WARDLINE_DOCUMENT").ok();
    let pages = pages().unwrap();
    let asked =
        pages.iter().filter(|page| only.as_ref().is_none_or(|only| page.name.contains(only)));
    let (mut run, mut failed) = (0, Vec::new());
    for page in asked.filter(|page| is_run(page)) {
        let output = documents::run(page).unwrap().unwrap();
        run += 1;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr);
            println!("{} ({}):\n{said}", page.name, output.status);
            failed.push(&page.name);
        }
    }
    for page in &pages {
        for fence in page.fences.iter().filter(|fence| fence.language == "sh") {
            if let Some(reason) = &fence.not_run {
                println!("not run: {}:{}: {reason}", page.name, fence.line);
            }
        }
    }
    assert!(run > 0 && failed.is_empty(), "{run} documents were run, of which failed: {failed:?}");
}
