//! Reading a TOML file piece by piece: every value knows its line, and whatever is wrong is noted and read on.
//!
//! **Invariants.** A reader never stops at the first problem: it notes it and goes on with an empty value. Whether a
//! file may be used is decided at its end, by whether it has problems.

use crate::units;
use core::cell::{Cell, RefCell};
use core::ops::Range as Span;
use protocol::{Problem, Range};
use serde::de::{Deserialize, Deserializer, IntoDeserializer, Visitor, value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A file and what is wrong with it so far.
pub struct File<'a> {
    pub name: &'a str,
    text: &'a str,
    problems: RefCell<Vec<(usize, Problem)>>,
}

impl<'a> File<'a> {
    pub fn new(name: &'a str, text: &'a str) -> Self {
        Self {
            name,
            text,
            problems: RefCell::default(),
        }
    }

    /// Whether it holds a world to run, without a lesson around it.
    pub fn is_world(&self) -> bool {
        self.name.starts_with("worlds/")
    }

    /// Where a place in the text is, for people.
    fn line(&self, at: usize) -> usize {
        self.text.as_bytes()[..at.min(self.text.len())]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1
    }

    /// Notes a problem at a place; its detail says where.
    pub fn report(&self, span: &Span<usize>, problem: Problem) {
        let place = format!("{}, line {}.", self.name, self.line(span.start));
        let detail = if problem.detail.is_empty() {
            place
        } else {
            format!("{place} {}", problem.detail)
        };
        self.problems
            .borrow_mut()
            .push((span.start, problem.detail(detail)));
    }

    /// What is wrong, from the top of the file to its end.
    pub fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|(at, _)| *at);
        problems.into_iter().map(|(_, problem)| problem).collect()
    }
}

/// One value of a file.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    pub file: &'a File<'a>,
    value: &'a Spanned<DeValue<'a>>,
}

/// One table of a file. Keys that were never asked for are problems when it is [finished](Table::finish).
pub struct Table<'a> {
    file: &'a File<'a>,
    map: &'a DeTable<'a>,
    span: Span<usize>,
    what: &'static str,
    asked: RefCell<Vec<&'static str>>,
    finished: Cell<bool>,
}

/// A spanned name, to be resolved later.
#[derive(Clone)]
pub struct Name {
    pub text: String,
    pub span: Span<usize>,
}

impl<'a> Table<'a> {
    /// A whole file.
    pub fn whole(file: &'a File<'a>, root: &'a Spanned<DeTable<'a>>) -> Self {
        Self::new(file, root.get_ref(), 0..0, "the file")
    }

    fn new(
        file: &'a File<'a>,
        map: &'a DeTable<'a>,
        span: Span<usize>,
        what: &'static str,
    ) -> Self {
        Self {
            file,
            map,
            span,
            what,
            asked: RefCell::default(),
            finished: Cell::new(false),
        }
    }

    pub fn span(&self) -> Span<usize> {
        self.span.clone()
    }

    /// Notes a problem with this table.
    pub fn report(&self, problem: Problem) {
        self.file.report(&self.span, problem);
    }

    /// The value of a key that may be absent.
    pub fn get(&self, key: &'static str) -> Option<Value<'a>> {
        self.asked.borrow_mut().push(key);
        self.map.get(key).map(|value| Value {
            file: self.file,
            value,
        })
    }

    /// The value of a key that must be there.
    pub fn need(&self, key: &'static str) -> Option<Value<'a>> {
        let found = self.get(key);
        if found.is_none() {
            let problem = Problem::new("missing-key", format!("{} has no `{key}`", self.what));
            self.file
                .report(&self.span, problem.hint(format!("Add `{key} = …`.")));
        }
        found
    }

    pub fn text(&self, key: &'static str) -> String {
        self.need(key).map(Value::text).unwrap_or_default()
    }

    pub fn name(&self, key: &'static str) -> Name {
        self.need(key).map_or_else(
            || Name {
                text: String::new(),
                span: self.span(),
            },
            Value::name,
        )
    }

    pub fn texts(&self, key: &'static str) -> Vec<String> {
        self.need(key)
            .map(Value::list)
            .unwrap_or_default()
            .into_iter()
            .map(Value::text)
            .collect()
    }

    pub fn time(&self, key: &'static str) -> u64 {
        self.need(key).map(Value::time).unwrap_or_default()
    }

    pub fn size(&self, key: &'static str) -> u64 {
        self.need(key).map(Value::size).unwrap_or_default()
    }

    pub fn share(&self, key: &'static str) -> u32 {
        self.need(key).map(Value::share).unwrap_or_default()
    }

    pub fn times(&self, key: &'static str) -> Range {
        self.need(key).map_or(Range { low: 0, high: 0 }, |value| {
            value.range(units::TIME_HINT, units::time)
        })
    }

    pub fn sizes(&self, key: &'static str) -> Range {
        self.need(key).map_or(Range { low: 0, high: 0 }, |value| {
            value.range(units::SIZE_HINT, units::size)
        })
    }

    /// A whole number that fits its type.
    pub fn count<T: TryFrom<u64> + Default>(&self, key: &'static str) -> T {
        self.need(key).map(Value::count).unwrap_or_default()
    }

    pub fn flag(&self, key: &'static str) -> bool {
        self.get(key).is_some_and(Value::flag)
    }

    /// The tables of a list that may be absent.
    pub fn tables(&self, key: &'static str, what: &'static str) -> Vec<Table<'a>> {
        self.get(key)
            .map(Value::list)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|value| value.table(what))
            .collect()
    }

    /// One of the variants of a plain enum, by the name that it is written down with.
    pub fn variant<T: Deserialize<'static> + Copy>(
        &self,
        key: &'static str,
        kind: &str,
        default: T,
    ) -> T {
        self.need(key).map_or(default, |value| {
            value.name().variant(self.file, kind, default)
        })
    }

    /// Which of these keys is there: how a table says which of several things it is.
    pub fn which(&self, keys: &[&'static str]) -> Option<(&'static str, Value<'a>)> {
        let found = keys
            .iter()
            .find_map(|key| self.get(key).map(|value| (*key, value)));
        self.asked.borrow_mut().extend(keys);
        if found.is_none() {
            let problem = Problem::new(
                "unclear",
                format!("{} says none of what it may say", self.what),
            );
            let near = self
                .map
                .keys()
                .find_map(|key| machine::nearest(key.get_ref(), keys.iter().copied()));
            let hint = near.map(|near| format!("Did you mean `{near}`?"));
            let problem = problem
                .detail(format!("Known: {}.", keys.join(", ")))
                .hint(hint.unwrap_or_default());
            self.file.report(&self.span, problem);
            self.finished.set(true);
        }
        found
    }

    /// Notes every key that nobody asked for.
    pub fn finish(self) {
        if self.finished.get() {
            return;
        }
        let asked = self.asked.borrow();
        for key in self
            .map
            .keys()
            .filter(|key| !asked.contains(&key.get_ref().as_ref()))
        {
            let problem = Problem::unknown("key", key.get_ref(), &asked);
            let hint = if problem.hint.starts_with("Did") {
                problem.hint.clone()
            } else {
                "Remove it.".into()
            };
            self.file.report(&key.span(), problem.hint(hint));
        }
    }
}

impl<'a> Value<'a> {
    pub fn span(self) -> Span<usize> {
        self.value.span()
    }

    fn wants<T>(self, wanted: &str) -> Option<T> {
        let found = self.value.get_ref();
        let found = found.as_str().map_or_else(
            || format!("a {}", found.type_str()),
            |text| format!("`{text}`"),
        );
        let problem = Problem::new("unreadable-value", format!("{found} is not {wanted}"));
        self.file.report(&self.span(), problem);
        None
    }

    /// Notes a problem with this value.
    pub fn report(self, problem: Problem) {
        self.file.report(&self.span(), problem);
    }

    pub fn text(self) -> String {
        let found = self
            .value
            .get_ref()
            .as_str()
            .map(str::trim)
            .filter(|text| !text.is_empty());
        found.map_or_else(
            || self.wants("a text that says something").unwrap_or_default(),
            ToString::to_string,
        )
    }

    pub fn name(self) -> Name {
        Name {
            text: self.text(),
            span: self.span(),
        }
    }

    pub fn flag(self) -> bool {
        self.value
            .get_ref()
            .as_bool()
            .or_else(|| self.wants("`true` or `false`"))
            .unwrap_or_default()
    }

    pub fn count<T: TryFrom<u64> + Default>(self) -> T {
        let number = self
            .value
            .get_ref()
            .as_integer()
            .filter(|n| n.radix() == 10)
            .and_then(|n| n.as_str().parse::<u64>().ok());
        let fits = number.and_then(|n| T::try_from(n).ok());
        fits.or_else(|| self.wants("a whole number that makes sense here"))
            .unwrap_or_default()
    }

    fn unit<T: Default>(self, hint: &str, read: impl Fn(&str) -> Option<T>) -> T {
        self.value
            .get_ref()
            .as_str()
            .and_then(read)
            .or_else(|| self.wants(hint))
            .unwrap_or_default()
    }

    pub fn time(self) -> u64 {
        self.unit(units::TIME_HINT, units::time)
    }

    pub fn size(self) -> u64 {
        self.unit(units::SIZE_HINT, units::size)
    }

    pub fn share(self) -> u32 {
        self.unit(units::SHARE_HINT, units::share)
    }

    fn range(self, hint: &str, read: fn(&str) -> Option<u64>) -> Range {
        let (low, high) = self.unit(&format!("`low..high` of {hint}"), |text| {
            units::range(text, read)
        });
        Range { low, high }
    }

    /// `low..high` of whole numbers.
    pub fn counts(self) -> Range {
        self.range("whole numbers", |text| text.parse().ok())
    }

    /// `low..high` of shares, in millionths; a share may be more than the whole.
    pub fn shares(self) -> Range {
        self.range("percentages, such as `0.5%`", units::portion)
    }

    pub fn list(self) -> Vec<Value<'a>> {
        let Some(list) = self.value.get_ref().as_array() else {
            return self.wants("a list").unwrap_or_default();
        };
        list.iter()
            .map(|value| Value {
                file: self.file,
                value,
            })
            .collect()
    }

    pub fn is_text(self) -> bool {
        self.value.get_ref().is_str()
    }

    /// A number or text as it was written.
    pub fn written(self) -> String {
        match self.value.get_ref() {
            DeValue::Integer(number) => number.to_string(),
            _ => self.text(),
        }
    }

    pub fn table(self, what: &'static str) -> Option<Table<'a>> {
        let map = self
            .value
            .get_ref()
            .as_table()
            .or_else(|| self.wants(what))?;
        Some(Table::new(self.file, map, self.span(), what))
    }
}

impl Name {
    /// The position of this name among the known ones; a miss is noted with the nearest.
    pub fn position(&self, file: &File<'_>, kind: &str, known: &[&str]) -> Option<usize> {
        let found = known.iter().position(|name| *name == self.text);
        if found.is_none() {
            let problem = Problem::unknown(kind, &self.text, known);
            let hint = if problem.hint.starts_with("Did") {
                problem.hint.clone()
            } else {
                String::new()
            };
            file.report(&self.span, problem.hint(hint));
        }
        found
    }

    /// The same, when only its existence matters.
    pub fn check(self, file: &File<'_>, kind: &str, known: &[&str]) -> String {
        self.position(file, kind, known);
        self.text
    }

    /// One of the variants of a plain enum.
    pub fn variant<T: Deserialize<'static> + Copy>(
        &self,
        file: &File<'_>,
        kind: &str,
        default: T,
    ) -> T {
        let variant: Result<T, value::Error> =
            T::deserialize(self.text.as_str().into_deserializer());
        variant.unwrap_or_else(|_| {
            self.position(file, kind, variants::<T>());
            default
        })
    }
}

/// The names of an enum's variants, as its derived reader knows them.
pub fn variants<T: Deserialize<'static>>() -> &'static [&'static str] {
    struct Asker<'a>(&'a mut &'static [&'static str]);
    impl Deserializer<'static> for Asker<'_> {
        type Error = value::Error;

        fn deserialize_any<V: Visitor<'static>>(self, _: V) -> Result<V::Value, value::Error> {
            Err(serde::de::Error::custom("only the names are asked for"))
        }

        fn deserialize_enum<V: Visitor<'static>>(
            self,
            _: &'static str,
            variants: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, value::Error> {
            *self.0 = variants;
            self.deserialize_any(visitor)
        }

        serde::forward_to_deserialize_any! {
            <V: Visitor<'static>>
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map struct identifier ignored_any
        }
    }
    let mut names: &'static [&'static str] = &[];
    let _ = T::deserialize(Asker(&mut names));
    names
}
