//! `wardline detections`: what is looked for.

use super::{
    Exit, Failure,
    arguments::{Catalogue, CatalogueOutput},
    list::json,
    say,
};
use crate::detect::listing;

/// There is no detection of that name.
#[derive(Debug, thiserror::Error)]
#[error("there is no detection or threshold `{0}`; without a name, all are listed")]
struct Unknown(String);

pub fn run(words: Catalogue) -> Result<(), Failure> {
    if let Some(name) = words.name {
        let details = listing::details(&name);
        let details = details.ok_or_else(|| Failure::new(Exit::BadInput, &Unknown(name)))?;
        return say(&details);
    }
    match words.output {
        CatalogueOutput::Table => say(&listing::table()),
        CatalogueOutput::Markdown => say(&listing::document()),
        CatalogueOutput::Json => {
            say(&json("detections", serde_json::json!({"detections": listing::lines()})))
        }
    }
}
