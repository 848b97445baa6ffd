use std::{
    os::unix::fs::PermissionsExt as _,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use rustix::process::{getgid, getuid};

use super::*;
use crate::{
    config::Overrides,
    confinement::account::{Capabilities, take},
};

/// A user who is not root: whoever runs the tests, or else nobody.
fn somebody() -> Account {
    let user = getuid().as_raw();
    match user {
        0 => Account { name: "nobody".to_owned(), user: 65_534, group: 65_534 },
        _ => Account { name: "tester".to_owned(), user, group: getgid().as_raw() },
    }
}

fn restrict(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A configuration, a secret and three directories, which everybody may use; removed when dropped.
struct Site {
    place: PathBuf,
    config: Config,
}

impl Site {
    fn open() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("wardline-access-{}-{number}", std::process::id());
        let place = std::env::temp_dir().join(name);
        fs::create_dir_all(&place).unwrap();
        restrict(&place, 0o755);
        for directory in ["state", "run", "log"] {
            fs::create_dir(place.join(directory)).unwrap();
            restrict(&place.join(directory), 0o777);
        }
        for file in ["wardline.toml", "secret", "state/wardline.db", "log/events.jsonl"] {
            fs::write(place.join(file), "").unwrap();
            restrict(&place.join(file), 0o666);
        }
        let shown = place.display();
        let text = format!(
            "[agent]\nstate_directory = \"{shown}/state\"\nsocket = \"{shown}/run/socket\"\n\
             [events]\npath = \"{shown}/log/events.jsonl\"\n\
             [[webhook]]\nname = \"desk\"\nurl = \"https://a/b\"\nsecret_file = \"{shown}/secret\"\n"
        );
        let config = Config::parse(Path::new("w.toml"), &text, &Overrides::default()).unwrap();
        Self { place, config }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.join(name)
    }

    /// What somebody may not do, by what is typed; asked in a thread that has become them.
    fn refused(&self) -> Vec<(String, bool)> {
        let account = somebody();
        let file = self.path("wardline.toml");
        let look = || {
            if getuid().is_root() {
                take(&account, Capabilities::Lost).unwrap();
            }
            refusals(&self.config, &file, &account)
        };
        let found = thread::scope(|scope| scope.spawn(look).join().unwrap());
        found.into_iter().map(|refusal| (refusal.remedy, refusal.is_tolerable)).collect()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        restrict(&self.place, 0o700);
        restrict(&self.path("state"), 0o700);
        restrict(&self.path("run"), 0o700);
        restrict(&self.path("log"), 0o700);
        fs::remove_dir_all(&self.place).unwrap();
    }
}

#[test]
fn nothing_is_refused_where_the_user_may_do_everything() {
    assert_eq!(Site::open().refused(), []);
}

#[test]
fn each_refusal_comes_with_what_to_type() {
    type Typed<'a> = &'a dyn Fn(&str) -> String;
    let name = somebody().name;
    let group = group_name(somebody().group);
    let chown = |path: &str| format!("chown {name}: {path}");
    let chgrp = |path: &str| format!("chgrp {group} {path} && chmod g+r {path}");
    let whole = |path: &str| format!("chown -R {name}: {path}");
    let cases: [(&str, Typed<'_>, bool); 6] = [
        ("state", &whole, false),
        ("run", &chown, false),
        ("log", &chown, false),
        ("log/events.jsonl", &chown, false),
        ("wardline.toml", &chgrp, false),
        ("secret", &chgrp, true),
    ];
    for (what, typed, is_tolerable) in cases {
        let site = Site::open();
        let path = site.path(what);
        // A directory that may be looked into and passed, but not changed.
        restrict(&path, if path.is_dir() { 0o555 } else { 0o000 });
        let expected = typed(&path.display().to_string());
        assert_eq!(site.refused(), [(expected, is_tolerable)], "{what}");
    }
}

#[test]
fn a_file_of_another_users_run_has_the_whole_state_directory_handed_over() {
    let site = Site::open();
    restrict(&site.path("state/wardline.db"), 0o444);
    let remedy = format!("chown -R {}: {}", somebody().name, site.path("state").display());
    assert_eq!(site.refused(), [(remedy, false)]);
}

#[test]
fn what_lies_behind_a_closed_directory_is_told_by_that_directory() {
    let site = Site::open();
    restrict(&site.place, 0o600);
    let refused = site.refused();
    let remedy = format!("keep it elsewhere, or chmod o+x {}", site.place.display());
    assert!(refused.len() >= 4 && refused.iter().all(|(said, _)| *said == remedy), "{refused:?}");
}

#[test]
fn a_directory_of_the_systems_is_nobodys_to_take() {
    assert!(owning(Path::new("/var/log"), "wardline").starts_with("name a place"));
    let own = owning(Path::new("/var/log/wardline"), "wardline");
    assert_eq!(own, "chown wardline: /var/log/wardline");
}
