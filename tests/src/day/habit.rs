//! What devices do again and again, and the order in which they do it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt::Debug;
use std::time::Duration;

use super::world::World;

/// Something that a device does from time to time.
pub trait Habit: Debug {
    /// Does what is due at `now`, and says when something is due again, if ever.
    fn act(&mut self, now: Duration, world: &mut World) -> Option<Duration>;

    /// The device was off: what it had open is gone.
    fn forget(&mut self) {}
}

#[derive(Debug)]
struct Entry {
    /// The station that has to be on for it.
    owner: Option<usize>,
    habit: Box<dyn Habit>,
}

/// Habits by the time at which they are due.
#[derive(Debug, Default)]
pub struct Agenda {
    entries: Vec<Entry>,
    due: BinaryHeap<Reverse<(Duration, u64, usize)>>,
    order: u64,
}

impl Agenda {
    pub fn add(&mut self, at: Duration, owner: Option<usize>, habit: Box<dyn Habit>) {
        self.entries.push(Entry { owner, habit });
        self.schedule(at, self.entries.len() - 1);
    }

    fn schedule(&mut self, at: Duration, entry: usize) {
        self.order += 1;
        self.due.push(Reverse((at, self.order, entry)));
    }

    pub fn next_at(&self) -> Option<Duration> {
        self.due.peek().map(|Reverse((at, ..))| *at)
    }

    /// Does what is due first.
    pub fn act(&mut self, world: &mut World) {
        let Some(Reverse((now, _, position))) = self.due.pop() else { return };
        let entry = &mut self.entries[position];
        if let Some(owner) = entry.owner {
            match world.next_presence(owner, now) {
                Some(at) if at == now => {}
                Some(at) => {
                    entry.habit.forget();
                    // Not everything begins at once.
                    let settled =
                        at + Duration::from_millis(world.random.between(3000, 45_000) as u64);
                    return self.schedule(settled, position);
                }
                None => return,
            }
        }
        if let Some(next) = entry.habit.act(now, world) {
            debug_assert!(next > now, "{:?} stands still", entry.habit);
            self.schedule(next, position);
        }
        for (at, owner, habit) in std::mem::take(&mut world.begun) {
            self.add(at, owner, habit);
        }
    }
}
