//! YAML inside an object: istiod's mesh config, a pod's `proxy.istio.io/config`. As lenient as the object itself.

use serde::Deserialize;

use super::Context;
use super::lenient::{self, Problem};

/// A wire form for every lifetime of the text it borrows from.
pub(super) trait Family {
    type Of<'de>: Deserialize<'de>;
}

/// Reads YAML text as `F` and hands it to `convert`; `None` if it is no YAML or no map.
///
/// What is wrong is said to `context`, its path under `path`.
pub(super) fn read<F: Family, R>(
    text: &str,
    path: &str,
    context: &mut Context<'_>,
    convert: impl Fn(F::Of<'_>, &mut Context<'_>) -> R,
) -> Option<R> {
    let mut value = match parse(text) {
        Ok(value) => value,
        Err(error) => {
            context.problems.push(Problem {
                path: path.to_owned(),
                text: lenient::shorten(&format!("not YAML: {error}")),
            });
            return None;
        }
    };
    for _ in 0..lenient::MAX_DROPS {
        let error = match serde_path_to_error::deserialize::<_, F::Of<'_>>(&value) {
            Ok(wire) => return Some(convert(wire, context)),
            Err(error) => error,
        };
        let Some(problem) = lenient::drop_at(&mut value, &error) else {
            break;
        };
        context.problems.push(Problem {
            path: format!("{path}: {}", problem.path),
            text: problem.text,
        });
    }
    context.problems.push(Problem {
        path: path.to_owned(),
        text: "not a map".into(),
    });
    None
}

/// Any YAML.
///
/// # Errors
/// It is none.
pub(super) fn parse(text: &str) -> Result<serde_json::Value, serde_saphyr::Error> {
    let options = serde_saphyr::options! {
        with_snippet: false,
        legacy_octal_numbers: true,
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins,
        non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::AsString,
    };
    serde_saphyr::from_str_with_options(text, options)
}
