//! The whole program on a terminal of its own, over a cluster in another process, under a flood: what it holds meanwhile.
//!
//! It is this same bench that is started once more, as the program with a heap that is counted.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sidescope::app::Options;
use sidescope::mesh::model::{Key, Kind};
use sidescope::runtime::live::Follow;
use sidescope::runtime::{Clipboard, Cluster, Host, Run, Setup, Sources, clock, plugin};
use sidescope::sources::kubernetes::{self, Asking, ConnectOptions, ListStrategy};
use sidescope::tui::{Look, Mouse};
use tokio::runtime::Handle;

use super::flood::Flood;
use super::ground::Ground;
use super::screen::Screen;
use super::{HEAP, megabytes};

const PODS: usize = 20_000;
/// More than the server and the program can do on two cores beside each other: as many as they can.
const A_SECOND: u32 = 2_000;
const DEADLINE: Duration = Duration::from_secs(60);
/// Between two looks at what is held.
const LOOK: Duration = Duration::from_millis(250);

/// What is held at one time.
#[derive(Clone, Copy)]
struct Held {
    heap: usize,
    resident: usize,
    tasks: usize,
    threads: usize,
    descriptors: usize,
}

/// A name, and what has it.
type Figure = (&'static str, fn(&Held) -> usize);

impl Held {
    fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.split_whitespace().next().unwrap().parse().unwrap()
        };
        Self {
            heap: HEAP.allocated(),
            resident: field("VmRSS:") * 1024,
            tasks: Handle::current().metrics().num_alive_tasks(),
            threads: field("Threads:"),
            // the reading of the folder takes one itself
            descriptors: fs::read_dir("/proc/self/fd").unwrap().count() - 1,
        }
    }

    fn write(self) -> String {
        let Self {
            heap,
            resident,
            tasks,
            threads,
            descriptors,
        } = self;
        format!("{heap} {resident} {tasks} {threads} {descriptors}\n")
    }

    fn read(line: &str) -> Self {
        let numbers: Vec<usize> = line.split(' ').map(|number| number.parse().unwrap()).collect();
        let [heap, resident, tasks, threads, descriptors] = numbers[..] else {
            panic!("not a line of this bench: {line}")
        };
        Self {
            heap,
            resident,
            tasks,
            threads,
            descriptors,
        }
    }
}

/// The program; what it holds goes into the file.
pub(crate) fn run(file: &Path) {
    let host = Host::new().unwrap();
    let connect = ConnectOptions {
        kubeconfig: None,
        context: None,
        as_user: None,
        as_groups: Vec::new(),
        asking: Asking::Never,
    };
    let connection = host
        .block_on(kubernetes::connect(&connect, clock::now, plugin::run))
        .unwrap();
    let follow = Follow {
        kinds: Kind::ALL.to_vec(),
        istio_namespace: "istio-system".into(),
        namespaces: Arc::default(),
        strategy: ListStrategy::default(),
        request_timeout: Duration::from_secs(30),
    };
    let mut file = File::create(file).unwrap();
    host.keep(async move {
        let mut interval = tokio::time::interval(LOOK);
        loop {
            interval.tick().await;
            file.write_all(Held::now().write().as_bytes()).unwrap();
        }
    });
    let outcome = host.run_screen(Setup {
        run: Run {
            options: Options {
                pod: Some(Key::new("default", "my-shell")),
                ..Options::default()
            },
            sources: Sources::Cluster(Box::new(Cluster {
                connection,
                connect: Some(connect),
                follow,
            })),
            story: None,
            packets: None,
            read_draft: |_, _| Err("no drafts here".to_owned()),
            contexts: None,
            state: None,
        },
        look: Look::default(),
        mouse: Mouse::Off,
        clipboard: Clipboard::None,
        reports: None,
        settings: None,
        fault: None,
    });
    assert_eq!((outcome.code, outcome.line), (0, None));
}

/// Has so many objects changed under it; what it held in the quarters of that time.
pub(crate) fn flooded(events: usize) {
    let ground = Ground::demo(PODS);
    let folder = tempfile::tempdir().unwrap();
    let file: PathBuf = folder.path().join("held");
    let program = std::env::current_exe().unwrap();
    let arguments = ["--bench", "--inside", file.to_str().unwrap()];
    let mut screen = Screen::open_program(program.to_str().unwrap(), ground.kubeconfig(), &arguments, (120, 40));
    screen.wait_until(DEADLINE, |text| text.contains("Pods 2") && text.contains("outbound|"));
    screen.pass(Duration::from_secs(3));
    let before = looks(&file).len();
    let flood = Flood::start(ground.kubeconfig(), A_SECOND);
    for key in ["j", "k", "1", "`", "5", "3", "`"].into_iter().cycle() {
        if flood.done() >= events {
            break;
        }
        screen.press(key);
        screen.pass(Duration::from_millis(500));
    }
    println!(
        "\n{} events over {PODS} pods, {:.0} a second, in the whole program",
        flood.done(),
        flood.rate()
    );
    drop(flood);
    let held = looks(&file).split_off(before);
    screen.press("q");
    let quarter = held.len() / 4;
    let quarters: Vec<&[Held]> = held.chunks_exact(quarter).take(4).collect();
    let mean = |part: &[Held], figure: fn(&Held) -> usize| part.iter().map(figure).sum::<usize>() / part.len();
    let figures: [Figure; 2] = [
        ("live heap, mean", |held| held.heap),
        ("resident, mean", |held| held.resident),
    ];
    for (name, figure) in figures {
        let quarters = quarters
            .iter()
            .map(|part| format!("{:.1}", megabytes(mean(part, figure))));
        println!("{name:<29}{} MB", quarters.collect::<Vec<_>>().join(" "));
    }
    let counts: [Figure; 3] = [
        ("tasks", |held| held.tasks),
        ("threads", |held| held.threads),
        ("descriptors", |held| held.descriptors),
    ];
    let mut grown = Vec::new();
    for (name, count) in counts {
        let spans: Vec<(usize, usize)> = quarters
            .iter()
            .map(|part| {
                part.iter()
                    .map(count)
                    .fold((usize::MAX, 0), |(least, most), n| (least.min(n), most.max(n)))
            })
            .collect();
        let shown: Vec<String> = spans.iter().map(|(least, most)| format!("{least}-{most}")).collect();
        println!("{:<29}{}", format!("{name}, least-most"), shown.join(" "));
        // what is under way comes and goes; what leaks raises the least
        if spans[3].0 > spans[2].0 {
            grown.push(name);
        }
    }
    assert!(grown.is_empty(), "these grow: {grown:?}");
}

fn looks(file: &Path) -> Vec<Held> {
    let text = fs::read_to_string(file).unwrap();
    // the last line may be on its way
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(Held::read).collect()
}
