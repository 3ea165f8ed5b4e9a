//! A sensor and events in structs of C, beside the same for the interpreter.

use std::ffi::c_void;
use std::net::IpAddr;
use std::ptr::null;

use contentcheck_capi::*;
use contentcheck_interpreter::{Input, Manifest, Value};
use serde_json::Value as Json;

/// A manifest with the arrays that it points to.
pub(crate) struct CManifest {
    _inputs: Vec<Vec<CcInput>>,
    _supplies: Vec<CcSupply>,
    pub(crate) manifest: CcManifest,
}

fn c_inputs(inputs: &[Input<'_>]) -> Vec<CcInput> {
    let number = |input: &Input<'_>| {
        let (list, optional) = (u32::from(input.ty.list), u32::from(input.ty.optional));
        input.ty.scalar as u32 | (list * CC_TYPE_LIST) | (optional * CC_TYPE_OPTIONAL)
    };
    inputs.iter().map(|input| CcInput { name: CcBytes::of(input.name.as_bytes()), ty: number(input) }).collect()
}

impl CManifest {
    pub(crate) fn of(manifest: &Manifest<'_>) -> Self {
        let mut inputs: Vec<Vec<CcInput>> = manifest.templates.iter().map(|supply| c_inputs(supply.inputs)).collect();
        let of = |inputs: &Vec<CcInput>| (inputs.as_ptr(), inputs.len());
        let supplies: Vec<CcSupply> = std::iter::zip(manifest.templates, &inputs)
            .map(|(supply, inputs)| {
                let template_name = CcBytes::of(supply.template.as_bytes());
                CcSupply { template_name, inputs: of(inputs).0, input_count: of(inputs).1 }
            })
            .collect();
        inputs.push(c_inputs(manifest.header));
        let (header, header_count) = inputs.last().map(of).unwrap();
        let manifest = CcManifest {
            size_of_self: size_of::<CcManifest>(),
            sensor: CcBytes::of(manifest.sensor.as_bytes()),
            version: CcBytes::of(manifest.version.as_bytes()),
            versioning: manifest.versioning as u32,
            header,
            header_count,
            templates: supplies.as_ptr(),
            template_count: supplies.len(),
            capacity: null(),
        };
        Self { _inputs: inputs, _supplies: supplies, manifest }
    }
}

/// An image that was loaded by the functions of C, with its memory.
pub(crate) struct Loaded {
    _memory: Vec<u64>,
    pub(crate) image: *const CcImage,
    pub(crate) sizes: CcSizes,
}

pub(crate) const NO_REFUSAL: CcRefusal =
    CcRefusal { status: CC_OK, what: 0, rule: 0, template_no: 0, input: 0, record: 0, needed: 0, held: 0 };
pub(crate) const NO_OUTCOME: CcOutcome = CcOutcome {
    status: CC_OK,
    match_count: 0,
    unasked_from: 0,
    mistyped: 0,
    steps: 0,
    needed: 0,
    found: 0,
    values: 0,
    index: 0,
    element: 0,
};

/// Loads an image, in exactly as much memory as it asks for.
pub(crate) fn load(bytes: &[u8], manifest: &CcManifest) -> Result<Loaded, CcRefusal> {
    let (mut sizes, mut why) = (CcSizes { image: 0, scratch: 0, kill: 0 }, NO_REFUSAL);
    // SAFETY: every pointer is to a value of this function or of its caller.
    if unsafe { cc_sizes(CcBytes::of(bytes), manifest, &raw mut sizes, &raw mut why) } != CC_OK {
        return Err(why);
    }
    let mut memory = vec![u64::MAX; sizes.image / 8];
    let mut image = null();
    let lent: *mut c_void = memory.as_mut_ptr().cast();
    // SAFETY: the same, and the memory is kept beside the image.
    let status = unsafe { cc_verify(CcBytes::of(bytes), manifest, lent, sizes.image, &raw mut image, &raw mut why) };
    assert_eq!(status, why.status);
    if status == CC_OK { Ok(Loaded { _memory: memory, image, sizes }) } else { Err(why) }
}

/// A value of an event as events.jsonl has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Given {
    Absent,
    Text(Vec<u8>),
    Bytes(Vec<u8>),
    Int(i64),
    UInt(u64),
    Float(u64),
    Bool(bool),
    Ip(IpAddr),
    List(Vec<Self>),
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    assert!(odd.is_empty(), "{text}");
    pairs.iter().map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// Ends each element of a list in one run of bytes.
pub(crate) const ENDS: u8 = 0xFE;

impl Given {
    /// A list of text in one run of bytes, where no element has the byte that ends each.
    pub(crate) fn run(&self) -> Option<Vec<u8>> {
        let texts: Option<Vec<&Vec<u8>>> =
            self.elements().iter().map(|one| if let Self::Text(text) = one { Some(text) } else { None }).collect();
        let texts = texts.filter(|texts| texts.iter().all(|text| !text.contains(&ENDS)))?;
        Some(texts.iter().flat_map(|text| text.iter().copied().chain([ENDS])).collect())
    }

    pub(crate) fn read(json: &Json) -> Self {
        if json.is_null() {
            return Self::Absent;
        }
        let (member, value) = json.as_object().unwrap().iter().next().unwrap();
        let word = || value.as_str().unwrap();
        match member.as_str() {
            "text" => Self::Text(word().as_bytes().to_vec()),
            "text_hex" => Self::Text(unhex(word())),
            "bytes" => Self::Bytes(unhex(word())),
            "int" => Self::Int(value.as_i64().unwrap()),
            "uint" => Self::UInt(value.as_u64().unwrap()),
            "float" => Self::Float(u64::from_str_radix(word(), 16).unwrap()),
            "bool" => Self::Bool(value.as_bool().unwrap()),
            "ip" => Self::Ip(word().parse().unwrap()),
            "list" => Self::List(value.as_array().unwrap().iter().map(Self::read).collect()),
            other => panic!("{other}"),
        }
    }

    /// For the interpreter. A list in a list is lent as an empty one: it is of a wrong type whatever it holds.
    pub(crate) fn value<'g>(&'g self, elements: &'g [Value<'g>]) -> Value<'g> {
        match self {
            Self::Absent => Value::Absent,
            Self::Text(bytes) => Value::Text(bytes),
            Self::Bytes(bytes) => Value::Bytes(bytes),
            Self::Int(number) => Value::Int(*number),
            Self::UInt(number) => Value::UInt(*number),
            Self::Float(bits) => Value::Float(f64::from_bits(*bits)),
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Ip(address) => Value::Ip(*address),
            Self::List(_) => Value::List(elements),
        }
    }

    pub(crate) fn elements(&self) -> &[Self] {
        if let Self::List(elements) = self { elements } else { &[] }
    }
}

/// Values in structs of C, with what they point to.
#[derive(Default)]
pub(crate) struct CValues {
    bytes: Vec<Vec<u8>>,
    ints: Vec<Vec<i64>>,
    texts: Vec<Vec<CcBytes>>,
    lists: Vec<Vec<CcValue>>,
}

impl CValues {
    fn pointer(&mut self, tag: u32, bytes: Vec<u8>, skip: usize, len: usize) -> CcValue {
        self.bytes.push(bytes);
        let kept = self.bytes.last().and_then(|bytes| bytes.get(skip..)).unwrap();
        CcValue { tag, by: 0, len, payload: CcPayload { ptr: kept.as_ptr().cast() } }
    }

    /// A value as C has it. `other`: in another form that says the same, where there is one for an input of type `ty`.
    pub(crate) fn of(&mut self, given: &Given, other: Option<u32>) -> CcValue {
        let number = |tag, u| CcValue { tag, by: 0, len: 0, payload: CcPayload { u } };
        let elements = given.elements().iter();
        let all_texts: Option<Vec<&Vec<u8>>> =
            elements.clone().map(|one| if let Given::Text(text) = one { Some(text) } else { None }).collect();
        let all_ints: Option<Vec<i64>> =
            elements.map(|one| if let Given::Int(int) = one { Some(*int) } else { None }).collect();
        let is = |ty: u32| other.is_some_and(|other| other & !CC_TYPE_OPTIONAL == ty);
        match given {
            Given::Absent => CcValue::ABSENT,
            Given::Text(text) if other.is_some() && str::from_utf8(text).is_ok() => {
                let units: Vec<u16> = str::from_utf8(text).unwrap().encode_utf16().collect();
                // Behind one byte, so that every other one is not aligned.
                let skip = units.len() % 2;
                let bytes: Vec<u8> =
                    vec![0; skip].into_iter().chain(units.iter().flat_map(|unit| unit.to_ne_bytes())).collect();
                self.pointer(CC_UTF16, bytes, skip, units.len())
            }
            Given::Text(text) => self.pointer(CC_TEXT, text.clone(), 0, text.len()),
            Given::Bytes(bytes) => self.pointer(CC_BYTES, bytes.clone(), 0, bytes.len()),
            Given::Int(int) => CcValue { payload: CcPayload { i: *int }, ..number(CC_INT, 0) },
            Given::UInt(uint) => number(CC_UINT, *uint),
            Given::Float(bits) => CcValue { payload: CcPayload { f: f64::from_bits(*bits) }, ..number(CC_FLOAT, 0) },
            Given::Bool(truth) => number(CC_BOOL, u64::from(*truth) * 7),
            Given::Ip(IpAddr::V4(address)) => self.pointer(CC_IP, address.octets().to_vec(), 0, 4),
            Given::Ip(IpAddr::V6(address)) => self.pointer(CC_IP, address.octets().to_vec(), 0, 16),
            Given::List(elements) => {
                if let Some(texts) = all_texts.filter(|_| is(CC_TYPE_STRING | CC_TYPE_LIST)) {
                    if let Some(run) = given.run().filter(|_| texts.len() % 2 == 0) {
                        let len = run.len();
                        return CcValue { by: ENDS.into(), ..self.pointer(CC_SPLIT, run, 0, len) };
                    }
                    self.texts.push(texts.iter().map(|text| CcBytes::of(text)).collect());
                    let kept = self.texts.last().unwrap();
                    let payload = CcPayload { ptr: kept.as_ptr().cast() };
                    return CcValue { tag: CC_TEXTS, by: 0, len: kept.len(), payload };
                }
                if let Some(ints) = all_ints.filter(|_| is(CC_TYPE_INT | CC_TYPE_LIST)) {
                    self.ints.push(ints);
                    let kept = self.ints.last().unwrap();
                    let payload = CcPayload { ptr: kept.as_ptr().cast() };
                    return CcValue { tag: CC_INTS, by: 0, len: kept.len(), payload };
                }
                let values: Vec<CcValue> = elements.iter().map(|one| self.of(one, other)).collect();
                self.lists.push(values);
                let kept = self.lists.last().unwrap();
                CcValue { tag: CC_LIST, by: 0, len: kept.len(), payload: CcPayload { ptr: kept.as_ptr().cast() } }
            }
        }
    }
}
