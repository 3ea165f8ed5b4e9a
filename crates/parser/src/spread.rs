//! Values that bindings, selections and template types multiply, in whatever language they were written.

use contentcheck_model::diagnostic::{Diagnostic, Sink, codes};
use contentcheck_model::limits;
use contentcheck_model::source::Span;

/// The finding for a file whose values are too many once each is counted where it is used.
pub(crate) fn found(at: Span, sink: &Sink) -> Diagnostic {
    let message = format!(
        "the rules of this file look for more than {} values, each counted at every use of it and for every template type",
        limits::FILE_SPREAD_VALUES
    );
    sink.diagnostic(&codes::EXPANSION_TOO_LARGE, at, message)
}
