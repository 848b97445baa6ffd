//! Pieces of an octet string, put together by their offsets.

use std::ops::Range;

/// Pieces apart from each other that are kept; a sender that leaves more gaps is not followed.
const MOST_PIECES: usize = 64;

/// The beginning of an octet string of which pieces come in any order, some twice. What an octet
/// is said to be first stands: a later copy that differs changes nothing.
#[derive(Clone, Debug)]
pub struct Assembly {
    /// Holds rubbish where no piece has come.
    octets: Vec<u8>,
    /// Where pieces have come: in order, none touching another.
    pieces: Vec<Range<usize>>,
    limit: usize,
}

impl Assembly {
    /// Keeps no more than the first `limit` octets.
    pub fn new(limit: usize) -> Self {
        Self { octets: Vec::new(), pieces: Vec::new(), limit }
    }

    /// Adds the octets that begin at `offset`; whether [`Self::beginning`] is longer for it.
    pub fn put(&mut self, offset: usize, octets: &[u8]) -> bool {
        let end = offset.saturating_add(octets.len()).min(self.limit);
        if offset >= end {
            return false;
        }
        let touches = |piece: &Range<usize>| piece.start <= end && piece.end >= offset;
        if self.pieces.len() >= MOST_PIECES && !self.pieces.iter().any(touches) {
            return false;
        }
        let before = self.beginning().len();
        if self.octets.len() < end {
            self.octets.resize(end, 0);
        }
        let mut copied = offset;
        let mut joined = offset..end;
        for piece in self.pieces.iter().filter(|piece| touches(piece)) {
            copy(&mut self.octets, octets, offset, copied..piece.start.min(end));
            copied = copied.max(piece.end);
            joined = joined.start.min(piece.start)..joined.end.max(piece.end);
        }
        copy(&mut self.octets, octets, offset, copied..end);
        self.pieces.retain(|piece| !touches(piece));
        let place = self.pieces.partition_point(|piece| piece.start < joined.start);
        self.pieces.insert(place, joined);
        self.beginning().len() > before
    }

    /// The octets from the first on, up to the first that is missing.
    pub fn beginning(&self) -> &[u8] {
        match self.pieces.first() {
            Some(piece) if piece.start == 0 => &self.octets[..piece.end],
            _ => &[],
        }
    }

    /// The string begins so many octets before what was taken for its first.
    pub fn begin_earlier(&mut self, octets: usize) {
        let kept = self.limit.saturating_sub(octets).min(self.octets.len());
        self.octets.truncate(kept);
        if kept > 0 {
            self.octets.splice(0..0, std::iter::repeat_n(0, octets));
        }
        self.pieces.retain_mut(|piece| {
            *piece = piece.start + octets..piece.end.saturating_add(octets).min(self.limit);
            piece.start < piece.end
        });
    }
}

/// Copies what of `octets`, which begin at `offset`, lies in `range`, if anything does.
fn copy(into: &mut [u8], octets: &[u8], offset: usize, range: Range<usize>) {
    if range.start < range.end {
        let source = &octets[range.start - offset..range.end - offset];
        into[range].copy_from_slice(source);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_in_any_order_make_the_string() {
        let mut assembly = Assembly::new(16);
        assert!(!assembly.put(4, b"efgh"));
        assert_eq!(assembly.beginning(), b"");
        assert!(assembly.put(0, b"ab"));
        assert_eq!(assembly.beginning(), b"ab");
        assert!(assembly.put(2, b"cd"));
        assert_eq!(assembly.beginning(), b"abcdefgh");
    }

    #[test]
    fn the_first_copy_of_an_octet_stands() {
        let mut assembly = Assembly::new(16);
        assembly.put(2, b"cd");
        assembly.put(6, b"gh");
        assert!(assembly.put(0, b"ABCDEFGHIJ"));
        assert_eq!(assembly.beginning(), b"ABcdEFghIJ");
        assert!(!assembly.put(0, b"zzzzzzzzzz"));
        assert_eq!(assembly.beginning(), b"ABcdEFghIJ");
    }

    #[test]
    fn octets_past_the_limit_are_not_kept() {
        let mut assembly = Assembly::new(4);
        assert!(assembly.put(2, b"cdefgh") | assembly.put(0, b"ab"));
        assert_eq!(assembly.beginning(), b"abcd");
        assert!(!assembly.put(4, b"e") && !assembly.put(usize::MAX, b"e"));
        assert_eq!(assembly.octets.len(), 4);
    }

    #[test]
    fn no_octets_are_no_piece() {
        let mut assembly = Assembly::new(4);
        assert!(!assembly.put(2, b""));
        assert!(assembly.pieces.is_empty());
    }

    #[test]
    fn a_sender_that_leaves_gaps_is_not_followed_for_ever() {
        let mut assembly = Assembly::new(4096);
        for offset in 0..2000 {
            assembly.put(2 * offset + 1, b"x");
        }
        assert_eq!(assembly.pieces.len(), MOST_PIECES);
        assert!(assembly.put(0, b"y"), "what joins pieces is taken");
        assert_eq!(assembly.beginning(), b"yx");
    }

    #[test]
    fn an_earlier_beginning_moves_what_is_there() {
        let mut assembly = Assembly::new(8);
        assembly.put(0, b"efgh");
        assembly.put(6, b"kl");
        assembly.begin_earlier(4);
        assert_eq!(assembly.beginning(), b"");
        assert!(assembly.put(0, b"abcd"));
        assert_eq!(assembly.beginning(), b"abcdefgh");
        assert_eq!(assembly.pieces.len(), 1, "the later piece fell behind the limit");
        assembly.begin_earlier(100);
        assert!(assembly.pieces.is_empty() && assembly.octets.is_empty());
        assembly.put(0, b"z");
        assert_eq!(assembly.beginning(), b"z");
    }
}
