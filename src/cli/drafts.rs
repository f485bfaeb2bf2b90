//! What a person would change: objects of files laid over the world, objects taken away. The cluster is not touched.
//!
//! How a draft replaces an object is said in `mesh::diff`.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::exit::{Ended, Exit};
use super::input::Home;
use super::print;
use super::reference::check_namespace;
use crate::mesh::diff::{has_namespace, stored};
use crate::mesh::lint;
use crate::mesh::model::{Key, Kind, Object, brief, nearest};
use crate::mesh::world::{Change, Delta, World};
use crate::sources::files::{self, Loaded};

/// So many kinds that are not read are named.
const MOST_KINDS: usize = 5;

/// So many hosts that would be refused are named.
const MOST_HOSTS: usize = 3;

/// Short names of kinds, as kubectl has them.
const SHORT_NAMES: &[(&str, Kind)] = &[
    ("ns", Kind::Namespace),
    ("no", Kind::Node),
    ("po", Kind::Pod),
    ("svc", Kind::Service),
    ("sc", Kind::Sidecar),
    ("vs", Kind::VirtualService),
    ("dr", Kind::DestinationRule),
    ("se", Kind::ServiceEntry),
    ("we", Kind::WorkloadEntry),
    ("gw", Kind::Gateway),
    ("cm", Kind::MeshConfigMap),
    ("deploy", Kind::Istiod),
];

/// An object named on the command line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    kind: Kind,
    key: Key,
}

impl Named {
    /// Takes `KIND/NAMESPACE/NAME` apart, or `KIND/NAME` of a kind without namespaces.
    ///
    /// # Errors
    /// It is neither, or of a kind that is not read: in one line.
    pub fn parse(text: &str) -> Result<Self, Ended> {
        let wrong = |what: &str| Ended::new(Exit::Usage, format!("--without '{text}': {what}"));
        let mut parts = text.split('/');
        let kind = parts.next().unwrap_or_default();
        let Some(kind) = find_kind(kind) else {
            return Err(wrong("no such kind is read; write it as sidecar/bookinfo/default"));
        };
        let key = match (parts.next(), parts.next(), parts.next(), has_namespace(kind)) {
            _ if text.split('/').any(str::is_empty) => return Err(wrong("write it as KIND/NAMESPACE/NAME")),
            (Some(namespace), Some(name), None, true) => Key::new(namespace, name),
            (Some(name), None, None, false) => Key::new("", name),
            (_, _, _, true) => return Err(wrong("write it as KIND/NAMESPACE/NAME")),
            (_, _, _, false) => return Err(wrong("this kind has no namespaces: write it as KIND/NAME")),
        };
        Ok(Self { kind, key })
    }
}

/// A kind by its name, its plural or its short name, in any case.
fn find_kind(text: &str) -> Option<Kind> {
    let lower = text.to_lowercase();
    let short = SHORT_NAMES.iter().find(|(name, _)| *name == lower);
    let is_named = |kind: &&Kind| {
        let plural = kind.plural();
        let bare = plural.split('.').next().unwrap_or(plural);
        lower == plural || lower == bare || lower == kind.name().to_lowercase()
    };
    short
        .map(|(_, kind)| *kind)
        .or_else(|| Kind::ALL.iter().find(is_named).copied())
}

/// What the files say would be there, what is to be taken away.
pub(super) struct Drafts {
    objects: Vec<Object>,
    without: Vec<Named>,
    /// What a reader must know of them.
    pub(super) said: Said,
}

/// What a reader must know of drafts, a line each.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Said {
    /// How they were taken.
    notes: Vec<String>,
    /// What a cluster would refuse.
    warnings: Vec<String>,
}

impl Said {
    /// The lines by their name in documents; no name without lines.
    pub(super) fn lists(&self) -> impl Iterator<Item = (&'static str, &[String])> {
        let lists = [("notes", &*self.notes), ("warnings", &*self.warnings)];
        lists.into_iter().filter(|(_, lines)| !lines.is_empty())
    }
}

impl Drafts {
    /// Reads the files and the names.
    ///
    /// # Errors
    /// A file or name that says nothing.
    pub(super) fn read(with: &[PathBuf], without: &[String]) -> Result<Self, Ended> {
        let mut drafts = Self {
            objects: Vec::new(),
            without: Vec::new(),
            said: Said::default(),
        };
        for text in without {
            let named = Named::parse(text)?;
            if !drafts.without.contains(&named) {
                drafts.without.push(named);
            }
        }
        for path in with {
            drafts.read_file(path)?;
        }
        Ok(drafts)
    }

    fn read_file(&mut self, path: &Path) -> Result<(), Ended> {
        let loaded = files::load_draft(path).map_err(|error| Ended::new(Exit::Usage, error.to_string()))?;
        self.take(&path.display().to_string(), loaded)
    }

    /// Takes in what was read, if it is a draft of something.
    fn take(&mut self, name: &str, loaded: Loaded) -> Result<(), Ended> {
        let usage = |text: String| Ended::new(Exit::Usage, text);
        if let Some(refused) = loaded.refused.first() {
            return Err(usage(refused.to_string()));
        }
        for problem in &loaded.diagnostics {
            let object = problem.key.as_ref().map_or_else(String::new, |key| format!(" {key}"));
            let text = format!(
                "'{name}': {}{object}: {}: {}",
                problem.kind.name(),
                problem.path,
                brief(&problem.problem)
            );
            if problem.is_lost {
                return Err(usage(text));
            }
            self.said.notes.push(text);
        }
        for (kind, count) in &loaded.skipped {
            self.said
                .notes
                .push(format!("'{name}': {count} {kind} not read: no rule asks for it"));
        }
        if loaded.objects.is_empty() {
            let kinds: Vec<&str> = loaded.skipped.keys().map(String::as_str).collect();
            let only = if kinds.is_empty() {
                String::new()
            } else {
                let few: Vec<&str> = kinds.iter().copied().take(MOST_KINDS).collect();
                format!(", only {}", brief(&few.join(", ")))
            };
            let hint = kinds.iter().find_map(|kind| meant(kind));
            let hint = hint.map_or_else(String::new, |near| format!(": did you mean {near}?"));
            return Err(usage(format!("'{name}' holds no object that a rule reads{only}{hint}")));
        }
        self.objects.extend(loaded.objects);
        Ok(())
    }

    /// The keys of the objects, for who shows findings about them.
    pub(super) fn keys(&self) -> impl Iterator<Item = (Kind, &Key)> {
        self.objects.iter().map(|object| (object.kind(), object.key()))
    }

    /// Makes the world what it would be; what changed.
    ///
    /// `home` is the namespace of drafts that name none, `now` the age of new ones.
    ///
    /// # Errors
    /// An object that is to be taken away and is not there, with the nearest name there is.
    pub(super) fn apply(&mut self, world: &mut World, home: &Home, now: Timestamp) -> Result<Vec<Change>, Ended> {
        let mut changes = Vec::new();
        for named in &self.without {
            if world.get(named.kind, &named.key).is_none() {
                return Err(not_there(world, named));
            }
            changes.extend(world.apply(Delta::Remove(named.kind, named.key.clone())));
        }
        let objects = std::mem::take(&mut self.objects);
        let before = world.clone();
        for object in objects {
            let object = self.settled(object, world, home, now);
            self.objects.push(object);
        }
        self.check_namespaces(&before);
        self.check_hosts();
        for object in &self.objects {
            changes.extend(world.apply(Delta::Put(object.clone())));
        }
        Ok(changes)
    }

    /// A draft as the API server would store it.
    fn settled(&mut self, object: Object, world: &World, home: &Home, now: Timestamp) -> Object {
        let kind = object.kind();
        let meta = object.meta();
        if meta.key.namespace.is_empty() && has_namespace(kind) {
            let text = format!(
                "{} '{}' names no namespace: taken as one of '{}', {}",
                kind.name(),
                meta.key.name,
                home.namespace,
                home.whose
            );
            self.said.notes.push(text);
        }
        let object = stored(object, world, &home.namespace, now);
        if let Object::Service(service) = &object
            && !service.selector.is_empty()
        {
            let text = format!(
                "Service {}: its endpoints are those of its EndpointSlices as they are; a cluster would write them anew",
                object.key()
            );
            self.said.notes.push(text);
        }
        object
    }

    /// Warns of drafts in namespaces that neither are there nor come with them.
    fn check_namespaces(&mut self, before: &World) {
        let comes = |namespace: &str| {
            let mut objects = self.objects.iter();
            objects.any(|object| object.kind() == Kind::Namespace && object.key().name == *namespace)
        };
        let strangers = self.objects.iter().filter(|object| has_namespace(object.kind()));
        let strangers = strangers.filter_map(|object| {
            let key = object.key();
            let error = check_namespace(before, &key.namespace).err()?;
            let text = format!("kubectl apply would refuse {} {key}: {error}", object.kind().name());
            (!comes(&key.namespace)).then_some(text)
        });
        let strangers: Vec<String> = strangers.collect();
        self.said.warnings.extend(strangers);
    }

    /// Warns of Sidecars that istiod's webhook would refuse for their hosts.
    fn check_hosts(&mut self) {
        for object in &self.objects {
            let Object::Sidecar(sidecar) = object else {
                continue;
            };
            let hosts = sidecar.egress.iter().flat_map(|listener| listener.hosts.iter());
            let refused: Vec<String> = hosts
                .filter(|host| lint::is_refused_host(host))
                .map(|host| format!("'{}'", brief(host)))
                .collect();
            if let Some(first) = refused
                .get(..MOST_HOSTS.min(refused.len()))
                .filter(|few| !few.is_empty())
            {
                let more = refused.len() - first.len();
                let more = if more == 0 {
                    String::new()
                } else {
                    format!(" and {more} more")
                };
                self.said.warnings.push(format!(
                    "kubectl apply would refuse this: Sidecar {}: {}{more}: write NAMESPACE/NAME in full, NAMESPACE/*.NAME or NAMESPACE/*",
                    sidecar.meta.key,
                    first.join(", ")
                ));
            }
        }
    }

    /// Says what a reader must know of the drafts.
    pub(super) fn say(&self) {
        for note in &self.said.notes {
            print::err(&format!("note: {note}"));
        }
        for warning in &self.said.warnings {
            print::err(&format!("warning: {warning}"));
        }
    }
}

/// Reads a draft for the screen: its objects, and what a reader must know of them. An error is one line.
pub(super) fn for_screen(name: &str, text: &str) -> Result<(Vec<Object>, Vec<String>), String> {
    let loaded = files::draft_of(name, text).map_err(|error| error.to_string())?;
    let mut drafts = Drafts::read(&[], &[]).map_err(|ended| ended.line)?;
    drafts.take(name, loaded).map_err(|ended| ended.line)?;
    drafts.check_hosts();
    let Said { warnings, notes, .. } = drafts.said;
    Ok((drafts.objects, warnings.into_iter().chain(notes).collect()))
}

/// What the author of a kind that is not read, such as `Sidcar.networking.istio.io`, may have meant.
fn meant(kind: &str) -> Option<String> {
    let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    let bare = kind.split('.').next().unwrap_or_default();
    let near = nearest(bare, &known)?;
    let same = Kind::ALL.iter().find(|kind| kind.name() == bare);
    // it is the group then that is another
    Some(match same {
        Some(same) => format!("apiVersion '{}'", files::api_version(*same)),
        None => format!("'{near}'"),
    })
}

fn not_there(world: &World, named: &Named) -> Ended {
    let mut keys = Vec::new();
    world.each_in(named.kind, &crate::mesh::world::ListScope::All, &mut |object| {
        keys.push(object.key().to_string());
    });
    let near = nearest(&named.key.to_string(), &keys);
    let hint = near.map_or_else(String::new, |near| format!(": did you mean '{near}'?"));
    Ended::new(
        Exit::NotFound,
        format!("no {} '{}'{hint}", named.kind.name(), named.key),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::model::{Meta, Sidecar};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_screen_is_told_what_a_cluster_would_refuse() {
        let text = "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: a, namespace: b}\n\
                    spec: {egress: [{hosts: ['reviews']}]}\n";
        let (objects, notes) = for_screen("draft", text).unwrap();
        assert_eq!(objects.len(), 1);
        let told = notes
            .iter()
            .any(|note| note.contains("kubectl apply would refuse this: Sidecar b/a: 'reviews'"));
        assert!(told, "{notes:?}");
    }

    #[test]
    fn kinds_are_known_by_name_plural_and_short_name() {
        for text in ["sidecar", "Sidecars", "sc", "sidecars.networking.istio.io"] {
            assert_eq!(find_kind(text), Some(Kind::Sidecar), "{text}");
        }
        assert_eq!(find_kind("endpointslice"), Some(Kind::EndpointSlice));
        assert_eq!(find_kind("secret"), None);
    }

    #[test]
    fn a_name_has_a_namespace_only_where_its_kind_has() {
        assert_eq!(Named::parse("sc/shop/a").unwrap().key, Key::new("shop", "a"));
        assert_eq!(Named::parse("ns/shop").unwrap().key, Key::new("", "shop"));
        for text in ["sc/a", "ns/a/b", "secret/a/b", "sc/a/b/c", "sc//a", "sc/a/", "ns/"] {
            assert_eq!(Named::parse(text).unwrap_err().exit, Exit::Usage, "{text}");
        }
    }

    #[test]
    fn a_draft_without_a_namespace_gets_the_default_and_that_is_said() {
        let sidecar = Sidecar {
            meta: Meta {
                key: Key::new("", "a"),
                ..Meta::default()
            },
            ..Sidecar::default()
        };
        let mut drafts = Drafts {
            objects: vec![sidecar.into()],
            without: Vec::new(),
            said: Said::default(),
        };
        let mut world = World::default();
        let home = Home {
            namespace: "shop".into(),
            whose: "as -n says",
        };
        let changes = drafts.apply(&mut world, &home, at(1)).unwrap();
        assert_eq!(changes.len(), 1);
        assert!(world.sidecars.get(&Key::new("shop", "a")).is_some());
        let note = "Sidecar 'a' names no namespace: taken as one of 'shop', as -n says";
        assert_eq!(drafts.said.notes, [note]);
        assert_eq!(drafts.said.warnings, [""; 0], "which namespaces there are is not known");
    }

    #[test]
    fn a_draft_in_a_namespace_that_is_not_there_is_warned_of_unless_it_comes_too() {
        let namespace = |name: &str| crate::mesh::model::Namespace {
            meta: Meta {
                key: Key::new("", name),
                ..Meta::default()
            },
            ..crate::mesh::model::Namespace::default()
        };
        let sidecar = |namespace: &str| Sidecar {
            meta: Meta {
                key: Key::new(namespace, "a"),
                ..Meta::default()
            },
            ..Sidecar::default()
        };
        let mut drafts = Drafts {
            objects: vec![sidecar("shopp").into(), sidecar("new").into(), namespace("new").into()],
            without: Vec::new(),
            said: Said::default(),
        };
        let mut world = World::default();
        drop(world.apply(Delta::Put(namespace("shop").into())));
        let home = Home {
            namespace: "shop".into(),
            whose: "as -n says",
        };
        drafts.apply(&mut world, &home, at(1)).unwrap();
        let warned = "kubectl apply would refuse Sidecar shopp/a: no namespace 'shopp': did you mean 'shop'?";
        assert_eq!(drafts.said.warnings, [warned]);
        assert!(
            world.sidecars.get(&Key::new("shopp", "a")).is_some(),
            "the answer is given all the same"
        );
    }
}
