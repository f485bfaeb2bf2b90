//! `endpoints --live` and `--wait`: what the pod's own Envoy says, and whether it has followed.

use std::fmt::Write as _;

use serde_json::value::RawValue;

use super::args::{Cli, EndpointArgs, FilterArgs, Format};
use super::exit::{Ended, Exit};
use super::headless::{find, gather_from, is_plain, no_such_table, show, show_computed};
use super::input::{self, cluster_failure};
use super::print;
use super::reference::PodReference;
use super::rows::{self, EndpointTableOf};
use crate::app::message::EnvoyTable;
use crate::app::rates::Rates;
use crate::app::sync::{Comparison, seconds};
use crate::app::view::capture::quoted;
use crate::app::view::visible_json;
use crate::mesh::model::{Key, Kind};
use crate::mesh::scope::{self, NoTable};
use crate::mesh::world::{Failure, World};
use crate::output::{self, Columns};
use crate::runtime::actual::{self, Envoy, Silence, Waited, until_agreed};
use crate::runtime::clock::now;
use crate::runtime::live::Live;
use crate::sources::envoy::AdminError;
use crate::sources::kubernetes::{ClusterInfo, Connection};

/// Enough to find a pod by whatever name.
pub(super) const TO_FIND: &[Kind] = &[Kind::Pod, Kind::Service, Kind::Namespace];
/// Rows that differ, said by name.
const NAMED: usize = 10;

/// Prints Envoy's table, or waits until Envoy has the computed one.
pub(super) async fn endpoints(
    cli: &Cli,
    args: &EndpointArgs,
    reference: &PodReference,
    columns: &Columns<EndpointTableOf>,
) -> Result<Exit, Ended> {
    if args.actual.raw && !matches!(args.output.output, Format::Json | Format::Yaml) {
        return Err(Ended::new(
            Exit::Usage,
            "--raw is Envoy's own answer: choose -o json or -o yaml",
        ));
    }
    let connection = input::connection(&cli.cluster).await?;
    let kinds = match args.actual.wait {
        Some(_) => scope::needed_kinds(),
        None => TO_FIND,
    };
    let (mut live, shown) = gather_from(cli, &connection, kinds, Kind::Pod, Some(reference)).await?;
    let pod = find(reference, &live.world, &shown)?;
    let port =
        admin_port(&live.world, &pod, args.actual.proxy_admin_port).map_err(|reason| no_such_table(&reason, &pod))?;
    let mut envoy = Envoy::new(connection.client.clone(), pod.clone(), port);
    if args.actual.wait.is_some() {
        wait(cli, args, &connection, &pod, &mut live, &mut envoy).await?;
    }
    if args.actual.live {
        let answer = envoy.clusters().await;
        let answer = answer.map_err(|silence| silent(&silence, &pod, &connection.cluster))?;
        return print_actual(&live.world, &pod, &answer, args, columns);
    }
    let settings = input::settings(&cli.cluster);
    let which = rows::Which {
        bootstrap: args.bootstrap,
        filter: &args.filter,
    };
    let made = rows::endpoint_sheet(&live.world, &pod, &settings, columns, &which, now());
    show_computed(&made.map_err(|reason| no_such_table(&reason, &pod))?, args)
}

/// Where the pod's Envoy can be asked.
pub(super) fn admin_port(world: &World, pod: &Key, flag: Option<u16>) -> Result<u16, NoTable> {
    let found = world.pods.get(pod).ok_or(NoTable::NoSuchPod)?;
    let proxy = found.proxy.as_ref().ok_or(NoTable::NoProxy)?;
    let said = proxy.admin_port().ok_or(NoTable::Ambient)?;
    Ok(flag.unwrap_or(said))
}

async fn wait(
    cli: &Cli,
    args: &EndpointArgs,
    connection: &Connection,
    pod: &Key,
    live: &mut Live,
    envoy: &mut Envoy,
) -> Result<(), Ended> {
    let mut cache = scope::Cache::new(input::settings(&cli.cluster));
    let first = cache.table(&live.world, pod);
    first.map_err(|reason| no_such_table(&reason, pod))?;
    let mut comparison = Comparison::default();
    let differences = |world: &World, actual: &EnvoyTable| {
        let table = cache.table(world, pod).ok()?;
        comparison = Comparison::new(&table.rows, actual, now(), &comparison);
        Some(comparison.differences())
    };
    let limit = args.actual.wait.unwrap_or_default();
    let waited = until_agreed(live, envoy, limit, differences).await;
    match waited.map_err(|silence| silent(&silence, pod, &connection.cluster))? {
        Waited::Agreed(after, _) => {
            let after = seconds(after.try_into().unwrap_or_default());
            print::err(&format!("{}, after {after}", comparison.sentence(now()).1));
            Ok(())
        }
        Waited::Over(Ok(_)) => Err(Ended::new(Exit::No, differing(&comparison))),
        Waited::Over(Err(silence)) => Err(silent(&silence, pod, &connection.cluster)),
        Waited::Gone => Err(no_such_table(&NoTable::NoSuchPod, pod)),
    }
}

/// What Envoy has not followed in, a line a row.
fn differing(comparison: &Comparison) -> String {
    let mut text = comparison.sentence(now()).1;
    for (id, is_actual, since) in comparison.differing().take(NAMED) {
        let sign = if is_actual { '<' } else { '>' };
        let waits = seconds(now().duration_since(since));
        let _ = write!(text, "\n{sign} {} {} for {waits}", id.address, id.cluster);
    }
    let more = comparison.differences().saturating_sub(NAMED);
    if more > 0 {
        let _ = write!(text, "\nand {more} more");
    }
    text
}

fn print_actual(
    world: &World,
    pod: &Key,
    answer: &[u8],
    args: &EndpointArgs,
    columns: &Columns<EndpointTableOf>,
) -> Result<Exit, Ended> {
    let unreadable = |error: serde_json::Error| Ended::new(Exit::Cluster, Silence::Unreadable(error).to_string());
    let table = actual::read(answer).map_err(unreadable)?;
    let is_shown = |at: &usize| table.rows.get(*at).is_some_and(|host| args.filter.shows(&host.row));
    let shown: Vec<usize> = (0..table.rows.len()).filter(is_shown).collect();
    if args.actual.raw {
        let text = raw(answer, &table, &args.filter, args.output.output).map_err(unreadable)?;
        print::out(&text)?;
    } else if is_plain(args) {
        let hosts = shown.iter().filter_map(|at| table.rows.get(*at));
        let rows = hosts.map(|host| (&host.row, host.ejected));
        print::out(&output::endpoint_table(rows, !args.output.no_headers))?;
    } else {
        let sheet = rows::actual_sheet(world, pod, (&table, &Rates::default()), &shown, columns, now());
        show(&sheet, &args.output)?;
    }
    Ok(Exit::Ok)
}

/// Envoy's own answer, byte for byte but for what would steer a terminal, which JSON can escape; of a filtered one whole clusters, as istioctl leaves them.
fn raw(answer: &[u8], table: &EnvoyTable, filter: &FilterArgs, format: Format) -> Result<String, serde_json::Error> {
    let mut text = String::from_utf8_lossy(answer).into_owned();
    if filter.is_any() {
        #[derive(serde::Deserialize)]
        struct Answer<'a> {
            #[serde(borrow, default)]
            cluster_statuses: Vec<&'a RawValue>,
        }
        #[derive(serde::Deserialize)]
        struct Named {
            #[serde(default)]
            name: String,
        }
        let all: Answer<'_> = serde_json::from_slice(answer)?;
        let shown = table.rows.iter().filter(|host| filter.shows(&host.row));
        let shown: std::collections::BTreeSet<String> = shown.map(|host| host.row.cluster.name()).collect();
        let mut kept = Vec::new();
        for cluster in all.cluster_statuses {
            if shown.contains(&serde_json::from_str::<Named>(cluster.get())?.name) {
                kept.push(cluster.get());
            }
        }
        text = format!("{{\"cluster_statuses\": [{}]}}\n", kept.join(",\n"));
    }
    if format == Format::Yaml {
        let value: serde_json::Value = serde_json::from_str(&text)?;
        let yaml = serde_saphyr::to_string(&value);
        return yaml.map_err(|error| serde::ser::Error::custom(error.to_string()));
    }
    Ok(visible_json(&text).into_owned())
}

/// Why Envoy did not answer, and what to do about it.
pub(super) fn silent(silence: &Silence, pod: &Key, cluster: &ClusterInfo) -> Ended {
    match silence {
        Silence::Refused(failure @ Failure::Forbidden { .. }) => {
            let grant = grant("forward", "pods/portforward", pod, cluster);
            Ended::new(Exit::Cluster, format!("{failure}; this grants it: {grant}"))
        }
        Silence::Refused(Failure::Status(404, _)) => no_such_table(&NoTable::NoSuchPod, pod),
        Silence::Refused(failure) => cluster_failure(failure, cluster),
        Silence::Broken(AdminError::Status { .. }) => Ended::new(Exit::Cluster, silence.to_string()),
        Silence::Broken(_) | Silence::Unreadable(_) => {
            let text = format!("{silence}; is the proxy of pod '{}' running?", pod.name);
            Ended::new(Exit::Cluster, text)
        }
    }
}

/// The commands that grant what was refused of a pod's subresource.
pub(super) fn grant(name: &str, resource: &str, pod: &Key, cluster: &ClusterInfo) -> String {
    let place = format!("kubectl -n {} create", quoted(&pod.namespace));
    let user = if cluster.user.is_empty() {
        "USER".to_owned()
    } else {
        quoted(&cluster.user)
    };
    format!(
        "{place} role {name} --verb=get,create --resource={resource} && {place} rolebinding {name} --role={name} --user={user}"
    )
}
