//! Base64 (RFC 4648).

/// The letters, and whether the end is filled up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    /// With `+` and `/`, filled up with `=`.
    Standard,
    /// With `-` and `_`, not filled up.
    Url,
}

const COMMON: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

impl Alphabet {
    fn letter(self, value: u32) -> char {
        let more = match (self, value) {
            (Self::Standard, 62) => b'+',
            (Self::Standard, _) => b'/',
            (Self::Url, 62) => b'-',
            (Self::Url, _) => b'_',
        };
        char::from(COMMON.get(value as usize).copied().unwrap_or(more))
    }

    fn value(self, letter: u8) -> Option<u32> {
        (0..64).find(|value| self.letter(*value) == char::from(letter))
    }
}

/// Bytes as text.
pub fn encode(bytes: &[u8], alphabet: Alphabet) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| chunk.get(index).copied().map_or(0, u32::from);
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for index in 0..=chunk.len() {
            out.push(alphabet.letter((bits >> (18 - 6 * index)) & 63));
        }
        if alphabet == Alphabet::Standard {
            out.push_str(&"=="[..3 - chunk.len()]);
        }
    }
    out
}

/// Text as bytes; line ends are passed over.
///
/// # Errors
/// Go's words for where it does not belong.
pub fn decode(text: &str, alphabet: Alphabet) -> Result<Vec<u8>, String> {
    let bytes = text.as_bytes();
    let is_end = |byte: u8| matches!(byte, b'\r' | b'\n');
    let corrupt = |at: usize| Err(format!("illegal base64 data at input byte {at}"));
    let mut out = Vec::with_capacity(bytes.len());
    let (mut bits, mut count) = (0_u32, 0);
    for (at, &byte) in bytes.iter().enumerate() {
        if is_end(byte) {
            continue;
        }
        if let Some(value) = alphabet.value(byte) {
            bits = bits << 6 | value;
            count += 1;
            if count == 4 {
                out.extend_from_slice(&bits.to_be_bytes()[1..]);
                (bits, count) = (0, 0);
            }
            continue;
        }
        if byte != b'=' || alphabet == Alphabet::Url || count < 2 {
            return corrupt(at);
        }
        let mut rest = bytes.iter().enumerate().skip(at + 1).filter(|(_, byte)| !is_end(**byte));
        if count == 2 {
            match rest.next() {
                None => return corrupt(bytes.len()),
                Some((_, b'=')) => {}
                Some((at, _)) => return corrupt(at),
            }
        }
        if let Some((at, _)) = rest.next() {
            return corrupt(at);
        }
        return Ok(ended(out, bits, count));
    }
    match (alphabet, count) {
        (_, 0) | (Alphabet::Url, 2 | 3) => Ok(ended(out, bits, count)),
        _ => corrupt(bytes.len() - count),
    }
}

/// With the bytes of the last letters, fewer than four.
fn ended(mut out: Vec<u8>, bits: u32, count: usize) -> Vec<u8> {
    let last = (bits << (6 * (4 - count))).to_be_bytes();
    out.extend_from_slice(last.get(1..count.max(1)).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_lead_to_each_other() {
        let cases = [
            (&b""[..], "", ""),
            (b"f", "Zg==", "Zg"),
            (b"fo", "Zm8=", "Zm8"),
            (b"foo", "Zm9v", "Zm9v"),
            (b"\xfb\xff\xfe", "+//+", "-__-"),
        ];
        for (bytes, standard, url) in cases {
            assert_eq!(encode(bytes, Alphabet::Standard), standard);
            assert_eq!(encode(bytes, Alphabet::Url), url);
            assert_eq!(decode(standard, Alphabet::Standard).unwrap(), bytes);
            assert_eq!(decode(url, Alphabet::Url).unwrap(), bytes);
        }
        assert_eq!(decode("Zm\n9v\r\n", Alphabet::Standard).unwrap(), b"foo");
        for (text, at) in [
            ("a-b", 1),
            ("6", 0),
            ("Zm9vZg", 4),
            ("Zg=", 3),
            ("Zg==Zg", 4),
            ("Z===", 1),
            ("Zg=a", 3),
        ] {
            let error = decode(text, Alphabet::Standard).unwrap_err();
            assert_eq!(error, format!("illegal base64 data at input byte {at}"), "{text}");
        }
    }
}
