//! sidescope
