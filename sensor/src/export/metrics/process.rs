//! The agent's own process, under the names that every Prometheus client uses.

use std::fs;

use super::Page;

/// Adds what `/proc/self` tells; what it does not tell is left out.
pub fn fill(page: &mut Page) {
    // SAFETY: `sysconf` has no preconditions.
    let (ticks, page_size) =
        unsafe { (libc::sysconf(libc::_SC_CLK_TCK), libc::sysconf(libc::_SC_PAGESIZE)) };
    if let Ok(stat) = fs::read_to_string("/proc/self/stat")
        && let Some((_, fields)) = stat.rsplit_once(") ")
    {
        // proc(5): state is field 3; utime 14, stime 15, starttime 22, rss 24.
        let field = |number: usize| -> f64 {
            fields.split(' ').nth(number - 3).and_then(|text| text.parse().ok()).unwrap_or(0.0)
        };
        page.add("process_cpu_seconds_total", &[], (field(14) + field(15)) / ticks as f64);
        page.add("process_resident_memory_bytes", &[], field(24) * page_size as f64);
        if let Some(boot) = boot_time() {
            page.add("process_start_time_seconds", &[], boot + field(22) / ticks as f64);
        }
    }
    if let Ok(descriptors) = fs::read_dir("/proc/self/fd") {
        page.add("process_open_fds", &[], descriptors.count() as f64);
    }
}

fn boot_time() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    stat.lines().find_map(|line| line.strip_prefix("btime ")?.parse().ok())
}
