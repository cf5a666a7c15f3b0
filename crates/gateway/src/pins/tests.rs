//! What is made of pins.
