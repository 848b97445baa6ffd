//! Whose rights the agent goes on with, and what `wardline doctor` says of it.

use std::{path::Path, thread};

use rustix::process::geteuid;

use super::{Exit, Failure};
use crate::{
    config::Config,
    confinement::{
        access::{Refusal, make_directories, refusals},
        account::{Capabilities, Choice, USUAL, choose, making, take},
    },
    host::{
        accounts::{Account, named},
        doctor::Check,
    },
};

fn chosen(config: &Config, file: &Path) -> Result<Choice, Failure> {
    let starter = geteuid().as_raw();
    choose(config.agent.user.as_deref(), starter, named).map_err(|error| {
        let error = Config::wrong_at(file, "agent", "user", &error.to_string());
        Failure::new(Exit::BadInput, &error)
    })
}

/// Gives up root's account for that of the agent, whose things it makes from now on, and keeps
/// capabilities; says which one it is. There must be no other thread yet.
pub fn give_up_root(config: &Config, file: &Path) -> Result<Option<Account>, Failure> {
    let account = match chosen(config, file)? {
        Choice::Take(account) => account,
        Choice::Root | Choice::Starter => return Ok(None),
        Choice::RootForWant => {
            tracing::warn!(
                "there is no user {USUAL}, so the worker, which reads packets and serves requests, \
                 stays root's; make one: {}",
                making(USUAL)
            );
            return Ok(None);
        }
        Choice::StarterInstead(name) => {
            tracing::warn!(
                user = name,
                "`user` of [agent] is for root to start; going on as found"
            );
            return Ok(None);
        }
    };
    take(&account, Capabilities::Kept).map_err(|error| {
        let message = format!(
            "cannot become {}: {error}; it takes CAP_SETUID and CAP_SETGID. `user = \"root\"` in \
             [agent] goes without",
            account.name
        );
        Failure { exit: Exit::NotPermitted, message }
    })?;
    let Account { name, user: uid, group: gid } = &account;
    tracing::info!(uid, gid, "started by root, going on as {name}");
    Ok(Some(account))
}

/// Makes what the agent needs and sees whether its account, which is this process's, may use it.
pub fn settle(config: &Config, file: &Path, account: &Account) -> Result<(), Failure> {
    make_directories(config);
    let (tolerable, needed): (Vec<_>, Vec<_>) =
        refusals(config, file, account).into_iter().partition(|refusal| refusal.is_tolerable);
    let name = &account.name;
    for Refusal { what, remedy, .. } in tolerable {
        tracing::warn!(remedy, "{name} may not {what}: alerts wait until it may");
    }
    if needed.is_empty() {
        return Ok(());
    }
    let lines = needed.iter().map(|Refusal { what, remedy, .. }| format!("\n  {what}: {remedy}"));
    let message = format!(
        "the agent runs as {name}, who may not{}\nor name another `user` in [agent] (\"root\": it \
         stays root)",
        lines.collect::<String>()
    );
    Err(Failure { exit: Exit::NotPermitted, message })
}

/// Lines on the account that an agent started by root has, and on what that may not do.
pub fn checks(config: &Config, file: &Path) -> Vec<Check> {
    const SUBJECT: &str = "user";
    let starter = geteuid().as_raw();
    let found = choose(config.agent.user.as_deref(), 0, named);
    let check = match found {
        Err(error) => Check::fail(SUBJECT, error.to_string(), "mend `user` of [agent]"),
        Ok(Choice::Take(account)) if starter == 0 => return reached(config, file, &account),
        Ok(Choice::Take(Account { name, user, .. })) => {
            Check::ok(SUBJECT, format!("started by root, the agent runs as {name} (uid {user})"))
        }
        Ok(Choice::Root) => Check::warn(
            SUBJECT,
            "started by root, the agent stays root, as the configuration says",
            format!("name another user: {}", making(USUAL)),
        ),
        Ok(_) => Check::warn(
            SUBJECT,
            format!("no user {USUAL}: started by root, the agent stays root"),
            making(USUAL),
        ),
    };
    vec![check]
}

/// Asked in a thread that has become the account, and ends.
fn reached(config: &Config, file: &Path, account: &Account) -> Vec<Check> {
    let look = || take(account, Capabilities::Lost).map(|()| refusals(config, file, account));
    let looked = thread::scope(|scope| scope.spawn(look).join());
    let Account { name, user, .. } = account;
    let runs = format!("started by root, the agent runs as {name} (uid {user})");
    let refusals = match looked {
        Ok(Ok(refusals)) => refusals,
        Ok(Err(error)) => {
            let text = format!("{runs}, but this process may not become it: {error}");
            return vec![Check::warn("user", text, "run `wardline doctor` as root")];
        }
        Err(_) => Vec::new(),
    };
    let refused = refusals.into_iter().map(|Refusal { what, remedy, is_tolerable }| {
        let text = format!("{name} may not {what}");
        match is_tolerable {
            true => Check::warn("user", text, remedy),
            false => Check::fail("user", text, remedy),
        }
    });
    std::iter::once(Check::ok("user", runs)).chain(refused).collect()
}
