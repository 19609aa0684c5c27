//! Stanzas of `Field: value` lines (deb822), read in place: values are slices of the input.

/// The most fields a stanza may hold; dpkg's own records have about thirty.
const MAX_FIELDS: usize = 128;

/// The most faults told of one stanza.
const MAX_FAULTS: usize = 8;

/// One field of a stanza.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    /// Name as written.
    pub(crate) name: &'a [u8],
    /// Everything after the colon, continuation lines included, outer white space removed.
    pub(crate) value: &'a [u8],
    /// Line of the name, from 1.
    pub(crate) line: u32,
}

/// A paragraph: fields up to a blank line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stanza<'a> {
    /// Line the stanza begins at, from 1.
    pub(crate) line: u32,
    /// The fields, in order.
    pub(crate) fields: Vec<Field<'a>>,
    /// What is wrong with it: line and reason. A stanza with faults still gives what could be read.
    pub(crate) faults: Vec<(u32, &'static str)>,
}

impl<'a> Stanza<'a> {
    /// The value of a field, its name compared without regard to case; of two, the first.
    pub(crate) fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.fields.iter().find(|f| f.name.eq_ignore_ascii_case(name.as_bytes())).map(|f| f.value)
    }

    fn fault(&mut self, line: u32, why: &'static str) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push((line, why));
        }
    }

    fn push(&mut self, field: Field<'a>) {
        if self.fields.iter().any(|f| f.name.eq_ignore_ascii_case(field.name)) {
            self.fault(field.line, "a field stands twice; the first is read");
        } else if self.fields.len() >= MAX_FIELDS {
            self.fault(field.line, "a record holds more than 128 fields; the rest is left out");
        } else {
            self.fields.push(field);
        }
    }
}

/// The stanzas of `bytes`, in order. Total: every input gives some list.
pub(crate) fn stanzas(bytes: &[u8]) -> Stanzas<'_> {
    Stanzas { bytes, at: 0, line: 1 }
}

/// See [`stanzas`].
#[derive(Clone, Debug)]
pub(crate) struct Stanzas<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u32,
}

/// A field whose continuation lines are still being read.
struct Open<'a> {
    name: &'a [u8],
    line: u32,
    from: usize,
    to: usize,
}

impl<'a> Stanzas<'a> {
    /// The next line's offsets and number.
    fn next_line(&mut self) -> Option<(usize, usize, u32)> {
        let from = self.at;
        let rest = self.bytes.get(from..).filter(|r| !r.is_empty())?;
        let length = rest.iter().position(|&b| b == b'\n');
        self.at = from + length.map_or(rest.len(), |l| l + 1);
        let number = self.line;
        self.line = self.line.saturating_add(1);
        Some((from, from + length.unwrap_or(rest.len()), number))
    }

    fn close(&self, stanza: &mut Stanza<'a>, open: Option<Open<'a>>) {
        if let Some(open) = open {
            let value = self.bytes[open.from..open.to].trim_ascii();
            stanza.push(Field { name: open.name, value, line: open.line });
        }
    }
}

impl<'a> Iterator for Stanzas<'a> {
    type Item = Stanza<'a>;

    fn next(&mut self) -> Option<Stanza<'a>> {
        let mut stanza = Stanza::default();
        let mut open: Option<Open<'a>> = None;
        while let Some((from, to, number)) = self.next_line() {
            let line = &self.bytes[from..to];
            if line.trim_ascii().is_empty() {
                if stanza.line != 0 {
                    break;
                }
                continue;
            }
            if stanza.line == 0 {
                stanza.line = number;
            }
            match line[0] {
                b'#' => {}
                b' ' | b'\t' => match &mut open {
                    Some(field) => field.to = to,
                    None => stanza.fault(number, "a continuation line follows no field"),
                },
                _ => {
                    self.close(&mut stanza, open.take());
                    let colon = line.iter().position(|&b| b == b':');
                    match colon.filter(|&c| c > 0 && line[..c].iter().all(u8::is_ascii_graphic)) {
                        Some(c) => open = Some(Open { name: &line[..c], line: number, from: from + c + 1, to }),
                        None => stanza.fault(number, "a line is neither a field nor a continuation"),
                    }
                }
            }
        }
        self.close(&mut stanza, open);
        (stanza.line != 0).then_some(stanza)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_stanzas_with_continuations() {
        let text =
            b"\n\nPackage: a\nDescription: one\n two\n .\n three\n\n \nPackage:b\r\n# note\nDepends:\n x,\n\ty\n";
        let list: Vec<_> = stanzas(text).collect();
        assert_eq!(list.len(), 2);
        assert_eq!((list[0].line, list[1].line), (3, 10));
        assert_eq!(list[0].get("package"), Some(&b"a"[..]));
        assert_eq!(list[0].get("Description"), Some(&b"one\n two\n .\n three"[..]));
        assert_eq!(list[1].get("Package"), Some(&b"b"[..]));
        assert_eq!(list[1].get("Depends"), Some(&b"x,\n\ty"[..]));
        assert!(list.iter().all(|s| s.faults.is_empty()));
    }

    #[test]
    fn faults_are_told_with_their_line() {
        let list: Vec<_> = stanzas(b" lost\nPackage: a\nPackage: b\nno colon\n: empty\n").collect();
        let lines: Vec<u32> = list[0].faults.iter().map(|f| f.0).collect();
        assert_eq!(list[0].get("Package"), Some(&b"a"[..]), "of two, the first");
        assert_eq!(lines, [1, 3, 4, 5]);
    }

    #[test]
    fn a_hostile_stanza_is_bounded() {
        let mut text = Vec::new();
        for n in 0..10_000 {
            text.extend_from_slice(format!("F{n}: x\n").as_bytes());
        }
        let stanza = stanzas(&text).next().unwrap();
        assert_eq!((stanza.fields.len(), stanza.faults.len()), (MAX_FIELDS, MAX_FAULTS));
        assert_eq!(stanzas(b"").count(), 0);
        assert_eq!(stanzas(b"\n \n\t\n").count(), 0);
    }
}
