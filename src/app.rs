//! What the person sees and does: a state machine, pure. `update(message) -> commands`; no clock, no channels, no
//! colours. Time comes in with the message.

pub mod view;
