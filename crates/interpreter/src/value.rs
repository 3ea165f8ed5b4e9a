//! Events: what a sensor hands over, borrowed.

use core::net::IpAddr;

/// One value of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Value<'a> {
    /// The event does not have this value.
    #[default]
    Absent,
    /// Text. UTF-8 by type; a sensor that has bytes of unknown encoding passes [`Value::Bytes`].
    Text(&'a str),
    /// Raw bytes. Where the template type says `string`, they are taken as text if they are UTF-8,
    /// and are a [`Fault`](crate::Fault) if they are not.
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
