//! Which lines of a test program are worth showing.
//!
//! `--show-output` is the only way to see what passing tests print, but it also lists every passing
//! test a second time.

#[derive(Default)]
pub struct Transcript {
    hides: bool,
}

impl Transcript {
    /// Whether to show `line`, the next one. Hides the lists headed `successes:`, not what the
    /// tests named there have printed.
    pub fn shows(&mut self, line: &str) -> bool {
        if line == "successes:" {
            self.hides = true;
        } else if ["---- ", "failures:", "test result: "]
            .iter()
            .any(|start| line.starts_with(start))
        {
            self.hides = false;
        }
        !self.hides
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_shown_and_the_second_list_is_not() {
        let text = "test a ... ok\nsuccesses:\n\n---- a stdout ----\n    printed\nsuccesses:\n    a\n\n\
            failures:\n    b\ntest result: FAILED.";
        let mut transcript = Transcript::default();
        let shown: Vec<_> = text.lines().filter(|line| transcript.shows(line)).collect();
        let head = ["test a ... ok", "---- a stdout ----", "    printed"];
        let tail = ["failures:", "    b", "test result: FAILED."];
        assert_eq!(shown, [head, tail].concat());
    }
}
