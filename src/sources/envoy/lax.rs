//! Leaves of Envoy's JSON that take any value: one of the wrong type is as good as left out.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A text; empty where it is none.
#[derive(Default)]
pub(super) struct Word<'a>(Cow<'a, str>);

/// A number, also as a text (proto-JSON writes 64-bit numbers so); 0 where it is none.
#[derive(Clone, Copy, Default)]
pub(super) struct Number(pub(super) u64);

/// A flag; not set where it is none.
#[derive(Clone, Copy, Default)]
pub(super) struct Yes(pub(super) bool);

impl Number {
    /// As the 32 bits that most fields have.
    pub(super) fn small(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }
}

impl Deref for Word<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// What a leaf makes of the values that it can use; all others are its default.
trait Leaf<'de>: Default {
    fn of_str(_: Cow<'de, str>) -> Self {
        Self::default()
    }

    fn of_u64(_: u64) -> Self {
        Self::default()
    }

    fn of_bool(_: bool) -> Self {
        Self::default()
    }
}

impl<'de> Leaf<'de> for Word<'de> {
    fn of_str(text: Cow<'de, str>) -> Self {
        Self(text)
    }
}

impl<'de> Leaf<'de> for Number {
    fn of_str(text: Cow<'de, str>) -> Self {
        Self(text.parse().unwrap_or_default())
    }

    fn of_u64(number: u64) -> Self {
        Self(number)
    }
}

impl Leaf<'_> for Yes {
    fn of_bool(is: bool) -> Self {
        Self(is)
    }
}

struct LeafVisitor<L>(PhantomData<L>);

impl<'de, L: Leaf<'de>> Visitor<'de> for LeafVisitor<L> {
    type Value = L;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<L, E> {
        Ok(L::of_str(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<L, E> {
        Ok(L::of_str(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<L, E> {
        Ok(L::of_u64(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<L, E> {
        Ok(L::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<L, E> {
        Ok(L::default())
    }

    fn visit_bool<E>(self, is: bool) -> Result<L, E> {
        Ok(L::of_bool(is))
    }

    fn visit_unit<E>(self) -> Result<L, E> {
        Ok(L::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<L, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(L::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<L, A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(L::default())
    }
}

macro_rules! leaves {
    ($($leaf:ty)*) => {
        $(impl<'de> Deserialize<'de> for $leaf {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(LeafVisitor(PhantomData))
            }
        })*
    };
}

leaves!(Number Yes);

impl<'de: 'a, 'a> Deserialize<'de> for Word<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LeafVisitor::<Word<'de>>(PhantomData))
    }
}
