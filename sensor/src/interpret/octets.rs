//! Numbers at offsets of a sample, `None` where it ends before them.

/// `N` octets from `at`.
pub fn array<const N: usize>(octets: &[u8], at: usize) -> Option<[u8; N]> {
    octets.get(at..)?.first_chunk().copied()
}

pub fn be_u16(octets: &[u8], at: usize) -> Option<u16> {
    array(octets, at).map(u16::from_be_bytes)
}

pub fn be_u32(octets: &[u8], at: usize) -> Option<u32> {
    array(octets, at).map(u32::from_be_bytes)
}

pub fn le_u16(octets: &[u8], at: usize) -> Option<u16> {
    array(octets, at).map(u16::from_le_bytes)
}

pub fn le_u32(octets: &[u8], at: usize) -> Option<u32> {
    array(octets, at).map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_both_orders_and_not_past_the_end() {
        let octets = [1, 2, 3, 4, 5];
        assert_eq!(be_u16(&octets, 1), Some(0x0203));
        assert_eq!(le_u16(&octets, 3), Some(0x0504));
        assert_eq!(be_u32(&octets, 1), Some(0x0203_0405));
        assert_eq!(le_u32(&octets, 1), Some(0x0504_0302));
        assert_eq!(be_u16(&octets, 4), None);
        assert_eq!(le_u32(&octets, 2), None);
        assert_eq!(be_u32(&octets, usize::MAX), None);
    }
}
