//! Links from one document to another.

use std::fs;
use std::path::Path;

use super::page::{Page, root};

impl Page {
    /// Links to files of the repository that lead nowhere: to no file, or to no heading of it.
    pub fn broken_links(&self) -> Vec<String> {
        let links = self.prose.split("](").skip(1);
        let links = links.filter_map(|rest| rest.split(')').next());
        let inside = links.filter(|link| !link.contains("://"));
        inside.filter(|link| !self.leads_somewhere(link)).map(str::to_owned).collect()
    }

    fn leads_somewhere(&self, link: &str) -> bool {
        let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
        let own = root().join(&self.name);
        let target = match file {
            "" => own,
            file => own.parent().unwrap_or(Path::new("")).join(file),
        };
        let is_document = target.extension().is_some_and(|extension| extension == "md");
        if anchor.is_empty() || !is_document {
            return target.exists();
        }
        let text = fs::read_to_string(target).unwrap_or_default();
        let headings = text.lines().filter(|line| line.starts_with('#'));
        headings.map(slug).any(|slug| slug == anchor)
    }
}

/// As GitHub makes an anchor of a heading.
fn slug(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = heading.chars().filter(|&c| c.is_alphanumeric() || "-_ ".contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_as_they_are_made_of_headings() {
        assert_eq!(slug("## `[[syslog]]`"), "syslog");
        assert_eq!(slug("## Web hooks"), "web-hooks");
        assert_eq!(slug("### 1. Build it"), "1-build-it");
    }

    #[test]
    fn a_link_to_nothing_is_broken() {
        let prose =
            "[a](README.md) [b](nowhere.md) [c](https://example.org/x) [d](README.md#nothing)";
        let page = Page { name: "x.md".to_owned(), fences: Vec::new(), prose: prose.to_owned() };
        assert_eq!(page.broken_links(), ["nowhere.md", "README.md#nothing"]);
    }
}
