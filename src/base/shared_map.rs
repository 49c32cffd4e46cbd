use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::Index;
use std::rc::Rc;

/// The most entries that lie in one piece.
const PIECE_MAX: usize = 48;

/// Entries that lie together, sorted by key.
type Piece<K, V> = Rc<Vec<(K, V)>>;

/// A sorted map whose copies cost nothing: they share their pieces, and a change copies one piece
/// (and, once after a copy was made, the list of pieces).
///
/// It is a tree of two levels, which suffices for what a cluster holds: finding takes the logarithm
/// of the size, adding and removing also move up to a piece, and rarely the list of pieces. A
/// persistent tree of any depth is five times as much code for each pair of types, and the page
/// would have a dozen kilobytes of it for each of dozens of pairs.
pub struct SharedMap<K, V> {
    /// None is empty; each is sorted, and so are they.
    pieces: Rc<Vec<Piece<K, V>>>,
    len: usize,
}

/// Where an entry is, or would be: its piece and its place in it.
type Place = (usize, usize);

impl<K, V> Clone for SharedMap<K, V> {
    fn clone(&self) -> Self {
        Self { pieces: self.pieces.clone(), len: self.len }
    }
}

impl<K, V> Default for SharedMap<K, V> {
    fn default() -> Self {
        Self { pieces: Rc::default(), len: 0 }
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for SharedMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for SharedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.ptr_eq(other) || (self.len == other.len && self.iter().eq(other.iter()))
    }
}

impl<K: Eq, V: Eq> Eq for SharedMap<K, V> {}

impl<K, V> SharedMap<K, V> {
    /// A map without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many entries there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether two are copies of which neither has changed.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.pieces, &other.pieces)
    }

    /// The entries in order of their keys.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter { pieces: &self.pieces, front: (0, 0), back: (self.pieces.len(), 0) }
    }

    /// The keys in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    /// The values in order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// The entry with the least key.
    pub fn first(&self) -> Option<(&K, &V)> {
        self.iter().next()
    }

    /// The place of `key`; the error is the place where it belongs.
    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<Place, Place>
    where
        K: Borrow<Q>,
    {
        let before = |piece: &Piece<K, V>| piece.last().is_some_and(|last| last.0.borrow() < key);
        let at = self.pieces.partition_point(before);
        let Some(piece) = self.pieces.get(at) else { return Err((at, 0)) };
        match piece.binary_search_by(|entry| entry.0.borrow().cmp(key)) {
            Ok(n) => Ok((at, n)),
            Err(n) => Err((at, n)),
        }
    }

    /// The value of `key`.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let (at, n) = self.find(key).ok()?;
        Some(&self.pieces[at][n].1)
    }

    /// Whether `key` is there.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    /// The entries whose keys `compare` calls equal, in order. It must not fall from one key to
    /// the next: a part of the key by which they are sorted first will do.
    pub fn span(&self, compare: impl Fn(&K) -> Ordering) -> Iter<'_, K, V> {
        let front = self.place_behind(|key| compare(key).is_lt());
        let back = self.place_behind(|key| compare(key).is_le());
        Iter { pieces: &self.pieces, front, back }
    }

    /// The place behind the keys that are `passed`, which the first ones are.
    fn place_behind(&self, passed: impl Fn(&K) -> bool) -> Place {
        let whole = |piece: &Piece<K, V>| piece.last().is_some_and(|last| passed(&last.0));
        let at = self.pieces.partition_point(whole);
        let n = self.pieces.get(at).map_or(0, |piece| piece.partition_point(|e| passed(&e.0)));
        (at, n)
    }
}

impl<K: Ord + Clone, V: Clone> SharedMap<K, V> {
    fn value_mut(&mut self, (at, n): Place) -> &mut V {
        &mut Rc::make_mut(&mut Rc::make_mut(&mut self.pieces)[at])[n].1
    }

    /// The value of `key`, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let place = self.find(key).ok()?;
        Some(self.value_mut(place))
    }

    /// Sets the value of `key`, and returns the one it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(place) => Some(std::mem::replace(self.value_mut(place), value)),
            Err(place) => {
                self.add(place, key, value);
                None
            }
        }
    }

    /// The value of `key`, which is made if there is none.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let place = match self.find(&key) {
            Ok(place) => place,
            Err(place) => self.add(place, key, make()),
        };
        self.value_mut(place)
    }

    /// The value of `key`, by default the type's.
    pub fn get_or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.get_or_insert_with(key, V::default)
    }

    /// Adds an entry in its place, and returns where it came to lie.
    fn add(&mut self, (mut at, mut n): Place, key: K, value: V) -> Place {
        let pieces = Rc::make_mut(&mut self.pieces);
        self.len += 1;
        if at == pieces.len() && at > 0 && pieces[at - 1].len() < PIECE_MAX {
            (at, n) = (at - 1, pieces[at - 1].len());
        }
        if at == pieces.len() {
            // Keys that come in order fill each piece.
            pieces.push(Rc::new(vec![(key, value)]));
            return (at, 0);
        }
        let piece = Rc::make_mut(&mut pieces[at]);
        piece.insert(n, (key, value));
        if piece.len() > PIECE_MAX {
            let half = piece.len() / 2;
            let rest = piece.split_off(half);
            pieces.insert(at + 1, Rc::new(rest));
            if n >= half {
                return (at + 1, n - half);
            }
        }
        (at, n)
    }

    /// Removes `key`, and returns its value.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let (at, n) = self.find(key).ok()?;
        Some(self.take((at, n)).1)
    }

    /// Removes the entry with the least key.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        if self.is_empty() { None } else { Some(self.take((0, 0))) }
    }

    fn take(&mut self, (at, n): Place) -> (K, V) {
        let pieces = Rc::make_mut(&mut self.pieces);
        self.len -= 1;
        let piece = Rc::make_mut(&mut pieces[at]);
        let entry = piece.remove(n);
        let left = piece.len();
        if left == 0 {
            pieces.remove(at);
        } else if left < PIECE_MAX / 4
            && pieces.get(at + 1).is_some_and(|next| left + next.len() <= PIECE_MAX / 2)
        {
            let next = pieces.remove(at + 1);
            Rc::make_mut(&mut pieces[at]).extend_from_slice(&next);
        }
        entry
    }

    /// Keeps only what `is_kept` says.
    pub fn retain(&mut self, mut is_kept: impl FnMut(&K, &V) -> bool) {
        let out: Vec<K> =
            self.iter().filter(|(k, v)| !is_kept(k, v)).map(|(key, _)| key.clone()).collect();
        for key in out {
            self.remove(&key);
        }
    }
}

impl<K: Ord, V> Index<&K> for SharedMap<K, V> {
    type Output = V;

    fn index(&self, key: &K) -> &V {
        let (at, n) = self.find(key).unwrap_or((usize::MAX, 0));
        &self.pieces[at][n].1
    }
}

impl<K: Ord + Clone, V: Clone> Extend<(K, V)> for SharedMap<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Ord + Clone, V: Clone> FromIterator<(K, V)> for SharedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl<'a, K, V> IntoIterator for &'a SharedMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Iter<'a, K, V> {
        self.iter()
    }
}

/// Entries of a [`SharedMap`], in order of their keys.
#[derive(Debug)]
pub struct Iter<'a, K, V> {
    pieces: &'a [Piece<K, V>],
    /// The next entry; its piece may be used up.
    front: Place,
    /// Behind the last entry.
    back: Place,
}

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        if self.pieces.get(self.front.0).is_some_and(|piece| self.front.1 == piece.len()) {
            self.front = (self.front.0 + 1, 0);
        }
        if self.front >= self.back {
            return None;
        }
        let (key, value) = self.pieces.get(self.front.0)?.get(self.front.1)?;
        self.front.1 += 1;
        Some((key, value))
    }
}

impl<K, V> DoubleEndedIterator for Iter<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.front >= self.back {
            return None;
        }
        if self.back.1 == 0 {
            let at = self.back.0.checked_sub(1)?;
            self.back = (at, self.pieces[at].len());
            if self.front >= self.back {
                return None;
            }
        }
        self.back.1 -= 1;
        let (key, value) = &self.pieces[self.back.0][self.back.1];
        Some((key, value))
    }
}

/// A sorted set whose copies cost nothing, as [`SharedMap`].
pub struct SharedSet<K>(SharedMap<K, ()>);

impl<K> Clone for SharedSet<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K> Default for SharedSet<K> {
    fn default() -> Self {
        Self(SharedMap::default())
    }
}

impl<K: fmt::Debug> fmt::Debug for SharedSet<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl<K> SharedSet<K> {
    /// A set without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// The members in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.0.keys()
    }

    /// The least member.
    pub fn first(&self) -> Option<&K> {
        self.iter().next()
    }

    /// Whether `key` is a member.
    pub fn contains<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.0.contains_key(key)
    }
}

impl<K: Ord + Clone> SharedSet<K> {
    /// Adds a member; whether it is new.
    pub fn insert(&mut self, key: K) -> bool {
        self.0.insert(key, ()).is_none()
    }

    /// Removes a member; whether it was there.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.0.remove(key).is_some()
    }
}

impl<K: Ord + Clone> FromIterator<K> for SharedSet<K> {
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> Self {
        Self(keys.into_iter().map(|key| (key, ())).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering::{Equal, Greater, Less};
    use std::collections::BTreeMap;
    use std::ops::Bound;

    use super::*;

    /// Numbers that look like chance.
    fn mixed(n: u64) -> u64 {
        (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23) % 700
    }

    fn check(map: &SharedMap<u64, u64>, model: &BTreeMap<u64, u64>) {
        assert_eq!(map.len(), model.len());
        assert!(map.iter().eq(model.iter()));
        assert!(map.iter().rev().eq(model.iter().rev()));
        assert!(map.pieces.iter().all(|piece| (1..=PIECE_MAX).contains(&piece.len())));
    }

    #[test]
    fn does_what_a_btree_map_does() {
        let (mut map, mut model) = (SharedMap::new(), BTreeMap::new());
        for n in 0..6000 {
            let key = mixed(n);
            match mixed(n * 31 + 7) % 3 {
                // Grows for a while, and then shrinks.
                0 if n > 2000 => assert_eq!(map.remove(&key), model.remove(&key)),
                1 if n > 3000 => assert_eq!(map.pop_first(), model.pop_first()),
                _ => assert_eq!(map.insert(key, n), model.insert(key, n)),
            }
            assert_eq!(map.get(&key), model.get(&key));
            if n % 97 == 0 {
                check(&map, &model);
                let (low, high) = (key.min(350), key.max(350));
                let within = |key: &u64| if *key < low { Less } else { key.cmp(&high).max(Equal) };
                assert!(map.span(within).eq(model.range(low..=high)));
                assert!(map.span(within).rev().eq(model.range(low..=high).rev()));
                let below = |key: &u64| if *key < high { Equal } else { Greater };
                assert!(map.span(below).eq(model.range(..high)));
                let behind = (Bound::Excluded(low), Bound::Unbounded);
                assert!(
                    map.span(|key| if *key > low { Equal } else { Less }).eq(model.range(behind))
                );
            }
        }
        check(&map, &model);
    }

    #[test]
    fn a_copy_keeps_what_it_had() {
        let mut map: SharedMap<u64, u64> = (0..500).map(|n| (n, n)).collect();
        let copy = map.clone();
        assert!(map.ptr_eq(&copy));
        map.retain(|key, _| key % 2 == 0);
        *map.get_or_default(1000) += 5;
        *map.get_or_default(10) += 5;
        assert!(copy.iter().eq((0..500).map(|n| (n, n)).collect::<BTreeMap<_, _>>().iter()));
        assert_eq!((map.len(), map[&10], map[&1000]), (251, 15, 5));
        // Pieces that neither changed are shared.
        assert!(Rc::ptr_eq(&SharedMap::clone(&copy).pieces[3], &copy.pieces[3]));
    }

    #[test]
    fn keys_in_order_fill_the_pieces() {
        let map: SharedMap<usize, ()> = (0..PIECE_MAX * 10).map(|n| (n, ())).collect();
        assert_eq!(map.pieces.len(), 10);
    }
}
