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

/// Text as bytes.
///
/// # Errors
/// Go's words for the first letter that does not belong.
pub fn decode(text: &str, alphabet: Alphabet) -> Result<Vec<u8>, String> {
    let letters = match alphabet {
        Alphabet::Standard => text.trim_end_matches('='),
        Alphabet::Url => text,
    };
    let mut out = Vec::with_capacity(text.len());
    let (mut bits, mut count) = (0_u32, 0);
    for (index, byte) in letters.bytes().enumerate() {
        let Some(value) = alphabet.value(byte) else {
            return Err(format!("illegal base64 data at input byte {index}"));
        };
        bits = (bits << 6 | value) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count).to_le_bytes()[0]);
        }
    }
    Ok(out)
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
        let error = decode("a-b", Alphabet::Standard).unwrap_err();
        assert_eq!(error, "illegal base64 data at input byte 1");
    }
}
