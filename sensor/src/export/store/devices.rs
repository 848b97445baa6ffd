//! Devices in the store.

use std::net::IpAddr;

use rusqlite::{Connection, Row, params};
use sensor_common::application::Application;

use super::{Loaded, Store, StoreError, micros_of, moment_of, schema};
use crate::{
    inventory::{Device, DeviceId, DeviceKey},
    time::WallClock,
};

const HIGHEST_ID: &str = "highest_device_id";

/// The first sighting that was ever saved stays: after a restart it may be out of the clock's
/// reach.
const SAVE: &str = "
    INSERT INTO devices (
        id, station, vlans, address, vendor, vendor_is_module_maker, is_locally_administered,
        host_name, vendor_class, addresses, applications, interface, is_router,
        first_seen, last_seen
    ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
    ON CONFLICT (id) DO UPDATE SET
        station = excluded.station, vlans = excluded.vlans, address = excluded.address,
        vendor = excluded.vendor, vendor_is_module_maker = excluded.vendor_is_module_maker,
        is_locally_administered = excluded.is_locally_administered,
        host_name = excluded.host_name, vendor_class = excluded.vendor_class,
        addresses = excluded.addresses, applications = excluded.applications,
        interface = excluded.interface, is_router = excluded.is_router,
        first_seen = min(first_seen, excluded.first_seen),
        last_seen = max(last_seen, excluded.last_seen)";

const LOAD: &str = "
    SELECT id, station, vlans, address, vendor, vendor_is_module_maker, is_locally_administered,
        host_name, vendor_class, addresses, applications, interface, is_router,
        first_seen, last_seen
    FROM devices ORDER BY id";

impl Store {
    /// Saves devices, all or none; those saved before are replaced, others stay.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; see the module.
    pub fn save_devices(&mut self, devices: &[Device], clock: WallClock) -> Result<(), StoreError> {
        self.transact("save devices", |connection| {
            for device in devices {
                save(connection, device, clock)?;
            }
            match devices.iter().map(|device| device.id).max() {
                Some(DeviceId(id)) => schema::raise_counter(connection, HIGHEST_ID, id.into()),
                None => Ok(()),
            }
        })
    }

    /// All devices by ascending identifier.
    ///
    /// # Errors
    ///
    /// When the file cannot be read; see the module.
    pub fn load_devices(&self, clock: WallClock) -> Result<Loaded<Device>, StoreError> {
        self.query("load devices", |connection| {
            let mut statement = connection.prepare(LOAD)?;
            let rows = statement.query_map([], |row| Ok(read(row, clock)))?;
            Loaded::collect(rows)
        })
    }

    /// The highest identifier that was ever saved, were its device forgotten since.
    ///
    /// # Errors
    ///
    /// When the file cannot be read; see the module.
    pub fn highest_device_id(&self) -> Result<Option<DeviceId>, StoreError> {
        let highest =
            self.query("load devices", |connection| schema::counter(connection, HIGHEST_ID))?;
        Ok(highest.and_then(|id| u32::try_from(id).ok()).map(DeviceId))
    }

    /// Deletes devices and their profiles, all or none.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; see the module.
    pub fn forget_devices(&mut self, ids: &[DeviceId]) -> Result<(), StoreError> {
        self.transact("forget devices", |connection| {
            let mut devices = connection.prepare("DELETE FROM devices WHERE id = ?1")?;
            let mut profiles = connection.prepare("DELETE FROM profiles WHERE device = ?1")?;
            for &DeviceId(id) in ids {
                devices.execute([id])?;
                profiles.execute([id])?;
            }
            Ok(())
        })
    }
}

fn save(connection: &Connection, device: &Device, clock: WallClock) -> rusqlite::Result<()> {
    let (station, vlans, address) = match device.key {
        DeviceKey::Station { station, vlans } => {
            (Some(station.cast_signed()), Some(vlans.cast_signed()), None)
        }
        DeviceKey::Address(address) => (None, None, Some(address.to_string())),
    };
    let addresses = list(device.addresses.iter().map(IpAddr::to_string));
    let applications = list(device.applications.iter().map(|application| application.name()));
    connection
        .prepare_cached(SAVE)?
        .execute(params![
            device.id.0,
            station,
            vlans,
            address,
            device.vendor,
            device.vendor_is_module_maker,
            device.is_locally_administered,
            device.host_name,
            device.vendor_class,
            addresses,
            applications,
            device.interface,
            device.is_router,
            micros_of(device.first_seen, clock),
            micros_of(device.last_seen, clock),
        ])
        .map(drop)
}

/// `None` if the row is not what was saved. An application of a newer version is left out.
fn read(row: &Row<'_>, clock: WallClock) -> Option<Device> {
    let station: Option<i64> = row.get("station").ok()?;
    let vlans: Option<i64> = row.get("vlans").ok()?;
    let address: Option<String> = row.get("address").ok()?;
    let key = match (station, vlans, address) {
        (Some(station @ 0..=0xffff_ffff_ffff), Some(vlans), None) => {
            DeviceKey::Station { station: station.cast_unsigned(), vlans: vlans.cast_unsigned() }
        }
        (None, None, Some(address)) => DeviceKey::Address(address.parse().ok()?),
        _ => return None,
    };
    let addresses: String = row.get("addresses").ok()?;
    let applications: String = row.get("applications").ok()?;
    Some(Device {
        id: DeviceId(row.get("id").ok()?),
        key,
        vendor: row.get("vendor").ok()?,
        vendor_is_module_maker: row.get("vendor_is_module_maker").ok()?,
        is_locally_administered: row.get("is_locally_administered").ok()?,
        host_name: row.get("host_name").ok()?,
        vendor_class: row.get("vendor_class").ok()?,
        addresses: words(&addresses).map(|address| address.parse().ok()).collect::<Option<_>>()?,
        applications: words(&applications).filter_map(application_of).collect(),
        interface: row.get("interface").ok()?,
        is_router: row.get("is_router").ok()?,
        first_seen: moment_of(row.get("first_seen").ok()?, clock),
        last_seen: moment_of(row.get("last_seen").ok()?, clock),
    })
}

fn application_of(name: &str) -> Option<Application> {
    Application::ALL.iter().copied().find(|application| application.name() == name)
}

/// Words with spaces between them; neither addresses nor names of applications hold any.
fn list<T: AsRef<str>>(words: impl Iterator<Item = T>) -> String {
    let mut list = String::new();
    for word in words {
        if !list.is_empty() {
            list.push(' ');
        }
        list.push_str(word.as_ref());
    }
    list
}

fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split(' ').filter(|word| !word.is_empty())
}

impl<T> Loaded<T> {
    /// Parts what was understood from what was not.
    pub(super) fn collect(
        rows: impl Iterator<Item = rusqlite::Result<Option<T>>>,
    ) -> rusqlite::Result<Self> {
        let mut loaded = Self { rows: Vec::new(), unreadable: 0 };
        for row in rows {
            match row? {
                Some(row) => loaded.rows.push(row),
                None => loaded.unreadable += 1,
            }
        }
        Ok(loaded)
    }
}
