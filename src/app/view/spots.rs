//! What is where on the screen: what a click or the wheel meets.
//!
//! One table, made while the screen is made, of what stands on it; what lies above comes later. Not here: what a click
//! does (`app::mouse`).

use super::{Area, Body, Pane};
use crate::app::list::{ItemId, List};
use crate::app::settle::Laid;
use crate::app::tables::TableId;
use crate::app::ui::View;

/// Something that can be pointed at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::app) enum Spot {
    /// A tab, or the overview.
    Tab(View),
    /// What of a pane is nothing else: its title, free rows, a state.
    Pane(TableId),
    /// The head of a column, by the column's id.
    Head(TableId, &'static str),
    /// A row.
    Row(TableId, ItemId),
    /// All that lies beside a dialog, but for the line in which one types.
    Beside,
    /// What of a dialog is nothing else.
    Dialog,
    /// A choice of a dialog, by its place among them.
    Choice(usize),
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(in crate::app) struct Spots {
    /// How many dialogs are open: with more or fewer it is no longer what is on the screen.
    dialogs: usize,
    spots: Vec<(Area, Spot)>,
}

impl Spots {
    /// Nothing yet, of a screen with so many dialogs.
    pub(in crate::app) fn new(dialogs: usize) -> Self {
        Self {
            dialogs,
            spots: Vec::new(),
        }
    }

    /// This stands here, over what was put before.
    pub(super) fn put(&mut self, area: Area, spot: Spot) {
        self.spots.push((area, spot));
    }

    /// A pane with its heads and rows.
    pub(super) fn put_pane(&mut self, laid: &Laid, pane: &Pane, list: Option<&List>) {
        let (area, table) = (laid.area, laid.table);
        self.put(area, Spot::Pane(table));
        let (Body::Table { .. }, Some(list)) = (&pane.body, list) else {
            return;
        };
        let inner = Pane::inner(area);
        if laid.heads {
            let specs = table.specs();
            let starts = Pane::column_starts(laid.columns.iter().map(|(_, width)| *width));
            for (start, (column, width)) in starts.zip(&laid.columns) {
                let Some(spec) = specs.get(*column) else { continue };
                let head = Area {
                    x: inner.x.saturating_add(start),
                    y: inner.y,
                    width: width.saturating_add(Pane::GAP),
                    height: 1,
                };
                self.put(head, Spot::Head(table, spec.id));
            }
        }
        let first = inner.y.saturating_add(u16::from(laid.heads));
        for (y, id) in (first..).zip(list.rows_from(laid.top).take(laid.rows)) {
            self.put(Area { y, height: 1, ..area }, Spot::Row(table, id.clone()));
        }
    }

    /// What is at a cell, on a screen with so many dialogs.
    pub(in crate::app) fn find(&self, x: u16, y: u16, dialogs: usize) -> Option<&Spot> {
        let mut spots = self.spots.iter().rev();
        let found = spots.find(|(area, _)| area.has(x, y)).map(|(_, spot)| spot);
        found.filter(|_| self.dialogs == dialogs)
    }
}
