//! The rooms, and all that their files may name. `arrows` holds the files to it.

/// A folder of `src`, and all that its files may name.
pub(crate) struct Room {
    pub(crate) name: &'static str,
    /// Paths within the crate, besides the room itself; a longer path is allowed too.
    pub(crate) rooms: &'static [&'static str],
    /// Crates besides `std`.
    pub(crate) crates: Crates,
    /// Parts of `std` and of allowed crates that are forbidden all the same.
    pub(crate) never: &'static [&'static str],
    /// Whether it may wait for several things at once and start tasks.
    pub(crate) concurrent: bool,
    /// Why, for whoever broke it.
    pub(crate) because: &'static str,
}

pub(crate) enum Crates {
    Any,
    Only(&'static [&'static str]),
}

/// The world outside the program, as `std` offers it.
const OUTSIDE: &[&str] = &[
    "std::env",
    "std::fs",
    "std::io",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::ToSocketAddrs",
    "std::net::UdpSocket",
    "std::os",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];

pub(crate) const ROOMS: &[Room] = &[
    Room {
        name: "mesh",
        rooms: &["kinds"],
        crates: Crates::Only(&[
            "imbl",
            "jiff",
            "lz4_flex",
            "rustc_hash",
            "serde_json",
            "serde_saphyr",
            "similar",
            "strsim",
            "thiserror",
        ]),
        never: OUTSIDE,
        concurrent: false,
        because: "mesh is what is true: pure, without I/O, clock, environment or logging",
    },
    Room {
        name: "sources",
        rooms: &["kinds", "mesh::model", "mesh::world"],
        crates: Crates::Only(&[
            "bytes",
            "crc32fast",
            "etherparse",
            "futures",
            "http",
            "http_body_util",
            "hyper",
            "hyper_util",
            "jiff",
            "k8s_openapi",
            "kube",
            "lz4_flex",
            "memchr",
            "miniz_oxide",
            "pcap_parser",
            "regex",
            "rmp_serde",
            "rustc_hash",
            "serde",
            "serde_json",
            "serde_path_to_error",
            "serde_saphyr",
            "thiserror",
            "tokio",
            "tokio_util",
            "tower",
            "tracing",
        ]),
        never: &[],
        concurrent: false,
        because: "sources are adapters: they turn bytes into deltas, and know neither what follows from them nor who looks",
    },
    Room {
        name: "app",
        rooms: &["kinds", "mesh"],
        crates: Crates::Only(&[
            "imbl",
            "jiff",
            "nucleo_matcher",
            "regex",
            "rustc_hash",
            "serde_json",
            "similar",
            "unicode_segmentation",
            "unicode_width",
        ]),
        never: OUTSIDE,
        concurrent: false,
        because: "app is what the person sees and does: a pure state machine that knows no clock, no channel, no colour",
    },
    Room {
        name: "tui",
        rooms: &["app"],
        crates: Crates::Only(&["crossterm", "ratatui", "unicode_segmentation", "unicode_width"]),
        // The terminal itself is its: it is opened and timed here.
        never: &[
            "std::env",
            "std::net",
            "std::process",
            "std::thread",
            "std::time::Instant",
            "std::time::SystemTime",
        ],
        concurrent: false,
        because: "tui draws what app::view shows, and nothing else",
    },
    Room {
        name: "output",
        rooms: &["app", "mesh"],
        crates: Crates::Only(&[
            "jiff",
            "serde",
            "serde_json",
            "serde_saphyr",
            "thiserror",
            "unicode_width",
        ]),
        never: &[
            "std::env",
            "std::fs",
            "std::net",
            "std::process",
            "std::thread",
            "std::time",
        ],
        concurrent: false,
        because: "output writes the rows of app::view, and nothing else",
    },
    Room {
        name: "runtime",
        rooms: &["app", "config", "demo", "kinds", "mesh", "output", "sources", "tui"],
        crates: Crates::Any,
        never: &[],
        concurrent: true,
        because: "runtime joins the rooms; cli stands above it",
    },
    Room {
        name: "config",
        rooms: &["app", "kinds", "mesh::model"],
        crates: Crates::Only(&[
            "clap",
            "etcetera",
            "jiff",
            "regex",
            "serde",
            "shell_words",
            "thiserror",
            "toml",
        ]),
        never: &["std::net", "std::process", "std::thread"],
        concurrent: false,
        because: "config reads settings, and does nothing with them",
    },
    Room {
        name: "cli",
        rooms: &[
            "app", "config", "demo", "kinds", "mesh", "output", "runtime", "sources", "tui",
        ],
        crates: Crates::Any,
        never: &[],
        concurrent: false,
        because: "cli parses, configures, runs and gives an exit code; waiting and starting tasks is runtime's",
    },
    Room {
        name: "demo",
        rooms: &[],
        crates: Crates::Only(&[
            "bytes",
            "futures",
            "http",
            "http_body_util",
            "hyper",
            "hyper_util",
            "imbl",
            "jiff",
            "json_patch",
            "lz4_flex",
            "miniz_oxide",
            "regex",
            "rustc_hash",
            "serde",
            "serde_json",
            "serde_saphyr",
            "thiserror",
            "tokio",
            "tokio_tungstenite",
            "tokio_util",
            "tracing",
        ]),
        never: &[],
        concurrent: true,
        because: "the demo plays another process: it knows HTTP and manifests only, so that it cannot share our mistakes",
    },
];

/// A folder or file that may name more than its room, crates or paths of this crate, and why.
pub(crate) const EXCEPTIONS: &[(&str, &[&str], &str)] = &[
    (
        "src/app/",
        &["serde_json"],
        "a column says its value for a person and for a program; the second is a JSON value",
    ),
    (
        "src/mesh/diff/",
        &["serde_json", "serde_saphyr"],
        "the text of an edited object is kept as JSON and shown as YAML; both only turn text into text",
    ),
    (
        "src/mesh/model/",
        &["serde"],
        "plain data can be written down, whatever in; how is the business of whoever does",
    ),
    (
        "src/output/istioctl.rs",
        &["crate::mesh::scope"],
        "istioctl's table is of a scope's own rows, before any view has ordered or cut them",
    ),
];

/// Files of `src` that are no room's: the programs, which only hand over, and the list of rooms.
pub(crate) const ABOVE: &[(&str, &[&str])] = &[
    ("src/lib.rs", &[]),
    ("src/main.rs", &["sidescope::cli"]),
    ("src/bin/kubectl-sidescope.rs", &["sidescope::cli"]),
    ("src/bin/kubectl_complete-sidescope.rs", &["sidescope::cli"]),
];
