//! Indicators as a table: `type,value,expiry,source,severity` in the header row, in any order; only the
//! first two are needed. Lines that begin with `#` are passed over.

use csv::{ReaderBuilder, StringRecord, Trim};

use super::{Account, Entry, Shelf, timestamp};
use crate::detect::{Severity, indicators::Pattern};

/// Where each column is.
struct Columns {
    kind: usize,
    value: usize,
    expiry: Option<usize>,
    source: Option<usize>,
    severity: Option<usize>,
}

impl Columns {
    fn of(header: &StringRecord) -> Result<Self, String> {
        let find = |name: &str| header.iter().position(|each| each.eq_ignore_ascii_case(name));
        let need = |name: &str| {
            let advice = "the header row names `type` and `value`, and may `expiry`, `source` and \
                          `severity`";
            find(name).ok_or_else(|| format!("there is no column `{name}`: {advice}"))
        };
        Ok(Self {
            kind: need("type")?,
            value: need("value")?,
            expiry: find("expiry"),
            source: find("source"),
            severity: find("severity"),
        })
    }
}

/// Reads a table; an error is a line and what is wrong with the whole.
pub(super) fn read(
    octets: &[u8],
    name: &str,
    shelf: &mut Shelf,
    account: &mut Account,
) -> Result<(), (u64, String)> {
    let mut reader =
        ReaderBuilder::new().comment(Some(b'#')).trim(Trim::All).flexible(true).from_reader(octets);
    let header = reader.headers().map_err(|error| (1, error.to_string()))?;
    let line = header.position().map_or(1, csv::Position::line);
    let columns = Columns::of(header).map_err(|message| (line, message))?;
    let mut row = StringRecord::new();
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut row) {
            Ok(false) => return Ok(()),
            Ok(true) => {
                let line = row.position().map_or(line, csv::Position::line);
                match taken(&row, &columns, name) {
                    Ok((pattern, entry)) => shelf.put(pattern, &entry, account),
                    Err(why) => account.note(|| format!("line {line}"), &why),
                }
            }
            Err(error) if error.is_io_error() => return Err((line, error.to_string())),
            Err(error) => {
                let line = error.position().map_or(line, csv::Position::line);
                account.note(|| format!("line {line}"), "this is not UTF-8");
            }
        }
    }
}

fn taken<'a>(
    row: &'a StringRecord,
    columns: &Columns,
    name: &'a str,
) -> Result<(Pattern, Entry<'a>), String> {
    let cell = |column: Option<usize>| {
        column.and_then(|column| row.get(column)).filter(|text| !text.is_empty())
    };
    let value = cell(Some(columns.value)).ok_or("there is no value")?;
    let kind = cell(Some(columns.kind)).unwrap_or_default().to_ascii_lowercase();
    let pattern = match kind.as_str() {
        "ip" | "ipv4" | "ipv6" | "cidr" | "network" => Pattern::network(value)?,
        "domain" | "hostname" => Pattern::domain(value)?,
        "ja4" => Pattern::ja4(value)?,
        _ => {
            return Err(format!(
                "`{kind}` is no type that can be looked for: `ip`, `cidr`, `domain` or `ja4`"
            ));
        }
    };
    let expires = match cell(columns.expiry) {
        None => None,
        Some(text) => Some(timestamp(text).ok_or_else(|| {
            format!("`{text}` is no expiry: write 2026-12-31 or 2026-12-31T12:00:00Z")
        })?),
    };
    let severity = match cell(columns.severity) {
        None => Severity::High,
        Some(text) => severity(text)?,
    };
    let source = cell(columns.source).unwrap_or(name);
    Ok((pattern, Entry { severity, source, expires }))
}

fn severity(text: &str) -> Result<Severity, String> {
    let all = [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    let found = all.into_iter().find(|each| each.name().eq_ignore_ascii_case(text));
    found.ok_or_else(|| {
        format!("`{text}` is no severity: `info`, `low`, `medium`, `high` or `critical`")
    })
}
