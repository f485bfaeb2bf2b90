//! `pods`, `services`, `sidecars`, `endpoints`: the tables of the screen, without a screen.

use std::collections::BTreeMap;
use std::pin::pin;

use futures::future::{Either, select};
use jiff::Timestamp;

use super::actual;
use super::args::{Cli, EndpointArgs, Format, FromArgs, ListArgs, OutputArgs};
use super::exit::{Ended, Exit};
use super::input::{self, Input};
use super::print;
use super::reference::{NotFound, PodReference, check_namespace};
use super::rows::{self, Listing};
use crate::app::Namespaces;
use crate::app::view::Shown;
pub(super) use crate::app::view::saved::missing;
use crate::app::view::saved::missing_of_list;
use crate::mesh::model::{Key, Kind, Text, nearest};
use crate::mesh::scope::{self, NoTable};
use crate::mesh::world::World;
use crate::output::{self, Chosen, Language, Sheet, SheetRow};
use crate::runtime;
use crate::runtime::clock::now;
use crate::runtime::live::Live;
use crate::sources::kubernetes::Connection;

impl From<NotFound> for Ended {
    fn from(error: NotFound) -> Self {
        let exit = match error {
            NotFound::Kind(_) | NotFound::Empty => Exit::Usage,
            NotFound::Namespace { .. } | NotFound::Pod { .. } => Exit::NotFound,
        };
        Ended::new(exit, error.to_string())
    }
}

/// Which columns a format has.
fn chosen<'a>(output: &OutputArgs, columns: &'a [String]) -> Chosen<'a> {
    match output.output {
        _ if !columns.is_empty() => Chosen::Named(columns),
        Format::Wide => Chosen::Wide,
        Format::Table | Format::Json | Format::Yaml | Format::Name => Chosen::Table,
    }
}

/// Prints a list of one kind.
pub(super) async fn list<L: Listing>(cli: &Cli, args: &ListArgs) -> Result<Exit, Ended> {
    if args.columns.iter().any(|name| name == "help") {
        print::out(&output::columns_help::<L::Table>())?;
        return Ok(Exit::Ok);
    }
    let selector = args.selector.as_deref().map(rows::selector).transpose()?;
    let namespaced = cli.scope.all_namespaces || cli.scope.namespaces.len() > 1;
    let columns = |namespaced| {
        output::Columns::<L::Table>::choose(chosen(&args.output, &args.columns), namespaced)
            .map_err(|error| Ended::new(Exit::Usage, error.to_string()))
    };
    let derived = columns(namespaced)?.are_derived() || L::ALWAYS_DERIVED;
    let kinds = if derived { scope::needed_kinds() } else { L::KINDS };
    let (input, shown) = gather(cli, &args.output, kinds, L::KIND, None).await?;
    let columns = columns(namespaced || (shown == Namespaces::All))?;
    let view = rows::View {
        shown,
        names: args.names.clone(),
        selector,
        settings: input::settings(&cli.cluster),
    };
    for namespace in input::names(&view.shown).iter() {
        check_namespace(input.world(), namespace)?;
    }
    let make = |world: &World, at: Timestamp| {
        let rows = L::rows(world, &view, &columns, at);
        let mut sheet = columns.sheet(L::LIST, rows.iter().map(|(_, row)| row.clone()).collect(), at);
        sheet.missing = if derived {
            missing(world, kinds)
        } else {
            missing_of_list(world, L::KIND, &view.shown)
        };
        (rows.into_iter().collect::<BTreeMap<_, _>>(), sheet)
    };
    let (rows, mut sheet) = make(input.world(), input.as_of());
    let own = [L::KIND];
    sheet.missing.extend(input.strange(if derived { kinds } else { &own }));
    if let Some(name) = args.names.iter().find(|name| !rows.keys().any(|key| key.1 == **name)) {
        let names: Vec<&str> = L::names(input.world(), &view.shown);
        let near = nearest(name, &names);
        let hint = near.map_or_else(
            || format!("; see 'sidescope {}s'", L::SINGULAR),
            |near| format!(": did you mean '{near}'?"),
        );
        return Err(Ended::new(Exit::NotFound, format!("no {} '{name}'{hint}", L::SINGULAR)));
    }
    if sheet.rows.is_empty() && !matches!(args.output.output, Format::Json | Format::Yaml) {
        print::err(&nothing_found(&view.shown));
    } else {
        show(&sheet, &args.output)?;
    }
    let exit = say_missing(&sheet);
    match input {
        Input::Live(live, _) if args.output.watch => {
            follow(*live, args.output.output, rows, |world, at| make(world, at).0).await
        }
        Input::Live(..) | Input::Dump(..) | Input::Recording(_) => Ok(exit),
    }
}

/// Prints a pod's endpoint table, computed or actual.
pub(super) async fn endpoints(cli: &Cli, args: &EndpointArgs) -> Result<Exit, Ended> {
    if args.columns.iter().any(|name| name == "help") {
        print::out(&output::columns_help::<rows::EndpointTableOf>())?;
        return Ok(Exit::Ok);
    }
    let reference = PodReference::parse(&args.pod)?;
    let chosen = chosen(&args.output, &args.columns);
    let columns = if args.actual.live {
        rows::actual_columns(chosen, is_plain(args))
    } else {
        rows::endpoint_columns(chosen)
    };
    let columns = columns.map_err(|error| Ended::new(Exit::Usage, error.to_string()))?;
    if args.actual.live || args.actual.wait.is_some() {
        return actual::endpoints(cli, args, &reference, &columns).await;
    }
    let (input, shown) = gather(cli, &args.output, scope::needed_kinds(), Kind::Pod, Some(&reference)).await?;
    let pod = find(&reference, input.world(), &shown)?;
    let settings = input::settings(&cli.cluster);
    let which = rows::Which {
        bootstrap: args.bootstrap,
        filter: &args.filter,
    };
    let make = |world: &World, at: Timestamp| rows::endpoint_sheet(world, &pod, &settings, &columns, &which, at);
    let mut made = make(input.world(), input.as_of()).map_err(|reason| no_such_table(&reason, &pod))?;
    made.sheet.missing.extend(input.strange(scope::needed_kinds()));
    let exit = show_computed(&made, args)?;
    input.say_absent();
    match input {
        Input::Live(live, _) if args.output.watch => {
            // a pod that goes takes its rows with it: each is said to be removed
            follow(*live, args.output.output, made.rows, |world, at| {
                make(world, at).map(|made| made.rows).unwrap_or_default()
            })
            .await
        }
        Input::Live(..) | Input::Dump(..) | Input::Recording(_) => Ok(exit),
    }
}

/// The pod that is meant, looked for in the first namespace that is shown.
pub(super) fn find(reference: &PodReference, world: &World, shown: &Namespaces) -> Result<Key, Ended> {
    let default = input::names(shown)
        .first()
        .map_or_else(|| "default".to_owned(), ToString::to_string);
    Ok(reference.find(world, &default)?)
}

/// Prints a computed table, and what lacks for it.
pub(super) fn show_computed(made: &rows::EndpointSheet, args: &EndpointArgs) -> Result<Exit, Ended> {
    if is_plain(args) {
        let rows = made.shown.iter().map(|row| (row, false));
        print::out(&output::endpoint_table(rows, !args.output.no_headers))?;
    } else {
        show(&made.sheet, &args.output)?;
    }
    Ok(say_missing(&made.sheet))
}

/// Whether the table is to be istioctl's own.
pub(super) fn is_plain(args: &EndpointArgs) -> bool {
    args.columns.is_empty() && args.output.output == Format::Table
}

/// Reads what a command needs, from a dump or a cluster, until it is complete as far as it may be read.
///
/// It is refused if nothing may be read of `first`, the kind that the rows are of (the pod's, of a table).
pub(super) async fn gather(
    cli: &Cli,
    output: &OutputArgs,
    kinds: &[Kind],
    first: Kind,
    pod: Option<&PodReference>,
) -> Result<(Input, Namespaces), Ended> {
    gather_objects(cli, &output.from, kinds, first, pod).await
}

/// The same, where the flags of a list are not all there.
pub(super) async fn gather_objects(
    cli: &Cli,
    from: &FromArgs,
    kinds: &[Kind],
    first: Kind,
    pod: Option<&PodReference>,
) -> Result<(Input, Namespaces), Ended> {
    if let Some(path) = &from.from {
        return Ok((input::read(cli, path, from.at)?, input::shown(&cli.scope, None)));
    }
    let connection = input::connection(&cli.cluster).await?;
    let (live, shown) = gather_from(cli, &connection, kinds, first, pod).await?;
    Ok((Input::Live(Box::new(live), connection.cluster.namespace), shown))
}

/// The same, from a cluster.
pub(super) async fn gather_from(
    cli: &Cli,
    connection: &Connection,
    kinds: &[Kind],
    first: Kind,
    pod: Option<&PodReference>,
) -> Result<(Live, Namespaces), Ended> {
    let shown = input::shown(&cli.scope, Some(&connection.cluster));
    let kinds = input::with_planes(kinds, &cli.cluster);
    let mut follow = input::follow(&kinds, &cli.cluster, &shown, &connection.cluster);
    let mut wanted = input::names(&shown);
    if let Some(pod) = pod {
        let default = wanted.first().map_or("default", |namespace| namespace.as_str());
        let namespace = pod.key(default).namespace;
        if !follow.namespaces.contains(&namespace) {
            follow.namespaces = [std::slice::from_ref(&namespace), &*follow.namespaces].concat().into();
        }
        wanted = [namespace].into();
    }
    let mut live = Live::start(&connection.client, follow);
    live.settle()
        .await
        .map_err(|failure| input::cluster_failure(&failure, &connection.cluster))?;
    if let Some(refused) = live.refusal(first, &wanted) {
        return Err(input::cluster_failure(&refused, &connection.cluster));
    }
    input::check_revision(&live.world, &cli.cluster)?;
    Ok((live, shown))
}

pub(super) fn show(sheet: &Sheet, args: &OutputArgs) -> Result<(), Ended> {
    match args.output {
        Format::Table | Format::Wide => print::out(&output::table(sheet, !args.no_headers)),
        Format::Json if args.watch => print::document(&sheet.into(), Language::JsonLine),
        Format::Json => print::document(&sheet.into(), Language::Json),
        Format::Yaml if args.watch => Err(Ended::new(
            Exit::Usage,
            "--watch prints a line for each change: use -o json, table, wide or name",
        )),
        Format::Yaml => print::document(&sheet.into(), Language::Yaml),
        Format::Name => print::out(&output::names(&sheet.rows)),
    }
}

fn nothing_found(shown: &Namespaces) -> String {
    match shown {
        Namespaces::All => "No resources found".to_owned(),
        Namespaces::Some(names) => {
            let names: Vec<&str> = names.iter().map(Text::as_str).collect();
            format!("No resources found in {} namespace.", names.join(", "))
        }
    }
}

/// So many things that lack are named in the line for a person.
const MOST_NAMED: usize = 8;

pub(super) fn say_missing(sheet: &Sheet) -> Exit {
    say_incomplete(&sheet.missing)
}

/// Says what lacks, if anything does; the exit code is then that of a cluster which gave only a part.
pub(super) fn say_incomplete(missing: &[String]) -> Exit {
    if missing.is_empty() {
        return Exit::Ok;
    }
    let named = missing.iter().take(MOST_NAMED).map(String::as_str);
    let more = missing.len().saturating_sub(MOST_NAMED);
    let more = (more > 0).then(|| format!("and {more} more (see -o json)"));
    let named: Vec<&str> = named.chain(more.as_deref()).collect();
    print::err(&format!(
        "INCOMPLETE: {}; rows may lack or be too many",
        named.join(", ")
    ));
    Exit::Cluster
}

pub(super) fn no_such_table(reason: &NoTable, pod: &Key) -> Ended {
    let exit = match reason {
        NoTable::NoSuchPod => Exit::NotFound,
        NoTable::Pending(_) => Exit::Cluster,
        NoTable::NoProxy | NoTable::Ambient | NoTable::Waypoint | NoTable::NoAddress => Exit::No,
    };
    Ended::new(exit, crate::app::view::why::no_table(reason, pod))
}

/// Prints each change from now on, until the cluster or the reader is gone.
async fn follow(
    mut live: Live,
    format: Format,
    mut rows: BTreeMap<rows::RowKey, SheetRow>,
    mut make: impl FnMut(&World, Timestamp) -> BTreeMap<rows::RowKey, SheetRow>,
) -> Result<Exit, Ended> {
    let mut unread = pin!(runtime::nobody_reads());
    loop {
        let changes = match select(pin!(live.next()), &mut unread).await {
            Either::Left((Some(changes), _)) => changes,
            Either::Left((None, _)) => break,
            Either::Right(_) => return Ok(Exit::Ok),
        };
        if changes.is_empty() {
            continue;
        }
        let at = now();
        let next = make(&live.world, at);
        for (kind, before, after) in rows::differences(&rows, &next) {
            print::out(&event_line(format, at, kind, before, after))?;
        }
        rows = next;
    }
    Err(Ended::new(Exit::Cluster, "the watches ended; start again"))
}

fn event_line(
    format: Format,
    at: Timestamp,
    kind: rows::Difference,
    before: Option<&SheetRow>,
    after: Option<&SheetRow>,
) -> String {
    let row = after.or(before);
    match format {
        Format::Json | Format::Yaml => output::change_line(kind.word(), &at.to_string(), before, after),
        Format::Name => format!(
            "{} {}\n",
            kind.sign(),
            row.map(|row| row.name.to_string()).unwrap_or_default()
        ),
        Format::Table | Format::Wide => {
            let cells: Vec<&str> = row.into_iter().flat_map(|row| &row.cells).map(Shown::as_str).collect();
            format!("{at:.0} {} {}\n", kind.sign(), cells.join("   "))
        }
    }
}
