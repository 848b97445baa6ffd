//! The books of very many packets. Whatever is sent, however small the tables are, and whether or
//! not somebody reads the ring: every packet that the shipped program is given is in the flow table,
//! handed on, or counted as lost; and it is in the totals once as sent and once as received.

mod account;
mod scene;

use sensor::capture::host::TableSizes;
use sensor::capture::xdp::{XdpDatapath, XdpSettings};
use sensor_common::flow::WAYS;

pub use self::account::Account;
use self::scene::Scene;
use super::clock;
use super::error::BenchError;
use super::programs::Programs;

/// Slots of the flow table a CPU, from one set on.
const SLOTS: [u32; 6] = [4, 64, 1 << 10, 1 << 14, 1 << 17, 1 << 20];
/// Packets between two looks at the books.
const STRETCH: u64 = 400_000;
/// Of the rings of records one holds all of a stretch, the other is full after some thousands.
const ROOMY: u32 = 64 << 20;
const TIGHT: u32 = 1 << 20;
const NOTICES_RING: u32 = 1 << 20;
/// Fewer than there are senders, so that some are refused.
const ENDPOINTS: u32 = 512;
const SAMPLES_PER_SECOND: u32 = 100;

/// What one table was sent, and where it went.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub slots: u32,
    pub scene: &'static str,
    /// Whether the ring of records was read.
    pub is_read: bool,
    pub account: Account,
}

/// Sends `packets` in all, each scene to each size of table, with a reader and without; tells
/// `progress` what came of it, table by table, and how many packets were sent so far.
///
/// # Errors
///
/// [`BenchError::Unbalanced`] at the first stretch after which a packet or an octet is missing or is
/// counted twice; else when programs cannot be loaded or run, which needs root.
pub fn books(
    programs: &[u8],
    packets: u64,
    mut progress: impl FnMut(u64, &Entry),
) -> Result<(), BenchError> {
    clock::stay_on_this_cpu().map_err(BenchError::Affinity)?;
    let mut left_runs = (SLOTS.len() * Scene::ALL.len() * 2) as u64;
    let mut sent = 0;
    for slots in SLOTS {
        for scene in Scene::ALL {
            for is_read in [true, false] {
                let share = (packets - sent).div_ceil(left_runs);
                let account = run(programs, scene, slots, is_read, share)?;
                left_runs -= 1;
                sent += share;
                progress(sent, &Entry { slots, scene: scene.name(), is_read, account });
            }
        }
    }
    Ok(())
}

/// Sends `packets` to a new table, and looks at its books after every stretch.
fn run(
    programs: &[u8],
    scene: Scene,
    slots: u32,
    is_read: bool,
    packets: u64,
) -> Result<Account, BenchError> {
    let settings = XdpSettings {
        sizes: TableSizes {
            sets: slots / WAYS as u32,
            endpoints: ENDPOINTS,
            verdicts: slots.max(64),
        },
        records_ring: if is_read { ROOMY } else { TIGHT },
        notices_ring: NOTICES_RING,
        samples_per_second: SAMPLES_PER_SECOND,
    };
    let mut programs = Programs::load(programs, 1)?;
    let mut datapath = XdpDatapath::open(&settings, 0x626f_6f6b_7321, None)?;
    programs.measure(datapath.program().ok_or(BenchError::Missing("wardline"))?)?;
    let (frame, mut turn) = scene.prepare(&mut programs)?;
    let mut account = Account::default();
    let mut left = packets;
    while left > 0 {
        let count = left.min(STRETCH);
        programs.run(scene.mutator(), &frame, turn, count as u32, scene.name())?;
        turn.position += if turn.is_sequential == 0 { count } else { 0 };
        turn.first_flow += if turn.is_sequential == 0 { 0 } else { count };
        left -= count;
        account.sent.add(count, count * frame.len() as u64);
        account.look(&mut datapath, is_read);
        if !account.is_balanced(is_read) {
            let account = format!("{account:?}");
            return Err(BenchError::Unbalanced { slots, scene: scene.name(), account });
        }
    }
    Ok(account)
}
