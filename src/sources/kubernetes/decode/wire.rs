//! The leaves of every wire struct: strings that borrow from the text, and lists, maps and numbers that take null.
//!
//! Go writes an absent list as `null` (an EndpointSlice without endpoints does), so null is as good as absent
//! everywhere. Anything else that does not fit is an error, which [`super::lenient`] turns into a diagnostic.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use jiff::Timestamp;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};

use crate::mesh::model::{Interner, Labels, Text};

/// A string; null is the empty one.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Str<'a>(Cow<'a, str>);

impl Deref for Str<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Str<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Str<'_> {
    pub(super) fn text(&self, interner: &mut Interner) -> Text {
        interner.text(&self.0)
    }
}

struct StrVisitor;

impl<'de> Visitor<'de> for StrVisitor {
    type Value = Str<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Str(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Str(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Str(Cow::Owned(text)))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Str::default())
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Str::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Str<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(StrVisitor)
    }
}

/// The key of a map: never null, and asked for as nothing but a string, so that an error's path can name it.
pub(super) struct MapKey;

impl<'de> DeserializeSeed<'de> for MapKey {
    type Value = Str<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(StrVisitor)
    }
}

/// A list; null is the empty one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct List<T>(Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl List<Str<'_>> {
    pub(super) fn texts(&self, interner: &mut Interner) -> std::sync::Arc<[Text]> {
        interner.texts(self.0.iter().map(|text| &**text))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::deserialize(deserializer)?.unwrap_or_default()))
    }
}

/// A map, such as labels; null is the empty one. Keys may come twice: the last counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Map<'a, V = Str<'a>>(Vec<(Str<'a>, V)>);

impl<V> Default for Map<'_, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl Map<'_> {
    pub(super) fn labels(&self, interner: &mut Interner) -> Labels {
        interner.labels(self.0.iter().map(|(key, value)| (&**key, &**value)))
    }
}

impl<V> Map<'_, V> {
    pub(super) fn get(&self, key: &str) -> Option<&V> {
        let found = self.0.iter().rev().find(|(known, _)| &**known == key);
        found.map(|(_, value)| value)
    }

    /// The entries by key.
    pub(super) fn sorted(&self) -> BTreeMap<&str, &V> {
        self.0.iter().map(|(key, value)| (&**key, value)).collect()
    }
}

struct MapVisitor<'a, V>(PhantomData<(Str<'a>, V)>);

impl<'de: 'a, 'a, V: Deserialize<'de>> Visitor<'de> for MapVisitor<'a, V> {
    type Value = Map<'a, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or_default().min(64));
        while let Some(key) = map.next_key_seed(MapKey)? {
            pairs.push((key, map.next_value()?));
        }
        Ok(Map(pairs))
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Map::default())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Map::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de: 'a, 'a, V: Deserialize<'de>> Deserialize<'de> for Map<'a, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(MapVisitor(PhantomData))
    }
}

/// A value of a protobuf enum, by name or by number; null is absent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Enum<'a> {
    Name(Str<'a>),
    Number(i64),
}

impl Default for Enum<'_> {
    fn default() -> Self {
        Self::Name(Str::default())
    }
}

impl Enum<'_> {
    /// The name: as written, or that of the number (`names` in order of their numbers, empty for a gap).
    pub(super) fn text(&self, names: &[&str], interner: &mut Interner) -> Text {
        match self {
            Enum::Name(name) => name.text(interner),
            Enum::Number(number) => {
                let name = usize::try_from(*number).ok().and_then(|at| names.get(at));
                match name.filter(|name| !name.is_empty()) {
                    Some(name) => interner.text(name),
                    None => interner.text(&number.to_string()),
                }
            }
        }
    }
}

struct EnumVisitor<'a>(PhantomData<Str<'a>>);

impl<'de: 'a, 'a> Visitor<'de> for EnumVisitor<'a> {
    type Value = Enum<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Enum::Name(Str(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Enum::Name(Str(Cow::Owned(text.to_owned()))))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Enum::Number(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        IntVisitor(PhantomData).visit_u64(number).map(|int| Enum::Number(int.0))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        IntVisitor(PhantomData).visit_f64(number).map(|int| Enum::Number(int.0))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Enum::default())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Enum<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EnumVisitor(PhantomData))
    }
}

/// An integer, also written as a string or with a zero fraction, as protobuf's JSON may have it; null is 0.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Int<T>(pub(super) T);

struct IntVisitor<T>(PhantomData<T>);

impl<T: TryFrom<i64> + Default> Visitor<'_> for IntVisitor<T> {
    type Value = Int<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        T::try_from(number)
            .map(Int)
            .map_err(|_| E::invalid_value(Unexpected::Signed(number), &"a number in range"))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        let signed = i64::try_from(number);
        signed
            .map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &"a number in range"))
            .and_then(|number| self.visit_i64(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        // Every whole number of a wire field is far below 2^53; the cast saturates beyond.
        #[expect(clippy::cast_possible_truncation, reason = "a whole number in range is kept exactly")]
        let whole = number as i64;
        if number.fract() == 0.0 && number.abs() < 9.0e15 {
            self.visit_i64(whole)
        } else {
            Err(E::invalid_value(Unexpected::Float(number), &"a whole number"))
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        match text.parse::<i64>() {
            Ok(number) => self.visit_i64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Str(text), &"a number")),
        }
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Int(T::default()))
    }
}

impl<'de, T: TryFrom<i64> + Default> Deserialize<'de> for Int<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IntVisitor(PhantomData))
    }
}

/// A time; null and Go's zero time are none.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Time(pub(super) Option<Timestamp>);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Str::deserialize(deserializer)?;
        if text.is_empty() || text.starts_with("0001-01-01T00:00:00") {
            return Ok(Self(None));
        }
        match text.parse() {
            Ok(time) => Ok(Self(Some(time))),
            Err(_) => Err(D::Error::invalid_value(Unexpected::Str(&text), &"a time of RFC 3339")),
        }
    }
}

/// `IntOrString`: a number, or a name. A string of digits is a name, as Kubernetes has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum IntOrStr<'a> {
    Int(u16),
    Str(Str<'a>),
}

struct IntOrStrVisitor<'a>(PhantomData<Str<'a>>);

impl<'de: 'a, 'a> Visitor<'de> for IntOrStrVisitor<'a> {
    type Value = IntOrStr<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a port's number or name")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(IntOrStr::Str(Str(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(IntOrStr::Str(Str(Cow::Owned(text.to_owned()))))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        IntVisitor(PhantomData)
            .visit_i64(number)
            .map(|int| IntOrStr::Int(int.0))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        IntVisitor(PhantomData)
            .visit_u64(number)
            .map(|int| IntOrStr::Int(int.0))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        IntVisitor(PhantomData)
            .visit_f64(number)
            .map(|int| IntOrStr::Int(int.0))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for IntOrStr<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IntOrStrVisitor(PhantomData))
    }
}

/// A list of items of any shape, reduced to whether it holds any; null holds none.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct IsAny(pub(super) bool);

struct IsAnyVisitor;

impl<'de> Visitor<'de> for IsAnyVisitor {
    type Value = IsAny;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut is_any = false;
        while items.next_element::<serde::de::IgnoredAny>()?.is_some() {
            is_any = true;
        }
        Ok(IsAny(is_any))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(IsAny(false))
    }
}

impl<'de> Deserialize<'de> for IsAny {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IsAnyVisitor)
    }
}
