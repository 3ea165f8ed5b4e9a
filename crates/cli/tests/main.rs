//! The program as it is called, by what people do with it. All of it is one test binary: each one more is linked with everything again, and they
//! run one after the other, each until its slowest test has ended.

mod common;

mod as_sensor;
mod boot;
mod cache;
mod corpus;
mod cost;
mod device;
mod docs;
mod end_to_end;
mod events;
mod facts;
mod first_contact;
mod gate;
#[path = "hostile/main.rs"]
mod hostile;
mod images;
mod incidents;
mod integrations;
mod listings;
mod mistakes;
mod outputs;
mod packages;
mod parity;
mod parts;
mod profile;
mod proofs;
mod pull;
#[path = "rollout/main.rs"]
mod rollout;
mod selecting;
mod sensors;
mod server;
mod sidecars;
mod testing;
mod text;
mod tutorials;
