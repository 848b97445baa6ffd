//! STIX patterns (STIX 2.1 section 9) as far as they name addresses and domains.
//!
//! ```text
//! pattern     = "[" comparison *("OR" comparison) "]" *("OR" pattern)
//! comparison  = path "=" text / path "ISSUBSET" text / path "IN" "(" text *("," text) ")"
//! ```

use std::{iter::Peekable, str::CharIndices};

use crate::detect::indicators::Pattern;

/// Longest pattern that is read, in octets, and the most that one may name.
const LONGEST: usize = 16_384;
const MOST: usize = 512;

#[derive(Debug, PartialEq)]
enum Token {
    /// A word, or the path of an object.
    Word(String),
    Text(String),
    Sign(char),
}

/// What a pattern names: `None` if it says more than can be looked for, an error if a value is wrong.
pub fn read(text: &str) -> Option<Result<Vec<Pattern>, String>> {
    let tokens = tokens(text).filter(|_| text.len() <= LONGEST)?;
    let mut tokens = tokens.into_iter().peekable();
    let mut patterns = Vec::new();
    loop {
        (tokens.next()? == Token::Sign('[')).then_some(())?;
        loop {
            if let Err(why) = comparison(&mut tokens, &mut patterns)? {
                return Some(Err(why));
            }
            match tokens.next()? {
                Token::Sign(']') => break,
                token if is_or(&token) => {}
                _ => return None,
            }
        }
        match tokens.next() {
            None => return Some(Ok(patterns)),
            Some(token) if is_or(&token) => {}
            Some(_) => return None,
        }
    }
}

fn is_or(token: &Token) -> bool {
    matches!(token, Token::Word(word) if word == "OR")
}

type Tokens = Peekable<std::vec::IntoIter<Token>>;

fn comparison(tokens: &mut Tokens, patterns: &mut Vec<Pattern>) -> Option<Result<(), String>> {
    let Token::Word(path) = tokens.next()? else { return None };
    let make = match path.as_str() {
        "ipv4-addr:value" | "ipv6-addr:value" | "network-traffic:dst_ref.value" => Pattern::network,
        "domain-name:value" => Pattern::domain,
        _ => return None,
    };
    let is_list = match tokens.next()? {
        Token::Sign('=') => false,
        Token::Word(word) if word == "ISSUBSET" => false,
        Token::Word(word) if word == "IN" => true,
        _ => return None,
    };
    if is_list && tokens.next()? != Token::Sign('(') {
        return None;
    }
    loop {
        let Token::Text(value) = tokens.next()? else { return None };
        if patterns.len() >= MOST {
            return Some(Err(format!("the pattern names more than {MOST}")));
        }
        match make(&value) {
            Ok(pattern) => patterns.push(pattern),
            Err(why) => return Some(Err(why)),
        }
        if !is_list {
            return Some(Ok(()));
        }
        match tokens.next()? {
            Token::Sign(',') => {}
            Token::Sign(')') => return Some(Ok(())),
            _ => return None,
        }
    }
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut characters = text.char_indices().peekable();
    while let Some(&(start, character)) = characters.peek() {
        if character.is_whitespace() {
            characters.next();
        } else if character == '\'' {
            characters.next();
            tokens.push(Token::Text(quoted(&mut characters)?));
        } else if is_of_word(character) {
            while characters.next_if(|(_, each)| is_of_word(*each)).is_some() {}
            let end = characters.peek().map_or(text.len(), |(end, _)| *end);
            tokens.push(Token::Word(text[start..end].to_owned()));
        } else {
            characters.next();
            tokens.push(Token::Sign(character));
        }
    }
    Some(tokens)
}

fn is_of_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | ':' | '.')
}

/// Up to the closing quote; a backslash takes the next character as it is.
fn quoted(characters: &mut Peekable<CharIndices<'_>>) -> Option<String> {
    let mut text = String::new();
    loop {
        match characters.next()?.1 {
            '\'' => return Some(text),
            '\\' => text.push(characters.next()?.1),
            character => text.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Option<usize> {
        read(text).map(|patterns| patterns.unwrap().len())
    }

    #[test]
    fn addresses_and_names_joined_by_or_are_read() {
        for (text, count) in [
            ("[ipv4-addr:value = '198.51.100.7']", 1),
            ("[ipv4-addr:value='198.51.100.0/24' OR ipv6-addr:value = '2001:db8::1']", 2),
            ("[domain-name:value = 'evil.example'] OR [ipv4-addr:value = '198.51.100.7']", 2),
            ("[ipv4-addr:value IN ('198.51.100.7', '198.51.100.8')]", 2),
            ("[ipv4-addr:value ISSUBSET '198.51.100.0/24']", 1),
        ] {
            assert_eq!(names(text), Some(count), "{text}");
        }
    }

    #[test]
    fn what_says_more_is_not_taken_by_half() {
        for text in [
            "[ipv4-addr:value = '198.51.100.7' AND domain-name:value = 'evil.example']",
            "[ipv4-addr:value = '198.51.100.7'] FOLLOWEDBY [domain-name:value = 'evil.example']",
            "[ipv4-addr:value = '198.51.100.7'] WITHIN 5 SECONDS",
            "[ipv4-addr:value != '198.51.100.7']",
            "[NOT ipv4-addr:value = '198.51.100.7']",
            "[file:hashes.'SHA-256' = 'ab']",
            "[url:value = 'http://evil.example/']",
            "[domain-name:value LIKE '%.example']",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_none() {
        for text in ["", "[", "[]", "[ipv4-addr:value = ", "[ipv4-addr:value = 'open", "]", "[é]"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&"[".repeat(100_000)), None);
    }

    #[test]
    fn a_wrong_value_is_an_error() {
        assert!(read("[ipv4-addr:value = '0.0.0.0/0']").unwrap().is_err());
        assert!(read("[domain-name:value = 'com']").unwrap().is_err());
        let many = vec!["'198.51.100.7'"; MOST + 1].join(",");
        assert!(read(&format!("[ipv4-addr:value IN ({many})]")).is_none_or(|read| read.is_err()));
    }

    #[test]
    fn a_backslash_takes_the_next_character_as_it_is() {
        assert!(read(r"[domain-name:value = 'it\'s.example']").unwrap().is_err());
        assert_eq!(names(r"[domain-name:value = 'evil\.example']"), Some(1));
    }
}
