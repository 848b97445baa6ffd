//! Makes `sensor/data/oui.txt` from the IEEE registries; see `sensor/data/README.md`.
//!
//! Usage: `cargo run -p sensor --example vendor_table -- DIRECTORY DATE > sensor/data/oui.txt`,
//! where `DIRECTORY` holds `oui.csv`, `mam.csv`, `oui36.csv` and `iab.csv` and `DATE` is the day
//! on which they were fetched from the IEEE.

use std::{collections::BTreeMap, env, fs, path::Path};

use anyhow::{Context, Result, bail};

/// File, and the hexadecimal digits of its prefixes.
const REGISTRIES: [(&str, usize); 4] =
    [("oui.csv", 6), ("mam.csv", 7), ("oui36.csv", 9), ("iab.csv", 9)];

/// Names that say nothing: blocks that are divided further, and owners who keep their name back.
const NAMELESS: [&str; 2] = ["IEEE Registration Authority", "Private"];

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [directory, date] = arguments.as_slice() else {
        bail!("usage: vendor_table DIRECTORY DATE");
    };
    let mut vendors: BTreeMap<String, String> = BTreeMap::new();
    for (file, digits) in REGISTRIES {
        let path = Path::new(directory).join(file);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        for record in records(&text).into_iter().skip(1) {
            let [_, prefix, name, ..] = record.as_slice() else {
                bail!("{file}: a record of {} fields", record.len());
            };
            if prefix.len() != digits || !prefix.bytes().all(|octet| octet.is_ascii_hexdigit()) {
                bail!("{file}: {prefix:?} is no prefix of {digits} digits");
            }
            let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
            if !NAMELESS.contains(&name.as_str()) && !name.is_empty() {
                // The IEEE gave a few prefixes twice, long ago.
                vendors
                    .entry(prefix.to_ascii_uppercase())
                    .and_modify(|names| *names = format!("{names} or {name}"))
                    .or_insert(name);
            }
        }
    }
    println!("# Vendor prefixes of the IEEE registries MA-L, MA-M, MA-S and IAB, as shipped in");
    println!("# Debian's package ieee-data; the IEEE asserts no copyright in them.");
    println!("# Version: {date}. Made by sensor/examples/vendor_table.rs; not edited by hand.");
    for (prefix, name) in vendors {
        println!("{prefix}\t{name}");
    }
    Ok(())
}

/// The records of a comma-separated file (RFC 4180): quoted fields may hold commas, line ends and
/// doubled quotes.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut records = Vec::new();
    let mut record = Vec::new();
    let mut field = String::new();
    let mut is_quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' if is_quoted => is_quoted = false,
            '"' if field.is_empty() => is_quoted = true,
            ',' if !is_quoted => record.push(std::mem::take(&mut field)),
            '\r' if !is_quoted => {}
            '\n' if !is_quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            _ => field.push(character),
        }
    }
    if !field.is_empty() || !record.is_empty() {
        record.push(field);
        records.push(record);
    }
    records
}
