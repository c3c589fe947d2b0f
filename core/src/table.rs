//! Rows as a table sees them: named, typed columns in one order.

use std::borrow::Cow;

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `int4`
    Int,
    /// `int8`
    BigInt,
    /// `float8`
    Float,
    /// `numeric`
    Numeric,
    /// `bool`
    Bool,
    /// `text`
    Text,
    /// `text[]`
    Texts,
    /// `float4[]`
    Reals,
    /// `jsonb`
    Jsonb,
    /// `timestamptz`
    Timestamp,
}

/// A column of a row type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name, as in SQL.
    pub name: &'static str,
    /// The type.
    pub ty: Type,
}

impl Column {
    /// A column of that name and type.
    #[must_use]
    pub const fn new(name: &'static str, ty: Type) -> Self {
        Column { name, ty }
    }
}

/// Which columns of a row anybody looks at: the values of the others need not be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsedColumns(u128);

impl UsedColumns {
    /// Every column.
    pub const ALL: Self = UsedColumns(u128::MAX);
    /// No column.
    pub const NONE: Self = UsedColumns(0);

    /// These, and that at a position.
    #[must_use]
    pub const fn and(self, position: usize) -> Self {
        if position < Self::KNOWN {
            UsedColumns(self.0 | 1 << position)
        } else {
            self
        }
    }

    /// Whether the column at a position is among them. Those beyond what a set can hold always are.
    #[must_use]
    pub const fn contains(self, position: usize) -> bool {
        position >= Self::KNOWN || self.0 & (1 << position) != 0
    }

    /// The set of a row type that begins at a position of this one's.
    #[must_use]
    pub const fn after(self, position: usize) -> Self {
        if position >= Self::KNOWN {
            UsedColumns::ALL
        } else {
            UsedColumns(self.0 >> position | !(u128::MAX >> position))
        }
    }

    /// Positions that a set can hold.
    const KNOWN: usize = u128::BITS as usize;
}

/// The position of the column of that name. For constants: the compiler refuses a name that is not there.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
pub(crate) const fn position(columns: &[Column], name: &str) -> usize {
    let name = name.as_bytes();
    let mut at = 0;
    loop {
        let column = columns[at].name.as_bytes();
        let mut equal = 0;
        while equal < name.len() && equal < column.len() && name[equal] == column[equal] {
            equal += 1;
        }
        if equal == name.len() && equal == column.len() {
            return at;
        }
        at += 1;
    }
}

/// A value of one column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// SQL NULL.
    Null,
    /// `int4`
    Int(i32),
    /// `int8`
    BigInt(i64),
    /// `float8`
    Float(f64),
    /// `numeric` as plain decimal digits.
    Numeric(&'a str),
    /// `bool`
    Bool(bool),
    /// `text`: valid UTF-8 without U+0000.
    Text(&'a str),
    /// `text[]` without NULLs.
    Texts(&'a [Cow<'a, str>]),
    /// `float4[]` without NULLs.
    Reals(&'a [f32]),
    /// `jsonb`
    Jsonb(&'a [u8]),
    /// `timestamptz`: microseconds since 1970-01-01 00:00 UTC.
    Timestamp(i64),
}

/// Rows gathered by one thread, to be handed over at once.
pub trait Batch: Send {
    /// Appends a row: a value for every column.
    ///
    /// # Errors
    /// A value that the receiver cannot hold.
    fn push(&mut self, row: &[Value<'_>]) -> crate::Result<()>;

    /// Time to hand it over.
    fn is_full(&self) -> bool;
}

/// Where batches of rows go.
pub trait Rows {
    /// What gathers rows; batches are filled side by side and delivered in order.
    type Batch: Batch;

    /// The columns whose values are looked at. The others may have any value.
    fn used(&self) -> UsedColumns {
        UsedColumns::ALL
    }

    /// Makes empty batches, on any thread.
    fn maker(&self) -> impl Fn() -> Self::Batch + Sync + use<Self>;

    /// Hands over the next batch.
    ///
    /// # Errors
    /// Nobody wants rows any more.
    fn deliver(&mut self, batch: Self::Batch) -> crate::Result<()>;

    /// Hands over the rows that `job` emits one by one.
    ///
    /// # Errors
    /// Those of `job`, and of handing over.
    fn one_by_one<T>(
        &mut self,
        job: impl FnOnce(&mut dyn FnMut(&[Value<'_>]) -> crate::Result<()>) -> crate::Result<T>,
    ) -> crate::Result<T> {
        let new = self.maker();
        let mut batch = new();
        let outcome = job(&mut |row| {
            batch.push(row)?;
            if batch.is_full() {
                self.deliver(std::mem::replace(&mut batch, new()))?;
            }
            Ok(())
        })?;
        self.deliver(batch)?;
        Ok(outcome)
    }
}

/// Declares a row type: its fields are the columns, in this order, and the only list of them.
macro_rules! table {
    ($(#[$doc:meta])* $name:ident { $($(#[$column_doc:meta])* $column:ident: $ty:ident $(($null:ident))?,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name<'a> {
            $($(#[$column_doc])* pub $column: $crate::table::field!($ty $($null)?),)*
        }

        impl<'a> $name<'a> {
            /// The columns, in the order of [`Self::values`].
            pub const COLUMNS: &'static [$crate::table::Column] = &[$(
                $crate::table::Column {
                    name: stringify!($column),
                    ty: $crate::table::Type::$ty,
                },
            )*];

            /// The values of all columns.
            pub fn values(&self) -> [$crate::table::Value<'_>; [$(stringify!($column)),*].len()] {
                [$($crate::table::value!(self, $column, $ty $($null)?),)*]
            }
        }
    };
}

/// The Rust type of a column's field.
macro_rules! field {
    (Int) => { i32 };
    (Bool) => { bool };
    (Text) => { std::borrow::Cow<'a, str> };
    (Texts) => { std::borrow::Cow<'a, [std::borrow::Cow<'a, str>]> };
    (Int null) => { Option<i32> };
    (Float null) => { Option<f64> };
    (Bool null) => { Option<bool> };
    (Numeric null) => { Option<std::borrow::Cow<'a, str>> };
    (Text null) => { Option<std::borrow::Cow<'a, str>> };
    (Timestamp null) => { Option<i64> };
    (Jsonb null) => { Option<std::borrow::Cow<'a, [u8]>> };
}

/// A field as the value of its column.
macro_rules! value {
    ($row:ident, $column:ident, Int) => {
        $crate::table::Value::Int($row.$column)
    };
    ($row:ident, $column:ident, Bool) => {
        $crate::table::Value::Bool($row.$column)
    };
    ($row:ident, $column:ident, Text) => {
        $crate::table::Value::Text(&$row.$column)
    };
    ($row:ident, $column:ident, Texts) => {
        $crate::table::Value::Texts(&$row.$column)
    };
    ($row:ident, $column:ident, Int null) => {
        $row.$column
            .map_or($crate::table::Value::Null, $crate::table::Value::Int)
    };
    ($row:ident, $column:ident, Float null) => {
        $row.$column
            .map_or($crate::table::Value::Null, $crate::table::Value::Float)
    };
    ($row:ident, $column:ident, Bool null) => {
        $row.$column
            .map_or($crate::table::Value::Null, $crate::table::Value::Bool)
    };
    ($row:ident, $column:ident, Timestamp null) => {
        $row.$column
            .map_or($crate::table::Value::Null, $crate::table::Value::Timestamp)
    };
    ($row:ident, $column:ident, $ty:ident null) => {
        $row.$column
            .as_deref()
            .map_or($crate::table::Value::Null, $crate::table::Value::$ty)
    };
}

pub(crate) use {field, table, value};

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        Column::new("a", Type::Int),
        Column::new("ab", Type::Int),
        Column::new("b", Type::Int),
    ];

    #[test]
    fn a_position_is_that_of_the_whole_name() {
        assert_eq!(["a", "ab", "b"].map(|name| position(COLUMNS, name)), [0, 1, 2]);
    }

    #[test]
    fn a_set_holds_what_was_put_in_and_what_it_cannot_hold() {
        let set = UsedColumns::NONE.and(0).and(5).and(127).and(128).and(usize::MAX);
        let held: Vec<usize> = (0..200).filter(|at| set.contains(*at)).collect();
        let beyond: Vec<usize> = (128..200).collect();
        assert_eq!(held, [vec![0, 5, 127], beyond].concat());
        assert!((0..200).all(|at| UsedColumns::ALL.contains(at)));
    }

    #[test]
    fn a_set_can_begin_at_a_later_column() {
        let set = UsedColumns::NONE.and(2).and(5).and(6);
        let held: Vec<usize> = (0..130).filter(|at| set.after(5).contains(*at)).collect();
        let beyond: Vec<usize> = (128 - 5..130).collect();
        assert_eq!(held, [vec![0, 1], beyond].concat());
        assert_eq!(set.after(0), set);
        assert_eq!(set.after(128), UsedColumns::ALL);
        assert_eq!(UsedColumns::ALL.after(5), UsedColumns::ALL);
    }
}
