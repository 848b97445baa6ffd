//! `wardline run`: becomes the keeper of what is in the kernel, and has a worker do the rest.

use std::path::{Path, PathBuf};

use super::{Exit, Failure, account, arguments::Run, log, privilege};
use crate::{
    capture::xdp::{AttachError, Buffers, LoadError, PinError, Pins, XdpDatapath},
    config::{Config, Overrides},
    host::accounts::Account,
    keeper::{
        StartError,
        service::{KeeperError, keep},
    },
    plan::Plan,
};

pub fn run(words: Run) -> Result<(), Failure> {
    let config = configuration(&words.config, &overrides(&words)?)?;
    log::start(config.agent.log.name());
    if config.capture.interfaces.is_empty() {
        let message = format!(
            "no interface to attach to; set capture.interfaces in {}, or give --interface NAME",
            words.config.display()
        );
        return Err(Failure { exit: Exit::BadInput, message });
    }
    privilege::require()?;
    let account = account::give_up_root(&config, &words.config)?;
    if let Some(account) = &account {
        account::settle(&config, &words.config, account)?;
    }
    // One thread: what it gives up, the whole keeper has given up.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(&error))?;
    let words = worker_words(&words);
    let load = || load(&config, account.as_ref());
    runtime.block_on(keep(&config, words, load)).map_err(|error| explain(&error))
}

/// What the command line says in place of the file.
pub fn overrides(words: &Run) -> Result<Overrides, Failure> {
    Ok(Overrides {
        interfaces: (!words.interface.is_empty()).then(|| words.interface.clone()),
        listen_address: words.web_listen_address,
        web_config_file: absolute(words.web_config_file.clone())?,
        insecure_allow: words.web_insecure_allow.then_some(true),
        enable_lifecycle: words.web_enable_lifecycle.then_some(true),
        ..Overrides::default()
    })
}

/// The paths of the file are absolute, too.
fn absolute(path: Option<PathBuf>) -> Result<Option<PathBuf>, Failure> {
    path.map(std::path::absolute).transpose().map_err(|error| Failure::failed(&error))
}

/// What is in force.
pub fn configuration(file: &Path, overrides: &Overrides) -> Result<Config, Failure> {
    Config::load_with(file, overrides)
        .map_err(|error| Failure::new(Exit::BadInput, &error))
        .map_err(|failure| with_hint(failure, file))
}

/// A file that is not there is often one that was not named.
fn with_hint(mut failure: Failure, file: &Path) -> Failure {
    if !file.exists() {
        failure.message.push_str("; name the configuration with --config FILE");
    }
    failure
}

/// The same words for a worker.
fn worker_words(words: &Run) -> Vec<String> {
    let mut all = vec!["worker".to_owned(), "--config".to_owned()];
    all.push(words.config.to_string_lossy().into_owned());
    for interface in &words.interface {
        all.extend(["--interface".to_owned(), interface.clone()]);
    }
    if let Some(address) = words.web_listen_address {
        all.extend(["--web.listen-address".to_owned(), address.to_string()]);
    }
    if let Some(file) = &words.web_config_file {
        all.extend(["--web.config.file".to_owned(), file.to_string_lossy().into_owned()]);
    }
    let flags = [
        (words.web_insecure_allow, "--web.insecure-allow"),
        (words.web_enable_lifecycle, "--web.enable-lifecycle"),
        (words.probe, "--probe"),
    ];
    all.extend(flags.iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| (*flag).to_owned()));
    all
}

/// Loads the program; pins are `account`'s, if root gave itself up for one.
pub fn load(config: &Config, account: Option<&Account>) -> Result<XdpDatapath, KeeperError> {
    let plan = Plan::of(config);
    let pins = match config.capture.persist {
        true => Some(pins(&config.capture.pin_directory, account)?),
        false => None,
    };
    let mut datapath = XdpDatapath::open(&plan.settings, seed(), pins)?;
    if config.capture.run_statistics {
        datapath.measure_runs();
    }
    if datapath.buffers() == Buffers::One {
        tracing::warn!(
            "this kernel gives the program no frame in several buffers (Linux 5.18 and later do): \
             using the program for frames in one; interfaces with a large MTU may refuse it"
        );
    }
    Ok(datapath)
}

fn pins(directory: &Path, account: Option<&Account>) -> Result<Pins, PinError> {
    if let Some(account) = account {
        Pins::give(directory, account)?;
    }
    let pins = Pins::open(directory)?;
    if let Some(account) = account {
        Pins::open_way(directory, account)?;
    }
    Ok(pins)
}

pub fn explain(error: &KeeperError) -> Failure {
    let exit =
        match error {
            KeeperError::Load(LoadError::NotPermitted)
            | KeeperError::Start(StartError::Attach(AttachError::NotPermitted { .. })) => {
                Exit::NotPermitted
            }
            KeeperError::Pins(
                PinError::Mount { source, .. } | PinError::Directory { source, .. },
            ) if source.kind() == std::io::ErrorKind::PermissionDenied => Exit::NotPermitted,
            // The worker has said what is wrong.
            KeeperError::NotReady(status) if status.code().is_some() => {
                let exit = match status.code() {
                    Some(2) => Exit::BadInput,
                    Some(4) => Exit::NotPermitted,
                    _ => Exit::Failed,
                };
                return Failure { exit, message: String::new() };
            }
            _ => Exit::Failed,
        };
    Failure::new(exit, error)
}

/// A number that nobody who sends frames can know.
fn seed() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(std::process::id())
}
