//! The file that events are written to, rotated and refused.

use std::path::PathBuf;

use super::*;

struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let name = format!("wardline-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_rotated_file_is_opened_again() {
    let directory = Directory::new("rotated");
    let (path, old) = (directory.0.join("eve.json"), directory.0.join("eve.json.1"));
    let mut writer = EveWriter::new(EveFile::open(&path).unwrap());
    writer.flow(&record(), &context()).unwrap();
    writer.flush().unwrap();
    std::fs::rename(&path, &old).unwrap();
    writer.flow(&record(), &context()).unwrap();
    writer.get_mut().reopen();
    writer.flow(&record(), &context()).unwrap();
    drop(writer);
    let lines = |path| std::fs::read_to_string(path).unwrap().lines().count();
    assert_eq!((lines(&old), lines(&path)), (1, 2));
}

#[test]
fn a_file_that_is_renamed_or_removed_without_a_word_is_made_anew() {
    let directory = Directory::new("followed");
    let (path, old) = (directory.0.join("eve.json"), directory.0.join("eve.json.1"));
    let mut writer = EveWriter::new(EveFile::open(&path).unwrap());
    let write = |writer: &mut EveWriter<EveFile>| {
        writer.flow(&record(), &context()).unwrap();
        writer.flush().unwrap();
    };
    write(&mut writer);
    std::fs::rename(&path, &old).unwrap();
    write(&mut writer);
    let lines = |path| std::fs::read_to_string(path).unwrap().lines().count();
    assert_eq!((lines(&old), lines(&path)), (1, 1));
    std::fs::rename(&path, &old).unwrap();
    // The empty file that logrotate puts there (`create`).
    std::fs::write(&path, "").unwrap();
    write(&mut writer);
    write(&mut writer);
    assert_eq!((lines(&old), lines(&path)), (1, 2));
    std::fs::remove_file(&path).unwrap();
    write(&mut writer);
    assert_eq!(lines(&path), 1);
    // Where there can be no new file, the old one is written on.
    std::fs::rename(&path, &old).unwrap();
    std::fs::create_dir(&path).unwrap();
    write(&mut writer);
    assert_eq!(lines(&old), 2);
    assert_eq!(writer.get_mut().lost_lines(), 0);
}

#[test]
fn a_file_that_is_copied_and_cut_is_written_on_from_its_beginning() {
    let directory = Directory::new("cut");
    let (path, copy) = (directory.0.join("eve.json"), directory.0.join("eve.json.1"));
    let mut writer = EveWriter::new(EveFile::open(&path).unwrap());
    for _ in 0..3 {
        writer.flow(&record(), &context()).unwrap();
        writer.flush().unwrap();
    }
    std::fs::copy(&path, &copy).unwrap();
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
    writer.flow(&record(), &context()).unwrap();
    writer.flush().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with('{') && text.ends_with("}\n"), "no hole where the old lines were");
    let lines = |path| std::fs::read_to_string(path).unwrap().lines().count();
    assert_eq!((lines(&copy), lines(&path)), (3, 1));
}

#[test]
fn lines_that_cannot_be_written_are_counted() {
    let full = std::path::Path::new("/dev/full");
    if !full.exists() {
        println!("NOT RUN: no /dev/full");
        return;
    }
    let mut writer = EveWriter::new(EveFile::open(full).unwrap());
    for _ in 0..3 {
        writer.flow(&record(), &context()).unwrap();
        writer.flush().unwrap();
    }
    let file = writer.get_mut();
    assert_eq!((file.write_errors(), file.lost_lines()), (3, 3));
}

#[test]
fn a_file_that_cannot_be_opened_again_is_tried_later() {
    let directory = Directory::new("unreachable");
    let folder = directory.0.join("log");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("eve.json");
    let mut writer = EveWriter::new(EveFile::open(&path).unwrap());
    std::fs::remove_dir_all(&folder).unwrap();
    writer.get_mut().reopen();
    writer.flow(&record(), &context()).unwrap();
    writer.flush().unwrap();
    assert_eq!(writer.get_mut().lost_lines(), 1);
    std::fs::create_dir_all(&folder).unwrap();
    writer.flow(&record(), &context()).unwrap();
    writer.flush().unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 1);
    assert_eq!((writer.get_mut().lost_lines(), writer.get_mut().write_errors()), (1, 2));
}
