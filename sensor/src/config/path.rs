//! Paths of files and directories.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, de};

/// Files in one list.
const MOST: usize = 16;

/// Reads a path that does not depend on where the agent is started.
///
/// # Errors
///
/// Those of the deserializer, and one for a relative path.
pub fn absolute<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    checked(String::deserialize(deserializer)?).map_err(de::Error::custom)
}

fn checked(text: String) -> Result<PathBuf, String> {
    if text.starts_with('/') && !text.contains('\0') {
        return Ok(PathBuf::from(text));
    }
    Err(format!("{text:?} is no absolute path: it begins with `/`"))
}

/// As [`absolute`], for a key without a default.
///
/// # Errors
///
/// As [`absolute`].
pub fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    absolute(deserializer).map(Some)
}

/// Reads at most [`MOST`] such paths.
///
/// # Errors
///
/// As [`absolute`], and one for more of them.
pub fn several<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PathBuf>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    if texts.len() > MOST {
        return Err(de::Error::custom(format!("at most {MOST} files")));
    }
    texts.into_iter().map(|text| checked(text).map_err(de::Error::custom)).collect()
}
