//! `explain` and `who-sees`: why a pod reaches a host or does not, and which pods do.

mod address;

use std::net::IpAddr;
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use self::address::Owner;
use super::args::{Cli, Format, FromArgs, OutputArgs};
use super::exit::{Ended, Exit};
use super::headless::{gather, missing, no_such_table, say_missing, show};
use super::input;
use super::print;
use super::reference::PodReference;
use super::screen;
use crate::app::view::who_sees::{self, Group};
use crate::app::view::why::{self, object_of, reason};
use crate::app::view::{Line, Shown, explain as view, winner};
use crate::mesh::model::{Key, Kind, Text, nearest, nearest_host};
use crate::mesh::scope::{
    self, Barrier, Cache, Explanation, Governing, Lack, Outcome, Row, Settings, Sight, Unexplained,
};
use crate::mesh::world::World;
use crate::output::{Sheet, SheetRow};

/// So many names are asked back about.
const MOST_NAMES: usize = 5;

/// `explain`
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// The pod: [kind/]NAME[.NAMESPACE], such as reviews-v1-7f9.bookinfo or deploy/reviews-v1
    #[arg(value_name = "POD")]
    pub pod: String,
    /// The host, as the pod would call it: reviews, reviews.bookinfo, api.example.com; with :PORT that port alone
    #[arg(value_name = "HOST[:PORT]")]
    pub host: String,
    /// What all outputs share.
    #[command(flatten)]
    pub output: AnswerArgs,
}

/// `who-sees`
#[derive(Args, Debug)]
pub struct WhoSeesArgs {
    /// The host: reviews.bookinfo, api.example.com; a short name is looked for in the namespace shown, then everywhere
    #[arg(value_name = "HOST[:PORT]")]
    pub host: String,
    /// What all outputs share.
    #[command(flatten)]
    pub output: AnswerArgs,
}

/// What outputs that end share.
#[derive(Args, Debug)]
pub struct AnswerArgs {
    /// Format
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Format,
    /// Leave out the line of column names
    #[arg(long)]
    pub no_headers: bool,
    /// Where objects are read from.
    #[command(flatten)]
    pub from: FromArgs,
}

impl AnswerArgs {
    fn as_output(&self) -> OutputArgs {
        OutputArgs {
            output: self.output,
            no_headers: self.no_headers,
            watch: false,
            from: self.from.clone(),
        }
    }
}

/// Takes `HOST[:PORT]` apart; an IPv6 address with a port stands in brackets.
///
/// # Errors
/// No host, a URL, a port that is none: in one line.
pub fn host_and_port(text: &str) -> Result<(&str, Option<u32>), Ended> {
    let wrong = |line: String| Err(Ended::new(Exit::Usage, line));
    if text.is_empty() {
        return wrong("no host is named: write HOST or HOST:PORT".to_owned());
    }
    if let Some((_, rest)) = text.split_once("://") {
        let host = rest.split('/').next().unwrap_or_default();
        return wrong(format!("'{text}' is a URL, not a host: write '{host}'"));
    }
    if text.parse::<IpAddr>().is_ok() {
        return Ok((text, None));
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        return Ok((text, None));
    };
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    let number = port.parse().ok().filter(|port| (1..=65535).contains(port));
    match number {
        Some(port) if !host.is_empty() => Ok((host, Some(port))),
        Some(_) | None => wrong(format!(
            "'{text}' is no HOST[:PORT]: a port is a number from 1 to 65535"
        )),
    }
}

/// Prints why a pod reaches a host, or does not.
pub(super) async fn explain(cli: &Cli, args: &ExplainArgs) -> Result<Exit, Ended> {
    let (host, port) = host_and_port(&args.host)?;
    let reference = PodReference::parse(&args.pod)?;
    let output = args.output.as_output();
    let (input, shown) = gather(cli, &output, scope::needed_kinds(), Kind::Pod, Some(&reference)).await?;
    let world = input.world();
    let default = input::names(&shown)
        .first()
        .map_or_else(|| "default".to_owned(), ToString::to_string);
    let pod = reference.find(world, &default)?;
    let mut cache = Cache::new(input::settings(&cli.cluster));
    let owner = Owner::of(world, host);
    // a call to the address of a service is one to the service
    let named = owner.as_ref().and_then(|owner| owner.host(world, &mut cache, &pod));
    let meant = named.as_ref().map_or(host, Text::as_str);
    let explanation = match cache.explain(world, &pod, meant, port) {
        Ok(explanation) => explanation,
        Err(Unexplained::NoTable(state)) => return Err(no_such_table(&state, &pod)),
        Err(Unexplained::NoSuchHost(known, symptom)) => {
            let mut ended = no_such_host(world, host, &known);
            let is_virtual = owner.is_some_and(|owner| owner.is_virtual());
            if ended.exit == Exit::NotFound && !is_virtual {
                ended.line = format!("{}; {symptom}", ended.line);
            }
            return Err(ended);
        }
    };
    let mut lacking = missing(world, scope::needed_kinds());
    lacking.extend(input.strange(scope::needed_kinds()));
    let mut sheet = explanation_sheet(lacking, &explanation, input.as_of());
    let owner = owner.filter(|_| named.is_some());
    if let Some(owner) = &owner {
        sheet.about.insert("address".to_owned(), owner.document());
    }
    match output.output {
        Format::Table | Format::Wide => {
            let whose = owner.map_or_else(String::new, |owner| owner.line());
            let zone = screen::time_zone(&cli.log);
            let written = winner::written(&explanation.governing, world, input.as_of(), &zone);
            print::out(&format!("{whose}{}", text_of(&explanation, written)))?;
        }
        Format::Json | Format::Yaml | Format::Name => show(&sheet, &output)?,
    }
    input.say_absent();
    let exit = if explanation.is_in_scope() { Exit::Ok } else { Exit::No };
    Ok(worse(say_missing(&sheet), exit))
}

/// What could not be read makes an answer unknown.
fn worse(missing: Exit, answer: Exit) -> Exit {
    if missing == Exit::Ok { answer } else { missing }
}

fn no_such_host(world: &World, host: &str, known: &[Text]) -> Ended {
    let missing = missing(world, scope::needed_kinds());
    if !missing.is_empty() {
        let line = format!("host '{host}' is not known: INCOMPLETE, {}", missing.join(", "));
        return Ended::new(Exit::Cluster, line);
    }
    if let Some(owner) = Owner::of(world, host) {
        let whose = owner.name();
        let line = format!("no host '{host}' in the mesh: it is the address of {whose}, ask for the name");
        return Ended::new(Exit::NotFound, line);
    }
    let first = |host: &str| host.split('.').next().unwrap_or_default().to_owned();
    // names are compared as they are written: istiod's are all lower case
    let lower = host.to_lowercase();
    let is_lower = |known: &&Text| ***known == *lower || known.starts_with(&format!("{lower}."));
    let same = known
        .iter()
        .filter(|known| !host.contains('.') && first(known) == *host || lower != host && is_lower(known));
    let same: Vec<String> = same.take(MOST_NAMES).map(|same| format!("'{same}'")).collect();
    if !same.is_empty() {
        let line = format!("no host '{host}' there: did you mean {}?", same.join(" or "));
        return Ended::new(Exit::NotFound, line);
    }
    let find = |label: &str| {
        known
            .iter()
            .find(|known| first(known) == label)
            .map(ToString::to_string)
    };
    let labels: Vec<String> = known.iter().map(|known| first(known)).collect();
    let near = nearest_host(host, known).or_else(|| find(&nearest(&first(host), &labels)?));
    let hint = near.map_or_else(String::new, |near| format!(": did you mean '{near}'?"));
    Ended::new(Exit::NotFound, format!("no host '{host}' in the mesh{hint}"))
}

fn text_of(explanation: &Explanation, written: Option<Line>) -> String {
    let line = |line: Line| {
        let text: String = line.iter().map(|span| span.text.as_str()).collect();
        format!("{}\n", text.trim_end())
    };
    view::lines(explanation, written).into_iter().map(line).collect()
}

fn governing_of(governing: &Governing) -> Value {
    json!(governing.key().map(ToString::to_string))
}

/// One row a cluster; all else is about the whole answer.
fn explanation_sheet(missing: Vec<String>, explanation: &Explanation, at: Timestamp) -> Sheet {
    let row = |row: &Row| {
        json!({
            "endpoint": row.address.to_string(),
            "status": row.health.as_str(),
            "class": row.class.as_str(),
            "reasons": why::chain(&row.why),
        })
    };
    let clusters = explanation.clusters.iter().map(|answer| {
        let withheld = answer.withheld.iter().map(|endpoint| {
            let mut value = reason(endpoint.why.id(), &endpoint.why, Some(endpoint.listed_by.clone()));
            if let Some(fields) = value.as_object_mut() {
                fields.insert("endpoint".to_owned(), json!(endpoint.address.as_str()));
            }
            value
        });
        let fields = json!({
            "cluster": answer.cluster.to_string(),
            "port": answer.port,
            "subset": answer.subset.as_str(),
            "endpoints": answer.rows.iter().map(row).collect::<Vec<_>>(),
            "withheld": withheld.collect::<Vec<_>>(),
            "lack": answer.lack.as_ref().map(|lack| reason(lack.id(), lack, None)),
        });
        SheetRow {
            name: Shown::from(answer.cluster.to_string()),
            cells: Vec::new(),
            fields: fields.as_object().cloned().unwrap_or_default(),
            why: None,
        }
    });
    let services = explanation.candidates.iter().map(|candidate| {
        let (outcome, reasons) = match &candidate.outcome {
            Outcome::Taken(reasons) => ("inScope", why::reasons(reasons)),
            Outcome::Merged => ("merged", json!([])),
            Outcome::Out(barriers) => {
                let of = |one: &Barrier| why::with_delegates(reason(one.id(), one, one.object()), one.delegates());
                let all = barriers.iter().map(of);
                ("notInScope", all.collect())
            }
        };
        json!({ "object": object_of(&candidate.object), "outcome": outcome, "reasons": reasons })
    });
    let passed = explanation.passed.iter().map(|(key, why)| {
        let object = Some((Kind::Sidecar, key.clone()));
        reason(why.id(), why, object)
    });
    let known = explanation.is_in_scope() || missing.is_empty();
    let pod = &explanation.pod;
    let about = json!({
        "pod": { "namespace": pod.namespace.as_str(), "name": pod.name.as_str() },
        "host": explanation.host.as_str(),
        "port": explanation.port,
        // not seen in part of the input is not known
        "inScope": known.then(|| explanation.is_in_scope()),
        "ports": explanation.ports,
        "sidecar": governing_of(&explanation.governing),
        "passedOver": passed.collect::<Vec<_>>(),
        "services": services.collect::<Vec<_>>(),
        "portLack": explanation.port_lack.as_ref().map(|lack| reason(lack.id(), lack, None)),
        "symptom": reason(explanation.symptom.id(), &explanation.symptom, None),
        "revision": explanation.plane.revision.as_str(),
        "istioVersion": explanation.plane.version.as_str(),
    });
    Sheet {
        kind: "Explanation",
        rows: clusters.collect(),
        as_of: Some(at),
        missing,
        about: about.as_object().cloned().unwrap_or_default(),
        ..Sheet::default()
    }
}

/// Prints the pods that are told of a host, by workload.
pub(super) async fn who_sees(cli: &Cli, args: &WhoSeesArgs) -> Result<Exit, Ended> {
    let (text, port) = host_and_port(&args.host)?;
    let output = args.output.as_output();
    let (input, shown) = gather(cli, &output, scope::needed_kinds(), Kind::Pod, None).await?;
    let world = input.world();
    let settings: Settings = input::settings(&cli.cluster);
    let mut cache = Cache::new(settings);
    let namespaces = input::names(&shown);
    let host = find_host(&mut cache, world, text, &namespaces)?;
    let seen: Vec<_> = cache
        .who_sees(world, &host)
        .into_iter()
        .filter(|(pod, sight)| {
            sight.is_in_scope(port) && (cli.scope.namespaces.is_empty() || shown.shows(&pod.namespace))
        })
        .collect();
    let mut sheet = Sheet {
        kind: "WhoSees",
        heads: ["NAMESPACE", "WORKLOAD", "PODS", "SIDECAR", "LET IN BY"]
            .map(Shown::from)
            .to_vec(),
        as_of: Some(input.as_of()),
        missing: missing(world, scope::needed_kinds()),
        ..Sheet::default()
    };
    sheet.missing.extend(input.strange(scope::needed_kinds()));
    sheet.about.insert("host".to_owned(), json!(host.as_str()));
    sheet.about.insert("port".to_owned(), json!(port));
    sheet.about.insert("pods".to_owned(), json!(seen.len()));
    sheet.rows = if output.output == Format::Name {
        seen.iter().map(|(pod, _)| pod_row(pod)).collect()
    } else {
        by_workload(world, &seen)
    };
    if sheet.rows.is_empty() && !matches!(output.output, Format::Json | Format::Yaml) {
        let has = cache.ports_of(world, &host);
        let is_nowhere = port.is_some_and(|port| !has.is_empty() && !has.contains(&port));
        let lack = is_nowhere.then(|| Lack::NoSuchPort {
            has: has.into_iter().collect(),
        });
        let why = lack.map_or_else(String::new, |lack| format!(": {lack}"));
        print::err(&format!("no pod has '{}' in scope{why}", args.host));
    } else {
        show(&sheet, &output)?;
    }
    input.say_absent();
    let exit = if seen.is_empty() { Exit::No } else { Exit::Ok };
    Ok(worse(say_missing(&sheet), exit))
}

/// The host that a text means: in a namespace that is shown, else the only one of that name anywhere.
fn find_host(cache: &mut Cache, world: &World, text: &str, namespaces: &[Text]) -> Result<Text, Ended> {
    let default = [Text::from("default")];
    let searched = if namespaces.is_empty() { &default } else { namespaces };
    let mut known = Vec::new();
    for namespace in searched {
        match cache.complete_host(world, namespace, text) {
            Ok(host) => return Ok(host),
            Err(all) => known = all,
        }
    }
    let same: Vec<&Text> = known
        .iter()
        .filter(|host| host.split('.').next() == Some(text))
        .collect();
    match same.as_slice() {
        [only] => Ok(Text::clone(only)),
        [] => Err(no_such_host(world, text, &known)),
        several => {
            let names: Vec<&str> = several.iter().map(|host| host.as_str()).collect();
            let line = format!("'{text}' may be {}: say which", names.join(" or "));
            Err(Ended::new(Exit::Usage, line))
        }
    }
}

fn pod_row(pod: &Key) -> SheetRow {
    SheetRow {
        name: Shown::from(format!("pod/{}.{}", pod.name, pod.namespace)),
        ..SheetRow::default()
    }
}

fn group_row(group: &Group, pods: &[&Key], sight: &Sight) -> SheetRow {
    let names: Vec<&str> = pods.iter().map(|pod| pod.name.as_str()).collect();
    let fields = json!({
        "namespace": group.namespace.as_str(),
        "workload": group.workload,
        "pods": names,
        "sidecar": governing_of(&sight.governing),
        "ports": sight.ports,
        "reasons": why::reasons(&sight.reasons),
    });
    let count = pods.len().to_string();
    let cells = [
        group.namespace.as_str(),
        &group.workload,
        &count,
        &group.sidecar,
        &group.let_in_by,
    ];
    SheetRow {
        name: Shown::from(group.workload.as_str()),
        cells: cells.map(Shown::from).to_vec(),
        fields: fields.as_object().cloned().unwrap_or_default(),
        why: None,
    }
}

fn by_workload(world: &World, seen: &[(Key, Arc<Sight>)]) -> Vec<SheetRow> {
    let groups = who_sees::groups(world, seen);
    let rows = groups
        .iter()
        .map(|(group, (pods, sight))| group_row(group, pods, sight));
    rows.collect()
}
