//! The endpoints that the packet path told of, by index. Indices are given out in order and there are
//! not more than the packet path's table holds, so that a vector has room for all: endpoints are
//! asked for with every reading of a flow.

use sensor_common::endpoint::EndpointIndex;

use super::Endpoint;
use crate::prefetch::prefetch;

// One line of the processor's memory, so that fetching it fetches all.
const _: () = assert!(size_of::<Option<Endpoint>>() == 64 && align_of::<Option<Endpoint>>() == 64);

#[derive(Debug, Default)]
pub(super) struct Endpoints(Vec<Option<Endpoint>>);

impl Endpoints {
    pub fn get(&self, index: EndpointIndex) -> Option<&Endpoint> {
        self.0.get(index as usize)?.as_ref()
    }

    pub fn get_mut(&mut self, index: EndpointIndex) -> Option<&mut Endpoint> {
        self.0.get_mut(index as usize)?.as_mut()
    }

    /// Has the processor fetch an endpoint.
    pub fn expect(&self, index: EndpointIndex) {
        if let Some(endpoint) = self.0.get(index as usize) {
            prefetch(endpoint);
        }
    }

    pub fn insert(&mut self, index: EndpointIndex, endpoint: Endpoint) {
        let place = index as usize;
        if self.0.len() <= place {
            self.0.resize(place + 1, None);
        }
        self.0[place] = Some(endpoint);
    }

    pub fn remove(&mut self, index: EndpointIndex) -> Option<Endpoint> {
        self.0.get_mut(index as usize)?.take()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Endpoint> {
        self.0.iter_mut().flatten()
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}
