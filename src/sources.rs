//! Adapters: where objects come from. Each turns what it reads into [`crate::mesh::world::Delta`]s and says how it
//! does; none knows what the app makes of it.
//!
//! # What is read, and how much
//!
//! Nothing that comes in is without a bound, and what is beyond one is said. What is kept of it has bounds of its own
//! (`mesh::history`, `app::ui`). No file of the system, such as `/proc`, is read.
//!
//! | what | at most | beyond it | where |
//! |---|---|---|---|
//! | a watch: a line, which is one object with its fields and annotations | 8 MiB | the source says `an object of more than 8 MiB` and asks again; what was known stays, dated | `sources/kubernetes/lines.rs`: `LINE_BYTES: usize = 8 * 1024 * 1024` |
//! | a list: a page of 500 objects | 256 MiB | `an answer of more than 256 MiB`, as above | `sources/kubernetes/watch.rs`: `PAGE_BYTES: usize = 256 * 1024 * 1024` |
//! | a list: namespaces that are followed one by one | 16 | `:sources` names those that are | `sources/kubernetes/watch/settings.rs`: `MOST_NAMESPACES: usize = 16` |
//! | one object for its YAML; the events of one | 8 MiB; 200 events | the text says `an answer of more than 8 MiB` | `sources/kubernetes/object.rs`: `MOST_EVENTS: usize = 200` |
//! | names to complete | 2,000; 16 MiB | the rest is not offered | `sources/kubernetes/names.rs`: `MOST_BYTES: usize = 16 << 20` |
//! | the discovery of a group and version | 4 MiB | the kind counts as served | `sources/kubernetes/watch/served.rs`: `DISCOVERY_BYTES: usize = 4 << 20` |
//! | an answer that refuses | 64 KiB | the code in HTTP's words | `sources/kubernetes/failure.rs`: `STATUS_BYTES: usize = 64 * 1024` |
//! | Envoy's answer | 128 MiB | `Envoy's answer is larger than 128 MiB`; the computed table stands alone | `sources/envoy/admin.rs`: `ANSWER_BYTES: usize = 128 * 1024 * 1024` |
//! | a capture: a packet (any number of them) | 262,144 bytes | the packet is told as impossible, as tcpdump does | `sources/packets/capture.rs`: `MOST: u32 = 262_144` |
//! | a kubeconfig, each file of a list (files that it names: as long as they are) | 4 MiB | `cannot read the kubeconfig 'FILE': it is larger than 4 MiB`, exit code 2 | `sources/kubernetes/connect.rs`: `MOST_MIB: u64 = 4` |
//! | what a login plug-in prints | 1 MiB | it is killed: `printed more than 1 MiB, which no credential is` | `runtime/plugin.rs`: `MOST_MIB: u64 = 1` |
//! | what a login plug-in complains of | its last 16 KiB | of those the last line is told | `runtime/plugin.rs`: `COMPLAINT: usize = 16 * 1024` |
//! | a dump (`--from`), each file of a folder, standard input | 1 GiB | `more than 1024 MiB: split it`, exit code 2 | `sources/files.rs`: `MOST_OF_A_DUMP: u64 = 1 << 10` |
//! | a draft (`--with`) | 64 MiB | `more than 64 MiB: split it`, exit code 2 | `sources/files.rs`: `MOST_OF_A_DRAFT: u64 = 1 << 6` |
//! | a draft on the screen, from a file or the editor | 8 MiB | `it is larger than 8 MiB` | `runtime/open.rs`: `MOST_OF_A_DRAFT_MIB: u64 = 8` |
//! | YAML and JSON: levels | 120, 128 | `nested deeper than any object is` | `sources/files/yaml.rs`: `max_depth: 120` |
//! | a recording: its header | 64 KiB | `it is no recording of sidescope` | `sources/recording/header.rs`: `LONGEST: usize = 64 * 1024` |
//! | a recording: a block | 32 MiB | it ends before that block, and says when | `sources/recording/block.rs`: `LONGEST: usize = 32 << 20` |
//! | a recording: its objects at one time | 1 GiB | `from TIME on it cannot be read: its objects take more than 1 GiB` | `sources/recording/ops.rs`: `MOST_BYTES: usize = 1 << 30` |
//! | the settings file | 1 MiB | `it is longer than settings ever are (1 MiB)`, exit code 2 | `cli/settings/file.rs`: `MOST_BYTES: u64 = 1 << 20` |
//! | the state file | 4 MiB | it is moved aside, which is said | `runtime/state.rs`: `LARGEST: u64 = 4 << 20` |
//! | what is typed or pasted into a line | 4 KiB | the paste is not taken | `app/input.rs`: `LIMIT: usize = 4096` |
//! | a filter, compiled | 1 MiB | `the expression 'TEXT' is too large` | `app/filter.rs`: `REGEX_BYTES: usize = 1 << 20` |

pub mod envoy;
pub mod files;
pub mod kubernetes;
pub mod packets;
pub mod recording;
