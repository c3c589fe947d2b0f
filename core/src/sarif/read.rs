//! Reading leniently: last duplicate member wins, unknown members are skipped, a wrong type is remembered, not raised.
//!
//! The model (`model.rs`) is read through serde from either format. What differs between the formats is [`Format`].

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::escape::unescape;
use crate::{Error, Task, json, jsonb};

use super::raw::Raw;

/// How many bytes reading may still take beside the document.
///
/// A list of small values is larger in memory than in the document, up to some hundred times: without a limit, a hostile log
/// would take all memory.
#[derive(Debug)]
pub(crate) struct Budget {
    allowed: usize,
    left: Cell<usize>,
    exhausted: Cell<bool>,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        Budget {
            allowed: bytes,
            left: Cell::new(bytes),
            exhausted: Cell::new(false),
        }
    }

    /// Takes room for one more element of a list, which may have doubled its capacity.
    pub(crate) fn take<T, E: serde::de::Error>(&self) -> Result<(), E> {
        match self.left.get().checked_sub(2 * size_of::<T>()) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => {
                self.exhausted.set(true);
                Err(E::custom("out of memory"))
            }
        }
    }

    /// The error to report in the place of one from reading.
    fn explain(&self, error: Error) -> Error {
        if !self.exhausted.get() {
            return error;
        }
        let stop = || false;
        let task = Task::new(1, self.allowed, &stop);
        let needed = self.allowed.checked_add(1).filter(|needed| *needed < usize::MAX);
        task.need("reading the log", needed).err().unwrap_or(error)
    }
}

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
pub(crate) trait Read<'d>: Sized {
    fn read<F: Format, D: Deserializer<'d>>(format: F, deserializer: D) -> Result<Self, D::Error>;
}

/// [`Read`] as a serde seed.
pub(crate) struct As<F, T>(F, PhantomData<T>);

impl<F, T> As<F, T> {
    pub(crate) fn new(format: F) -> Self {
        As(format, PhantomData)
    }
}

impl<'d, F: Format, T: Read<'d>> DeserializeSeed<'d> for As<F, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'d>>(self, deserializer: D) -> Result<T, D::Error> {
        T::read(self.0, deserializer)
    }
}

/// Reads a whole JSON text.
///
/// # Errors
/// [`crate::ErrorKind::InvalidText`], [`crate::ErrorKind::OutOfMemory`].
pub(crate) fn from_text<'d, T: Read<'d>>(text: &'d str, budget: &Budget) -> crate::Result<T> {
    let direct = with(text, Direct(budget));
    let outcome = match direct {
        Err(_) if !budget.exhausted.get() => with(text, Careful(budget)),
        outcome => outcome,
    };
    outcome.map_err(|error| budget.explain(json::from_serde_json(error)))
}

fn with<'d, F: Format, T: Read<'d>>(text: &'d str, format: F) -> Result<T, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = T::read(format, &mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Reads a value inside jsonb.
///
/// # Errors
/// [`crate::ErrorKind::DataCorrupted`], [`crate::ErrorKind::OutOfMemory`].
pub(crate) fn from_jsonb<'d, T: Read<'d>>(value: jsonb::Value<'d>, budget: &Budget) -> crate::Result<T> {
    T::read(Direct(budget), jsonb::Deserializer::new(value)).map_err(|error| budget.explain(error.into()))
}

impl<'d> Read<'d> for Raw<'d> {
    fn read<F: Format, D: Deserializer<'d>>(_: F, deserializer: D) -> Result<Self, D::Error> {
        Raw::deserialize(deserializer)
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
}

impl<T: Default> Member<T> {
    /// The object, or an empty one.
    pub(crate) fn into_inner(self) -> T {
        match self {
            Member::Is(value) => value,
            _ => T::default(),
        }
    }
}

impl<'d, T: Object<'d>> Read<'d> for Member<T> {
    fn read<F: Format, D: Deserializer<'d>>(format: F, deserializer: D) -> Result<Self, D::Error> {
        format.container(deserializer, MemberVisitor::<F, T>(format, PhantomData))
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

/// The visits by which a value says that it is no object.
macro_rules! no_objects {
    () => {
        expecting_a_value!();

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Member::Null)
        }

        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Member::Wrong)
        }

        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Member::Wrong)
        }

        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Member::Wrong)
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Member::Wrong)
        }

        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok(Member::Wrong)
        }

        fn visit_seq<A: SeqAccess<'d>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Member::Wrong)
        }
    };
}

/// The visits by which a value says that it is no list.
macro_rules! no_lists {
    ($of:path) => {
        expecting_a_value!();

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($of(Shape::Null))
        }

        fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
            Ok($of(Shape::Scalar(value)))
        }

        fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
            Ok($of(Shape::Scalar(value != 0)))
        }

        fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
            Ok($of(Shape::Scalar(value != 0)))
        }

        fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
            Ok($of(Shape::Scalar(value != 0.0)))
        }

        fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
            Ok($of(Shape::Sized(value.chars().count())))
        }

        fn visit_map<A: MapAccess<'d>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut names = BTreeSet::new();
            while let Some(name) = map.next_key_seed(Name)? {
                self.0.budget().take::<[usize; 4], A::Error>()?;
                names.insert(name);
                map.next_value::<IgnoredAny>()?;
            }
            Ok($of(Shape::Sized(names.len())))
        }
    };
}

struct MemberVisitor<F, T>(F, PhantomData<T>);

impl<'d, F: Format, T: Object<'d>> Visitor<'d> for MemberVisitor<F, T> {
    type Value = Member<T>;

    no_objects!();

    fn visit_map<A: MapAccess<'d>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut object = T::default();
        while let Some(name) = map.next_key_seed(Name)? {
            object.member(self.0, name, &mut map)?;
        }
        Ok(Member::Is(object))
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

/// A member that should be a list.
#[derive(Clone, Debug)]
pub(crate) struct List<'d, T> {
    pub(crate) shape: Shape,
    pub(crate) items: Vec<T>,
    document: PhantomData<&'d ()>,
}

impl<T> List<'_, T> {
    fn of(shape: Shape) -> Self {
        List {
            shape,
            items: Vec::new(),
            document: PhantomData,
        }
    }
}

impl<T> Default for List<'_, T> {
    fn default() -> Self {
        List::of(Shape::Absent)
    }
}

impl<'d, T: Read<'d>> Read<'d> for List<'d, T> {
    fn read<F: Format, D: Deserializer<'d>>(format: F, deserializer: D) -> Result<Self, D::Error> {
        format.container(deserializer, ListVisitor::<F, T>(format, PhantomData))
    }
}

struct ListVisitor<F, T>(F, PhantomData<T>);

impl<'d, F: Format, T: Read<'d>> Visitor<'d> for ListVisitor<F, T> {
    type Value = List<'d, T>;

    no_lists!(List::of);

    fn visit_seq<A: SeqAccess<'d>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(As::<F, T>::new(self.0))? {
            self.0.budget().take::<T, A::Error>()?;
            items.push(item);
        }
        Ok(List {
            items,
            ..List::of(Shape::List)
        })
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
    fn of(shape: Shape) -> Self {
        Elements {
            shape,
            first: None,
            rest: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }
}

impl<T> Default for Elements<'_, T> {
    fn default() -> Self {
        Elements::of(Shape::Absent)
    }
}

impl<'d, T: Read<'d>> Read<'d> for Elements<'d, T> {
    fn read<F: Format, D: Deserializer<'d>>(format: F, deserializer: D) -> Result<Self, D::Error> {
        format.container(deserializer, ElementsVisitor::<F, T>(format, PhantomData))
    }
}

struct ElementsVisitor<F, T>(F, PhantomData<T>);

impl<'d, F: Format, T: Read<'d>> Visitor<'d> for ElementsVisitor<F, T> {
    type Value = Elements<'d, T>;

    no_lists!(Elements::of);

    fn visit_seq<A: SeqAccess<'d>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut elements = Elements::of(Shape::List);
        elements.first = seq.next_element_seed(As::<F, T>::new(self.0))?;
        while let Some(raw) = seq.next_element_seed(As::<F, Raw<'d>>::new(self.0))? {
            self.0.budget().take::<Raw<'d>, A::Error>()?;
            elements.rest.push(raw);
        }
        Ok(elements)
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
    fn read<F: Format, D: Deserializer<'d>>(format: F, deserializer: D) -> Result<Self, D::Error> {
        let member = Member::<Members<'d>>::read(format, deserializer)?;
        Ok(match member {
            Member::Is(members) => members,
            _ => Members::default(),
        })
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
        format.budget().take::<(Cow<'d, str>, Raw<'d>), A::Error>()?;
        self.0
            .push((name, map.next_value_seed(As::<F, Raw<'d>>::new(format))?));
        Ok(())
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
                    $($key => self.$field = map.next_value_seed($crate::sarif::read::As::<F, $ty>::new(format))?,)*
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
