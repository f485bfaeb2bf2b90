//! Somebody who looks: the real watches of every kind, the app, and its tables as text.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sidescope::app::view::{Body, Mark, Screen};
use sidescope::app::{App, KeyPress, Message, Options};
use sidescope::mesh::model::{Key, Kind, Text};
use sidescope::sources::kubernetes::{ListStrategy, Pulse, SourceMessage, WatchSettings, follow};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::corpus;
use crate::network::Network;

/// Nothing here lasts longer; only a failure waits for it.
const DEADLINE: Duration = Duration::from_secs(720);
/// Keys of the tables that are compared.
const TABLES: [(&str, char); 4] = [("pods", '1'), ("services", '2'), ("endpoints", '3'), ("sidecars", '4')];
/// Cells in which time passes.
const AGES: [&str; 2] = ["AGE", "RESTARTS"];

/// The cluster's clock and ours: tokio's.
#[derive(Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn passed(self) -> Duration {
        self.0.elapsed()
    }

    pub(crate) fn since(self, earlier: Duration) -> Duration {
        self.passed().saturating_sub(earlier)
    }

    pub(crate) fn now(self) -> Timestamp {
        let began: Timestamp = "2026-11-23T05:00:00Z".parse().unwrap();
        began + SignedDuration::try_from(self.passed()).unwrap()
    }
}

/// A program that looks at the cluster.
pub(crate) struct Reader {
    app: App,
    clock: Clock,
    from: mpsc::Receiver<SourceMessage>,
    _steer: (watch::Sender<Arc<[Text]>>, watch::Sender<u64>),
    _tasks: JoinSet<()>,
}

/// What all tables show.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Shown {
    /// Rows that are there, without ages.
    pub(crate) rows: BTreeSet<String>,
    /// Marks, with the beginning of their rows.
    pub(crate) marks: BTreeSet<String>,
}

impl Shown {
    /// Fails with what only one of them shows.
    #[track_caller]
    pub(crate) fn assert_same(&self, expected: &Shown, what: &str) {
        let only = |a: &Shown, b: &Shown| {
            let rows = a.rows.difference(&b.rows).chain(a.marks.difference(&b.marks));
            rows.cloned().collect::<Vec<String>>()
        };
        let (more, less) = (only(self, expected), only(expected, self));
        assert!(
            more.is_empty() && less.is_empty(),
            "{what}: more {more:#?} less {less:#?}"
        );
    }
}

impl Reader {
    /// Follows every kind, with a pod chosen.
    pub(crate) fn open(network: &Network, strategy: ListStrategy) -> Self {
        let pod = Key::new("bookinfo", corpus::pod("productpage-v1").as_str());
        let app = App::new(Options {
            pod: Some(pod),
            ..Options::default()
        });
        let (out, from) = mpsc::channel(32);
        let (namespaces, namespaces_seen) = watch::channel(Arc::from([Text::from("bookinfo")]));
        let (relist, relist_seen) = watch::channel(0);
        let settings = WatchSettings {
            istio_namespace: "istio-system".into(),
            strategy,
            request_timeout: Duration::from_secs(10),
            namespaces: namespaces_seen,
            relist: relist_seen,
            pulse: Pulse::default(),
        };
        let mut tasks = JoinSet::new();
        for kind in Kind::ALL {
            tasks.spawn(follow(network.client(), *kind, settings.clone(), out.clone()));
        }
        Self {
            app,
            clock: network.clock,
            from,
            _steer: (namespaces, relist),
            _tasks: tasks,
        }
    }

    /// The same, once everything is there.
    pub(crate) async fn settled(network: &Network, strategy: ListStrategy) -> Self {
        let mut reader = Self::open(network, strategy);
        reader.until("live", |reader| reader.badge().contains("live")).await;
        reader
    }

    /// Takes in what comes until this holds; how long that took.
    pub(crate) async fn until(&mut self, what: &str, mut holds: impl FnMut(&mut Self) -> bool) -> Duration {
        let began = self.clock.passed();
        while !holds(self) {
            let passed = self.clock.since(began);
            assert!(passed < DEADLINE, "not within {passed:?}: {what}\n{}", self.text());
            self.next().await;
        }
        self.clock.since(began)
    }

    /// Takes in what comes until the rows are these.
    pub(crate) async fn until_as(&mut self, what: &str, fresh: &Shown) {
        let began = self.clock.passed();
        while self.shown().rows != fresh.rows {
            if self.clock.since(began) > DEADLINE {
                let mut now = self.shown();
                now.marks.clone_from(&fresh.marks);
                now.assert_same(fresh, what);
            }
            self.next().await;
        }
    }

    /// Looks for so long.
    pub(crate) async fn look_for(&mut self, time: Duration) {
        let began = self.clock.passed();
        self.until("time to pass", |reader| reader.clock.since(began) >= time)
            .await;
    }

    /// The next message, or a second.
    async fn next(&mut self) {
        let Ok(message) = tokio::time::timeout(Duration::from_secs(1), self.from.recv()).await else {
            self.tell(Message::Tick);
            return;
        };
        let SourceMessage { deltas, state, .. } = message.expect("the watches go on");
        if !deltas.is_empty() {
            let at = self.clock.now();
            self.tell(Message::Deltas { at, batch: deltas });
        }
        if let Some((kind, scope, state)) = state {
            self.tell(Message::Source { kind, scope, state });
        }
    }

    fn tell(&mut self, message: Message) {
        // questions beside the loop are nobody's here: the tables need none
        let _commands = self.app.update(self.clock.now(), message);
    }

    fn screen(&mut self) -> Screen {
        self.app.screen(self.clock.now(), 300, 150)
    }

    /// The header's line.
    pub(crate) fn badge(&mut self) -> String {
        let screen = self.screen();
        let spans = screen.lines.iter().filter(|(y, _)| *y == 0).flat_map(|(_, line)| line);
        spans.map(|span| span.text.as_str()).collect()
    }

    /// The title of the table that this key leads to.
    pub(crate) fn title(&mut self, key: char) -> String {
        self.tell(Message::Key(KeyPress::char(key)));
        let screen = self.screen();
        let pane = screen.panes.into_iter().find(|pane| pane.active).unwrap();
        pane.title.iter().map(|span| span.text.as_str()).collect()
    }

    /// Header, and what each table shows.
    pub(crate) fn text(&mut self) -> String {
        let shown = self.shown();
        format!("{}\n{shown:#?}", self.badge())
    }

    /// What each table shows.
    pub(crate) fn shown(&mut self) -> Shown {
        let mut shown = Shown::default();
        for (table, key) in TABLES {
            self.tell(Message::Key(KeyPress::char(key)));
            let screen = self.screen();
            let pane = screen.panes.into_iter().find(|pane| pane.active).unwrap();
            let Body::Table { heads, rows, .. } = pane.body else {
                continue;
            };
            let titles: Vec<String> = heads.iter().map(|head| head.title.to_string()).collect();
            for row in rows {
                let cells = row.cells.iter().zip(&titles);
                let cells = cells.filter(|(_, title)| !AGES.iter().any(|age| title.contains(age)));
                let cells: Vec<String> = cells.map(|(cell, _)| cell.text.to_string().trim().to_owned()).collect();
                let banner: Vec<String> = row.banner.iter().map(|span| span.text.to_string()).collect();
                let sign = match row.mark {
                    None => "",
                    Some(Mark::Added(_)) => "+",
                    Some(Mark::Changed(_)) => "~",
                    Some(Mark::Removed(_)) => "-",
                };
                if !sign.is_empty() {
                    shown.marks.insert(format!("{table} {sign}{}", cells[..2].join(" ")));
                }
                if sign != "-" {
                    shown
                        .rows
                        .insert(format!("{table} {}{}", banner.concat(), cells.join(" | ")));
                }
            }
        }
        shown
    }
}
