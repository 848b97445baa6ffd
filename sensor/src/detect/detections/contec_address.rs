//! The two addresses that the firmware of Contec CMS8000 patient monitors holds (CISA advisory
//! ICSMA-25-030-01; Claroty Team82 on the monitor's manual).

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Finding, Findings, FlowSeen, Severity,
        border::Passage,
        description::{Description, HOUR},
        reminder::Reminder,
        settings::Parameters,
    },
    inventory::DeviceId,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(ContecAddress::new(parameters)),
};

const DEVICES: usize = 16_384;

/// For updates over NFS, and for HL7.
const ADDRESSES: [Ipv4Addr; 2] = [Ipv4Addr::new(202, 114, 4, 119), Ipv4Addr::new(202, 114, 4, 120)];

static DESCRIPTION: Description = Description {
    id: "WL-041",
    name: "contec_monitor_address",
    title: "Patient monitor calls its built-in address",
    severity: Severity::High,
    sees: "Anything sent to 202.114.4.119 or 202.114.4.120, unless they are configured as the \
           site's own.",
    clinical_note: "Contec CMS8000 monitors and those sold under other names (Epsimed MN-120) \
                    send patient data to these addresses and take updates from them without \
                    asking who answers. Block both addresses at the edge; the monitor goes on \
                    monitoring without its network. Look at the displayed values beside another \
                    monitor, and replace the device. A site may have given its own central station \
                    one of the addresses: then list it under `internal`.",
    techniques: &["T1041"],
    parameters: &[],
    excused_roles: &[],
    clears_after: Duration::from_secs(24 * 3600),
};

#[derive(Debug)]
struct ContecAddress {
    reported: Reminder<DeviceId>,
}

impl ContecAddress {
    fn new(_: &Parameters) -> Self {
        Self { reported: Reminder::every(HOUR, DEVICES) }
    }
}

impl Detector for ContecAddress {
    fn observe_flow(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>, findings: &mut Findings) {
        let Some(IpAddr::V4(destination)) = flow.delta.key.destination_address() else { return };
        if !ADDRESSES.contains(&destination) {
            return;
        }
        let Some(Passage { device: Some(device), outside, .. }) = Passage::of(flow, estate) else {
            return;
        };
        let at = flow.delta.last_seen;
        if self.reported.is_due(device, at) {
            let sentence = "sends to an address that is built into Contec CMS8000 monitors";
            let mut finding = Finding::of_event(device, "flows", at, sentence);
            finding.since = flow.delta.first_seen;
            finding.evidence.add_peers([outside]);
            findings.report(finding);
        }
    }

    fn overflowed(&self) -> u64 {
        self.reported.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::trial::*;

    #[test]
    fn both_addresses_are_reported_and_their_neighbours_are_not() {
        let mut trial = Trial::new(&DETECTION, &[]);
        assert!(trial.forward(talk("10.20.0.7", "202.114.4.118")).is_empty());
        assert!(trial.forward(talk("10.20.0.7", "202.114.4.121")).is_empty());
        let found = trial.forward(talk("10.20.0.7", "202.114.4.119").tcp(2049));
        assert_eq!(Some(found[0].device), trial.id("10.20.0.7"));
        assert_eq!(trial.forward(talk("10.20.0.8", "202.114.4.120").udp(515, 515)).len(), 1);
    }

    #[test]
    fn a_site_may_have_given_its_own_station_the_address() {
        let mut trial = Trial::new(&DETECTION, &[]).internal("202.114.4.0/24");
        assert!(trial.forward(talk("10.20.0.7", "202.114.4.119")).is_empty());
    }

    #[test]
    fn one_that_goes_on_is_reported_once_an_hour() {
        let mut trial = Trial::new(&DETECTION, &[]);
        let mut found = 0;
        for minute in 0..120 {
            let at = f64::from(minute) * 60.0;
            found += trial.forward(talk("10.20.0.7", "202.114.4.119").at(at)).len();
        }
        assert_eq!(found, 2);
    }
}
