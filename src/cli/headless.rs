//! `pods`, `services`, `sidecars`, `endpoints`: the tables of the screen, without a screen.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::args::{Cli, EndpointArgs, Format, ListArgs, OutputArgs};
use super::exit::{Ended, Exit};
use super::input::{self, Input};
use super::print;
use super::reference::{NotFound, PodReference, check_namespace};
use super::rows::{self, Listing};
use crate::app::Namespaces;
use crate::app::view::Shown;
use crate::mesh::model::{Key, Kind, Text};
use crate::mesh::scope::{self, NoTable};
use crate::mesh::world::{Gap, World};
use crate::output::{self, Chosen, Sheet, SheetRow};
use crate::runtime::clock::now;

impl From<NotFound> for Ended {
    fn from(error: NotFound) -> Self {
        let exit = if matches!(error, NotFound::Kind(_)) {
            Exit::Usage
        } else {
            Exit::NotFound
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
    let (input, shown) = gather(cli, &args.output, kinds).await?;
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
        sheet.missing = missing(world, kinds);
        (rows.into_iter().collect::<BTreeMap<_, _>>(), sheet)
    };
    let (rows, sheet) = make(input.world(), now());
    if let Some(name) = args.names.iter().find(|name| !rows.keys().any(|key| key.1 == **name)) {
        let names: Vec<&str> = L::names(input.world(), &view.shown);
        let near = crate::sources::kubernetes::nearest(name, &names);
        let hint = near.map_or_else(String::new, |near| format!(": did you mean '{near}'?"));
        return Err(Ended::new(Exit::NotFound, format!("no {} '{name}'{hint}", L::SINGULAR)));
    }
    if sheet.rows.is_empty() && !matches!(args.output.output, Format::Json | Format::Yaml) {
        print::err(&nothing_found(&view.shown));
    } else {
        show(&sheet, &args.output)?;
    }
    let exit = say_missing(&sheet);
    match input {
        Input::Live(live) if args.output.watch => {
            follow(*live, args.output.output, rows, |world, at| make(world, at).0).await
        }
        Input::Live(_) | Input::Dump(_) => Ok(exit),
    }
}

/// Prints a pod's endpoint table.
pub(super) async fn endpoints(cli: &Cli, args: &EndpointArgs) -> Result<Exit, Ended> {
    if args.columns.iter().any(|name| name == "help") {
        print::out(&output::columns_help::<rows::EndpointTableOf>())?;
        return Ok(Exit::Ok);
    }
    let reference = PodReference::parse(&args.pod)?;
    let columns = rows::endpoint_columns(chosen(&args.output, &args.columns))
        .map_err(|error| Ended::new(Exit::Usage, error.to_string()))?;
    let (input, shown) = gather(cli, &args.output, scope::needed_kinds()).await?;
    let default = input::names(&shown)
        .first()
        .map_or_else(|| "default".to_owned(), ToString::to_string);
    let pod = reference.find(input.world(), &default)?;
    let settings = input::settings(&cli.cluster);
    let make =
        |world: &World, at: Timestamp| rows::endpoint_sheet(world, &pod, &settings, &columns, args.bootstrap, at);
    let made = make(input.world(), now()).map_err(|reason| no_such_table(&reason, &pod))?;
    let plain = args.columns.is_empty() && args.output.output == Format::Table;
    if plain {
        print::out(&output::endpoint_table(&made.shown, !args.output.no_headers))?;
    } else {
        show(&made.sheet, &args.output)?;
    }
    let exit = say_missing(&made.sheet);
    match input {
        Input::Live(live) if args.output.watch => {
            // a pod that goes takes its rows with it: each is said to be removed
            follow(*live, args.output.output, made.rows, |world, at| {
                make(world, at).map(|made| made.rows).unwrap_or_default()
            })
            .await
        }
        Input::Live(_) | Input::Dump(_) => Ok(exit),
    }
}

/// Reads what a command needs, from a dump or a cluster, until it is complete.
async fn gather(cli: &Cli, output: &OutputArgs, kinds: &[Kind]) -> Result<(Input, Namespaces), Ended> {
    if let Some(path) = &output.from {
        return Ok((
            Input::Dump(Box::new(input::dump(path)?)),
            input::shown(&cli.scope, None),
        ));
    }
    let connection = input::connection(&cli.cluster).await?;
    let shown = input::shown(&cli.scope, Some(&connection.cluster));
    let follow = input::follow(kinds, &cli.cluster, &shown, &connection.cluster);
    let mut live = crate::runtime::live::Live::start(&connection.client, follow);
    live.settle()
        .await
        .map_err(|failure| input::cluster_failure(&failure, &connection.cluster))?;
    for kind in kinds {
        if let Some(refused) = live.refusal(*kind).filter(|_| kinds.len() == 1 || *kind == Kind::Pod) {
            return Err(input::cluster_failure(&refused, &connection.cluster));
        }
    }
    Ok((Input::Live(Box::new(live)), shown))
}

fn show(sheet: &Sheet, args: &OutputArgs) -> Result<(), Ended> {
    match args.output {
        Format::Table | Format::Wide => print::out(&output::table(sheet, !args.no_headers)),
        Format::Json => print::out(&output::json(sheet)),
        Format::Yaml => {
            let text = output::yaml(sheet).map_err(|error| Ended::new(Exit::Internal, error))?;
            print::out(&text)
        }
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

/// What lacks, a phrase each.
pub(super) fn missing(world: &World, kinds: &[Kind]) -> Vec<String> {
    world
        .coverage
        .gaps(kinds)
        .map(|gap| match gap {
            Gap::Denied(kind) => format!("{} not readable", kind.plural()),
            Gap::Partial(kind, count) => format!("{} readable in {count} namespaces only", kind.plural()),
        })
        .collect()
}

fn say_missing(sheet: &Sheet) -> Exit {
    if sheet.missing.is_empty() {
        return Exit::Ok;
    }
    print::err(&format!(
        "INCOMPLETE: {}; rows may lack or be too many",
        sheet.missing.join(", ")
    ));
    Exit::Cluster
}

fn no_such_table(reason: &NoTable, pod: &Key) -> Ended {
    let exit = match reason {
        NoTable::NoSuchPod => Exit::NotFound,
        NoTable::Pending(_) => Exit::Cluster,
        NoTable::NoProxy | NoTable::Ambient | NoTable::Waypoint | NoTable::NoAddress => Exit::No,
    };
    Ended::new(exit, rows::no_table(reason, pod))
}

/// Prints each change from now on, until the cluster or the reader is gone.
async fn follow(
    mut live: crate::runtime::live::Live,
    format: Format,
    mut rows: BTreeMap<rows::RowKey, SheetRow>,
    mut make: impl FnMut(&World, Timestamp) -> BTreeMap<rows::RowKey, SheetRow>,
) -> Result<Exit, Ended> {
    while let Some(changes) = live.next().await {
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
