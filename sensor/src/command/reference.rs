//! `wardline reference`: the command line as Markdown, from the words that clap reads.

use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory as _};

use super::{Arguments, Failure, say};

const HEAD: &str = "\
# Command line

Written by `wardline reference`; a test compares it.

Exit status: 0 done, 1 failed, 2 wrong words, configuration or capture, 3 what was found is not as it
should be (`status`, `doctor`), 4 not permitted.

With `--output json` an answer is one object. Its `schema` says which, and in which version:
`wardline/devices/v1`, and so for `flows`, `alerts`, `alert`, `suppressions`, `order`, `profiles`,
`profile`, `unknown`, `detections`, `status`, `ifaces` and `doctor`. What is added keeps the version; what goes, or changes its meaning,
raises it. Flows, devices and alerts in it are as [events](events.md) have them.

| command | does |
| --- | --- |
";

pub fn run() -> Result<(), Failure> {
    say(&document())
}

/// `docs/cli.md`.
pub fn document() -> String {
    let mut root = Arguments::command();
    root.build();
    let commands = below(&root, "wardline");
    let mut text = String::from(HEAD);
    for (name, command) in &commands {
        let anchor = name.replace(' ', "-");
        // Writing to a string does not fail.
        let _ = writeln!(text, "| [`{name}`](#{anchor}) | {} |", about(command));
    }
    for (name, command) in commands {
        let _ = write!(text, "\n## {name}\n\n{}\n\n{}", about(command), usage(command));
        text.push_str(&table(command));
    }
    text
}

/// The commands that do something, in the order of the help, each with all its words.
fn below<'c>(command: &'c Command, name: &str) -> Vec<(String, &'c Command)> {
    let mut commands = Vec::new();
    for inner in command.get_subcommands() {
        if inner.is_hide_set() || inner.get_name() == "help" {
            continue;
        }
        let name = format!("{name} {}", inner.get_name());
        if !inner.is_subcommand_required_set() {
            commands.push((name.clone(), inner));
        }
        commands.extend(below(inner, &name));
    }
    commands
}

fn about(command: &Command) -> String {
    let text = command.get_long_about().or(command.get_about());
    text.map(|text| text.to_string().replace('\n', " ")).unwrap_or_default()
}

fn usage(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    format!("```text\n{usage}\n```\n")
}

fn table(command: &Command) -> String {
    let rows: Vec<String> = command
        .get_arguments()
        .filter(|argument| !argument.is_hide_set() && argument.get_id() != "help")
        .map(row)
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    format!("\n| words | default | meaning |\n| --- | --- | --- |\n{}", rows.concat())
}

fn row(argument: &Arg) -> String {
    let value = match argument.get_value_names() {
        Some(names) if argument.get_action().takes_values() => {
            names.iter().map(|name| format!(" {name}")).collect()
        }
        _ => String::new(),
    };
    let long = argument.get_long().map(|long| format!("`--{long}{value}`"));
    let short = argument.get_short().map(|short| format!("`-{short}`"));
    let words: Vec<String> = long.into_iter().chain(short).collect();
    let words = if words.is_empty() { format!("`{}`", value.trim()) } else { words.join(", ") };
    let defaults: Vec<_> =
        argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let default = match defaults.join(" ") {
        _ if argument.is_required_set() => "needed".to_owned(),
        _ if !argument.get_action().takes_values() => String::new(),
        text if text.is_empty() => String::new(),
        text => format!("`{text}`"),
    };
    let help = argument.get_long_help().or(argument.get_help());
    let mut meaning = help.map(|help| help.to_string().replace('\n', " ")).unwrap_or_default();
    let possible: Vec<String> = argument
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set() && argument.get_action().takes_values())
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    if !possible.is_empty() {
        let _ = write!(meaning, " ({})", possible.join(", "));
    }
    format!("| {words} | {default} | {} |\n", meaning.trim().replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_is_what_the_command_line_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/cli.md");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == document(), "docs/cli.md is old: `wardline reference > docs/cli.md`");
    }

    #[test]
    fn each_word_that_may_be_typed_is_told_what_it_does() {
        for line in document().lines().filter(|line| line.starts_with("| ")) {
            assert!(!line.ends_with("|  |"), "{line} has no help");
        }
    }
}
