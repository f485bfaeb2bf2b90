//! What is recorded comes back, from any cut on, whatever is done to the bytes; and it is small.

use std::io::Cursor;
use std::path::Path;
use std::sync::LazyLock;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::block::{Block, Part};
use super::ops::Reader;
use super::varint::Bytes;
use super::*;
use crate::mesh::model::{Kind, Object};
use crate::mesh::world::{Delta, Found, ListScope, World};
use crate::sources::files;

mod stream;

fn at(millis: i64) -> Timestamp {
    let day: Timestamp = "2026-11-22T02:51:00Z".parse().unwrap();
    day + SignedDuration::from_millis(millis)
}

fn header() -> Header {
    Header {
        context: "prod".to_owned(),
        server: "https://10.0.0.1:6443".to_owned(),
        istio_namespace: "istio-system".to_owned(),
        ..Header::new(at(0), &TimeZone::UTC)
    }
}

fn corpus(name: &str) -> World {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name);
    let mut world = World::default();
    for delta in files::load(&path.join("world.yaml")).unwrap().into_deltas() {
        world.apply(delta);
    }
    world
}

fn objects(world: &World) -> Vec<Object> {
    let mut objects = Vec::new();
    for kind in Kind::ALL {
        world.each_in(*kind, &ListScope::All, &mut |object| objects.push(object));
    }
    objects
}

fn assert_same(one: &World, other: &World) {
    assert_eq!(objects(one), objects(other));
    assert!(one.coverage.iter().eq(other.coverage.iter()));
}

/// What makes one world of another.
fn between(from: &World, to: &World) -> Vec<Delta> {
    let gone = objects(from)
        .into_iter()
        .filter(|object| to.get(object.kind(), object.key()).is_none());
    let gone = gone.map(|object| Delta::Remove(object.kind(), object.key().clone()));
    gone.chain(objects(to).into_iter().map(Delta::Put)).collect()
}

/// A recording of a world that becomes another one, an object each 100 ms, flushed each `flush` of them.
fn recorded(from: &World, to: &World, flush: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut recorder = Recorder::start(&mut bytes, &header(), at(0), from.clone()).unwrap();
    for (nth, delta) in between(from, to).into_iter().enumerate() {
        let millis = 100 * (1 + i64::try_from(nth).unwrap());
        recorder.take(at(millis), [delta]).unwrap();
        if nth % flush == 0 {
            recorder.flush().unwrap();
        }
    }
    recorder.flush().unwrap();
    bytes
}

fn open(bytes: &[u8]) -> Result<Recording<Cursor<&[u8]>>, Unplayable> {
    Recording::open(Cursor::new(bytes))
}

fn frames(bytes: &[u8]) -> Vec<Frame> {
    let mut recording = open(bytes).unwrap();
    std::iter::from_fn(|| recording.next_frame().unwrap()).collect()
}

#[test]
fn what_was_recorded_comes_back_at_every_time() {
    let one = corpus("oncall-bookinfo-typo-hides-ratings");
    let other = corpus("oncall-multi-team-cluster");
    let bytes = recorded(&one, &other, 7);
    let mut recording = open(&bytes).unwrap();
    assert_eq!(recording.header(), &header());
    assert_eq!((recording.begins(), recording.damaged()), (at(0), 0));
    assert_same(&recording.known_at(at(0)).unwrap().world, &one);
    assert_same(&recording.known_at(recording.ends()).unwrap().world, &other);
    let mut world = one.clone();
    for (nth, delta) in between(&one, &other).into_iter().enumerate() {
        world.apply(delta);
        if nth % 25 == 0 {
            let millis = 100 * (1 + i64::try_from(nth).unwrap());
            assert_same(&recording.known_at(at(millis + 99)).unwrap().world, &world);
        }
    }
}

#[test]
fn every_world_of_the_corpus_comes_back() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("world.yaml").exists())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    // each after the one before, so that every kind of change of every kind comes
    for pair in names.windows(2).step_by(3) {
        let (one, other) = (corpus(&pair[0]), corpus(&pair[1]));
        let bytes = recorded(&one, &other, 1_000);
        let mut recording = open(&bytes).unwrap();
        assert_same(&recording.known_at(at(0)).unwrap().world, &one);
        assert_same(&recording.known_at(recording.ends()).unwrap().world, &other);
    }
}

#[test]
fn a_file_cut_off_anywhere_plays_up_to_its_last_whole_block() {
    let (one, other) = (
        corpus("plain-import-does-not-take-a-wildcard-service"),
        corpus("tcp-and-tls-destinations"),
    );
    let bytes = recorded(&one, &other, 5);
    let all = frames(&bytes);
    let mut longest = 0;
    let mut playable = 0;
    for cut in 0..bytes.len() {
        let Ok(mut recording) = open(&bytes[..cut]) else {
            assert_eq!(longest, 0, "what plays does not stop to play when more is there");
            continue;
        };
        playable += 1;
        let played: Vec<Frame> = std::iter::from_fn(|| recording.next_frame().unwrap()).collect();
        assert!(played.len() >= longest && all.starts_with(&played));
        longest = played.len();
        assert!(recording.damaged() < 4_096);
    }
    assert!(
        playable > bytes.len() / 4 && longest > all.len() / 2,
        "{longest} of {}",
        all.len()
    );
}

#[test]
fn wholes_come_again_and_seeking_finds_them() {
    let mut stream = stream::Stream::new(60);
    let mut bytes = Vec::new();
    let mut recorder = Recorder::start(&mut bytes, &header(), at(0), stream.world.clone()).unwrap();
    let mut worlds = Vec::new();
    for nth in 0..60_000_i64 {
        let delta = stream.next_delta();
        recorder.take(at(nth), [delta]).unwrap();
        if nth % 1_000 == 0 {
            recorder.flush().unwrap();
        }
        if nth % 10_000 == 0 {
            worlds.push((at(nth), stream.world.clone()));
        }
    }
    recorder.flush().unwrap();
    let whole = bytes.len();
    let mut recording = open(&bytes).unwrap();
    assert!(recording.wholes() > 1, "{} wholes in {whole} bytes", recording.wholes());
    for (time, world) in worlds.iter().rev() {
        assert_same(&recording.known_at(*time).unwrap().world, world);
    }
    recording.seek(recording.begins()).unwrap();
    let mut played = World::default();
    while let Some(frame) = recording.next_frame().unwrap() {
        frame.deltas.into_iter().for_each(|delta| drop(played.apply(delta)));
    }
    assert_same(&played, &stream.world);
}

/// 24 h at 50 events a second are 4.32 million events: below 200 MB is less than 46 bytes an event.
#[test]
fn a_day_of_fifty_events_a_second_stays_below_200_mb() {
    const EVENTS: i64 = 20_000;
    let mut stream = stream::Stream::new(200);
    let mut bytes = Vec::new();
    let mut recorder = Recorder::start(&mut bytes, &header(), at(0), stream.world.clone()).unwrap();
    let whole = recorder.written();
    for nth in 0..EVENTS {
        let delta = stream.next_delta();
        recorder.take(at(20 * nth), [delta]).unwrap();
        if nth % 50 == 0 {
            recorder.flush().unwrap();
        }
    }
    recorder.flush().unwrap();
    assert!(
        recorder.events() > 17_000 && recorder.events() <= 20_000,
        "nearly each says something new"
    );
    let each = (recorder.written() - whole) * 100 / recorder.events();
    let objects = objects(&stream.world).len();
    println!(
        "{objects} objects in {whole} bytes, then {}.{:02} bytes an event",
        each / 100,
        each % 100
    );
    // a half more, if wholes are written as often as they may
    assert!(each * 3 / 2 < 4_600, "{each} hundredths of a byte");
}

#[test]
fn sources_that_break_and_mend_are_told_once() {
    let mut bytes = Vec::new();
    let mut recorder = Recorder::start(&mut bytes, &header(), at(0), World::default()).unwrap();
    let why = "the stream broke: reset".into();
    for _ in 0..3 {
        recorder
            .take_source(at(10), Kind::Pod, &ListScope::All, Some(&why))
            .unwrap();
    }
    recorder.take_source(at(20), Kind::Pod, &ListScope::All, None).unwrap();
    recorder.take_source(at(30), Kind::Pod, &ListScope::All, None).unwrap();
    let scope = ListScope::Namespace("shop".into());
    recorder
        .take(at(40), [Delta::Coverage(Kind::Pod, scope.clone(), Found::Denied)])
        .unwrap();
    recorder.flush().unwrap();
    let told: Vec<_> = frames(&bytes)
        .into_iter()
        .map(|frame| (frame.at, frame.sources, frame.deltas))
        .collect();
    assert_eq!(
        told,
        [
            (at(10), vec![(Kind::Pod, ListScope::All, Some(why))], vec![]),
            (at(20), vec![(Kind::Pod, ListScope::All, None)], vec![]),
            (at(40), vec![], vec![Delta::Coverage(Kind::Pod, scope, Found::Denied)]),
        ]
    );
}

#[test]
fn a_clock_that_goes_backwards_does_not_take_the_recording_with_it() {
    let world = corpus("tcp-and-tls-destinations");
    let mut bytes = Vec::new();
    let mut recorder = Recorder::start(&mut bytes, &header(), at(1_000), World::default()).unwrap();
    for (nth, object) in objects(&world).into_iter().enumerate() {
        recorder
            .take(at(if nth % 2 == 0 { 2_000 } else { 500 }), [Delta::Put(object)])
            .unwrap();
    }
    recorder.flush().unwrap();
    assert!(frames(&bytes).is_sorted_by_key(|frame| frame.at));
    assert_eq!(open(&bytes).unwrap().ends(), at(2_000));
}

/// A disk that is full after so many bytes.
struct Full<'a>(&'a mut Vec<u8>, usize);

impl std::io::Write for Full<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let room = self.1.saturating_sub(self.0.len());
        if room == 0 {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.0.extend(&bytes[..bytes.len().min(room)]);
        Ok(bytes.len().min(room))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_was_written_before_the_disk_was_full_plays() {
    let mut stream = stream::Stream::new(5);
    let mut bytes = Vec::new();
    let mut recorder = Recorder::start(Full(&mut bytes, 8_000), &header(), at(0), stream.world.clone()).unwrap();
    let mut worlds = Vec::new();
    let failed = (0..10_000).find_map(|nth| {
        recorder.take(at(nth), [stream.next_delta()]).unwrap();
        if nth % 10 == 0 {
            worlds.push((at(nth), stream.world.clone()));
            return recorder.flush().err();
        }
        None
    });
    assert_eq!(failed.unwrap().kind(), std::io::ErrorKind::StorageFull);
    drop(recorder);
    assert_eq!(bytes.len(), 8_000);
    let mut recording = open(&bytes).unwrap();
    assert!(recording.damaged() > 0 && recording.ends() > at(0));
    let (_, world) = worlds.iter().find(|(time, _)| *time == recording.ends()).unwrap();
    assert_same(&recording.known_at(recording.ends()).unwrap().world, world);
}

#[test]
fn quiet_time_is_recorded_too() {
    let mut bytes = Vec::new();
    let mut recorder = Recorder::start(&mut bytes, &header(), at(0), World::default()).unwrap();
    recorder.pass_time(at(60_000));
    recorder.pass_time(at(500));
    recorder.flush().unwrap();
    assert_eq!(open(&bytes).unwrap().ends(), at(60_000));
    assert_eq!(frames(&bytes), []);
}

#[test]
fn another_format_and_what_is_no_recording_are_refused() {
    let good = recorded(&World::default(), &World::default(), 1);
    let text = String::from_utf8_lossy(&good).into_owned();
    let said = |bytes: &[u8]| open(bytes).unwrap_err().to_string();
    assert_eq!(
        said(text.replacen("recording 1\n", "recording 2\n", 1).as_bytes()),
        "its format is '2', this release plays 1: play it with the release that recorded it"
    );
    assert_eq!(said(b"apiVersion: v1\nkind: List\n"), "it is no recording of sidescope");
    assert_eq!(said(b""), "it is no recording of sidescope");
    let unknown = text.replacen("\"pods\"", "\"pots\"", 1);
    assert_eq!(
        said(unknown.as_bytes()),
        "its header cannot be read: 'pots' is no kind that this release knows"
    );
    let lines: usize = text.split_inclusive('\n').take(2).map(str::len).sum();
    assert_eq!(said(&good[..lines]), "nothing was recorded yet");
}

#[test]
fn a_field_that_was_appended_since_is_read_as_absent() {
    // a node of a release that knew nothing but its key: node, meta, key
    let bytes = rmp_serde::to_vec(&((("", "worker-1"),),)).unwrap();
    let node = objects::of_bytes(Kind::Node, &bytes).unwrap();
    assert_eq!(node.key().name, "worker-1");
    assert!(node.meta().labels.is_empty());
}

/// A world with something of everything, and its bytes as this format has them.
static SAMPLE: LazyLock<(World, Vec<u8>)> = LazyLock::new(|| {
    let (one, other) = (corpus("random-00008"), corpus("oncall-bookinfo-typo-hides-ratings"));
    let bytes = recorded(&one, &other, 50);
    (other, bytes)
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Bytes that were changed are found out, or say something else; never more.
    #[test]
    fn no_bytes_break_the_player(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
        let mut bytes = SAMPLE.1.clone();
        for (place, byte) in changes {
            *place.get_mut(&mut bytes) = byte;
        }
        if let Ok(mut recording) = open(&bytes) {
            while let Ok(Some(frame)) = recording.next_frame() {
                prop_assert!(frame.deltas.len() <= 1_024);
            }
        }
    }

    /// The same with checksums that are right.
    #[test]
    fn no_forged_block_breaks_the_player(
        raw in prop::collection::vec(any::<u8>(), 0..200),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
    ) {
        let mut stream = stream::Stream::new(2);
        let mut good = Vec::new();
        let mut recorder = Recorder::start(&mut good, &header(), at(0), stream.world.clone()).unwrap();
        for nth in 0..20 {
            recorder.take(at(nth), [stream.next_delta()]).unwrap();
        }
        recorder.flush().unwrap();
        drop(recorder);
        let mut from = Cursor::new(&good[..]);
        let mut forged = Vec::new();
        Header::read(&mut from).unwrap();
        header().write(&mut forged).unwrap();
        while let Some((sealed, _)) = Block::read(&mut from).unwrap() {
            let mut block = Block { part: sealed.part, from: sealed.from, to: sealed.to, raw: sealed.open().unwrap() };
            for (place, byte) in &changes {
                *place.get_mut(&mut block.raw) = *byte;
            }
            block.raw.extend(&raw);
            block.write(&mut forged).unwrap();
        }
        let mut recording = open(&forged).unwrap();
        while let Ok(Some(frame)) = recording.next_frame() {
            prop_assert!(frame.deltas.len() <= 1_024);
        }
    }
}

#[test]
fn a_block_that_says_it_is_long_takes_no_memory() {
    let block = Block {
        part: Part::Whole,
        from: 0,
        to: 0,
        raw: vec![0; 100],
    };
    let mut bytes = Vec::new();
    block.write(&mut bytes).unwrap();
    bytes[..8].copy_from_slice(&[0xff; 8]);
    assert!(Block::read(&mut &bytes[..]).unwrap().is_none());
    // an object of 4 GiB in a few bytes
    let mut reader = Reader::new(vec![Kind::Pod]);
    let object = [1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 0];
    assert!(reader.read(&mut Bytes(&object)).is_err());
}

/// A recording that this format's first release made: it plays as long as [`FORMAT`] is 1. If this fails, a struct of
/// `mesh::model` changed otherwise than by a field appended to it: raise [`FORMAT`], and make the file anew with
/// `SIDESCOPE_BLESS=1`.
#[test]
fn the_first_recording_of_this_format_still_plays() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/recording/format-{FORMAT}.recording"));
    #[expect(clippy::disallowed_methods, reason = "asked to, it writes its file")]
    let is_blessed = std::env::var("SIDESCOPE_BLESS").is_ok();
    if is_blessed {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &SAMPLE.1).unwrap();
    }
    let bytes = std::fs::read(&path).unwrap();
    let mut recording = open(&bytes).unwrap();
    assert_same(&recording.known_at(recording.ends()).unwrap().world, &SAMPLE.0);
}
