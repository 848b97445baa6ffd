//! The agent's own process, under the names that every Prometheus client uses.

use std::fs;

use super::Page;

/// Clock ticks a second in `/proc` (USER_HZ), fixed by the kernel's interface on every
/// architecture that Wardline runs on.
const USER_HZ: f64 = 100.0;

/// Adds what `/proc/self` tells; what it does not tell is left out.
pub fn fill(page: &mut Page) {
    if let Ok(stat) = fs::read_to_string("/proc/self/stat")
        && let Some((_, fields)) = stat.rsplit_once(") ")
    {
        // proc(5): state is field 3; utime 14, stime 15, starttime 22.
        let field = |number: usize| -> f64 {
            fields.split(' ').nth(number - 3).and_then(|text| text.parse().ok()).unwrap_or(0.0)
        };
        page.add("process_cpu_seconds_total", &[], (field(14) + field(15)) / USER_HZ);
        if let Some(boot) = value_in("/proc/stat", "btime ") {
            page.add("process_start_time_seconds", &[], boot + field(22) / USER_HZ);
        }
    }
    if let Some(kibibytes) = value_in("/proc/self/status", "VmRSS:") {
        page.add("process_resident_memory_bytes", &[], kibibytes * 1024.0);
    }
    if let Ok(descriptors) = fs::read_dir("/proc/self/fd") {
        page.add("process_open_fds", &[], descriptors.count() as f64);
    }
}

/// The number after `key` at the beginning of a line.
fn value_in(file: &str, key: &str) -> Option<f64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_tells_of_this_process() {
        let mut page = Page::default();
        fill(&mut page);
        let text = page.encode();
        for name in ["cpu_seconds_total", "start_time_seconds", "resident_memory_bytes", "open_fds"]
        {
            assert!(text.contains(&format!("\nprocess_{name} ")), "{name} in {text}");
        }
    }
}
