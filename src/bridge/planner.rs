//! What the planner asks of a function's support function.

use pgrx::{is_a, pg_sys};

use super::call::{Call, Text};
use super::value::Value;
use super::varlena::Varlena;

/// A request for the number of rows that a set-returning function gives.
pub(crate) struct RowsRequest(*mut pg_sys::SupportRequestRows);

/// The function's first argument, where the planner knows its value.
pub(crate) enum Constant {
    Text(Text),
    Jsonb(Varlena),
    Bytea(Varlena),
}

impl RowsRequest {
    /// The request, if it is one for rows: there are other kinds, which we leave to the defaults.
    pub(crate) fn of(call: &Call) -> Option<Self> {
        let node = call.pointer::<pg_sys::Node>(0)?;
        // SAFETY: PostgreSQL passes a node, and says in its first word which.
        unsafe { is_a(node, pg_sys::NodeTag::T_SupportRequestRows) }.then(|| RowsRequest(node.cast()))
    }

    /// The first argument, if it is a constant of a type that we read.
    pub(crate) fn constant(&self) -> Option<Constant> {
        // SAFETY: a request holds the call that is planned; its arguments are a list of expressions, and a Const
        // holds a datum of its type that outlives planning.
        unsafe {
            let call = (*self.0).node;
            if call.is_null() || !is_a(call, pg_sys::NodeTag::T_FuncExpr) {
                return None;
            }
            let arguments = (*call.cast::<pg_sys::FuncExpr>()).args;
            if arguments.is_null() || (*arguments).length < 1 {
                return None;
            }
            let first = (*(*arguments).elements).ptr_value.cast::<pg_sys::Node>();
            if !is_a(first, pg_sys::NodeTag::T_Const) {
                return None;
            }
            let constant = &*first.cast::<pg_sys::Const>();
            if constant.constisnull {
                return None;
            }
            match constant.consttype {
                pg_sys::TEXTOID | pg_sys::JSONOID => {
                    Text::try_new(Varlena::packed(constant.constvalue)).map(Constant::Text)
                }
                pg_sys::JSONBOID => Some(Constant::Jsonb(Varlena::aligned(constant.constvalue))),
                pg_sys::BYTEAOID => Some(Constant::Bytea(Varlena::packed(constant.constvalue))),
                _ => None,
            }
        }
    }

    /// Answers the request.
    pub(crate) fn answer(self, rows: f64) -> Value {
        // SAFETY: the request is PostgreSQL's, to be filled in and returned.
        unsafe { (*self.0).rows = rows.max(1.0) };
        Value::pointer(self.0.cast())
    }
}

/// No answer: the planner goes by the declared number of rows.
pub(crate) fn no_answer() -> Value {
    Value::pointer(std::ptr::null_mut())
}
