//! Run proof: the hardened root started without privileges by an installed runtime.
