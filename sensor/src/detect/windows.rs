//! The windows of all rules and devices. An evaluation looks at those that may have something to
//! say: what was added to since the last one, what is near its limit, and what rises by itself. The
//! others can only fall; they are gone through once a second, and before anything finds no room.

use std::time::Duration;

use super::{
    engine::{Bounds, Watch},
    measure::{Group, Measure},
    threshold::{Metric, Threshold},
};
use crate::{hash::HashMap, time::Moment};

/// Between two passes over all windows.
const PASS: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct Window {
    watch: Watch,
    group: Group,
    /// `None`: the place is free.
    measure: Option<Measure>,
    /// It is among those that the next evaluation looks at.
    is_listed: bool,
}

#[derive(Debug)]
pub(super) struct Windows {
    bounds: Bounds,
    places: HashMap<(Watch, Group), u32>,
    windows: Vec<Window>,
    free: Vec<u32>,
    /// Those that the next evaluation looks at.
    listed: Vec<u32>,
    /// How many windows each device has of each rule that tells peers or ports apart.
    pub groups: HashMap<Watch, u32>,
    /// Distinct values in all windows.
    pub values: usize,
    /// The last evaluation, and the last one that looked at all windows.
    evaluated_at: Moment,
    passed_at: Moment,
    /// No window is held that the last evaluation would have dropped.
    is_tidy: bool,
}

impl Windows {
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            places: HashMap::default(),
            windows: Vec::new(),
            free: Vec::new(),
            listed: Vec::new(),
            groups: HashMap::default(),
            values: 0,
            evaluated_at: Moment::default(),
            passed_at: Moment::default(),
            is_tidy: true,
        }
    }

    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// The window of `watch` and `group`, if there is one, to take something from it: that is no
    /// reason to look at it.
    pub fn find(&mut self, watch: Watch, group: Group) -> Option<&mut Measure> {
        let &place = self.places.get(&(watch, group))?;
        self.windows[place as usize].measure.as_mut()
    }

    /// The window of `watch` and `group`, made at `at` if there is room.
    pub fn find_or_make(
        &mut self,
        watch: Watch,
        group: Group,
        rule: &Threshold,
        at: Moment,
    ) -> Option<&mut Measure> {
        if let Some(&place) = self.places.get(&(watch, group)) {
            return Some(self.touch(place));
        }
        let is_grouped = rule.per_peer || rule.per_port;
        if !self.has_room(watch, is_grouped) {
            self.tidy();
            if !self.has_room(watch, is_grouped) {
                return None;
            }
        }
        if is_grouped {
            *self.groups.entry(watch).or_default() += 1;
        }
        let measure = Some(Measure::new(rule, at));
        let window = Window { watch, group, measure, is_listed: false };
        let place = match self.free.pop() {
            Some(place) => {
                self.windows[place as usize] = window;
                place
            }
            None => {
                self.windows.push(window);
                (self.windows.len() - 1) as u32
            }
        };
        self.places.insert((watch, group), place);
        Some(self.touch(place))
    }

    fn has_room(&self, watch: Watch, is_grouped: bool) -> bool {
        self.places.len() < self.bounds.windows
            && (!is_grouped
                || self.groups.get(&watch).is_none_or(|&groups| groups < self.bounds.groups))
    }

    /// Whether there is room for another distinct value.
    pub fn has_room_for_value(&mut self) -> bool {
        if self.values >= self.bounds.values {
            self.tidy();
        }
        self.values < self.bounds.values
    }

    fn touch(&mut self, place: u32) -> &mut Measure {
        let window = &mut self.windows[place as usize];
        if !std::mem::replace(&mut window.is_listed, true) {
            self.listed.push(place);
        }
        window.measure.as_mut().expect("a window that has a place is held")
    }

    /// Drops what the last evaluation left standing because nothing had been added to it.
    fn tidy(&mut self) {
        if std::mem::replace(&mut self.is_tidy, true) {
            return;
        }
        for place in 0..self.windows.len() as u32 {
            let window = &mut self.windows[place as usize];
            let Some(measure) = window.measure.as_mut().filter(|_| !window.is_listed) else {
                continue;
            };
            self.values -= measure.advance(self.evaluated_at);
            if measure.is_empty() {
                self.remove(place);
            }
        }
    }

    /// Moves windows on to `now` and shows `look` those that hold something; it says whether the
    /// window is kept, and whether it has to be looked at next time whatever happens. Those that hold
    /// nothing go when all are gone through.
    pub fn evaluate(
        &mut self,
        now: Moment,
        rules: &[Threshold],
        mut look: impl FnMut(Watch, Group, &Measure) -> Look,
    ) {
        let is_whole = now.since(self.passed_at) >= PASS;
        let listed = std::mem::take(&mut self.listed);
        if is_whole {
            self.passed_at = now;
            for place in 0..self.windows.len() as u32 {
                self.look_at(place, now, rules, &mut look);
                self.drop_if_empty(place);
            }
        } else {
            for &place in &listed {
                self.look_at(place, now, rules, &mut look);
            }
        }
        self.evaluated_at = now;
        self.is_tidy = is_whole;
    }

    fn look_at(
        &mut self,
        place: u32,
        now: Moment,
        rules: &[Threshold],
        look: &mut impl FnMut(Watch, Group, &Measure) -> Look,
    ) {
        let window = &mut self.windows[place as usize];
        let (watch, group) = (window.watch, window.group);
        window.is_listed = false;
        let Some(measure) = &mut window.measure else { return };
        self.values -= measure.advance(now);
        if measure.is_empty() {
            // Of connections that are answered, the next attempt is often not far.
            return;
        }
        match look(watch, group, measure) {
            Look::Drop => self.remove(place),
            Look::Again => self.list(place),
            Look::Keep if rises_by_itself(&rules[watch.0]) => self.list(place),
            Look::Keep => {}
        }
    }

    fn drop_if_empty(&mut self, place: u32) {
        let measure = self.windows[place as usize].measure.as_ref();
        if measure.is_some_and(Measure::is_empty) {
            self.remove(place);
        }
    }

    /// Gives the windows of each rule to the rule that `place` names in its stead; those for which it
    /// names none are dropped.
    pub fn relocate(&mut self, rules: &[Threshold], place: impl Fn(usize) -> Option<usize>) {
        let anew = Self { evaluated_at: self.evaluated_at, ..Self::new(self.bounds) };
        for window in std::mem::replace(self, anew).windows {
            let (Some(measure), Some(rule)) = (window.measure, place(window.watch.0)) else {
                continue;
            };
            let watch = (rule, window.watch.1);
            if rules[rule].per_peer || rules[rule].per_port {
                *self.groups.entry(watch).or_default() += 1;
            }
            self.values += measure.values();
            let place = self.windows.len() as u32;
            self.places.insert((watch, window.group), place);
            let measure = Some(measure);
            self.windows.push(Window { watch, measure, is_listed: false, ..window });
            self.list(place);
        }
    }

    fn list(&mut self, place: u32) {
        self.windows[place as usize].is_listed = true;
        self.listed.push(place);
    }

    fn remove(&mut self, place: u32) {
        let window = &mut self.windows[place as usize];
        let Some(measure) = window.measure.take() else { return };
        let watch = window.watch;
        self.values -= measure.values();
        self.places.remove(&(watch, window.group));
        self.free.push(place);
        if let Some(count) = self.groups.get_mut(&watch) {
            *count -= 1;
            if *count == 0 {
                self.groups.remove(&watch);
            }
        }
    }
}

/// What an evaluation makes of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// It may rest until something is added to it.
    Keep,
    /// It is near its limit.
    Again,
    Drop,
}

/// Whether a window of the rule may come near its limit without anything being added: a share by
/// what leaves the window, silence by time, a group by what another group of its device holds.
fn rises_by_itself(rule: &Threshold) -> bool {
    let is_held = !rule.hold.is_zero() && (rule.per_peer || rule.per_port);
    matches!(rule.metric, Metric::HalfOpenShare | Metric::Silence) || is_held
}
