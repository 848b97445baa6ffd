//! `wardline events`: what events look like.

use super::{
    Failure,
    arguments::{Events, EventsAction},
    say,
};
use crate::export::eve::schema;

pub fn run(words: &Events) -> Result<(), Failure> {
    match words.action {
        EventsAction::Schema => say(&schema::document()),
    }
}
