//! Failures of the core as PostgreSQL errors: the one place where a class becomes an SQLSTATE.

use pgrx::PgSqlErrorCode;
use reviewpro_core::{Error, ErrorKind};
use reviewpro_embed_core::{Failure, FailureKind};

use crate::bridge::raise_as;

fn sqlstate(kind: FailureKind) -> PgSqlErrorCode {
    match kind {
        FailureKind::Settings => PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        FailureKind::Address => PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        FailureKind::Connection => PgSqlErrorCode::ERRCODE_CONNECTION_FAILURE,
        FailureKind::RateLimited => PgSqlErrorCode::ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
        FailureKind::Denied => PgSqlErrorCode::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
        FailureKind::Refused | FailureKind::Text => PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        FailureKind::Reply => PgSqlErrorCode::ERRCODE_EXTERNAL_ROUTINE_EXCEPTION,
        FailureKind::Cancelled => PgSqlErrorCode::ERRCODE_QUERY_CANCELED,
    }
}

/// The way out, where there is one.
fn hint(kind: FailureKind) -> Option<&'static str> {
    Some(match kind {
        FailureKind::Settings => "See the settings reviewpro_embed.*: an administrator sets them.",
        FailureKind::Address => {
            "An administrator allows private networks by reviewpro_embed.allowed_networks."
        }
        FailureKind::Denied => "The key comes from reviewpro_embed.key_file or reviewpro_embed.key_variable.",
        FailureKind::RateLimited => {
            "Try again later, or lower reviewpro_embed.requests_per_minute and reviewpro_embed.tokens_per_minute."
        }
        _ => return None,
    })
}

/// Raises a failure that concerns no text in particular.
pub(crate) fn raise_failure(failure: Failure) -> ! {
    raise_failure_at(failure, None)
}

/// Raises the failure of the text at `index`, counted from 1.
pub(crate) fn raise_failure_at(failure: Failure, index: Option<i32>) -> ! {
    // What pgrx reports of a cancel is PostgreSQL's own.
    let kind = if failure.kind == FailureKind::Cancelled {
        ErrorKind::Cancelled
    } else {
        ErrorKind::InvalidData
    };
    let said = failure.detail.map(|said| format!("The server says: {said}."));
    let at = index.map(|index| format!("Text {index} was not embedded."));
    let mut error = Error::new(kind, failure.message);
    error.detail = match (at, said) {
        (Some(at), Some(said)) => Some(format!("{at} {said}")),
        (at, said) => at.or(said),
    };
    error.hint = hint(failure.kind).map(str::to_owned);
    raise_as(sqlstate(failure.kind), error)
}
