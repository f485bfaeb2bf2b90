//! What is written is read again, and what is none of ours never fails a run.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn state(folder: &tempfile::TempDir, context: &str) -> State {
    State {
        file: folder.path().join("sidescope").join("state.json"),
        context: context.into(),
        begins: Begins::Remembered,
    }
}

fn memory(namespace: &str) -> Memory {
    let now = "2026-11-22T02:51:07Z".parse().unwrap();
    let mut memory = Memory {
        place: Some(Place {
            namespaces: Namespaces::Some(vec![namespace.into()]),
            view: "endpoints".into(),
            pod: Some(Key::new(namespace, "reviews-1")),
            workload: Some("Deployment/reviews".into()),
        }),
        tables: [(
            Text::from("pods"),
            TableLook {
                sort: Some(("restarts".into(), true)),
                columns: vec![("name".into(), true), ("age".into(), false)],
            },
        )]
        .into(),
        wide: true,
        ..Memory::default()
    };
    memory.namespaces.count(&namespace.into(), now);
    memory.type_in(&format!("ns {namespace}"));
    memory
}

fn used(mut memory: Memory, context: &str) -> Memory {
    let now = "2026-11-22T02:51:07Z".parse().unwrap();
    memory.contexts.count(&context.into(), now);
    memory
}

#[test]
fn what_was_learnt_is_known_the_next_time_by_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let state = state(&folder, "prod");
    assert_eq!(recall(&state), (Memory::default(), None));
    let learnt = used(memory("shop"), "prod");
    learn(&state, &learnt).unwrap();
    assert_eq!(recall(&state), (learnt.clone(), None));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state.file), 0o600);
    assert_eq!(mode(state.file.parent().unwrap()), 0o700);
    let asked = State {
        begins: Begins::Asked,
        ..state.clone()
    };
    assert_eq!(recall(&asked).0, Memory { place: None, ..learnt });
    let left: Vec<_> = fs::read_dir(state.file.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 2, "the state and its lock: {left:?}");
}

#[test]
fn programs_that_run_at_once_do_not_lose_each_others() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for n in 0..8 {
            let state = state(&folder, &format!("context-{n}"));
            scope.spawn(move || learn(&state, &used(memory(&format!("ns-{n}")), &state.context)).unwrap());
        }
    });
    for n in 0..8 {
        let (known, _) = recall(&state(&folder, &format!("context-{n}")));
        assert_eq!(known.place, memory(&format!("ns-{n}")).place);
        assert_eq!((known.contexts.iter().count(), known.typed.len()), (8, 8));
    }
}

#[test]
fn contexts_are_bounded_and_the_present_one_stays() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..60 {
        let state = state(&folder, &format!("c-{n}"));
        learn(&state, &used(Memory::default(), &state.context)).unwrap();
    }
    let text = fs::read_to_string(state(&folder, "").file).unwrap();
    let stored: Stored = serde_json::from_str(&text).unwrap();
    assert_eq!(stored.contexts.len(), crate::app::memory::MOST_NAMES);
}

#[test]
fn what_is_no_state_is_moved_aside_and_said() {
    let long = " ".repeat(usize::try_from(LARGEST).unwrap() + 1);
    let texts = ["{", "[]", "{}", r#"{"version": 1, "contexts": 7}"#, "\u{0}", "", &long];
    for text in texts {
        let folder = tempfile::tempdir().unwrap();
        let state = state(&folder, "prod");
        fs::create_dir_all(state.file.parent().unwrap()).unwrap();
        fs::write(&state.file, text).unwrap();
        let (known, note) = recall(&state);
        assert_eq!(known, Memory::default());
        let Some(Note::Aloud(line)) = note else {
            panic!("{text}: {note:?}")
        };
        assert!(line.contains("state.json.broken', nothing is remembered"), "{line}");
        assert_eq!(
            fs::read_to_string(state.file.with_extension("json.broken")).unwrap(),
            text
        );
        learn(&state, &used(memory("shop"), "prod")).unwrap();
        assert_eq!(recall(&state).0.place, memory("shop").place);
    }
}

#[test]
fn another_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let state = state(&folder, "prod");
    fs::create_dir_all(state.file.parent().unwrap()).unwrap();
    let text = r#"{"version": 7, "what": "nobody knows"}"#;
    fs::write(&state.file, text).unwrap();
    assert!(matches!(recall(&state), (_, Some(Note::Aloud(_)))));
    learn(&state, &memory("shop")).unwrap();
    assert_eq!(fs::read_to_string(&state.file).unwrap(), text);
}

#[test]
fn where_nothing_can_be_written_it_goes_on_without() {
    let folder = tempfile::tempdir().unwrap();
    let state = state(&folder, "prod");
    // not even root makes a folder where a file is
    fs::write(state.file.parent().unwrap(), "").unwrap();
    assert!(matches!(recall(&state), (_, Some(Note::Quietly(_)))));
    assert!(learn(&state, &memory("shop")).is_err());
}

#[test]
fn what_is_no_file_holds_nothing_up() {
    for name in ["state.json", "state.lock"] {
        let folder = tempfile::tempdir().unwrap();
        let state = state(&folder, "here");
        // a folder stands for a pipe: neither is a file, and no test can make a pipe without another crate
        fs::create_dir_all(state.file.with_file_name(name)).unwrap();
        let (memory, note) = recall(&state);
        assert_eq!(memory, Memory::default());
        assert!(matches!(note, Some(Note::Quietly(line)) if line.contains("it is no file")));
        assert!(learn(&state, &Memory::default()).is_err());
    }
}
