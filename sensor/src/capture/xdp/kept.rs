//! Descriptors of what is pinned. A pin that somebody removes, or a BPF file system that is mounted
//! anew, takes nothing away while they are open; the pins are made again from them.

use std::{
    io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use super::{
    link_calls::{open_pin, pin},
    pins::{MAPS, PinError, Pins},
};

/// Why a pin could not be made again.
#[derive(Debug, thiserror::Error)]
pub enum MendError {
    #[error(transparent)]
    Directory(#[from] PinError),
    #[error("cannot pin {path}: {source}")]
    Pin { path: PathBuf, source: io::Error },
}

/// The maps' descriptors, by the place of their pins.
#[derive(Debug)]
pub struct Kept {
    pins: Pins,
    maps: Vec<(PathBuf, OwnedFd)>,
}

impl Kept {
    /// Opens every map that is pinned.
    pub fn of(pins: Pins) -> Self {
        let maps = MAPS.into_iter().filter_map(|name| {
            let path = pins.map(name);
            Some((path.clone(), open_pin(&path).ok()?))
        });
        Self { maps: maps.collect(), pins }
    }

    pub fn pins(&self) -> &Pins {
        &self.pins
    }

    /// Makes pins that are gone again, those of `links` too; returns how many.
    ///
    /// # Errors
    ///
    /// [`MendError`]; what was mended until then stays.
    pub fn mend<'a>(
        &'a self,
        links: impl Iterator<Item = (&'a Path, &'a OwnedFd)>,
    ) -> Result<usize, MendError> {
        let maps = self.maps.iter().map(|(path, file)| (path.as_path(), file));
        let gone: Vec<_> = maps.chain(links).filter(|(path, _)| !path.exists()).collect();
        if gone.is_empty() {
            return Ok(0);
        }
        self.pins.make()?;
        for (path, file) in &gone {
            pin(*file, path)
                .map_err(|source| MendError::Pin { path: path.to_path_buf(), source })?;
        }
        Ok(gone.len())
    }
}
