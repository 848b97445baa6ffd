//! Whose rights the agent has when root starts it: an account of its own, as under the service's unit,
//! so that neither process owns what is root's.

use std::io;

use rustix::{
    process::{Gid, Uid},
    thread::{
        CapabilitySets, capabilities, set_capabilities, set_keep_capabilities, set_thread_groups,
        set_thread_res_gid, set_thread_res_uid,
    },
};

use crate::host::accounts::Account;

/// The user that packages make, taken where `user` of `[agent]` is not written.
pub const USUAL: &str = "wardline";

/// Under which account the agent goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// That of root, to give up.
    Take(Account),
    /// That of root, to keep, because the configuration says so.
    Root,
    /// That of root, because there is no user [`USUAL`].
    RootForWant,
    /// That of whoever started it, who is not root.
    Starter,
    /// As [`Choice::Starter`], though the configuration names somebody else.
    StarterInstead(String),
}

/// There is nobody to become.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error(
        "there is no user {name:?}: make one with `{}`, or name another one (\"root\": the agent stays root)",
        making(name)
    )]
    Missing { name: String },
    #[error("cannot find out whether there is a user {name:?}: {source}")]
    Unknown { name: String, source: io::Error },
}

/// Chooses for an agent started by the user with the number `starter`; `named` is what the
/// configuration says, `find` looks a user up.
///
/// # Errors
///
/// [`AccountError`], if root is to become somebody who is not there.
pub fn choose(
    named: Option<&str>,
    starter: u32,
    find: impl Fn(&str) -> io::Result<Option<Account>>,
) -> Result<Choice, AccountError> {
    let name = named.unwrap_or(USUAL);
    let found = find(name);
    if starter != 0 {
        let is_other = named.is_some() && !matches!(&found, Ok(Some(of)) if of.user == starter);
        return Ok(match is_other {
            true => Choice::StarterInstead(name.to_owned()),
            false => Choice::Starter,
        });
    }
    match found {
        Ok(Some(account)) if account.user == 0 => Ok(Choice::Root),
        Ok(Some(account)) => Ok(Choice::Take(account)),
        Ok(None) if named.is_none() => Ok(Choice::RootForWant),
        Ok(None) => Err(AccountError::Missing { name: name.to_owned() }),
        Err(source) => Err(AccountError::Unknown { name: name.to_owned(), source }),
    }
}

/// What makes such a user.
pub fn making(name: &str) -> String {
    format!("useradd --system --user-group --no-create-home --shell /usr/sbin/nologin {name}")
}

/// Whether a thread keeps its capabilities when it takes an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capabilities {
    Kept,
    Lost,
}

/// Gives this thread, and all that it starts, the account's user and group and no other group. What it
/// makes from now on is the account's. In a process there must be no other thread yet.
///
/// # Errors
///
/// What the kernel says: it takes CAP_SETUID and CAP_SETGID.
pub fn take(account: &Account, kept: Capabilities) -> io::Result<()> {
    let (user, group) = (Uid::from_raw(account.user), Gid::from_raw(account.group));
    set_keep_capabilities(kept == Capabilities::Kept)?;
    set_thread_groups(&[])?;
    set_thread_res_gid(group, group, group)?;
    set_thread_res_uid(user, user, user)?;
    set_keep_capabilities(false)?;
    // The change left them permitted and took them out of force.
    let now = capabilities(None)?;
    Ok(set_capabilities(None, CapabilitySets { effective: now.permitted, ..now })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(name: &str) -> io::Result<Option<Account>> {
        let account = |user| Account { name: name.to_owned(), user, group: user };
        match name {
            "root" => Ok(Some(account(0))),
            "wardline" => Ok(Some(account(998))),
            "site" => Ok(Some(account(1000))),
            "far" => Err(io::ErrorKind::TimedOut.into()),
            _ => Ok(None),
        }
    }

    fn nobody(_: &str) -> io::Result<Option<Account>> {
        Ok(None)
    }

    #[test]
    fn root_becomes_who_is_named_or_the_usual_user_if_there_is_one() {
        let taken = |named| match choose(named, 0, find) {
            Ok(Choice::Take(account)) => account.user,
            other => panic!("{other:?}"),
        };
        assert_eq!(taken(None), 998);
        assert_eq!(taken(Some("site")), 1000);
        assert_eq!(choose(Some("root"), 0, find).ok(), Some(Choice::Root));
        assert_eq!(choose(None, 0, nobody).ok(), Some(Choice::RootForWant));
    }

    #[test]
    fn root_does_not_stay_root_for_a_mistake_and_is_told_what_to_type() {
        let said = choose(Some("wardlin"), 0, find).unwrap_err().to_string();
        assert!(
            said.contains("no user \"wardlin\"") && said.contains("useradd --system"),
            "{said}"
        );
        assert!(said.ends_with("(\"root\": the agent stays root)"), "{said}");
        assert!(matches!(choose(Some("far"), 0, find), Err(AccountError::Unknown { .. })));
    }

    #[test]
    fn who_is_not_root_stays_who_they_are() {
        assert_eq!(choose(None, 1000, find).ok(), Some(Choice::Starter));
        assert_eq!(choose(None, 1000, nobody).ok(), Some(Choice::Starter));
        assert_eq!(choose(Some("site"), 1000, find).ok(), Some(Choice::Starter));
        for other in ["wardline", "wardlin", "root"] {
            let instead = Choice::StarterInstead(other.to_owned());
            assert_eq!(choose(Some(other), 1000, find).ok(), Some(instead));
        }
    }
}
