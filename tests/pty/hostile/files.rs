//! Files and the environment: settings, dumps, drafts, captures, recordings, names of files.

use std::path::Path;
use std::process::Command;

use super::scan::{assert_lines, take_apart};
use super::{TEXTS, all};
use crate::session::{Start, demo};

fn run(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> i32 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidescope"));
    let command = command.args(arguments).current_dir(folder).env_clear();
    let output = command.envs(environment.iter().copied()).output().unwrap();
    assert_lines(&format!("stdout of {arguments:?} {environment:?}"), &output.stdout);
    assert_lines(&format!("stderr of {arguments:?} {environment:?}"), &output.stderr);
    output.status.code().unwrap()
}

/// A section, an interface with this name and comment, and a packet with this payload.
fn capture(text: &str) -> Vec<u8> {
    let padded = |bytes: &[u8]| [bytes, &[0_u8; 3][..bytes.len().wrapping_neg() % 4]].concat();
    let block = |kind: u32, body: &[u8]| {
        let length = u32::try_from(body.len() + 12).unwrap().to_le_bytes();
        [&kind.to_le_bytes()[..], &length, body, &length].concat()
    };
    let option = |code: u16| {
        let length = u16::try_from(text.len()).unwrap().to_le_bytes();
        [&code.to_le_bytes()[..], &length, &padded(text.as_bytes())].concat()
    };
    let options = |codes: &[u16]| [codes.iter().flat_map(|code| option(*code)).collect(), vec![0; 4]].concat();
    let section = [
        &0x1a2b_3c4d_u32.to_le_bytes()[..],
        &[1, 0, 0, 0],
        &[0xff; 8],
        &options(&[1, 2, 3, 4]),
    ]
    .concat();
    let interface = [&[101, 0, 0, 0, 0, 0, 4, 0][..], &options(&[1, 2, 3, 11, 12])].concat();
    let total = u16::try_from(40 + text.len()).unwrap().to_be_bytes();
    let ip = [
        &[0x45, 0][..],
        &total,
        &[0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2],
    ]
    .concat();
    let tcp = [
        &[0x9c, 0x40, 0x23, 0x78][..],
        &[0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x18, 1, 0, 0, 0, 0, 0],
    ]
    .concat();
    let packet = [&ip[..], &tcp, text.as_bytes()].concat();
    let size = u32::try_from(packet.len()).unwrap().to_le_bytes();
    let packet = [
        &[0; 4][..],
        &[0, 0, 6, 0, 0, 0, 0, 1],
        &size,
        &size,
        &padded(&packet),
        &options(&[1]),
    ]
    .concat();
    [block(0x0a0d_0d0a, &section), block(1, &interface), block(6, &packet)].concat()
}

#[test]
fn no_file_and_no_variable_steers_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let write = |name: &str, text: &[u8]| std::fs::write(folder.join(name), text).unwrap();
    let world = Path::new(env!("CARGO_MANIFEST_DIR")).join(crate::corpus::WORLD);
    let world = world.to_str().unwrap();
    let flags = ["--from", "--kubeconfig", "--config", "--log-file"];
    let variables = [
        "HOME",
        "XDG_CONFIG_HOME",
        "KUBECONFIG",
        "SIDESCOPE_THEME",
        "SIDESCOPE_NAMESPACE",
        "TZ",
        "TERM",
    ];
    for (at, (what, text)) in TEXTS.iter().enumerate() {
        // settings: a value, a name, a text that is no TOML
        let quoted = serde_json::to_string(text).unwrap().replace("\\u007f", "\x7f");
        let settings = [
            format!("namespace = {quoted}\n"),
            format!("theme = {quoted}\n"),
            format!("{quoted} = 1\n[keys]\n{quoted} = {quoted}\n"),
            (*text).to_owned(),
        ];
        for (at, settings) in settings.iter().enumerate() {
            write("config.toml", settings.as_bytes());
            let format = ["table", "json"][at % 2];
            run(folder, &["--config", "config.toml", "config", "-o", format], &[]);
        }
        // a dump, a draft, a recording that are none, and a capture
        let name = ["a.yaml", "a.json"][at % 2];
        write(name, text.as_bytes());
        run(folder, &["pods", "--from", name], &[]);
        run(folder, &["lint", "--from", world, "--with", name], &[]);
        run(folder, &["export", name, "--markdown"], &[]);
        run(folder, &["traffic", "--pcap", name, "-o", "packets"], &[]);
        write("packets.pcapng", &capture(text));
        let code = run(folder, &["traffic", "--pcap", "packets.pcapng", "-o", "packets"], &[]);
        assert_eq!(code, 0, "{what}");
        run(folder, &["traffic", "--pcap", "packets.pcapng", "-o", "json"], &[]);
        if text.contains('\0') {
            continue;
        }
        // names of files, and the environment
        run(folder, &["pods", flags[at % flags.len()], &format!("none/{text}")], &[]);
        run(
            folder,
            &["config"],
            &[(variables[at % variables.len()], &format!("/{text}"))],
        );
    }
    let text = all().replace('\0', "");
    for flag in flags {
        run(folder, &["pods", flag, &text], &[]);
    }
    for variable in variables {
        run(folder, &["config"], &[(variable, &text)]);
        run(folder, &["pods", "--from", world], &[(variable, &text)]);
        run(folder, &["demo"], &[(variable, &text)]);
    }
}

#[test]
fn settings_that_are_edited_and_files_that_are_named_on_the_screen_steer_nothing() {
    let environment: Vec<(String, String)> = ["SIDESCOPE_NAMESPACE", "TZ", "COLORTERM"]
        .iter()
        .map(|name| ((*name).to_owned(), all().replace('\0', "")))
        .collect();
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (&**name, &**value)).collect();
    let mut session = Start {
        environment: &environment,
        size: (220, 30),
        ..demo(&["demo", "-A"])
    }
    .open();
    session.wait_for("HEALTHY");
    let folder = session.home.path().join("sidescope");
    std::fs::create_dir_all(&folder).unwrap();
    for (at, (_, text)) in TEXTS.iter().enumerate() {
        // each mistake is in another line, so that each is told
        let settings = format!("{}{} = 1\n", "\n".repeat(at), serde_json::to_string(text).unwrap());
        std::fs::write(folder.join("config.toml"), settings).unwrap();
        session.wait_for(&format!("config.toml:{}:", at + 1));
        // a paste, as a terminal hands it on
        let pasted = text.replace('\x1b', "");
        session.press(&format!(":save \x1b[200~none/{pasted}.txt\x1b[201~\r"));
        session.wait_for("cannot write");
        session.press(&format!("/\x15\x1b[200~{pasted}\x1b[201~\x1b"));
        session.press("\x15\x1b");
    }
    session.signal(rustix::process::Signal::TERM);
    assert_eq!(session.wait_for_end(), 143);
    take_apart("all", &session.raw);
}
