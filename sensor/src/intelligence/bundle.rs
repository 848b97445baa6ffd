//! Indicators as a STIX 2.1 bundle (OASIS, section 4.7 and 9).
//!
//! Of patterns those are taken that ask whether an address or a domain name was seen, joined by OR.
//! Everything else (AND, sequences, hashes, URLs) is counted as unsupported: half of a pattern would
//! say something that its author did not.

mod pattern;

use serde::Deserialize;

use super::{Account, Entry, Shelf, timestamp};
use crate::detect::Severity;

#[derive(Deserialize)]
struct Bundle {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    objects: Vec<Object>,
}

/// Of an object what is read of it.
#[derive(Deserialize)]
struct Object {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    pattern: Option<String>,
    #[serde(default)]
    pattern_type: Option<String>,
    #[serde(default)]
    valid_until: Option<String>,
    #[serde(default)]
    revoked: bool,
}

/// Reads a bundle; an error is a line and what is wrong with the whole.
pub(super) fn read(
    octets: &[u8],
    name: &str,
    shelf: &mut Shelf,
    account: &mut Account,
) -> Result<(), (u64, String)> {
    let bundle: Bundle = serde_json::from_slice(octets)
        .map_err(|error| (error.line() as u64, format!("this is no STIX bundle: {error}")))?;
    if bundle.kind != "bundle" {
        return Err((1, "this is no STIX bundle: its `type` is not `bundle`".to_owned()));
    }
    for object in bundle.objects {
        if object.kind == "indicator" {
            take(&object, name, shelf, account);
        }
    }
    Ok(())
}

fn take(object: &Object, name: &str, shelf: &mut Shelf, account: &mut Account) {
    let place = || super::printable(&object.id);
    // STIX 2.0 had no `pattern_type`, and no other language than its own.
    let is_stix = object.pattern_type.as_deref().is_none_or(|language| language == "stix");
    let Some(text) = object.pattern.as_deref().filter(|_| is_stix) else {
        account.unsupported += 1;
        return;
    };
    let expires = match object.valid_until.as_deref() {
        None => None,
        Some(text) => match timestamp(text) {
            Some(expires) => Some(expires),
            None => return account.note(place, "`valid_until` is no timestamp"),
        },
    };
    if object.revoked {
        account.expired += 1;
        return;
    }
    match pattern::read(text) {
        None => account.unsupported += 1,
        Some(Err(why)) => account.note(place, &why),
        Some(Ok(patterns)) => {
            let entry = Entry { severity: Severity::High, source: name, expires };
            patterns.into_iter().for_each(|pattern| shelf.put(pattern, &entry, account));
        }
    }
}
