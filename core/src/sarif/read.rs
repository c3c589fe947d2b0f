//! Reading leniently: last duplicate member wins, unknown members are skipped, a wrong type is remembered, not raised.
//!
//! The model (`model.rs`) is read through serde from either format. What differs between the formats is [`Format`].

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::escape::unescape;
use crate::{json, jsonb};

use super::budget::Budget;
use super::raw::Raw;

/// How containers are entered, and what they may take.
pub(crate) trait Format: Copy {
    fn budget(&self) -> &Budget;

    /// Lets the visitor look into a container; a scalar reaches its own method.
    fn container<'d, D: Deserializer<'d>, V: Visitor<'d>>(
        self,
        deserializer: D,
        visitor: V,
    ) -> Result<V::Value, D::Error>;
}

/// jsonb, and JSON text, where a number beyond f64 or a lone surrogate in the place of a container is an error that [`Careful`]
/// mends.
#[derive(Clone, Copy)]
pub(crate) struct Direct<'b>(pub(crate) &'b Budget);

impl Format for Direct<'_> {
    fn budget(&self) -> &Budget {
        self.0
    }

    fn container<'d, D: Deserializer<'d>, V: Visitor<'d>>(
        self,
        deserializer: D,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        deserializer.deserialize_any(visitor)
    }
}

/// JSON text, each value looked at before it is entered: slower, and never wrong.
#[derive(Clone, Copy)]
struct Careful<'b>(&'b Budget);

impl Format for Careful<'_> {
    fn budget(&self) -> &Budget {
        self.0
    }

    fn container<'d, D: Deserializer<'d>, V: Visitor<'d>>(
        self,
        deserializer: D,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let text = <&'d RawValue>::deserialize(deserializer)?.get();
        match text.as_bytes().first() {
            Some(b'{' | b'[') => serde_json::Deserializer::from_str(text)
                .deserialize_any(visitor)
                .map_err(serde::de::Error::custom),
            Some(b'n') => visitor.visit_unit(),
            Some(b'"') => visitor.visit_str(&unescape(text)),
            Some(b't' | b'f') => visitor.visit_bool(text == "true"),
            _ => visitor.visit_f64(text.parse().unwrap_or(f64::NAN)),
        }
    }
}

/// Something that can be read from any JSON value of either format.
///
/// In place: objects of the model are large, and moving them from level to level would cost as much as reading them.
pub(crate) trait Read<'d>: Default {
    /// Replaces `self` by the value.
    fn read<F: Format, D: Deserializer<'d>>(&mut self, format: F, deserializer: D) -> Result<(), D::Error>;
}

/// [`Read`] as a serde seed.
pub(crate) struct Into<'s, F, T>(pub(crate) F, pub(crate) &'s mut T);

impl<'d, F: Format, T: Read<'d>> DeserializeSeed<'d> for Into<'_, F, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'d>>(self, deserializer: D) -> Result<(), D::Error> {
        self.1.read(self.0, deserializer)
    }
}

/// Reads a whole JSON text.
///
/// # Errors
/// [`crate::ErrorKind::InvalidText`], [`crate::ErrorKind::OutOfMemory`].
pub(crate) fn from_text<'d, T: Read<'d>>(value: &mut T, text: &'d str, budget: &Budget) -> crate::Result<()> {
    let direct = with(value, text, Direct(budget));
    let outcome = match direct {
        Err(_) if !budget.is_exhausted() => with(value, text, Careful(budget)),
        outcome => outcome,
    };
    outcome.map_err(|error| budget.explain(json::from_serde_json(error)))
}

fn with<'d, F: Format, T: Read<'d>>(
    value: &mut T,
    text: &'d str,
    format: F,
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    value.read(format, &mut deserializer)?;
    deserializer.end()
}

/// Reads a value inside jsonb.
///
/// # Errors
/// [`crate::ErrorKind::DataCorrupted`], [`crate::ErrorKind::OutOfMemory`].
pub(crate) fn from_jsonb<'d, T: Read<'d>>(
    value: &mut T,
    from: jsonb::Value<'d>,
    budget: &Budget,
) -> crate::Result<()> {
    value
        .read(Direct(budget), jsonb::Deserializer::new(from))
        .map_err(|error| budget.explain(error.into()))
}

impl<'d> Read<'d> for Raw<'d> {
    fn read<F: Format, D: Deserializer<'d>>(&mut self, _: F, deserializer: D) -> Result<(), D::Error> {
        *self = Raw::deserialize(deserializer)?;
        Ok(())
    }
}

/// An object of the model: takes the members it knows, skips the others.
pub(crate) trait Object<'d>: Default {
    fn member<F: Format, A: MapAccess<'d>>(
        &mut self,
        format: F,
        name: Cow<'d, [u8]>,
        map: &mut A,
    ) -> Result<(), A::Error>;
}

/// A member that should be an object.
#[derive(Clone, Debug, Default)]
pub(crate) enum Member<T> {
    #[default]
    Absent,
    Null,
    /// Another type.
    Wrong,
    Is(T),
}

impl<T> Member<T> {
    pub(crate) fn get(&self) -> Option<&T> {
        match self {
            Member::Is(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn wrong(&self) -> bool {
        matches!(self, Member::Wrong)
    }

    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Member::Absent)
    }
}

impl<T: Default> Member<T> {
    /// Makes it an empty object, to be filled.
    fn begin(&mut self) -> &mut T {
        *self = Member::Is(T::default());
        match self {
            Member::Is(object) => object,
            _ => unreachable!("it has just been made an object"),
        }
    }

    /// The object, or an empty one.
    pub(crate) fn into_inner(self) -> T {
        match self {
            Member::Is(value) => value,
            _ => T::default(),
        }
    }
}

impl<'d, T: Object<'d>> Read<'d> for Member<T> {
    fn read<F: Format, D: Deserializer<'d>>(&mut self, format: F, deserializer: D) -> Result<(), D::Error> {
        format.container(deserializer, MemberVisitor(format, self))
    }
}

/// What all visitors here expect.
macro_rules! expecting_a_value {
    () => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON value")
        }
    };
}

struct MemberVisitor<'s, F, T>(F, &'s mut Member<T>);

impl<'d, F: Format, T: Object<'d>> Visitor<'d> for MemberVisitor<'_, F, T> {
    type Value = ();

    expecting_a_value!();

    fn visit_unit<E>(self) -> Result<(), E> {
        *self.1 = Member::Null;
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        *self.1 = Member::Wrong;
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        *self.1 = Member::Wrong;
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        *self.1 = Member::Wrong;
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        *self.1 = Member::Wrong;
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        *self.1 = Member::Wrong;
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'d>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        *self.1 = Member::Wrong;
        Ok(())
    }

    fn visit_map<A: MapAccess<'d>>(self, mut map: A) -> Result<(), A::Error> {
        let object = self.1.begin();
        while let Some(name) = map.next_key_seed(Name)? {
            object.member(self.0, name, &mut map)?;
        }
        Ok(())
    }
}

/// What a member that should be a list is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Shape {
    #[default]
    Absent,
    Null,
    /// A number or a boolean: whether Python takes it for true.
    Scalar(bool),
    /// A string or an object: how many characters or members it has.
    Sized(usize),
    List,
}

impl Shape {
    /// Neither a list nor nothing.
    pub(crate) fn wrong(self) -> bool {
        matches!(self, Shape::Scalar(_) | Shape::Sized(_))
    }
}

/// What takes the elements of an array.
trait Sequence<'d>: Default {
    /// Sets the shape.
    fn shape(&mut self) -> &mut Shape;

    /// Takes every element.
    fn elements<F: Format, A: SeqAccess<'d>>(&mut self, format: F, seq: A) -> Result<(), A::Error>;

    /// Replaces `self` by the value.
    fn fill<F: Format, D: Deserializer<'d>>(&mut self, format: F, deserializer: D) -> Result<(), D::Error> {
        *self = Self::default();
        *self.shape() = format.container(deserializer, SequenceVisitor(format, self))?;
        Ok(())
    }
}

/// Gives the shape of the value, after its elements have been taken.
struct SequenceVisitor<'s, F, S>(F, &'s mut S);

impl<'d, F: Format, S: Sequence<'d>> Visitor<'d> for SequenceVisitor<'_, F, S> {
    type Value = Shape;

    expecting_a_value!();

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Shape, E> {
        Ok(Shape::Scalar(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Shape, E> {
        Ok(Shape::Scalar(value != 0))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Shape, E> {
        Ok(Shape::Scalar(value != 0))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Shape, E> {
        Ok(Shape::Scalar(value != 0.0))
    }

    fn visit_str<E>(self, value: &str) -> Result<Shape, E> {
        Ok(Shape::Sized(value.chars().count()))
    }

    fn visit_map<A: MapAccess<'d>>(self, mut map: A) -> Result<Shape, A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = map.next_key_seed(Name)? {
            self.0.budget().take::<[usize; 4], A::Error>()?;
            names.insert(name);
            map.next_value::<IgnoredAny>()?;
        }
        Ok(Shape::Sized(names.len()))
    }

    fn visit_seq<A: SeqAccess<'d>>(self, seq: A) -> Result<Shape, A::Error> {
        self.1.elements(self.0, seq)?;
        Ok(Shape::List)
    }
}

/// A member that should be a list.
#[derive(Clone, Debug)]
pub(crate) struct List<'d, T> {
    pub(crate) shape: Shape,
    pub(crate) items: Vec<T>,
    document: PhantomData<&'d ()>,
}

impl<T> Default for List<'_, T> {
    fn default() -> Self {
        List {
            shape: Shape::Absent,
            items: Vec::new(),
            document: PhantomData,
        }
    }
}

impl<'d, T: Read<'d>> Sequence<'d> for List<'d, T> {
    fn shape(&mut self) -> &mut Shape {
        &mut self.shape
    }

    fn elements<F: Format, A: SeqAccess<'d>>(&mut self, format: F, mut seq: A) -> Result<(), A::Error> {
        loop {
            let mut item = T::default();
            if seq.next_element_seed(Into(format, &mut item))?.is_none() {
                return Ok(());
            }
            format.budget().push(&mut self.items, item)?;
        }
    }
}

impl<'d, T: Read<'d>> Read<'d> for List<'d, T> {
    fn read<F: Format, D: Deserializer<'d>>(&mut self, format: F, deserializer: D) -> Result<(), D::Error> {
        self.fill(format, deserializer)
    }
}

/// A list of which the first element is read and the others stay in place.
#[derive(Clone, Debug)]
pub(crate) struct Elements<'d, T> {
    pub(crate) shape: Shape,
    pub(crate) first: Option<T>,
    pub(crate) rest: Vec<Raw<'d>>,
}

impl<T> Elements<'_, T> {
    pub(crate) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }
}

impl<T> Default for Elements<'_, T> {
    fn default() -> Self {
        Elements {
            shape: Shape::Absent,
            first: None,
            rest: Vec::new(),
        }
    }
}

impl<'d, T: Read<'d>> Sequence<'d> for Elements<'d, T> {
    fn shape(&mut self) -> &mut Shape {
        &mut self.shape
    }

    fn elements<F: Format, A: SeqAccess<'d>>(&mut self, format: F, mut seq: A) -> Result<(), A::Error> {
        let first = self.first.insert(T::default());
        if seq.next_element_seed(Into(format, first))?.is_none() {
            self.first = None;
            return Ok(());
        }
        loop {
            let mut raw = Raw::default();
            if seq.next_element_seed(Into(format, &mut raw))?.is_none() {
                return Ok(());
            }
            format.budget().push(&mut self.rest, raw)?;
        }
    }
}

impl<'d, T: Read<'d>> Read<'d> for Elements<'d, T> {
    fn read<F: Format, D: Deserializer<'d>>(&mut self, format: F, deserializer: D) -> Result<(), D::Error> {
        self.fill(format, deserializer)
    }
}

/// All members of an object as they come.
#[derive(Debug, Default)]
pub(crate) struct Members<'d>(Vec<(Cow<'d, str>, Raw<'d>)>);

impl<'d> Members<'d> {
    pub(crate) fn sorted(self) -> Vec<(Cow<'d, str>, Raw<'d>)> {
        sort_members(self.0)
    }
}

/// Brings members into jsonb's order and keeps the last of equal names.
pub(crate) fn sort_members<'d>(mut members: Vec<(Cow<'d, str>, Raw<'d>)>) -> Vec<(Cow<'d, str>, Raw<'d>)> {
    members.reverse();
    members.sort_by(|(a, _), (b, _)| a.len().cmp(&b.len()).then_with(|| a.as_bytes().cmp(b.as_bytes())));
    members.dedup_by(|(later, _), (earlier, _)| later == earlier);
    members
}

impl<'d> Read<'d> for Members<'d> {
    fn read<F: Format, D: Deserializer<'d>>(&mut self, format: F, deserializer: D) -> Result<(), D::Error> {
        let mut member = Member::<Members<'d>>::default();
        member.read(format, deserializer)?;
        *self = member.into_inner();
        Ok(())
    }
}

impl<'d> Object<'d> for Members<'d> {
    fn member<F: Format, A: MapAccess<'d>>(
        &mut self,
        format: F,
        name: Cow<'d, [u8]>,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let name = sanitised(name);
        let mut value = Raw::default();
        map.next_value_seed(Into(format, &mut value))?;
        format.budget().push(&mut self.0, (name, value))
    }
}

/// A member name as text: what is not UTF-8 (a lone surrogate) or U+0000 is U+FFFD.
pub(crate) fn sanitised(name: Cow<'_, [u8]>) -> Cow<'_, str> {
    let name = match name {
        Cow::Borrowed(name) => String::from_utf8_lossy(name),
        Cow::Owned(name) => Cow::Owned(String::from_utf8_lossy(&name).into_owned()),
    };
    if name.contains('\0') {
        Cow::Owned(name.replace('\0', "\u{FFFD}"))
    } else {
        name
    }
}

/// Reads a member name as bytes: the way in which serde_json lets lone surrogates through.
struct Name;

impl<'d> DeserializeSeed<'d> for Name {
    type Value = Cow<'d, [u8]>;

    fn deserialize<D: Deserializer<'d>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl<'d> Visitor<'d> for Name {
    type Value = Cow<'d, [u8]>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_borrowed_bytes<E>(self, name: &'d [u8]) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_bytes<E>(self, name: &[u8]) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_vec()))
    }

    fn visit_borrowed_str<E>(self, name: &'d str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name.as_bytes()))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.as_bytes().to_vec()))
    }
}

/// Declares an object of the model: field, type, member name.
macro_rules! object {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $ty:ty = $key:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default)]
        pub(crate) struct $name<'d> { $(pub(crate) $field: $ty,)* }

        impl<'d> $crate::sarif::read::Object<'d> for $name<'d> {
            fn member<F: $crate::sarif::read::Format, A: serde::de::MapAccess<'d>>(
                &mut self,
                format: F,
                name: std::borrow::Cow<'d, [u8]>,
                map: &mut A,
            ) -> Result<(), A::Error> {
                match name.as_ref() {
                    $($key => map.next_value_seed($crate::sarif::read::Into(format, &mut self.$field))?,)*
                    _ => {
                        map.next_value::<serde::de::IgnoredAny>()?;
                    }
                }
                Ok(())
            }
        }
    )*};
}
pub(crate) use object;
