//! The daemons over real HTTP on this machine.

mod collecting;
mod counting;
mod hostile;
mod http;
mod killed;
mod showing;
mod witnessing;
mod world;
