//! Hashes of pod templates that are safe in names. Mirrors `controller.ComputeHash`.

use k8s_openapi::api::core::v1::PodTemplateSpec;

use crate::object::codec;

const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// A hash of the template: FNV-1a over its JSON with sorted keys, and over how many times that
/// hash has collided before.
pub fn of(template: &PodTemplateSpec, collisions: Option<i32>) -> String {
    let mut text = codec::encode(template).to_string();
    if let Some(collisions) = collisions {
        text.push_str(&collisions.to_string());
    }
    let hash = text
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    safe(hash)
}

/// A number in letters that spell no words. Mirrors `rand.SafeEncodeString`.
pub fn safe(hash: u32) -> String {
    let digits = hash.to_string().into_bytes().into_iter();
    digits.map(|digit| char::from(ALPHABET[usize::from(digit) % ALPHABET.len()])).collect()
}
