//! `docs/performance.md`: what the bench writes of it stands between two marks, and the rest of the
//! page is left alone.

use std::fs;
use std::path::Path;

use super::error::BenchError;
use super::plot::plot;
use super::report::Report;
use super::tables::tables;

const BEGIN: &str = "<!-- written by `cargo xtask bench --document` -->";
const END: &str = "<!-- end of what the bench writes -->";

/// Writes what one of the other benches found into its own section of the page.
///
/// # Errors
///
/// When the page cannot be written.
pub fn put_section(page: &Path, bench: &str, section: &str) -> Result<(), BenchError> {
    let begin = format!("<!-- written by `cargo xtask {bench} --document` -->");
    let end = format!("<!-- end of what {bench} writes -->");
    let earlier = fs::read_to_string(page).unwrap_or_else(|_| TITLE.to_owned());
    let text = replaced_between(&earlier, section, &begin, &end);
    fs::write(page, text).map_err(|source| BenchError::Write { path: page.to_path_buf(), source })
}
const TITLE: &str = "# Performance\n\n";
const PLOT: &str = "performance.svg";

const METHOD: &str = "\
The kernel runs a program many times over one frame (`BPF_PROG_TEST_RUN`). Before each run a first
program writes another flow into the frame, from a table of 2^20 flows or flow after flow, and calls
the program under test. *null* is a program that only lets the frame pass; figures are nanoseconds
over the null of the same round: the median over rounds, and the least time less the null's least.
Programs take turns within a round; time is the thread's own CPU time, so that preemption does not
count. *Stock* programs dissect as Wardline does and add atomically to two counters in one of the
kernel's maps, under a key of 16 octets, with room for twice the flows. Wardline is the program that
is shipped, with all it does; its table has four slots for each flow. For *new flows* every table
has room for 65,536.

*First payload packets*: 16,384 new flows a turn, each opened by a packet without payload; 16 frames
later it speaks. Frames are as long as their packets, padded to 60 octets: a longer one would not take
the short way once its flow is settled. The time of a turn that only opens is subtracted. Then the same
packets of flows whose application is settled: the difference is what classifying adds, samples for the
agent included. *Payload adds once settled* compares these with packets without payload. The mix goes
through all protocols in random order, so that no branch is learnt by heart, with a flow table that
fits into the caches and with one that does not.

*Reading the table*: the agent's own reader goes through the whole table, once after every flow has
counted a packet and once after nothing has happened, as it does several times a second and, looking at
every slot whatever the ticks say, as every ten seconds. Then packets of known flows, uniform, alone and
while another CPU does nothing but sweep, round by round.

One machine, and other work on it: trust ratios and minima more than single figures. Nothing here
says how the program behaves on a network card or with many CPUs on one flow.
";

/// Writes the page and the plot beside it.
///
/// # Errors
///
/// When either cannot be written.
pub fn document(report: &Report, page: &Path) -> Result<(), BenchError> {
    let write = |path: &Path, text: &str| {
        fs::write(path, text)
            .map_err(|source| BenchError::Write { path: path.to_path_buf(), source })
    };
    let loads: Vec<_> = report.loads.iter().chain(&report.floods).collect();
    write(&page.with_file_name(PLOT), &plot(&loads))?;
    let earlier = fs::read_to_string(page).unwrap_or_else(|_| TITLE.to_owned());
    write(page, &replaced(&earlier, &section(report)))
}

fn section(report: &Report) -> String {
    format!(
        "## What the XDP program costs a packet\n\n{METHOD}\n{}\n![added nanoseconds]({PLOT})\n\n{}",
        machine(report),
        tables(report)
    )
}

fn machine(report: &Report) -> String {
    let null = |pick: fn(&super::figures::Noise) -> f64| {
        let nulls = report.loads.iter().chain(&report.floods).map(|load| pick(&load.null));
        nulls.collect::<Vec<_>>()
    };
    let lowest = null(|null| null.minimum).into_iter().fold(f64::INFINITY, f64::min);
    let highest = null(|null| null.maximum).into_iter().fold(0.0, f64::max);
    let measured = report.machine.sentence();
    format!("{measured} The null program took {lowest:.1} to {highest:.1} ns.\n")
}

/// `page` with `section` between the marks; at its end if it has none.
fn replaced(page: &str, section: &str) -> String {
    replaced_between(page, section, BEGIN, END)
}

fn replaced_between(page: &str, section: &str, first: &str, last: &str) -> String {
    let marked = format!("{first}\n\n{section}\n{last}\n");
    match (page.find(first), page.find(last)) {
        (Some(begin), Some(end)) if begin < end => {
            let rest = page[end + last.len()..].trim_start_matches('\n');
            let rest = if rest.is_empty() { String::new() } else { format!("\n{rest}") };
            format!("{}{marked}{rest}", &page[..begin])
        }
        _ => format!("{page}\n{marked}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_is_written_anew() {
        let first = replaced("# Performance\n\nBy hand.\n\n", "one");
        let page = format!("{first}\n## Also by hand\n");
        let others = replaced_between(&page, "three", "<!-- a -->", "<!-- b -->");
        assert!(others.starts_with(&page) && others.contains("three"));
        let second = replaced(&page, "two");
        assert_eq!(second, page.replace("one", "two"));
        assert_eq!(replaced(&second, "two"), second);
    }
}
