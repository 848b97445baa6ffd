//! A real Prometheus scrapes the agent, its own linter finds nothing to say, and the pages for
//! health and readiness mean what they say.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use tests::agent::{Agent, Scratch, Settings, WEB_PORT, is_installed, wait_until};
use tests::frames::{FrameGenerator, MacAddress};
use tests::lab::{Lab, Namespace, Port};
use tests::prometheus::Prometheus;

const PATIENCE: Duration = Duration::from_secs(30);

fn start_prometheus(namespace: &Namespace, scratch: &Scratch) -> Prometheus {
    let configuration = format!(
        "global:\n  scrape_interval: 1s\nscrape_configs:\n- job_name: wardline\n  \
         static_configs:\n  - targets: [\"127.0.0.1:{WEB_PORT}\"]\n"
    );
    Prometheus::start(namespace, scratch, &configuration).unwrap()
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn prometheus_scrapes_what_was_received() {
    if !is_installed("prometheus") {
        println!("NOT RUN: prometheus_scrapes_what_was_received: prometheus is not installed");
        return;
    }
    let lab = Lab::new("prom").unwrap();
    let wire = lab.wire().unwrap();
    let namespace = &wire.receiver.namespace;
    let agent = Agent::start(namespace, Settings::on(&["rx0"])).unwrap();
    let scratch = Scratch::make("prometheus").unwrap();
    let prometheus = start_prometheus(namespace, &scratch);
    let frames = FrameGenerator::new(5).take(5_000).map(|specimen| specimen.octets);
    let sent = wire.sender.inject(frames).unwrap().unwrap().sent as f64;
    let scraped = |expression: &str, value: f64| {
        let found =
            wait_until(PATIENCE, || (prometheus.sample(expression) == Some(value)).then_some(()));
        let last = prometheus.sample(expression);
        assert!(found.is_some(), "{expression} is {last:?}, not {value}");
    };
    scraped("up", 1.0);
    scraped("wardline_frames_received_total", sent);
    let counted_once = "sum(wardline_frames_total)-sum(wardline_frames_encapsulated_total)";
    scraped(counted_once, sent);
    scraped("wardline_ready", 1.0);
    scraped("sum(wardline_interface_frames_total{interface=\"rx0\"})", sent);
    let series = prometheus.sample("scrape_samples_scraped").unwrap();
    println!("{series} series in a scrape, {sent} frames");
    drop(agent);
    scraped("up", 0.0);
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn promtool_finds_nothing_to_say_about_the_page() {
    if !is_installed("promtool") {
        println!(
            "NOT RUN: promtool_finds_nothing_to_say_about_the_page: promtool is not installed"
        );
        return;
    }
    let lab = Lab::new("lint").unwrap();
    let wire = lab.wire().unwrap();
    let agent = Agent::start(&wire.receiver.namespace, Settings::on(&["rx0"])).unwrap();
    let frames = FrameGenerator::new(6).take(20_000).map(|specimen| specimen.octets);
    // The sweep first: once the generator's stations fill the endpoint table, nobody new is known.
    let frames = tests::sweep::probes(50).chain(frames);
    let sent = wire.sender.inject(frames).unwrap().unwrap().sent;
    wait_until(PATIENCE, || {
        let metrics = agent.metrics().unwrap();
        let is_full = metrics.received() == sent && metrics.sum("wardline_alerts_firing", &[]) > 0;
        is_full.then_some(())
    })
    .expect("every family has something to show");
    let (status, page) = agent.fetch("/metrics").unwrap();
    assert_eq!(status, 200);
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    println!("{} octets, {} lines", page.len(), page.lines().count());
    assert!(output.status.success() && said.is_empty(), "{}: {said}", output.status);
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn agent_is_healthy_at_once_and_ready_once_every_interface_is_attached() {
    let lab = Lab::new("ready").unwrap();
    let wire = lab.wire().unwrap();
    let namespace = &wire.receiver.namespace;
    let mut agent = Agent::launch(namespace, Settings::on(&["rx0", "rx1"])).unwrap();
    agent.wait_until_healthy().unwrap();
    let (status, said) = agent.fetch("/readyz").unwrap();
    assert_eq!(status, 503);
    assert!(said.contains("1 configured"), "{said}");
    assert_eq!(agent.metrics().unwrap().count("wardline_ready", &[]), 0);
    let other = Port::new(&wire.sender.namespace, "tx1", MacAddress::vendor(0x02_574c, 3));
    lab.veth(&other, &Port::new(namespace, "rx1", MacAddress::vendor(0x02_574c, 4))).unwrap();
    let ready = agent.wait_until_ready().unwrap();
    println!("ready {ready:.2?} after the interface appeared");
    assert!(ready <= Duration::from_secs(2));
    assert_eq!(agent.fetch("/readyz").unwrap(), (200, "ready\n".to_owned()));
    assert_eq!(agent.fetch("/healthz").unwrap(), (200, "healthy\n".to_owned()));
    assert_eq!(agent.metrics().unwrap().count("wardline_ready", &[]), 1);
    namespace.ip(&["link", "delete", "rx1"]).unwrap();
    let unready = wait_until(PATIENCE, || (agent.fetch("/readyz").unwrap().0 == 503).then_some(()));
    assert!(unready.is_some());
    assert_eq!(agent.fetch("/nowhere").unwrap().0, 404);
}
