//! What one agent recorded of a flow, the next one does not record again.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::thread;
use std::time::Duration;

use serde_json::Value;
use tests::agent::{Agent, Settings, wait_until};
use tests::frames::FrameGenerator;
use tests::lab::{Lab, Wire};

const PATIENCE: Duration = Duration::from_secs(20);
const FRAMES: u64 = 20_000;

struct Relay<'a> {
    wire: &'a Wire,
    agent: Agent,
    sent: u64,
}

impl<'a> Relay<'a> {
    fn start(wire: &'a Wire, more: &str) -> Self {
        let settings = Settings { persist: true, more: more.into(), ..Settings::on(&["rx0"]) };
        let agent = Agent::start(&wire.receiver.namespace, settings).unwrap();
        Self { wire, agent, sent: 0 }
    }

    /// The same conversations each time, so that most are under way whenever the agent ends.
    fn send(&mut self) {
        let frames = FrameGenerator::new(9).take(FRAMES as usize).map(|specimen| specimen.octets);
        let report = self.wire.sender.inject(frames).unwrap().unwrap();
        assert_eq!(report.sent, FRAMES, "{:?}", report.refused);
        self.sent += FRAMES;
    }

    /// Waits until the books are closed, and gives the packets that were counted in flows.
    fn counted(&self) -> u64 {
        let closed = wait_until(PATIENCE, || {
            let metrics = self.agent.metrics().unwrap();
            let [counted, undissected, lost] = metrics.fates();
            let all = self.sent + metrics.encapsulated();
            (counted + undissected + lost == all && lost == 0).then_some(counted)
        });
        closed.expect("the books are closed and nothing is lost").0
    }

    /// Packets in the records of flows so far, and how many records there are.
    fn recorded(&self) -> (u64, usize) {
        let flows = self.agent.events("flow");
        let packets = |flow: &Value| {
            ["pkts_toserver", "pkts_toclient"]
                .map(|name| flow["flow"][name].as_u64().unwrap())
                .iter()
                .sum::<u64>()
        };
        (flows.iter().map(packets).sum(), flows.len())
    }
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn records_of_agents_that_follow_in_order_add_up_to_what_was_counted() {
    let lab = Lab::new("takeover").unwrap();
    let wire = lab.wire().unwrap();
    let mut relay = Relay::start(&wire, "");
    for round in 0..4 {
        relay.send();
        let counted = relay.counted();
        assert!(relay.agent.stop().unwrap().success());
        let (recorded, records) = relay.recorded();
        println!("round {round}: {counted} counted, {recorded} recorded in {records} records");
        assert_eq!(recorded, counted, "round {round}");
        // Also what comes while no agent runs.
        relay.send();
        relay.agent.start_again().unwrap();
    }
    let counted = relay.counted();
    assert!(relay.agent.stop().unwrap().success());
    assert_eq!(relay.recorded().0, counted);
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn after_a_kill_what_was_under_way_is_not_recorded_from_its_beginning_again() {
    let lab = Lab::new("takeover-killed").unwrap();
    let wire = lab.wire().unwrap();
    let mut relay = Relay::start(&wire, "[flow]\nidle_timeout = \"1s\"\n");
    for _ in 0..3 {
        relay.send();
        relay.counted();
        // All began longer ago than flows may rest.
        thread::sleep(Duration::from_millis(1600));
        relay.agent.kill().unwrap();
        relay.agent.start_again().unwrap();
    }
    let before = relay.counted();
    relay.send();
    let counted = relay.counted();
    assert!(relay.agent.stop().unwrap().success());
    let (recorded, records) = relay.recorded();
    println!("{counted} counted, {before} before the last agent; {recorded} in {records} records");
    // The agents that were killed took with them what they had not recorded.
    assert!((counted - before..=counted).contains(&recorded));
}
