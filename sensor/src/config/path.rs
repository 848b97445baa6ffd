//! Paths of files and directories.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, de};

/// Reads a path that does not depend on where the agent is started.
///
/// # Errors
///
/// Those of the deserializer, and one for a relative path.
pub fn absolute<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.starts_with('/') && !text.contains('\0') {
        return Ok(PathBuf::from(text));
    }
    Err(de::Error::custom(format!("{text:?} is no absolute path: it begins with `/`")))
}

/// As [`absolute`], for a key without a default.
///
/// # Errors
///
/// As [`absolute`].
pub fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    absolute(deserializer).map(Some)
}
