//! What commands do with files of indicators.

use super::{Exit, Failure};
use crate::{
    config::Config,
    intelligence::{self, Account},
    time::{Timestamp, WallClock},
};

/// Reads the files that `config` names; one that cannot be read is bad input.
pub fn load(config: &mut Config, clock: WallClock) -> Result<Vec<Account>, Failure> {
    let now = Timestamp::from_micros(jiff::Timestamp::now().as_microsecond());
    intelligence::load(&mut config.intelligence, clock, now)
        .map_err(|error| Failure::new(Exit::BadInput, &error))
}
