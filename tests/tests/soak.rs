//! The agent is killed and replaced by another build under load; a short run of `cargo xtask soak
//! kill`.

use tests::soak::{Plan, kill};

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn no_frame_is_dropped_or_uncounted_and_no_counter_falls_while_the_agent_is_killed_and_upgraded() {
    let plan = Plan { kills: 12, upgrades: 12, rate: 20_000, seed: 7, other: None };
    let outcome = kill::run(&plan, |line| println!("{line}")).unwrap();
    println!("{}", outcome.text());
    assert_eq!(outcome.faults(), Vec::<String>::new());
    assert_eq!((outcome.kills, outcome.upgrades), (12, 12));
    assert!(outcome.frames.sent > 100_000, "{:?}", outcome.frames);
    assert_eq!((outcome.tags.len(), outcome.links.len()), (2, 1));
}
