//! Statuses: what a call returns, with the code and the words for it.

use core::ffi::{CStr, c_char};

use contentcheck_interpreter::{Fault, Rejection};

/// `cc_status_t`
pub type CcStatus = i32;

macro_rules! statuses {
    ($($name:ident = $value:literal, $code:literal, $meaning:literal;)*) => {
        $(#[doc = concat!("`", stringify!($name), "`")] pub const $name: CcStatus = $value;)*

        /// Each status by name, with its code and what it means.
        pub const STATUSES: &[(&str, CcStatus, &CStr, &CStr)] = &[$((stringify!($name), $name, $code, $meaning)),*];

        const fn words(status: CcStatus) -> (&'static CStr, &'static CStr) {
            match status { $($value => ($code, $meaning),)* _ => (c"", c"") }
        }
    };
}

statuses! {
    CC_OK = 0, c"CC_OK", c"it is done";
    CC_MORE = 1, c"CC_MORE", c"there is more than there is room for";
    CC_SPENT = 2, c"CC_SPENT", c"the budget is spent, and not every rule was asked";
    CC_E_NULL = 10, c"CC_E_NULL", c"a pointer is NULL";
    CC_E_ALIGNMENT = 11, c"CC_E_ALIGNMENT", c"a pointer is not aligned";
    CC_E_LENGTH = 12, c"CC_E_LENGTH", c"a length or a count is larger than any object";
    CC_E_ENUM = 13, c"CC_E_ENUM", c"a number stands for nothing";
    CC_E_UTF8 = 14, c"CC_E_UTF8", c"a name is not UTF-8";
    CC_E_HANDLE = 15, c"CC_E_HANDLE", c"this is not what the library handed out (an image, a kill list, a store, a reader), or it was moved";
    CC_E_SIZE = 16, c"CC_E_SIZE", c"size_of_self is wrong, or a member is set that this library does not know";
    CC_E_MEMORY = 17, c"CC_E_MEMORY", c"the memory for a kill list is too small";
    CC_E_NUMBER = 18, c"CC_E_NUMBER", c"no rule, input or template type has this number";
    CC_E_ROOT = 19, c"CC_E_ROOT", c"the text of the root keys cannot be read";
    CC_E_KILLS = 20, c"CC_E_KILLS", c"these bytes are no kill list";
    CC_E_LOG = 21, c"CC_E_LOG", c"the policy of the log cannot be read, or asks for too few witnesses";
    CC_E_GROUP = 22, c"CC_E_GROUP", c"the place in a redundancy group cannot be read";
    CC_E_UNSUPPLIED_INPUT = 401, c"CC0401", c"a rule reads what this sensor does not supply";
    CC_E_POSITION = 403, c"CC0403", c"a rule reads by number, and there this sensor supplies another input, or none";
    CC_E_INPUT_TYPE = 404, c"CC0404", c"a rule reads what this sensor supplies as another type";
    CC_E_MANIFEST = 407, c"CC0407", c"the manifest contradicts itself";
    CC_E_CAPACITY = 408, c"CC0408", c"the image needs more than this sensor can hold";
    CC_E_NOT_AN_IMAGE = 520, c"CC0520", c"these bytes do not begin as a content image does";
    CC_E_VERSION = 521, c"CC0521", c"the image has another format version";
    CC_E_IMAGE_LENGTH = 522, c"CC0522", c"the image was cut off, or something was added";
    CC_E_CHECKSUM = 523, c"CC0523", c"the image was altered in storage or transport";
    CC_E_CONTENT = 524, c"CC0524", c"the image holds what no compiler writes";
    CC_E_WORKSPACE = 525, c"CC0525", c"the memory for the image is too small";
    CC_E_FEATURE = 527, c"CC0527", c"the image asks for a feature that this interpreter does not know";
    CC_E_EMPTY = 528, c"CC0528", c"the image has no rule, and does not say that this is meant";
    CC_E_TEMPLATE = 1101, c"CC1101", c"the sensor supplies nothing for this template type";
    CC_E_ARITY = 1102, c"CC1102", c"the event has another number of inputs than the manifest states";
    CC_E_HEADER = 1103, c"CC1103", c"the event has another number of header fields than the manifest states";
    CC_E_SCRATCH = 1104, c"CC1104", c"the scratch memory is too small";
    CC_E_KILL = 1105, c"CC1105", c"the kill list was made for another image";
    CC_E_CORRUPT = 1106, c"CC1106", c"the image's memory changed after it was verified";
    CC_E_OFFER_LARGE = 1110, c"CC1110", c"what is offered is larger than this device takes";
    CC_E_OFFER_DISTRUSTED = 1111, c"CC1111", c"nothing shows that this content is meant for this device";
    CC_E_OFFER_KNOWN = 1112, c"CC1112", c"the device has this content, or newer";
    CC_E_OFFER_GIVEN_UP = 1113, c"CC1113", c"the device tried this content and gave it up";
    CC_E_OFFER_AHEAD = 1114, c"CC1114", c"the sequence is too far ahead";
    CC_E_OFFER_EXPIRED = 1115, c"CC1115", c"the time to install this content is over";
    CC_E_OFFER_DIGEST = 1116, c"CC1116", c"the image is not the one that was signed";
    CC_E_OFFER_MIXED = 1117, c"CC1117", c"the image has another sequence than what was signed";
    CC_E_OFFER_KILL = 1118, c"CC1118", c"a kill list could not switch off every rule of this image";
    CC_E_OFFER_MEMORY = 1119, c"CC1119", c"a thread still holds an earlier image";
    CC_E_OFFER_SPACE = 1120, c"CC1120", c"the disk has too little room";
    CC_E_OFFER_READ_ONLY = 1121, c"CC1121", c"the directory cannot be written to";
    CC_E_OFFER_TAKEN = 1122, c"CC1122", c"another sensor has the directory";
    CC_E_OFFER_UNPROVEN = 1123, c"CC1123", c"no token of the log shows that a ring was opened for this content";
    CC_E_OFFER_LOG_BACK = 1124, c"CC1124", c"the log is older than one that this device has seen";
    CC_E_OFFER_LOG_FORK = 1125, c"CC1125", c"the log is another one than this device has seen";
    CC_E_OFFER_UNSAFE = 1126, c"CC1126", c"the plan opens more at once than any device takes";
    CC_E_OFFER_NO_IDENTITY = 1127, c"CC1127", c"the device has no id, so it is in no ring";
    CC_E_OFFER_RING = 1128, c"CC1128", c"the ring of this device is not open yet";
    CC_E_OFFER_SOON = 1129, c"CC1129", c"the ring was opened too soon after the one before";
    CC_E_OFFER_STALE = 1130, c"CC1130", c"the witnesses signed too long ago";
    CC_E_OFFER_BEHIND = 1132, c"CC1132", c"the device stays behind, and too few newer releases are everywhere";
    CC_E_OFFER_IDLE = 1131, c"CC1131", c"this sensor would run no rule of the image";
}

/// The status of a rejection: the number of its code.
pub(crate) const fn of_rejection(rejection: &Rejection) -> CcStatus {
    number(rejection.code())
}

/// The status of a fault.
pub(crate) const fn of_fault(fault: &Fault) -> CcStatus {
    number(fault.code())
}

pub(crate) const fn number(code: &str) -> CcStatus {
    let mut rest = code.as_bytes();
    let mut number: CcStatus = 0;
    while let [byte, behind @ ..] = rest {
        if byte.is_ascii_digit() {
            number = number.wrapping_mul(10).wrapping_add((*byte & 15) as CcStatus);
        }
        rest = behind;
    }
    number
}

/// `cc_code`: the stable code of a status, or the name of its constant.
#[unsafe(no_mangle)]
pub const extern "C" fn cc_code(status: CcStatus) -> *const c_char {
    words(status).0.as_ptr()
}

/// `cc_meaning`: what a status means.
#[unsafe(no_mangle)]
pub const extern "C" fn cc_meaning(status: CcStatus) -> *const c_char {
    words(status).1.as_ptr()
}

/// What a status means, in Rust.
pub(crate) fn meaning(status: CcStatus) -> &'static str {
    words(status).1.to_str().unwrap_or("")
}
