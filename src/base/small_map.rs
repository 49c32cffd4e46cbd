use std::ops::{Deref, DerefMut};
use std::rc::Rc;

use litemap::LiteMap;

/// A sorted map for what there are few of, at most some hundreds: nodes, volumes, variables.
///
/// A copy shares everything until one of the two changes, which then copies once. Adding moves what
/// comes after: what grows with the number of Pods belongs into an `imbl::OrdMap`, whose code for
/// each pair of types is twenty times as big.
#[derive(PartialEq, Debug)]
pub struct SmallMap<K, V>(Rc<LiteMap<K, V>>);

impl<K, V> Clone for SmallMap<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, V> Default for SmallMap<K, V> {
    fn default() -> Self {
        Self(Rc::new(LiteMap::new_vec()))
    }
}

impl<K, V> SmallMap<K, V> {
    /// A map without anything in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether two are copies of which neither has changed.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<K, V> Deref for SmallMap<K, V> {
    type Target = LiteMap<K, V>;

    fn deref(&self) -> &LiteMap<K, V> {
        &self.0
    }
}

impl<K: Clone, V: Clone> DerefMut for SmallMap<K, V> {
    fn deref_mut(&mut self) -> &mut LiteMap<K, V> {
        Rc::make_mut(&mut self.0)
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for SmallMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut map = LiteMap::new_vec();
        for (key, value) in pairs {
            map.insert(key, value);
        }
        Self(Rc::new(map))
    }
}

impl<'a, K, V> IntoIterator for &'a SmallMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = <&'a LiteMap<K, V> as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
