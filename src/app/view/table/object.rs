//! The columns that tables of Kubernetes objects share: where it is, what it is called, how old it is.

use crate::app::view::Role;
use crate::app::view::column::{Place, Spec};
use crate::app::view::cut::Cut;
use crate::app::view::value::{Datum, Value};
use crate::mesh::model::{Meta, Text};

/// Which namespace, where more than one is shown.
pub(super) const NAMESPACE: Spec = Spec {
    id: "namespace",
    head: "NAMESPACE",
    max: 20,
    priority: 1,
    cut: Cut::Middle,
    place: Place::Namespace,
    help: "The namespace.",
    ..Spec::NEW
};

/// Its name: what names the row.
pub(super) const NAME: Spec = Spec {
    id: "name",
    head: "NAME",
    min: 12,
    comfort: 30,
    max: 63,
    priority: 0,
    cut: Cut::Middle,
    place: Place::Fixed,
    help: "The name.",
    ..Spec::NEW
};

/// Its age.
pub(super) const AGE: Spec = Spec {
    id: "age",
    head: "AGE",
    min: 4,
    max: 9,
    cut: Cut::Never,
    priority: 5,
    searched: false,
    buried: Some(""),
    help: "The time since it was created.",
    ..Spec::NEW
};

/// The cell of [`NAMESPACE`].
pub(super) fn namespace(namespace: &Text) -> Datum {
    Value::Text(namespace.clone()).into()
}

/// The cell of [`NAME`].
pub(super) fn name(name: &Text) -> Datum {
    Datum::new(Role::Name, Value::Text(name.clone()))
}

/// The cell of [`AGE`].
pub(super) fn age(meta: &Meta) -> Datum {
    Value::Age(meta.created).into()
}
