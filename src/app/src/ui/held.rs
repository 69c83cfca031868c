//! Values that the page reacts to: held ones, derived ones, and effects.
//!
//! Leptos compiles its signals, memos and effects anew for every type that is in one. The page has some forty such types,
//! and all of the page is fetched before any of it is seen, so here everything is kept in one type: a shared pointer to
//! anything. What is generic is only the way in and out.
//!
//! **Invariant.** A handle made for a type holds a value of that type: both come from the same call, and nothing else
//! writes to it.

use leptos::prelude::*;
use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

type Shared = Arc<dyn Any + Send + Sync>;

/// A value that can be set; whoever read it is told.
pub struct Held<T> {
    signal: RwSignal<Shared>,
    holds: PhantomData<fn() -> T>,
}

impl<T> Clone for Held<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Held<T> {}

impl<T: Default + Send + Sync + 'static> Default for Held<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: Send + Sync + 'static> Held<T> {
    /// Holds a value for as long as the part of the page lives that makes it.
    pub fn new(value: T) -> Self {
        Self {
            signal: hold(Arc::new(value)),
            holds: PhantomData,
        }
    }

    /// Reads it; what reads here runs again when it is set.
    pub fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
        read(of(&*tracked(self.signal)))
    }

    /// Reads it without being told of later ones.
    pub fn with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> R {
        read(of(&*untracked(self.signal)))
    }

    /// Reads it, if the part of the page that made it still lives.
    pub fn try_with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> Option<R> {
        Some(read(of(&*alive(self.signal)?)))
    }

    /// Sets it. Nothing happens if the part of the page that made it is gone.
    pub fn set(self, value: T) {
        put(self.signal, Arc::new(value));
    }
}

impl<T: Clone + Send + Sync + 'static> Held<T> {
    /// The value; what asks here runs again when it is set.
    pub fn get(self) -> T {
        self.with(T::clone)
    }

    /// The value, without being told of later ones.
    pub fn get_untracked(self) -> T {
        self.with_untracked(T::clone)
    }

    /// The value, if the part of the page that made it still lives.
    pub fn try_get_untracked(self) -> Option<T> {
        self.try_with_untracked(T::clone)
    }

    /// Changes it.
    pub fn update(self, change: impl FnOnce(&mut T)) {
        let mut value = self.get_untracked();
        change(&mut value);
        self.set(value);
    }
}

/// A value that is worked out from others; whoever read it is told when it comes out differently.
pub struct Derived<T> {
    memo: Memo<Compared>,
    holds: PhantomData<fn() -> T>,
}

impl<T> Clone for Derived<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Derived<T> {}

impl<T: PartialEq + Send + Sync + 'static> Derived<T> {
    /// Works it out when somebody asks, and again after something changed that was read for it.
    pub fn new(work: impl Fn() -> T + Send + Sync + 'static) -> Self {
        Self {
            memo: derive(Box::new(move || Compared {
                value: Arc::new(work()),
                same: |a, b| of::<T>(a) == of::<T>(b),
            })),
            holds: PhantomData,
        }
    }

    /// Reads it; what reads here runs again when it changed.
    pub fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
        read(of(&*worked_out(self.memo)))
    }

    /// The value; what asks here runs again when it changed.
    pub fn get(self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }
}

/// Does something now and whenever what it read has changed; it is told whether it is the first time.
pub fn effect(act: impl FnMut(bool) + 'static) {
    always(Box::new(act));
}

/// Anything, with the way to tell whether it is equal to another of its kind.
#[derive(Clone)]
struct Compared {
    value: Shared,
    same: fn(&(dyn Any + Send + Sync), &(dyn Any + Send + Sync)) -> bool,
}

impl PartialEq for Compared {
    fn eq(&self, other: &Self) -> bool {
        (self.same)(&*self.value, &*other.value)
    }
}

fn of<T: 'static>(value: &(dyn Any + Send + Sync)) -> &T {
    value
        .downcast_ref()
        .expect("a handle holds what it was made for")
}

// The rest is what exists once. None of it is copied to where it is called.

#[inline(never)]
fn hold(value: Shared) -> RwSignal<Shared> {
    RwSignal::new(value)
}

#[inline(never)]
fn tracked(signal: RwSignal<Shared>) -> Shared {
    signal.get()
}

#[inline(never)]
fn untracked(signal: RwSignal<Shared>) -> Shared {
    signal.get_untracked()
}

#[inline(never)]
fn alive(signal: RwSignal<Shared>) -> Option<Shared> {
    signal.try_get_untracked()
}

#[inline(never)]
fn put(signal: RwSignal<Shared>, value: Shared) {
    signal.set(value);
}

#[inline(never)]
fn derive(work: Box<dyn Fn() -> Compared + Send + Sync>) -> Memo<Compared> {
    Memo::new(move |_| work())
}

#[inline(never)]
fn worked_out(memo: Memo<Compared>) -> Shared {
    memo.get().value
}

#[inline(never)]
fn always(mut act: Box<dyn FnMut(bool)>) {
    Effect::new(move |before: Option<()>| act(before.is_none()));
}
