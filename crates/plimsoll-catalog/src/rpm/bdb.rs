//! `Packages`: a hash database of Berkeley DB, in either byte order.
//!
//! Only pages that the buckets lead to are read: pages that were freed still hold packages that were removed.

use std::borrow::Cow;

use super::pages::{Blob, Pages, big, little};

const HASH_MAGIC: usize = 0x0006_1561;
const BTREE_MAGIC: usize = 0x0005_3162;

/// Bytes of a page before its items.
const PAGE_HEADER: usize = 26;

/// Gives every value but the one of key 0, which counts the packages.
pub(super) fn blobs<'a>(bytes: &'a [u8], each: &mut dyn FnMut(Blob<'a>)) -> Result<(), String> {
    let mut hash = Hash::open(bytes)?;
    for bucket in 0..=hash.last_bucket {
        let mut next = hash.first_page(bucket);
        while let Some(number) = next {
            match hash.page(number, each) {
                Ok(following) => next = following,
                Err(why) => {
                    each(Err(why));
                    break;
                }
            }
        }
    }
    Ok(())
}

struct Hash<'a> {
    pages: Pages<'a>,
    size: usize,
    big: bool,
    meta: &'a [u8],
    last_bucket: usize,
}

impl<'a> Hash<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, String> {
        let big = match (little::<4>(bytes, 12), big::<4>(bytes, 12)) {
            (Some(HASH_MAGIC), _) => false,
            (_, Some(HASH_MAGIC)) => true,
            (Some(BTREE_MAGIC), _) | (_, Some(BTREE_MAGIC)) => {
                return Err("is a Berkeley DB of a kind that rpm does not write".to_owned());
            }
            _ => return Err("is no Berkeley DB".to_owned()),
        };
        let broken = "is a Berkeley DB with a broken header";
        let number = |at| number::<4>(bytes, at, big).ok_or_else(|| broken.to_owned());
        let size = number(20)?;
        if !size.is_power_of_two() || !(512..=65536).contains(&size) {
            return Err(broken.to_owned());
        }
        // Encryption, and flags of which the first is for checksums: both move every item.
        if bytes.get(24) != Some(&0) || bytes.get(26).is_none_or(|flags| flags & 1 != 0) {
            return Err("is a Berkeley DB with encryption or checksums, which rpm does not write".to_owned());
        }
        let mut pages = Pages::new(bytes, size);
        let meta = pages.take(0)?;
        let last_bucket = number(72)?;
        if last_bucket >= pages.count() {
            return Err("is a Berkeley DB that names more buckets than it has pages".to_owned());
        }
        Ok(Self { pages, size, big, meta, last_bucket })
    }

    /// Where a bucket's chain begins. Buckets are made in doublings, and each doubling has its pages in one run; the
    /// table of `spares` says by how much its pages lie behind its buckets.
    fn first_page(&self, bucket: usize) -> Option<usize> {
        let doubling = (bucket + 1).next_power_of_two().trailing_zeros() as usize;
        let spare = number::<4>(self.meta, 96 + 4 * doubling, self.big).filter(|_| doubling < 32)?;
        bucket.checked_add(spare)
    }

    /// Gives the values of one page, and the page that follows it in its bucket.
    fn page(&mut self, index: usize, each: &mut dyn FnMut(Blob<'a>)) -> Result<Option<usize>, String> {
        let page = self.pages.take(index)?;
        let short = || format!("page {index} is malformed");
        // A bucket that was never written to may be a page of zeros; 2 and 13 are hash pages, unsorted and sorted.
        match page.get(25) {
            Some(0) if page.iter().all(|b| *b == 0) => return Ok(None),
            Some(2 | 13) => {}
            _ => return Err(format!("page {index} is no hash page")),
        }
        let next = number::<4>(page, 16, self.big).ok_or_else(short)?;
        let count = number::<2>(page, 20, self.big).ok_or_else(short)?;
        let mut end = self.size;
        let mut key_is_zero = true;
        for n in 0..count {
            // Items fill the page from its end, keys and values by turns.
            let start = number::<2>(page, PAGE_HEADER + 2 * n, self.big).ok_or_else(short)?;
            let item = page.get(start..end).ok_or_else(short)?;
            end = start;
            let is_key = n % 2 == 0;
            match item {
                [1, key @ ..] if is_key => key_is_zero = key.iter().all(|b| *b == 0),
                _ if is_key => return Err(format!("page {index} holds a key that is not rpm's")),
                _ if key_is_zero => {}
                [1, value @ ..] => each(Ok(Cow::Borrowed(value))),
                [3, ..] => {
                    let first = number::<4>(item, 4, self.big).ok_or_else(short)?;
                    let len = number::<4>(item, 8, self.big).ok_or_else(short)?;
                    each(self.overflow(first, len));
                }
                _ => each(Err(format!("page {index} holds a value that is not rpm's"))),
            }
        }
        Ok((next != 0).then_some(next))
    }

    /// A value that stands on pages of its own.
    fn overflow(&mut self, first: usize, len: usize) -> Blob<'a> {
        let (mut value, mut next) = (Vec::new(), first);
        while value.len() < len {
            if next == 0 {
                return Err("a value ends early".to_owned());
            }
            let page = self.pages.take(next)?;
            if page.get(25) != Some(&7) {
                return Err(format!("page {next} is no overflow page"));
            }
            let used = number::<2>(page, 22, self.big).unwrap_or_default();
            let content = page.get(PAGE_HEADER..).and_then(|p| p.get(..used));
            let content = content.ok_or_else(|| format!("page {next} is malformed"))?;
            value.extend_from_slice(content.get(..content.len().min(len - value.len())).unwrap_or_default());
            next = number::<4>(page, 16, self.big).unwrap_or_default();
        }
        Ok(Cow::Owned(value))
    }
}

fn number<const N: usize>(bytes: &[u8], at: usize, is_big: bool) -> Option<usize> {
    if is_big { big::<N>(bytes, at) } else { little::<N>(bytes, at) }
}
