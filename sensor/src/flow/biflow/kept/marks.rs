//! What of a biflow is said in a bit.

#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Its connection may still turn out to be half open.
    AwaitsOutcome = 1 << 0,
    HadOutcome = 1 << 1,
    /// A record has said which end is the initiator.
    IsSettled = 1 << 2,
    /// The settled initiator is the second end.
    InitiatorIsSecond = 1 << 3,
    /// The end that sent first is the second.
    OwnIsSecond = 1 << 4,
    HasRest = 1 << 5,
    /// Its key has VLANs.
    HasVlans = 1 << 6,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks(u8);

impl Marks {
    #[inline(always)]
    pub const fn has(self, mark: Mark) -> bool {
        self.0 & mark as u8 != 0
    }

    #[inline(always)]
    pub const fn set(&mut self, mark: Mark, is_set: bool) {
        self.0 = self.0 & !(mark as u8) | if is_set { mark as u8 } else { 0 };
    }

    /// Which end is the initiator, once that is settled.
    pub fn initiator(self) -> Option<usize> {
        self.has(Mark::IsSettled).then(|| usize::from(self.has(Mark::InitiatorIsSecond)))
    }

    pub fn settle_initiator(&mut self, end: usize) {
        self.set(Mark::IsSettled, true);
        self.set(Mark::InitiatorIsSecond, end == 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mark_stands_for_itself() {
        let all = [
            Mark::AwaitsOutcome,
            Mark::HadOutcome,
            Mark::IsSettled,
            Mark::InitiatorIsSecond,
            Mark::OwnIsSecond,
            Mark::HasRest,
            Mark::HasVlans,
        ];
        for mark in all {
            let mut marks = Marks::default();
            marks.set(mark, true);
            assert!(all.iter().all(|&other| marks.has(other) == (other == mark)));
            marks.set(mark, false);
            assert_eq!(marks, Marks::default());
        }
        let mut marks = Marks::default();
        assert_eq!(marks.initiator(), None);
        for end in [0, 1, 0] {
            marks.settle_initiator(end);
            assert_eq!(marks.initiator(), Some(end));
        }
    }
}
