//! What is usual of each device, in the store.

use super::{Loaded, Store, StoreError};
use crate::inventory::DeviceId;

const SAVE: &str = "
    INSERT INTO profiles (device, profile) VALUES (?1, ?2)
    ON CONFLICT (device) DO UPDATE SET profile = excluded.profile";

impl Store {
    /// Saves profiles as [`crate::baseline::Profile::save`] wrote them, all or none, in place of
    /// earlier ones of the same devices.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; see the module.
    pub fn save_profiles(&mut self, profiles: &[(DeviceId, String)]) -> Result<(), StoreError> {
        self.transact("save profiles", |connection| {
            let mut statement = connection.prepare_cached(SAVE)?;
            for (DeviceId(device), profile) in profiles {
                statement.execute((device, profile))?;
            }
            Ok(())
        })
    }

    /// All profiles, by device.
    ///
    /// # Errors
    ///
    /// When the file cannot be read; see the module.
    pub fn load_profiles(&self) -> Result<Loaded<(DeviceId, String)>, StoreError> {
        self.query("load profiles", |connection| {
            let mut statement =
                connection.prepare("SELECT device, profile FROM profiles ORDER BY device")?;
            let rows = statement.query_map([], |row| {
                let (device, profile) = (row.get(0), row.get(1));
                Ok(device.ok().map(DeviceId).zip(profile.ok()))
            })?;
            Loaded::collect(rows)
        })
    }
}
