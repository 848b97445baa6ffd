//! Dashboards are whole, and a real Prometheus that scraped a real agent has something to say to
//! each of their queries. There is no Grafana here: how they look is not tested, their layout is.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use tests::agent::{Agent, Scratch, Settings, WEB_PORT, is_installed, wait_until};
use tests::deploy::{Dashboard, deployed, unknown_metrics};
use tests::lab::{Lab, Namespace};
use tests::prometheus::Prometheus;
use tests::sweep;

const COLUMNS: u32 = 24;
const PATIENCE: Duration = Duration::from_secs(60);
const HOSPITAL: &[u8] = include_bytes!("../corpus/hospital.pcap");
/// Roles, a receiver that is away, and run statistics, so that panels have what they show.
const MORE: &str = "[alertmanager]\nurls = [\"http://127.0.0.1:9\"]\n\n\
    [[role]]\nname = \"pacs\"\napplications = [\"dicom\"]\n";

#[test]
fn panels_are_whole_and_have_places_of_their_own() {
    let mut uids = BTreeSet::new();
    let dashboards = Dashboard::all().unwrap();
    assert_eq!(dashboards.len(), 3);
    for dashboard in &dashboards {
        let title = &dashboard.title;
        assert_eq!(dashboard.schema_version, 39, "{title}");
        assert!(uids.insert(&dashboard.uid), "{title}: uid");
        let variables: Vec<_> = dashboard
            .templating
            .list
            .iter()
            .map(|each| (each.name.as_str(), each.kind.as_str()))
            .collect();
        assert_eq!(variables[..2], [("datasource", "datasource"), ("sensor", "query")], "{title}");
        let ids: BTreeSet<_> = dashboard.panels.iter().map(|panel| panel.id).collect();
        assert_eq!(ids.len(), dashboard.panels.len(), "{title}: ids");
        let names: BTreeSet<_> = dashboard.panels.iter().map(|panel| &panel.title).collect();
        assert_eq!(names.len(), dashboard.panels.len(), "{title}: titles");
        for (position, panel) in dashboard.panels.iter().enumerate() {
            let place = panel.grid_pos;
            assert!(place.w > 0 && place.h > 0 && place.x + place.w <= COLUMNS, "{panel:?}");
            let below = dashboard.panels[..position].iter();
            let other = below.into_iter().find(|other| other.grid_pos.overlaps(&place));
            assert!(other.is_none(), "{title}: {} lies on {other:?}", panel.title);
        }
        for panel in dashboard.panels.iter().filter(|panel| !panel.is_row()) {
            let of_variable = json!({"type": "prometheus", "uid": "${datasource}"});
            assert_eq!(panel.datasource.as_ref(), Some(&of_variable), "{}", panel.title);
            assert!(
                !panel.targets.is_empty() && panel.description.ends_with('.'),
                "{}",
                panel.title
            );
            for target in &panel.targets {
                assert_eq!(target.datasource, of_variable, "{}", panel.title);
                let is_of_rules = target.expr.starts_with("ALERTS");
                assert!(is_of_rules || target.expr.contains("$sensor"), "{}", target.expr);
                let unknown = unknown_metrics(&target.expr, &BTreeSet::new());
                assert_eq!(unknown, [""; 0], "{}: a dashboard needs no rules", panel.title);
            }
            let references: BTreeSet<_> = panel.targets.iter().map(|each| &each.ref_id).collect();
            assert_eq!(references.len(), panel.targets.len(), "{}", panel.title);
        }
    }
}

/// An expression as Grafana would send it, over all sensors.
fn filled_in(expression: &str) -> String {
    ["$sensor", "$interface", "$role"]
        .iter()
        .fold(expression.to_owned(), |text, variable| text.replace(variable, ".*"))
        .replace("$__rate_interval", "10s")
}

fn start_prometheus(namespace: &Namespace, scratch: &Scratch) -> Prometheus {
    let rules = deployed("rules/*.yml");
    let configuration = format!(
        "global:\n  scrape_interval: 1s\n  evaluation_interval: 1s\nrule_files:\n- {}\n\
         scrape_configs:\n- job_name: wardline\n  static_configs:\n  - targets: \
         [\"127.0.0.1:{WEB_PORT}\"]\n",
        rules.display()
    );
    Prometheus::start(namespace, scratch, &configuration).unwrap()
}

/// The frames of the recording.
fn recorded() -> Vec<&'static [u8]> {
    let mut rest = &HOSPITAL[24..];
    let mut frames = Vec::new();
    while let Some((header, after)) = rest.split_first_chunk::<16>() {
        let length = u32::from_le_bytes([header[8], header[9], header[10], header[11]]) as usize;
        let (frame, after) = after.split_at(length);
        frames.push(frame);
        rest = after;
    }
    frames
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn prometheus_answers_every_query_of_every_panel() {
    if !is_installed("prometheus") {
        println!(
            "NOT RUN: prometheus_answers_every_query_of_every_panel: prometheus is not installed"
        );
        return;
    }
    let lab = Lab::new("dash").unwrap();
    let wire = lab.wire().unwrap();
    let namespace = &wire.receiver.namespace;
    let settings = Settings { more: MORE.to_owned(), ..Settings::on(&["rx0"]) };
    let _agent = Agent::start(namespace, settings).unwrap();
    let scratch = Scratch::make("dashboards").unwrap();
    let prometheus = start_prometheus(namespace, &scratch);
    let frames = recorded();
    let send = || {
        assert_eq!(
            wire.sender.inject(&frames).unwrap().unwrap().sent,
            frames.len() as u64,
            "every recorded frame is sent"
        );
        wire.sender.inject(sweep::probes(50)).unwrap().unwrap();
    };
    let is_up = |expression: &str| prometheus.sample(expression).is_some();
    // Rates need two scrapes that differ.
    wait_until(PATIENCE, || is_up("wardline_ready").then_some(())).expect("a scrape");
    let mut sent = 0;
    let is_alerting = wait_until(PATIENCE, || {
        send();
        sent += 1;
        let has_sent_enough = sent >= 4;
        (has_sent_enough && is_up("wardline_alerts_total") && is_up("ALERTS")).then_some(())
    });
    is_alerting.expect("alerts of the agent and of the rules");
    let (mut queries, mut empty) = (0, Vec::new());
    for dashboard in Dashboard::all().unwrap() {
        for panel in dashboard.panels.iter().filter(|panel| !panel.is_row()) {
            for target in &panel.targets {
                let expression = filled_in(&target.expr);
                let ask_on = || {
                    send();
                    let found = prometheus.query(&expression);
                    found.map(|found| (!found.is_empty()).then_some(())).unwrap_or_else(|error| {
                        panic!("{}, {}: {error}: {expression}", dashboard.title, panel.title)
                    })
                };
                queries += 1;
                let patience = if panel.is_normally_empty() {
                    Duration::ZERO
                } else {
                    Duration::from_secs(15)
                };
                if wait_until(patience, ask_on).is_none() {
                    empty.push((panel.title.clone(), target.ref_id.clone()));
                    assert!(
                        panel.is_normally_empty(),
                        "{}, {}: no answer to {expression}",
                        dashboard.title,
                        panel.title
                    );
                }
            }
        }
        for variable in dashboard.templating.list.iter().filter(|each| each.kind == "query") {
            let values = variable.definition.strip_prefix("label_values(").unwrap();
            let (series, label) = values.trim_end_matches(')').split_once(", ").unwrap();
            let path = format!("/api/v1/label/{label}/values");
            let answer = prometheus.ask(&path, "match[]", series).unwrap();
            assert!(!answer["data"].as_array().unwrap().is_empty(), "{answer}");
        }
    }
    println!("{queries} queries; empty, as their panels say: {empty:?}");
    assert!(queries > 60);
}
