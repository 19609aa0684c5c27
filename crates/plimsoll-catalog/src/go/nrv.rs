//! The NRV family, which UPX uses besides LZMA: literals, and matches whose distance and length are told bit by bit.

/// How distances and lengths are told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    B,
    D,
    E,
}

struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    /// Bits are taken from units of 8, 16 or 32, the highest first.
    unit: u32,
    buffer: u32,
    left: u32,
}

impl Bits<'_> {
    fn byte(&mut self) -> Option<u32> {
        let byte = *self.data.get(self.at)?;
        self.at += 1;
        Some(byte.into())
    }

    fn bit(&mut self) -> Option<u32> {
        if self.left == 0 {
            let bytes = self.data.get(self.at..)?.get(..self.unit as usize / 8)?;
            self.buffer = bytes.iter().rev().fold(0, |sum, b| (sum << 8) | u32::from(*b));
            self.at += bytes.len();
            self.left = self.unit;
        }
        self.left -= 1;
        Some((self.buffer >> self.left) & 1)
    }

    /// A number whose bits each follow one that says whether another comes.
    fn number(&mut self, from: u32) -> Option<u32> {
        let mut value = from;
        loop {
            value = value.checked_mul(2)?.checked_add(self.bit()?)?;
            if self.bit()? == 1 {
                return Some(value);
            }
        }
    }

    fn distance(&mut self, variant: Variant) -> Option<u32> {
        if variant == Variant::B {
            return self.number(1);
        }
        let mut value = 1u32;
        loop {
            value = value.checked_mul(2)?.checked_add(self.bit()?)?;
            if self.bit()? == 1 {
                return Some(value);
            }
            value = (value - 1).checked_mul(2)?.checked_add(self.bit()?)?;
        }
    }
}

/// Decodes until the end mark, damage, or `size` bytes; what came out tells which.
pub(crate) fn decode(variant: Variant, unit: u32, data: &[u8], size: usize, out: &mut Vec<u8>) {
    let bits = Bits { data, at: 0, unit, buffer: 0, left: 0 };
    let _ = run(variant, bits, size, out);
}

fn run(variant: Variant, mut bits: Bits<'_>, size: usize, out: &mut Vec<u8>) -> Option<()> {
    let mut last = 1;
    loop {
        while bits.bit()? == 1 {
            if out.len() >= size {
                return None;
            }
            let byte = bits.byte()?;
            out.push(byte as u8);
        }
        let told = bits.distance(variant)?;
        let (distance, mut length) = if told == 2 {
            (last, if variant == Variant::B { 0 } else { bits.bit()? })
        } else {
            let told = (told - 3).checked_mul(256)?.checked_add(bits.byte()?)?;
            if told == u32::MAX {
                return Some(());
            }
            let (distance, length) = if variant == Variant::B { (told, 0) } else { (told >> 1, !told & 1) };
            last = distance.checked_add(1)?;
            (last, length)
        };
        match variant {
            Variant::B | Variant::D => {
                if variant == Variant::B {
                    length = bits.bit()?;
                }
                length = length * 2 + bits.bit()?;
                if length == 0 {
                    length = bits.number(1)?.checked_add(2)?;
                }
                length = length.checked_add(u32::from(distance > if variant == Variant::B { 0xd00 } else { 0x500 }))?;
            }
            Variant::E => {
                length = if length == 1 {
                    1 + bits.bit()?
                } else if bits.bit()? == 1 {
                    3 + bits.bit()?
                } else {
                    bits.number(1)?.checked_add(3)?
                };
                length = length.checked_add(u32::from(distance > 0x500))?;
            }
        }
        let length = (length as usize).checked_add(1)?;
        let from = out.len().checked_sub(distance as usize)?;
        if out.len().checked_add(length)? > size {
            return None;
        }
        for at in from..from + length {
            let byte = *out.get(at)?;
            out.push(byte);
        }
    }
}
