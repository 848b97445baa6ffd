//! Rows against what the sections really take, and against the documentation.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::*;
use crate::config::{ConfigError, Overrides, duration, size};

/// Everything that is wrong with a file, one text.
fn problems(text: &str) -> Option<String> {
    match Config::parse("wardline.toml".as_ref(), text, &Overrides::default()) {
        Ok(_) => None,
        Err(ConfigError::Wrong { problems, .. }) => {
            let messages: Vec<_> =
                problems.iter().map(|problem| problem.message.as_str()).collect();
            Some(messages.join("\n"))
        }
        Err(error) => Some(error.to_string()),
    }
}

/// A file in which one key of one section is written.
fn file(section: &Section, key: &str, value: Value) -> String {
    let mut file: Table = match section.shape {
        Shape::Table => Table::from_iter([(section.name.to_owned(), Table::new().into())]),
        Shape::List { smallest } | Shape::Named { smallest } => smallest.parse().unwrap(),
    };
    let entry = match (section.shape, file.get_mut(section.name).unwrap()) {
        (Shape::Table, entry) => entry,
        (Shape::List { .. }, entries) => &mut entries[0],
        (Shape::Named { .. }, entries) => {
            entries.as_table_mut().unwrap().iter_mut().next().unwrap().1
        }
    };
    entry.as_table_mut().unwrap().insert(key.to_owned(), value);
    toml::to_string(&file).unwrap()
}

/// The names that a sentence ``unknown field `x`, expected one of `a`, `b` `` allows.
fn expected_names(message: &str) -> BTreeSet<String> {
    let (_, names) = message.split_once("expected ").unwrap_or_else(|| panic!("{message}"));
    let names = names.split("; did you mean").next().unwrap();
    names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn each_section_and_each_key_has_a_row_and_no_other() {
    let sections: BTreeSet<_> = SECTIONS.iter().map(|section| section.name.to_owned()).collect();
    assert_eq!(sections, expected_names(&problems("[no_such_section]").unwrap()));
    for section in SECTIONS {
        let taken = expected_names(&problems(&file(section, "no_such_key", 1.into())).unwrap());
        let rows: BTreeSet<_> = section.rows.iter().map(|row| row.key.to_owned()).collect();
        if let Shape::Named { .. } = section.shape {
            assert!(rows.is_subset(&taken), "{}: {rows:?}, {taken:?}", section.title());
        } else {
            assert_eq!(rows, taken, "{}", section.title());
        }
    }
}

/// Values at the bounds, and values just beyond.
fn samples(kind: Kind) -> (Vec<Value>, Vec<Value>) {
    let texts = |number: &dyn Fn(u64) -> String, lowest: u64, highest: u64| {
        let below = lowest.checked_sub(1).map(number);
        let inside = vec![number(lowest).into(), number(highest).into()];
        (inside, below.into_iter().chain([number(highest + 1)]).map(Value::from).collect())
    };
    let whole = |number: u64| Value::from(i64::try_from(number).unwrap());
    match kind {
        Kind::Flag => (vec![true.into(), false.into()], vec![1.into(), "true".into()]),
        Kind::Whole(lowest, highest) => (
            vec![whole(lowest), whole(highest)],
            vec![Value::from(i64::try_from(lowest).unwrap() - 1), whole(highest + 1)],
        ),
        Kind::Above(lowest, highest) => (
            vec![(lowest + 0.001).into(), highest.into()],
            vec![lowest.into(), (highest * 1.001).into()],
        ),
        Kind::Size(lowest, highest) => texts(&|octets| size::written(octets), lowest, highest),
        Kind::Duration(shortest, longest) => texts(
            &|millis| duration::written(std::time::Duration::from_millis(millis)),
            shortest,
            longest,
        ),
        Kind::OneOf(names) => {
            (names.iter().map(|&name| name.into()).collect(), vec!["no_such_name".into(), 1.into()])
        }
        Kind::SomeOf(names) => (
            vec![Value::Array(names.iter().map(|&name| name.into()).collect())],
            vec![Value::Array(vec!["no_such_name".into()])],
        ),
        Kind::Wholes(lowest, highest) => (
            vec![Value::Array(vec![whole(lowest), whole(highest)])],
            vec![Value::Array(vec![whole(highest + 1)])],
        ),
        Kind::Text(_) | Kind::Texts(_) => (vec![], vec![7.into()]),
        Kind::Scope => (vec!["all".into()], vec!["some".into()]),
    }
}

#[test]
fn what_is_within_bounds_is_taken_and_what_is_beyond_is_refused() {
    for section in SECTIONS {
        for row in section.rows {
            let (inside, outside) = samples(row.kind);
            for value in inside {
                let said = problems(&file(section, row.key, value.clone()));
                // That another key is needed besides is no fault of this one.
                let said = said.filter(|said| !said.contains(" needs "));
                assert_eq!(said, None, "{} {} = {value}", section.title(), row.key);
            }
            for value in outside {
                let said = problems(&file(section, row.key, value.clone()));
                assert!(said.is_some(), "{} {} = {value} is taken", section.title(), row.key);
            }
        }
    }
}

#[test]
fn a_section_is_refused_without_what_it_needs() {
    for section in SECTIONS {
        let Shape::List { smallest } = section.shape else { continue };
        for row in section.rows.iter().filter(|row| row.is_needed) {
            let mut file: Table = smallest.parse().unwrap();
            let entry = file[section.name][0].as_table_mut().unwrap();
            assert!(entry.remove(row.key).is_some(), "{} is in the smallest entry", row.key);
            let said = problems(&toml::to_string(&file).unwrap()).unwrap_or_default();
            assert!(said.contains(row.key), "{} without {}: {said}", section.title(), row.key);
        }
    }
}

#[test]
fn the_schema_takes_what_is_shipped_and_what_is_in_effect() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let shipped = include_str!("../../../../deploy/wardline.toml");
    for text in ["", shipped, Config::default().to_toml().as_str()] {
        let file: Table = text.parse().unwrap();
        // Of JSON's types, as an editor has it.
        let file = serde_json::from_str(&serde_json::to_string(&file).unwrap()).unwrap();
        let errors: Vec<_> = validator.iter_errors(&file).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
    let wrong = serde_json::json!({"capture": {"endpoints": 255}});
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn the_documentation_has_each_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
    let written = std::fs::read_to_string(path).unwrap();
    let mut document = String::new();
    for section in SECTIONS {
        let heading = format!("## `{}`\n", section.title());
        let (_, rest) = written.split_once(&heading).unwrap_or_else(|| panic!("{heading}"));
        let rest = rest.split_once("\n## ").map_or(rest, |(own, _)| own);
        if !rest.contains(&table(section)) {
            document += &format!("\n{heading}\n{}", table(section));
        }
    }
    assert!(
        document.is_empty(),
        "docs/configuration.md is old: `cargo xtask tidy --mend` writes it, from the agent that was \
         built last; this has:\n{document}"
    );
}
