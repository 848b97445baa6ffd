//! The demonstration: the agent at work on the gateway of the laboratory's
//! hospital, on an ordinary day and then when a ward computer is infected.
//!
//! What the demonstration takes from the agent (its configuration, its
//! commands, the shape of its answers) is in [`agent`] and [`answers`] alone.

mod agent;
mod answers;
mod error;
mod metrics;
mod rates;
mod recording;
mod replayed;
mod scene;
mod screen;
mod view;
mod witness;
mod workplace;

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

pub use error::DemoError;
pub use recording::record;
pub use replayed::replay;

use crate::lab::hospital::outbreak::{ADDRESSES, Scanner};
use crate::lab::hospital::{Hospital, stations};
use crate::lab::interrupt;
use crate::speakers::Shift;
use agent::Agent;
use scene::{Beginning, Scene, Stage};
use screen::Screen;
use witness::Witness;
use workplace::Workplace;

/// What the user asked for.
#[derive(Clone, Debug)]
pub struct Demonstration {
    /// The agent's executable.
    pub agent: PathBuf,
    /// Stay after the outbreak until Ctrl-C.
    pub is_kept: bool,
    /// Length of the ordinary day before the outbreak.
    pub day: Duration,
}

const IMAGE_OCTETS: usize = 400_000;
const INFECTED: &str = "ward-pc";
/// The station that the infected one calls on every day.
const FILE_SERVER: &str = "files";
/// The alert stays on the screen this long before the end.
const TIME_TO_READ: Duration = Duration::from_secs(3);
/// The demonstration gives up on the alert after this time.
const PATIENCE_FOR_ALERT: Duration = Duration::from_secs(15);
/// Frames on their way when the last speaker fell silent are counted by then.
const PATIENCE_FOR_BOOKS: Duration = Duration::from_secs(5);
const REDRAW_EVERY: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Runs with root until the end, or until Ctrl-C. Whatever happens, nothing
/// that it started or made is left.
pub fn run(demonstration: &Demonstration) -> Result<(), DemoError> {
    interrupt::install();
    let started = Instant::now();
    let executable = agent::find(&demonstration.agent)?;
    let workplace = Workplace::make()?;
    let mut screen = Screen::open();
    screen.say("building the hospital: one gateway, two segments, 18 stations");
    let hospital = Hospital::open("demo")?;
    let built_in = started.elapsed();
    screen.say(&format!("hospital built in {:.1} s; starting the agent", built_in.as_secs_f64()));
    let mut agent = Agent::start(&executable, hospital.gateway(), &workplace)?;
    let ready_in = agent.wait_until_ready()?;

    let shift = Shift::of(LONGEST);
    let mut scene = Scene::new(hospital.gateway().name(), ready_in);
    let (told, day) = thread::scope(|scope| {
        let day = scope.spawn(|| hospital.day(&shift, IMAGE_OCTETS));
        let told = tell(demonstration, &hospital, &mut agent, &mut screen, &mut scene);
        shift.call_off();
        (told, day.join().map_err(|_| DemoError::DayFailed))
    });
    let day = view::day_summary(&day??);
    let books = close_the_books(&agent, &mut scene);
    screen.conclude(&format!("{books}\n{day}"));
    let ended = agent.end()?;
    screen.conclude(&format!(
        "agent ended with {ended}; demonstration took {:.1} s",
        started.elapsed().as_secs_f64()
    ));
    told
}

/// The story: an ordinary day, the outbreak, the alert.
fn tell(
    demonstration: &Demonstration,
    hospital: &Hospital,
    agent: &mut Agent<'_>,
    screen: &mut Screen,
    scene: &mut Scene,
) -> Result<(), DemoError> {
    let opened = Instant::now();
    while opened.elapsed() < demonstration.day && !interrupt::is_requested() {
        scene.stage = Stage::Day { elapsed: opened.elapsed(), of: demonstration.day };
        show(agent, screen, scene)?;
    }
    if interrupt::is_requested() {
        return Err(DemoError::Interrupted);
    }

    let infected = stations::named(INFECTED);
    let file_server = stations::named(FILE_SERVER).address();
    let witness = Witness::of(hospital.gateway(), infected.address(), file_server)?;
    let mut outbreak = hospital.begin_outbreak(infected, Scanner::available())?;
    let since = Instant::now();
    while since.elapsed() < PATIENCE_FOR_ALERT && !interrupt::is_requested() {
        scene.stage = Stage::Outbreak {
            station: infected.role,
            scanner: outbreak.scanner,
            addresses: ADDRESSES,
            elapsed: since.elapsed(),
        };
        show(agent, screen, scene)?;
        let beginning = Beginning { start: outbreak.began, first_probe: witness.first_probe() };
        if scene.note_alert(beginning) && outbreak.has_ended_within(Duration::ZERO) {
            break;
        }
    }
    outbreak.has_ended_within(Duration::from_secs(5));
    let over = Instant::now();
    while (demonstration.is_kept || over.elapsed() < TIME_TO_READ) && !interrupt::is_requested() {
        scene.stage = Stage::After { is_kept: demonstration.is_kept };
        show(agent, screen, scene)?;
    }
    screen.draw_last(scene);
    screen.conclude(&scene.conclusion());
    if scene.is_answered() {
        Ok(())
    } else if interrupt::is_requested() {
        Err(DemoError::Interrupted)
    } else {
        Err(DemoError::NotReported { waited: PATIENCE_FOR_ALERT })
    }
}

/// Asks the agent, draws, and waits for the next second.
fn show(agent: &mut Agent<'_>, screen: &mut Screen, scene: &mut Scene) -> Result<(), DemoError> {
    let began = Instant::now();
    agent.check()?;
    scene.take(agent.observe(), began);
    screen.draw(scene);
    while began.elapsed() < REDRAW_EVERY && !interrupt::is_requested() {
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Everybody is silent now: every frame has come, and has its fate.
fn close_the_books(agent: &Agent<'_>, scene: &mut Scene) -> String {
    let since = Instant::now();
    loop {
        thread::sleep(Duration::from_millis(300));
        scene.take(agent.observe(), Instant::now());
        let is_balanced = scene.observed.books().is_some_and(|books| books.is_balanced());
        if is_balanced || since.elapsed() > PATIENCE_FOR_BOOKS {
            return scene.closing_books();
        }
    }
}
