//! Images by what is compiled, verified, damaged and asked on a device. All of it is one test binary: each one more is linked with everything again.

mod fuzz;

mod conformance;
mod damage;
mod device;
mod differential;
mod images;
mod incidents_on_a_device;
mod limits;
mod manifest_json;
mod modifiers;
mod regressions;
mod sensors;
