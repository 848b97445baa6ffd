//! SSDP (UPnP device architecture 1.1 section 1.3).

use std::io;
use std::net::Ipv4Addr;

use super::call::Spoken;
use super::datagrams;

pub const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);
pub const PORT: u16 = 1900;

pub fn ssdp_search() -> Vec<u8> {
    b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: upnp:rootdevice\r\n\r\n"
        .to_vec()
}

pub fn ssdp_notification(address: Ipv4Addr) -> Vec<u8> {
    format!(
        "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nCACHE-CONTROL: max-age=1800\r\n\
         LOCATION: http://{address}:80/description.xml\r\nNT: upnp:rootdevice\r\nNTS: ssdp:alive\r\n\
         SERVER: Linux/5.10 UPnP/1.1 SmartBed/2.0\r\nUSN: uuid:57415244-4c49-4e45-0000-000000000001\r\n\r\n"
    )
    .into_bytes()
}

pub fn search(own_address: Ipv4Addr) -> io::Result<Spoken> {
    datagrams::announce(own_address, 0, GROUP, PORT, &ssdp_search())
}
