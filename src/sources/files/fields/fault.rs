//! One thing that a schema refuses, in words.

use std::fmt;

use crate::mesh::model::{brief, nearest};

/// So many names are listed where none is near.
const MOST_NAMES: usize = 12;

/// One thing that is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    /// There is no such field.
    Unknown {
        /// Such as `spec.egress[0].host`.
        path: String,
        near: Option<String>,
        /// The names that there are; none if there are many.
        known: Vec<String>,
    },
    /// The value is of another type.
    Type {
        path: String,
        is: &'static str,
        must_be: String,
    },
    /// The value is none of those that there are.
    Enum {
        path: String,
        is: String,
        near: Option<String>,
        known: Vec<String>,
    },
    /// The value has another form than it must have.
    Form { path: String, is: String, must_be: String },
    /// There is too much or too little of it.
    Bound {
        path: String,
        /// Such as `70000` or `3 entries`.
        is: String,
        /// Such as `the most is 65535`.
        bound: String,
    },
    /// A field that must be there is not.
    Missing(String),
    /// Fields that must not stand together do.
    Together { path: String, fields: Vec<String> },
    /// It is nested deeper than anything that is read.
    TooDeep,
}

impl Fault {
    /// A field that is none of these.
    pub(super) fn unknown(path: String, name: &str, names: &[&str]) -> Self {
        Fault::Unknown {
            path,
            near: nearest(name, names),
            known: if names.len() <= MOST_NAMES {
                names.iter().map(ToString::to_string).collect()
            } else {
                Vec::new()
            },
        }
    }

    /// A value that is none of these.
    pub(super) fn not_one_of(path: &str, is: &str, known: &[&str]) -> Self {
        // what is right but for its case is as near as can be
        let same = known.iter().find(|one| one.eq_ignore_ascii_case(is));
        let near = same
            .map(ToString::to_string)
            .or_else(|| nearest(&is.to_uppercase(), known));
        Fault::Enum {
            path: path.to_owned(),
            is: is.to_owned(),
            near: near.or_else(|| nearest(is, known)),
            known: known.iter().map(ToString::to_string).collect(),
        }
    }

    /// Whether another release of the API may well take it: a field that it does not require yet, and where it is
    /// another version than the schema's, any bound.
    pub(super) fn depends_on_release(&self, is_version_of_schema: bool) -> bool {
        match self {
            Fault::Missing(_) => true,
            Fault::Unknown { .. } | Fault::Type { .. } | Fault::TooDeep => false,
            // those of a name, or of the version, are no schema's
            Fault::Enum { path, .. } | Fault::Form { path, .. } => !is_version_of_schema && path.starts_with("spec"),
            Fault::Bound { .. } | Fault::Together { .. } => !is_version_of_schema,
        }
    }

    /// The names that are told where none is near.
    pub(super) fn names(&self) -> &[String] {
        match self {
            Fault::Unknown { near: None, known, .. } => known,
            Fault::Unknown { .. }
            | Fault::Type { .. }
            | Fault::Enum { .. }
            | Fault::Form { .. }
            | Fault::Bound { .. }
            | Fault::Missing(_)
            | Fault::Together { .. }
            | Fault::TooDeep => &[],
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Unknown {
                path, near: Some(near), ..
            } => write!(f, "unknown field '{}', did you mean '{near}'?", brief(path)),
            Fault::Unknown { path, near: None, .. } => write!(f, "unknown field '{}'", brief(path)),
            Fault::Type { path, is, must_be } => {
                write!(f, "'{}' must be of type {must_be}, it is {is}", brief(path))
            }
            Fault::Enum { path, is, near, known } => {
                write!(f, "'{}' cannot be '{}', ", brief(path), brief(is))?;
                match near {
                    Some(near) => write!(f, "did you mean '{near}'?"),
                    None => write!(f, "there are {}", known.join(", ")),
                }
            }
            Fault::Form { path, is, must_be } => {
                write!(f, "'{}' cannot be '{}': {}", brief(path), brief(is), brief(must_be))
            }
            Fault::Bound { path, is, bound } => write!(f, "'{}' is {is}, {bound}", brief(path)),
            Fault::Missing(path) => write!(f, "required field '{}' is missing", brief(path)),
            Fault::Together { path, fields } => {
                write!(f, "'{}' can have only one of {}", brief(path), fields.join(", "))
            }
            Fault::TooDeep => write!(f, "nested too deep to be read"),
        }
    }
}
