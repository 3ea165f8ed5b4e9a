//! The manifest: from structs of the caller's to what the interpreter takes, copied into memory that is lent.

use contentcheck_interpreter::{Capacity, Input, Manifest, Scalar, Supply, Type, Versioning};

use crate::memory::{self, Region, taken};
use crate::refusal::{Refused, at};
use crate::status::{CC_E_ALIGNMENT, CC_E_ENUM, CC_E_LENGTH, CC_E_SIZE, CcStatus};
use crate::types::{
    CC_NONE, CC_TYPE_LIST, CC_TYPE_OPTIONAL, CC_VERSIONING_DECIMAL, CC_VERSIONING_PARTS, CcBytes, CcCapacity, CcInput,
    CcManifest, CcSupply,
};

/// A struct that begins with its own size, and may be longer than the one that is known here: the caller has a later
/// header. What is not known here must be zero, for it would be ignored. A struct that got members later takes those that are missing for
/// zero, as that of the store does.
///
/// # Safety
/// Where `ptr` is not NULL and aligned, a `usize` lies there, and as many bytes as it says.
pub(crate) unsafe fn grown<'a, T>(ptr: *const T) -> Result<&'a T, CcStatus> {
    // SAFETY: the caller's.
    let stated = *unsafe { memory::one(ptr.cast::<usize>()) }?;
    if !ptr.is_aligned() {
        return Err(CC_E_ALIGNMENT);
    }
    // SAFETY: the caller's.
    let bytes = unsafe { memory::read(ptr.cast::<u8>(), stated) }?;
    let unknown = bytes.get(size_of::<T>()..).ok_or(CC_E_SIZE)?;
    if unknown.iter().any(|byte| *byte != 0) {
        return Err(CC_E_SIZE);
    }
    // SAFETY: the pointer is aligned, and at least one struct lies there.
    unsafe { memory::one(ptr) }
}

/// The struct of a manifest with its arrays.
struct Given<'c> {
    manifest: &'c CcManifest,
    header: &'c [CcInput],
    templates: &'c [CcSupply],
}

impl Given<'_> {
    /// # Safety
    /// As the header says of manifests.
    unsafe fn read(ptr: *const CcManifest) -> Result<Self, CcStatus> {
        // SAFETY: the caller's.
        let manifest = unsafe { grown(ptr) }?;
        // SAFETY: the header says that the arrays have as many elements as the counts say.
        let header = unsafe { memory::read(manifest.header, manifest.header_count) }?;
        // SAFETY: the same.
        let templates = unsafe { memory::read(manifest.templates, manifest.template_count) }?;
        Ok(Self { manifest, header, templates })
    }
}

/// Bytes of a [`Region`] that the copy of a manifest takes. No length is believed that no name can have.
///
/// # Safety
/// As the header says of manifests.
pub(crate) unsafe fn size(ptr: *const CcManifest) -> Result<usize, Refused> {
    // SAFETY: the caller's.
    let given = unsafe { Given::read(ptr) }?;
    // SAFETY: the header says what the elements are, here and below.
    let mut size = unsafe { inputs_size(given.header, CC_NONE) }?;
    for (index, supply) in (0..CC_NONE).zip(given.templates) {
        // SAFETY: the header says that the array has as many elements as the count says.
        let inputs = unsafe { memory::read(supply.inputs, supply.input_count) };
        let inputs = inputs.map_err(|status| at(status, index, CC_NONE))?;
        // SAFETY: the same.
        let inputs = unsafe { inputs_size(inputs, index) }?;
        // SAFETY: the same.
        let name = unsafe { name_size(supply.template_name) }.map_err(|status| at(status, index, CC_NONE))?;
        size = size.saturating_add(inputs).saturating_add(name);
    }
    for name in [given.manifest.sensor, given.manifest.version] {
        // SAFETY: the same.
        size = size.saturating_add(unsafe { name_size(name) }?);
    }
    let supplies = taken::<Supply<'_>>(given.templates.len()).ok_or(CC_E_LENGTH)?;
    Ok(size.checked_add(supplies).ok_or(CC_E_LENGTH)?)
}

/// # Safety
/// As [`memory::bytes`], for each name.
unsafe fn inputs_size(given: &[CcInput], template: u32) -> Result<usize, Refused> {
    let mut size = taken::<Input<'_>>(given.len()).ok_or(CC_E_LENGTH)?;
    for (index, input) in (0..CC_NONE).zip(given) {
        // SAFETY: the caller's.
        let name = unsafe { name_size(input.name) }.map_err(|status| at(status, template, index))?;
        size = size.saturating_add(name);
    }
    Ok(size)
}

/// # Safety
/// As [`memory::bytes`].
unsafe fn name_size(name: CcBytes) -> Result<usize, CcStatus> {
    // SAFETY: the caller's.
    let name = unsafe { memory::bytes(name) }?;
    taken::<u8>(name.len()).ok_or(CC_E_LENGTH)
}

/// A manifest in lent memory.
///
/// # Safety
/// As the header says of manifests.
pub(crate) unsafe fn copy<'a>(ptr: *const CcManifest, region: &mut Region<'a>) -> Result<Manifest<'a>, Refused> {
    // SAFETY: the caller's.
    let given = unsafe { Given::read(ptr) }?;
    let versioning = match given.manifest.versioning {
        CC_VERSIONING_PARTS => Versioning::Parts,
        CC_VERSIONING_DECIMAL => Versioning::Decimal,
        _ => return Err(CC_E_ENUM.into()),
    };
    // SAFETY: the header says that the capacity is NULL or a struct.
    let capacity = unsafe { capacity(given.manifest.capacity) }?;
    let templates = region.each(given.templates, |region, index, supply, slot| {
        let index = u32::try_from(index).unwrap_or(CC_NONE);
        // SAFETY: the header says that the name has so many bytes.
        let template = unsafe { name(supply.template_name, region) }.map_err(|status| at(status, index, CC_NONE))?;
        // SAFETY: the header says that the array has as many elements as the count says.
        let given = unsafe { memory::read(supply.inputs, supply.input_count) };
        let given = given.map_err(|status| at(status, index, CC_NONE))?;
        // SAFETY: the header says what its elements are.
        let inputs = unsafe { inputs(given, index, region) }?;
        Ok::<_, Refused>(slot.write(Supply { template, inputs }))
    })?;
    Ok(Manifest {
        // SAFETY: the header says that the name has so many bytes.
        sensor: unsafe { name(given.manifest.sensor, region) }?,
        // SAFETY: the same.
        version: unsafe { name(given.manifest.version, region) }?,
        versioning,
        capacity,
        // SAFETY: the header says what its elements are.
        header: unsafe { inputs(given.header, CC_NONE, region) }?,
        templates,
    })
}

/// # Safety
/// As [`memory::bytes`].
unsafe fn name<'a>(given: CcBytes, region: &mut Region<'a>) -> Result<&'a str, CcStatus> {
    // SAFETY: the caller's.
    region.name(unsafe { memory::name(given) }?)
}

/// # Safety
/// As [`memory::bytes`], for each name.
unsafe fn inputs<'a>(given: &[CcInput], template: u32, region: &mut Region<'a>) -> Result<&'a [Input<'a>], Refused> {
    region.each(given, |region, index, input, slot| {
        let refused = |status| at(status, template, u32::try_from(index).unwrap_or(CC_NONE));
        // SAFETY: the caller's.
        let name = unsafe { name(input.name, region) }.map_err(refused)?;
        Ok(slot.write(Input { name, ty: type_of(input.ty).ok_or(refused(CC_E_ENUM))? }))
    })
}

fn type_of(number: u32) -> Option<Type> {
    let scalar = number & !(CC_TYPE_LIST | CC_TYPE_OPTIONAL);
    Some(Type {
        // The numbers are those of the image format, which begin at 0 as those of the header do.
        scalar: Scalar::from_number(u8::try_from(scalar).ok()?)?,
        list: number & CC_TYPE_LIST != 0,
        optional: number & CC_TYPE_OPTIONAL != 0,
    })
}

/// # Safety
/// As [`grown`], or NULL.
unsafe fn capacity(ptr: *const CcCapacity) -> Result<Capacity, CcStatus> {
    if ptr.is_null() {
        return Ok(Capacity::NONE);
    }
    // SAFETY: the caller's.
    let given = unsafe { grown(ptr) }?;
    let stated = |bound: u64| (bound != 0).then_some(bound);
    let interpreter = stated(given.interpreter).map(u32::try_from).transpose().map_err(|_| CC_E_ENUM)?;
    Ok(Capacity {
        interpreter,
        image_bytes: stated(given.image_bytes),
        rules: stated(given.rules),
        table_rows: stated(given.table_rows),
        automaton_states: stated(given.automaton_states),
        steps: stated(given.steps),
        steps_per_byte: stated(given.steps_per_byte),
        scratch_bytes: stated(given.scratch_bytes),
        features: None,
    })
}
