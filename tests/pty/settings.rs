//! The settings file is edited while the screen is up.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::session::{Session, Start, demo};

/// A screen at a home without settings, and the file that they would stand in.
fn open(environment: &[(&str, &str)]) -> (Session, PathBuf) {
    let mut session = Start {
        environment,
        ..demo(&["demo"])
    }
    .open();
    session.wait_for("details");
    let path = session.home.path().join("sidescope/config.toml");
    (session, path)
}

#[test]
fn an_edit_of_the_settings_holds_at_once_however_it_is_saved() {
    let (mut session, path) = open(&[("TZ", "Asia/Tokyo")]);
    session.wait_for("JST");
    // the folder and the file come only now
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(&path, "utc = true\n").unwrap();
    session.wait_for("UTC");
    // as editors save: another file takes the name
    let draft = path.with_extension("tmp");
    fs::write(&draft, "theme = 'light'\nnamespace = 'shop'\n[keys]\nhelp = 'X'\n").unwrap();
    fs::rename(&draft, &path).unwrap();
    session.wait_for("settings: theme light");
    session.wait_for("JST");
    session.press("X");
    session.wait_for("Help");
    session.press("\x1b");
    // as a ConfigMap is mounted: a link to a folder is swapped
    let folder = path.parent().unwrap();
    for (name, text) in [("..1", "utc = true\n"), ("..2", "utc = false\n")] {
        fs::create_dir(folder.join(name)).unwrap();
        fs::write(folder.join(name).join("config.toml"), text).unwrap();
    }
    symlink("..1", folder.join("..data")).unwrap();
    symlink("..data/config.toml", &draft).unwrap();
    fs::rename(&draft, &path).unwrap();
    session.wait_for("UTC");
    symlink("..2", folder.join("..new")).unwrap();
    fs::rename(folder.join("..new"), folder.join("..data")).unwrap();
    session.wait_for("JST");
    session.press("Q");
    assert_eq!(session.wait_for_end(), 0);
}

#[test]
fn a_mistake_is_told_with_its_line_and_flags_and_environment_still_win() {
    let (mut session, path) = open(&[("SIDESCOPE_UTC", "true")]);
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(&path, "ascii = true\nutc = false\n").unwrap();
    session.wait_for("settings: ascii true");
    session.wait_until("a screen in ASCII", |screen| !screen.contents().contains('─'));
    assert!(session.screen().contents().contains("UTC"), "the environment wins");
    fs::write(&path, "ascii = true\nutcc = false\n").unwrap();
    session.wait_for("config.toml:2: no setting 'utcc': did you mean 'utc'?");
    assert!(!session.screen().contents().contains('─'), "all stays as it was");
    session.press("Q");
    assert_eq!(session.wait_for_end(), 0);
}
