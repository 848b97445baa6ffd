//! Which programs a shell script calls, and with which words. It knows what documents use, not all
//! of a shell.

/// Words that stand before a command and are none of its own.
const BEFORE: [&str; 10] =
    ["sudo", "!", "if", "while", "until", "do", "then", "else", "time", "exec"];

/// The words after the name, of every call of `program` (its first words; the first may have a
/// path before it) in a script.
pub fn invocations(script: &str, program: &[&str]) -> Vec<Vec<String>> {
    let calls = commands(script);
    let of_program = calls.iter().filter_map(|words| {
        let mut words = without_prefixes(words).iter();
        let (first, rest) = program.split_first()?;
        let name = words.next()?;
        let is_same = name == first || name.ends_with(&format!("/{first}"));
        let is_rest = rest.iter().all(|expected| words.next().is_some_and(|word| word == expected));
        (is_same && is_rest).then(|| words.cloned().collect())
    });
    of_program.collect()
}

/// The same words with something in place of what a reader is to fill in: `NAME`, `$name`,
/// `[--sink NAME]`, `CAPTURE...`.
pub fn filled(words: &[String]) -> Vec<String> {
    let stripped = words.iter().map(|word| word.trim_matches(['[', ']']).trim_end_matches("..."));
    stripped.filter(|word| !word.is_empty()).map(|word| value_for(word).to_owned()).collect()
}

fn value_for(word: &str) -> &str {
    let is_form = word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    match word {
        "ADDRESS" => "10.0.0.1",
        "NETWORK" => "10.0.0.0/8",
        "TIME" => "2030-01-01T00:00:00Z",
        "DURATION" => "4h",
        word if is_form || word.starts_with('$') => "1",
        word => word,
    }
}

fn without_prefixes(mut words: &[String]) -> &[String] {
    loop {
        let [first, rest @ ..] = words else { return words };
        let is_assignment =
            first.split_once('=').is_some_and(|(name, _)| name.chars().all(is_of_a_name));
        words = if BEFORE.contains(&first.as_str()) || is_assignment {
            rest
        } else if let ("ip", [netns, exec, _, inner @ ..]) = (first.as_str(), rest)
            && (netns.as_str(), exec.as_str()) == ("netns", "exec")
        {
            inner
        } else {
            return words;
        };
    }
}

fn is_of_a_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// Simple commands, as lists of words without redirections and comments.
fn commands(script: &str) -> Vec<Vec<String>> {
    let script = without_documents(script).replace("\\\n", " ");
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut is_target = false;
    let mut letters = script.chars().peekable();
    // Takes a word that has ended, unless it says where output goes.
    let take =
        |word: &mut Option<String>, is_target: &mut bool, commands: &mut Vec<Vec<String>>| {
            if let Some(word) = word.take()
                && !std::mem::take(is_target)
                && let Some(command) = commands.last_mut()
            {
                command.push(word);
            }
        };
    while let Some(letter) = letters.next() {
        match letter {
            '\'' | '"' => {
                let quoted = letters.by_ref().take_while(|&next| next != letter);
                word.get_or_insert_default().extend(quoted);
            }
            '#' if word.is_none() => while letters.next_if(|&next| next != '\n').is_some() {},
            '|' | ';' | '&' | '(' | ')' | '\n' => {
                take(&mut word, &mut is_target, &mut commands);
                commands.push(Vec::new());
            }
            '>' | '<' => {
                // A number before it is a descriptor.
                word = word.filter(|word| !word.chars().all(|digit| digit.is_ascii_digit()));
                take(&mut word, &mut is_target, &mut commands);
                while letters.next_if(|&next| matches!(next, '>' | '<' | '&')).is_some() {}
                is_target = true;
            }
            letter if letter.is_whitespace() => take(&mut word, &mut is_target, &mut commands),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    take(&mut word, &mut is_target, &mut commands);
    commands.retain(|command| !command.is_empty());
    commands
}

/// The script without the contents of here-documents.
fn without_documents(script: &str) -> String {
    let mut kept = String::new();
    let mut lines = script.lines();
    while let Some(line) = lines.next() {
        kept.push_str(line);
        kept.push('\n');
        if let Some((_, rest)) = line.split_once("<<") {
            let end = rest.split_whitespace().next().unwrap_or_default();
            let end = end.trim_matches(['\'', '"', '-']);
            for inner in lines.by_ref() {
                if inner.trim() == end {
                    break;
                }
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(script: &str) -> Vec<Vec<String>> {
        invocations(script, &["wardline"])
    }

    #[test]
    fn calls_are_found_wherever_they_stand() {
        let found = words(
            "install target/release/wardline /usr/local/bin/wardline\n\
             wardline run --config 'a b.toml' &   # wardline comment\n\
             until ./x/wardline devices -o json 2>/dev/null >&2 | jq '.devices | length'; do true; done\n\
             A=1 ip netns exec ward wardline \\\n  detach\n\
             cat > f <<'END'\nwardline nothing\nEND\n",
        );
        let expected =
            [vec!["run", "--config", "a b.toml"], vec!["devices", "-o", "json"], vec!["detach"]];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_program_may_be_two_words() {
        let found = invocations("cargo xtask demo --keep\ncargo build", &["cargo", "xtask"]);
        assert_eq!(found, [vec!["demo", "--keep"]]);
    }

    #[test]
    fn forms_are_filled_in() {
        let words = ["alerts", "ack", "ID", "[--by", "NAME]", "$alert", "CAPTURE...", "B"];
        let filled = filled(&words.map(str::to_owned));
        assert_eq!(filled, ["alerts", "ack", "1", "--by", "1", "1", "1", "B"]);
    }
}
