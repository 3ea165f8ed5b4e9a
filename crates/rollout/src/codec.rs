//! Records of fixed layout: little-endian numbers, lengths before what has one, nothing behind the end.

/// What is written.
#[derive(Debug, Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    pub(crate) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.0.extend(value.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.0.extend(value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.0.extend(value.to_le_bytes());
    }

    pub(crate) fn array<const N: usize>(&mut self, value: &[u8; N]) {
        self.0.extend(value);
    }

    /// Bytes with their count before them. What is written here was bounded when it was made, so the count always fits.
    pub(crate) fn bytes(&mut self, value: &[u8]) {
        self.u32(u32::try_from(value.len()).unwrap_or(u32::MAX));
        self.0.extend(value);
    }

    /// A list with its count before it.
    pub(crate) fn list<T>(&mut self, values: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.u16(u16::try_from(values.len()).unwrap_or(u16::MAX));
        for value in values {
            write(self, value);
        }
    }
}

/// What is read. Each call takes from the front, and gives nothing where too little is left.
#[derive(Debug)]
pub(crate) struct Reader<'b>(pub(crate) &'b [u8]);

impl<'b> Reader<'b> {
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*array)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn bytes(&mut self, most: usize) -> Option<&'b [u8]> {
        let length = usize::try_from(self.u32()?).ok().filter(|length| *length <= most)?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    /// A string of at most so many bytes, without control characters.
    pub(crate) fn text(&mut self, most: usize) -> Option<String> {
        let text = core::str::from_utf8(self.bytes(most)?).ok()?;
        is_plain(text).then(|| text.to_owned())
    }

    pub(crate) fn list<T>(&mut self, most: usize, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = usize::from(self.u16()?);
        if count > most {
            return None;
        }
        (0..count).map(|_| read(self)).collect()
    }

    /// Whether everything was read.
    pub(crate) fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

/// Whether a string can be shown to a person as it is.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.chars().any(char::is_control)
}
