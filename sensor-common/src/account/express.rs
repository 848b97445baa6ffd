//! The express way: a plain frame of a flow about which all is settled is counted in the head of its
//! slot, and nothing else is looked at or changed. What that is not enough for takes the whole way.

use crate::flow::{FlowHead, FlowHeads, FlowKey, WAYS, preferred_way};

/// The head in which a frame of the flow `key` has only to be counted; `None` if more is to be done
/// for it, or other than that.
///
/// `hash` is that of the key, `heads` are those of the set that it leads to.
#[inline(always)]
pub fn settled_head<'a>(
    heads: &'a mut FlowHeads,
    key: &FlowKey,
    hash: u64,
) -> Option<&'a mut FlowHead> {
    let way = heads.find(key, preferred_way(hash))?;
    let head = &mut heads.ways[way % WAYS];
    let verdict = head.verdict();
    let is_settled = verdict.is_settled() && !verdict.is_sampled_throughout();
    (is_settled && !head.is_due_next()).then_some(head)
}
