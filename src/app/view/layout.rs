//! Where everything stands on a terminal of some size. Areas only; what is in them is made elsewhere.

use super::Area;
use crate::app::tables::TableId;
use crate::app::ui::View;

/// Below this there is room for nothing but a sentence.
const LEAST: (u16, u16) = (40, 10);
/// Below this there is one list of names and marks.
const FULL: (u16, u16) = (60, 16);
/// From this height on, a story has a line of its own.
const TELLING: u16 = 30;
/// From this width on, pods and services stand side by side.
const BROAD: u16 = 110;

/// How much is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Size {
    /// Nothing fits.
    #[default]
    TooSmall,
    /// One list of names and marks.
    Compact,
    /// All.
    Full,
}

/// The parts of a screen.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Frame {
    /// How much is shown.
    pub size: Size,
    /// Row of the tabs.
    pub tabs: Option<u16>,
    /// Each pane that is shown, with its table.
    pub panes: Vec<(TableId, Area)>,
    /// Row of the demo's story, where it has one of its own.
    pub story: Option<u16>,
    /// First row of the inspector, and how many.
    pub inspector: (u16, u16),
    /// Row of the hints.
    pub hints: u16,
}

/// What has to be placed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// The tab.
    pub view: View,
    /// Its tables, in the order of Tab; endpoint tables in the order in which they should be seen.
    pub tables: &'a [TableId],
    /// The one that has the keys: it is always shown.
    pub active: TableId,
    /// It alone is shown.
    pub zoomed: bool,
    /// Whether a story is told, which has a line of its own where there are rows enough.
    pub story: bool,
}

/// Places everything.
pub(crate) fn frame(wanted: Wanted<'_>, width: u16, height: u16) -> Frame {
    if width < LEAST.0 || height < LEAST.1 {
        return Frame::default();
    }
    let hints = height - 1;
    if width < FULL.0 || height < FULL.1 {
        let area = Area {
            x: 0,
            y: 1,
            width,
            height: height - 2,
        };
        return Frame {
            size: Size::Compact,
            tabs: None,
            story: None,
            panes: vec![(wanted.active, area)],
            inspector: (hints, 0),
            hints,
        };
    }
    let inspector = match height {
        0..24 => 1,
        24..36 => 2,
        36.. => 3,
    };
    let story = (wanted.story && height >= TELLING).then_some(hints - 1);
    let below = inspector + u16::from(story.is_some());
    let content = Area {
        x: 0,
        y: 2,
        width,
        height: height - 3 - below,
    };
    let panes = if wanted.zoomed {
        vec![(wanted.active, content)]
    } else if wanted.view == View::Overview {
        overview(wanted, content)
    } else if wanted.view == View::Traffic {
        traffic(wanted, content)
    } else {
        stacked(wanted, content)
    };
    Frame {
        size: Size::Full,
        tabs: Some(1),
        story,
        panes,
        inspector: (hints - below, inspector),
        hints,
    }
}

/// Pods and services above, endpoints below, edits in a strip. What has no place of its own takes the place of its
/// neighbour while it has the keys.
fn overview(wanted: Wanted<'_>, content: Area) -> Vec<(TableId, Area)> {
    let is_top = |table: TableId| matches!(table, TableId::Pods | TableId::Workloads | TableId::Services);
    let tops: Vec<TableId> = wanted.tables.iter().copied().filter(|table| is_top(*table)).collect();
    let has_strip = content.height >= 26;
    let strip = if has_strip { (content.height / 6).clamp(5, 8) } else { 0 };
    let top = ((content.height - strip) * 2 / 5).max(8).min(content.height);
    let (upper, rest) = split_rows(content, top);
    let (lower, foot) = split_rows(rest, rest.height - strip);
    let mut panes = Vec::new();
    if content.width >= BROAD {
        let left = content.width * 11 / 20;
        let (a, b) = (
            Area { width: left, ..upper },
            Area {
                x: left + 1,
                width: content.width - left - 1,
                ..upper
            },
        );
        panes.extend(tops.iter().copied().zip([a, b]));
    } else {
        let shown = tops
            .iter()
            .copied()
            .find(|table| *table == wanted.active)
            .or(tops.first().copied());
        panes.extend(shown.map(|table| (table, upper)));
    }
    if !has_strip && wanted.active == TableId::Timeline {
        panes.push((TableId::Timeline, lower));
        return panes;
    }
    panes.extend(endpoints(wanted, lower));
    if has_strip {
        panes.push((TableId::Timeline, foot));
    }
    panes
}

/// Endpoints above, packets below; what else packets go to has a strip of its own where there is room, else it takes the
/// place of the packets while it has the keys.
fn traffic(wanted: Wanted<'_>, content: Area) -> Vec<(TableId, Area)> {
    let has_strip = content.height >= 26 && wanted.tables.contains(&TableId::Elsewhere);
    let strip = if has_strip { (content.height / 5).clamp(5, 9) } else { 0 };
    let (upper, rest) = split_rows(content, (content.height - strip) * 9 / 20);
    let (lower, foot) = split_rows(rest, rest.height - strip);
    let is_elsewhere = !has_strip && wanted.active == TableId::Elsewhere;
    let below = if is_elsewhere {
        TableId::Elsewhere
    } else {
        TableId::Packets
    };
    let mut panes = vec![(TableId::Traffic, upper), (below, lower)];
    if has_strip {
        panes.push((TableId::Elsewhere, foot));
    }
    panes
}

/// The endpoint tables one above the other, as many as have six rows; the active one among them.
fn endpoints(wanted: Wanted<'_>, area: Area) -> Vec<(TableId, Area)> {
    let tables: Vec<TableId> = wanted
        .tables
        .iter()
        .copied()
        .filter(|table| matches!(table, TableId::Endpoints(_)))
        .collect();
    stack(&tables, wanted.active, area)
}

fn stacked(wanted: Wanted<'_>, area: Area) -> Vec<(TableId, Area)> {
    stack(wanted.tables, wanted.active, area)
}

fn stack(tables: &[TableId], active: TableId, area: Area) -> Vec<(TableId, Area)> {
    let fit = usize::from(area.height / 8).max(1).min(tables.len());
    let first = tables
        .iter()
        .position(|table| *table == active)
        .map_or(0, |at| (at + 1).saturating_sub(fit));
    let shown = tables.iter().copied().skip(first).take(fit);
    let mut rest = area;
    let mut left = u16::try_from(fit).unwrap_or(1);
    let mut panes = Vec::new();
    for table in shown {
        let (this, after) = split_rows(rest, rest.height / left.max(1));
        panes.push((table, this));
        rest = after;
        left = left.saturating_sub(1);
    }
    panes
}

fn split_rows(area: Area, rows: u16) -> (Area, Area) {
    let rows = rows.min(area.height);
    (
        Area { height: rows, ..area },
        Area {
            y: area.y + rows,
            height: area.height - rows,
            ..area
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &[TableId] = &[
        TableId::Pods,
        TableId::Services,
        TableId::Endpoints(0),
        TableId::Timeline,
    ];

    fn overview_at(width: u16, height: u16, active: TableId) -> Frame {
        let wanted = Wanted {
            view: View::Overview,
            tables: ALL,
            active,
            zoomed: false,
            story: false,
        };
        frame(wanted, width, height)
    }

    #[test]
    fn at_80x24_six_pods_stand_above_nine_endpoints() {
        let frame = overview_at(80, 24, TableId::Pods);
        let rows: Vec<_> = frame
            .panes
            .iter()
            .map(|(table, area)| (*table, area.height - 2))
            .collect();
        assert_eq!(rows, [(TableId::Pods, 6), (TableId::Endpoints(0), 9)]);
        assert_eq!(frame.inspector, (21, 2));
    }

    #[test]
    fn what_has_the_keys_is_always_shown() {
        for active in ALL {
            for (width, height) in [(80, 24), (60, 16), (120, 40), (160, 50), (40, 10)] {
                let frame = overview_at(width, height, *active);
                assert!(
                    frame
                        .panes
                        .iter()
                        .any(|(table, area)| table == active && area.height > 0),
                    "{active:?} at {width}x{height}: {frame:?}"
                );
            }
        }
    }

    #[test]
    fn what_is_smaller_than_a_list_of_names_needs_is_said_to_be() {
        for (width, height, size) in [
            (40, 10, Size::Compact),
            (39, 10, Size::TooSmall),
            (40, 9, Size::TooSmall),
            (20, 5, Size::TooSmall),
        ] {
            assert_eq!(overview_at(width, height, TableId::Pods).size, size, "{width}x{height}");
        }
    }

    #[test]
    fn panes_never_overlap_and_never_leave_the_screen() {
        for width in 0..=200 {
            for height in 0..=60 {
                let frame = overview_at(width, height, TableId::Services);
                for (at, (_, a)) in frame.panes.iter().enumerate() {
                    assert!(
                        a.x + a.width <= width && a.y + a.height <= height,
                        "{width}x{height}: {frame:?}"
                    );
                    for (_, b) in frame.panes.iter().skip(at + 1) {
                        let apart = a.x + a.width <= b.x
                            || b.x + b.width <= a.x
                            || a.y + a.height <= b.y
                            || b.y + b.height <= a.y;
                        assert!(apart, "{width}x{height}: {frame:?}");
                    }
                }
            }
        }
    }
}
