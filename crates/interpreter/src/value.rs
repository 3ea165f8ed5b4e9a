//! Events: what a sensor hands over, borrowed.

use core::net::IpAddr;

use crate::fault::Fault;

/// One value of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Value<'a> {
    /// The event does not have this value.
    #[default]
    Absent,
    /// Text. A sensor that has bytes of unknown encoding makes it by [`Value::text`].
    Text(&'a str),
    /// Raw bytes.
    Bytes(&'a [u8]),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// An address.
    Ip(IpAddr),
    /// A list of scalars of one kind. A list within a list is a fault.
    List(&'a [Self]),
}

impl<'a> Value<'a> {
    /// The text that some bytes are.
    ///
    /// # Errors
    /// When they are not UTF-8. A sensor then passes [`Value::Absent`], or leaves the event out.
    pub fn text(bytes: &'a [u8]) -> Result<Self, Fault> {
        core::str::from_utf8(bytes).map(Self::Text).map_err(|_| Fault::NotUtf8)
    }
}

/// One event for one template type, in the order that the sensor's manifest states.
#[derive(Clone, Copy, Debug, Default)]
pub struct Event<'a> {
    /// The numbered inputs: as many as the sensor supplies for the template type.
    pub inputs: &'a [Value<'a>],
    /// The header fields, in the order of the manifest's header.
    pub header: &'a [Value<'a>],
    /// Further values that have no name in the manifest. Only keywords look at them.
    pub others: &'a [Value<'a>],
}
