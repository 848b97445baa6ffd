//! What DHCP clients behind a relay said of themselves, until the host of that name is seen.
//!
//! A relayed request carries the client's station address and no address that it has yet; the
//! acknowledgement carries both addresses and none of the names. The host itself is then seen by
//! its address alone. Both stages are bounded: the oldest entry goes first.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    net::IpAddr,
};

/// Clients, and addresses, that are remembered.
const CAPACITY: usize = 4096;

/// What a client calls itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ClientNames {
    pub host_name: Option<String>,
    pub vendor_class: Option<String>,
}

impl ClientNames {
    pub(super) fn is_empty(&self) -> bool {
        self.host_name.is_none() && self.vendor_class.is_none()
    }
}

#[derive(Debug, Default)]
pub(super) struct Leases {
    asked: Memory<u64>,
    leased: Memory<IpAddr>,
}

impl Leases {
    /// A client with this station address asked, from behind a relay.
    pub(super) fn ask(&mut self, client: u64, names: ClientNames) {
        if !names.is_empty() {
            self.asked.insert(client, names);
        }
    }

    /// The client was given an address: what it said of itself, if it was heard.
    pub(super) fn granted(&mut self, client: u64) -> Option<ClientNames> {
        self.asked.remove(&client)
    }

    /// Keeps the names for a host that is yet to be seen.
    pub(super) fn lease(&mut self, address: IpAddr, names: ClientNames) {
        if !names.is_empty() {
            self.leased.insert(address, names);
        }
    }

    /// The names of a host that is seen now.
    pub(super) fn arrived(&mut self, address: IpAddr) -> Option<ClientNames> {
        self.leased.remove(&address)
    }
}

/// A map that forgets its oldest entry when it is full.
#[derive(Debug)]
struct Memory<K> {
    names: HashMap<K, ClientNames>,
    /// Keys in the order of their coming, some of which are gone.
    order: VecDeque<K>,
}

impl<K> Default for Memory<K> {
    fn default() -> Self {
        Self { names: HashMap::new(), order: VecDeque::new() }
    }
}

impl<K: Copy + Eq + Hash> Memory<K> {
    fn insert(&mut self, key: K, names: ClientNames) {
        if self.names.insert(key, names).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > CAPACITY {
            if let Some(oldest) = self.order.pop_front() {
                self.names.remove(&oldest);
            }
        }
    }

    fn remove(&mut self, key: &K) -> Option<ClientNames> {
        let names = self.names.remove(key)?;
        // Rare, and bounded: one walk for each host that comes.
        self.order.retain(|other| other != key);
        Some(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(host_name: &str) -> ClientNames {
        ClientNames { host_name: Some(host_name.into()), vendor_class: None }
    }

    #[test]
    fn the_last_that_a_client_said_counts() {
        let mut leases = Leases::default();
        leases.ask(1, names("a"));
        leases.ask(1, names("b"));
        leases.ask(1, ClientNames::default());
        assert_eq!(leases.granted(1), Some(names("b")));
        assert_eq!(leases.granted(1), None);
    }

    #[test]
    fn a_flood_of_clients_drives_out_the_oldest_only() {
        let mut leases = Leases::default();
        for client in 0..=CAPACITY as u64 {
            leases.ask(client, names("a"));
        }
        assert_eq!(leases.granted(0), None);
        assert!(leases.granted(1).is_some());
        assert!(leases.granted(CAPACITY as u64).is_some());
        assert_eq!(leases.asked.names.len(), CAPACITY - 2);
        assert_eq!(leases.asked.order.len(), CAPACITY - 2);
    }
}
