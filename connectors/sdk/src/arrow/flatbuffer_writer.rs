// SPDX-License-Identifier: Apache-2.0

//! Writes flatbuffers front to back: a table first, then what it refers to, whose places are filled in when they are known.
//! (The usual writers go back to front, which needs no second visit but a buffer that grows at its beginning.)

/// A field of a table.
#[derive(Clone, Copy)]
pub enum Slot {
    Absent,
    Byte(u8),
    Short(i16),
    Int(i32),
    Long(i64),
    /// Refers to a string, a vector or a table that is written later.
    Reference,
}

impl Slot {
    fn size(self) -> usize {
        match self {
            Slot::Absent => 0,
            Slot::Byte(_) => 1,
            Slot::Short(_) => 2,
            Slot::Int(_) | Slot::Reference => 4,
            Slot::Long(_) => 8,
        }
    }
}

/// Where in the buffer a reference waits for its target.
#[derive(Clone, Copy)]
pub struct Reference(usize);

/// The references of a table, by field.
pub struct References([usize; FlatbufferWriter::MOST_FIELDS]);

impl References {
    /// The reference of a field, which must have been written as [`Slot::Reference`].
    pub fn of(&self, field: usize) -> Reference {
        Reference(self.0[field])
    }
}

/// A flatbuffer in the making, at the end of a buffer that may hold other things before it.
pub struct FlatbufferWriter<'a> {
    bytes: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> FlatbufferWriter<'a> {
    const MOST_FIELDS: usize = 7;

    /// Begins a flatbuffer at the end of `bytes` and returns the reference to its root.
    pub fn new(bytes: &'a mut Vec<u8>) -> (FlatbufferWriter<'a>, Reference) {
        let start = bytes.len();
        bytes.extend_from_slice(&[0; 4]);
        (FlatbufferWriter { bytes, start }, Reference(start))
    }

    /// Writes a table and the vtable in front of it.
    pub fn table(&mut self, reference: Reference, slots: &[Slot]) -> References {
        let vtable_size = 4 + 2 * slots.len();
        // The fields begin 4 bytes into the table. Going by size, largest first, they are all aligned if the first is.
        self.align(8, vtable_size + 4);
        let vtable = self.bytes.len();
        let table = vtable + vtable_size;
        self.bytes.resize(table + 4, 0);
        let mut references = [0; FlatbufferWriter::MOST_FIELDS];
        for size in [8, 4, 2, 1] {
            for (field, slot) in slots.iter().enumerate().filter(|(_, slot)| slot.size() == size) {
                let place = self.bytes.len();
                self.put(vtable + 4 + 2 * field, &((place - table) as u16).to_le_bytes());
                references[field] = place;
                match *slot {
                    Slot::Absent => {}
                    Slot::Byte(value) => self.bytes.push(value),
                    Slot::Short(value) => self.bytes.extend_from_slice(&value.to_le_bytes()),
                    Slot::Int(value) => self.bytes.extend_from_slice(&value.to_le_bytes()),
                    Slot::Long(value) => self.bytes.extend_from_slice(&value.to_le_bytes()),
                    Slot::Reference => self.bytes.extend_from_slice(&[0; 4]),
                }
            }
        }
        let table_size = self.bytes.len() - table;
        self.put(vtable, &(vtable_size as u16).to_le_bytes());
        self.put(vtable + 2, &(table_size as u16).to_le_bytes());
        self.put(table, &(vtable_size as u32).to_le_bytes());
        self.point(reference, table);
        References(references)
    }

    /// Writes a string.
    pub fn string(&mut self, reference: Reference, text: &str) {
        self.align(4, 0);
        self.point_to_next(reference);
        self.length(text.len());
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(0);
    }

    /// Writes a vector of references to tables, which are to be written afterwards.
    pub fn references(&mut self, reference: Reference, count: usize) -> Vec<Reference> {
        self.align(4, 0);
        self.point_to_next(reference);
        self.length(count);
        let first = self.bytes.len();
        self.bytes.resize(first + 4 * count, 0);
        (0..count).map(|index| Reference(first + 4 * index)).collect()
    }

    /// Writes a vector of structs of two 64-bit numbers.
    pub fn pairs(&mut self, reference: Reference, pairs: impl ExactSizeIterator<Item = (i64, i64)>) {
        self.align(8, 4);
        self.point_to_next(reference);
        self.length(pairs.len());
        for (first, second) in pairs {
            self.bytes.extend_from_slice(&first.to_le_bytes());
            self.bytes.extend_from_slice(&second.to_le_bytes());
        }
    }

    fn length(&mut self, count: usize) {
        self.bytes.extend_from_slice(&(count as u32).to_le_bytes());
    }

    /// Pads so that what comes `ahead` bytes later is aligned.
    fn align(&mut self, alignment: usize, ahead: usize) {
        while (self.bytes.len() - self.start + ahead) % alignment != 0 {
            self.bytes.push(0);
        }
    }

    fn point_to_next(&mut self, reference: Reference) {
        self.point(reference, self.bytes.len());
    }

    fn point(&mut self, reference: Reference, target: usize) {
        let distance = (target - reference.0) as u32;
        self.put(reference.0, &distance.to_le_bytes());
    }

    fn put(&mut self, place: usize, value: &[u8]) {
        self.bytes[place..place + value.len()].copy_from_slice(value);
    }
}
