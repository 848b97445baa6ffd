//! What a process takes of the machine, as `/proc` has it.

use std::fs;

use serde::Serialize;

use super::error::BenchError;

/// What there is now; of a process and its children, the sums.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Taken {
    /// CPU time so far.
    pub cpu_seconds: f64,
    /// All that is resident: the maps of the kernel that are read in place are among it.
    pub resident_octets: u64,
    /// What the process has for itself alone.
    pub own_octets: u64,
    pub descriptors: usize,
}

impl Taken {
    /// Of a process and its children.
    ///
    /// # Errors
    ///
    /// When one of them is gone.
    pub fn by(process: u32) -> Result<Self, BenchError> {
        let mut taken = Self::by_one(process)?;
        for child in children(process) {
            let child = Self::by(child)?;
            taken.cpu_seconds += child.cpu_seconds;
            taken.resident_octets += child.resident_octets;
            taken.own_octets += child.own_octets;
            taken.descriptors += child.descriptors;
        }
        Ok(taken)
    }

    fn by_one(process: u32) -> Result<Self, BenchError> {
        let read = |what: &str| {
            fs::read_to_string(format!("/proc/{process}/{what}"))
                .map_err(|source| BenchError::Process { what: what.to_owned(), source })
        };
        let (stat, status) = (read("stat")?, read("status")?);
        let descriptors = fs::read_dir(format!("/proc/{process}/fd"))
            .map_err(|source| BenchError::Process { what: "fd".to_owned(), source })?
            .count();
        Ok(Self {
            cpu_seconds: cpu_ticks(&stat) as f64 / 100.0,
            resident_octets: kibibytes(&status, "VmRSS:") << 10,
            own_octets: kibibytes(&status, "RssAnon:") << 10,
            descriptors,
        })
    }
}

/// Whichever of its threads started them.
fn children(process: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let lists =
        threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let numbers = |list: String| -> Vec<u32> {
        list.split_whitespace().filter_map(|number| number.parse().ok()).collect()
    };
    lists.flat_map(numbers).collect()
}

/// User and system time in hundredths of a second (proc_pid_stat(5), fields 14 and 15). The name in
/// field 2 may hold anything, up to the last parenthesis.
fn cpu_ticks(stat: &str) -> u64 {
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    rest.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}

fn kibibytes(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn a_child_that_another_thread_started_is_found() {
        let (started, child) = mpsc::channel();
        let (end, ended) = mpsc::channel::<()>();
        let starter = thread::spawn(move || {
            let mut child = Command::new("sleep").arg("60").spawn().unwrap();
            started.send(child.id()).unwrap();
            // A child belongs to the thread for as long as there is one.
            ended.recv().unwrap();
            child.kill().unwrap();
            child.wait().unwrap();
        });
        let child = child.recv().unwrap();
        let found = children(std::process::id());
        end.send(()).unwrap();
        starter.join().unwrap();
        assert!(found.contains(&child), "{found:?} has no {child}");
    }

    #[test]
    fn fields_are_found_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 5 0 1000";
        assert_eq!(cpu_ticks(stat), 300);
        assert_eq!(kibibytes("VmRSS:\t  2048 kB\nRssAnon:\t 12 kB\n", "RssAnon:"), 12);
    }
}
