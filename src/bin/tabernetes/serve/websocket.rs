//! WebSocket frames (RFC 6455), as a server reads and writes them. No socket is touched here.

use tabernetes::base::base64::{self, Alphabet};

use super::sha1;

/// What clients' keys are answered with.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The longest message; clients of containers send far shorter ones.
const MESSAGE_MAX: usize = 4 << 20;

/// What `Sec-WebSocket-Accept` says to a key.
pub fn accept(key: &str) -> String {
    base64::encode(&sha1::digest(format!("{key}{GUID}").as_bytes()), Alphabet::Standard)
}

/// What a client has sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A whole message.
    Message(Vec<u8>),
    /// Something to be answered with these bytes.
    Reply(Vec<u8>),
    /// The end.
    Close,
}

/// Puts frames and messages together.
#[derive(Debug, Default)]
pub struct Reader {
    bytes: Vec<u8>,
    message: Vec<u8>,
}

impl Reader {
    /// Reads on; what breaks the rules ends the connection.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Frame> {
        self.bytes.extend_from_slice(bytes);
        let mut frames = Vec::new();
        while let Some((head, payload, length)) = parse(&self.bytes) {
            self.bytes.drain(..length);
            let is_last = head & 0x80 != 0;
            match head & 0x0f {
                0..=2 => {
                    self.message.extend_from_slice(&payload);
                    if is_last {
                        frames.push(Frame::Message(std::mem::take(&mut self.message)));
                    }
                }
                9 => frames.push(Frame::Reply(frame(10, &payload))),
                10 => {}
                _ => frames.push(Frame::Close),
            }
        }
        if self.bytes.len() + self.message.len() > MESSAGE_MAX {
            frames.push(Frame::Close);
        }
        frames
    }
}

/// The first frame: its first byte, what it carries, and how long it is with its head.
fn parse(bytes: &[u8]) -> Option<(u8, Vec<u8>, usize)> {
    let (head, second) = (*bytes.first()?, *bytes.get(1)?);
    let (length, mut at) = match second & 0x7f {
        126 => (usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
        127 => {
            let length = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
            (usize::try_from(length).unwrap_or(usize::MAX), 10)
        }
        short => (usize::from(short), 2),
    };
    let mask = match second & 0x80 {
        0 => [0; 4],
        _ => {
            at += 4;
            bytes.get(at - 4..at)?.try_into().ok()?
        }
    };
    let end = at.checked_add(length)?;
    let payload = bytes.get(at..end)?.iter().zip(mask.iter().cycle());
    Some((head, payload.map(|(byte, mask)| byte ^ mask).collect(), end))
}

/// A message of bytes.
pub fn message(payload: &[u8]) -> Vec<u8> {
    frame(2, payload)
}

/// A message of text.
pub fn text(payload: &str) -> Vec<u8> {
    frame(1, payload.as_bytes())
}

/// A short way for clients to keep the rule that what they send is masked: with zeros, which change
/// nothing.
pub fn masked(frame: &[u8]) -> Vec<u8> {
    let mut bytes = frame.to_vec();
    let Some(length) = bytes.get_mut(1) else { return bytes };
    let head = match *length {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    *length |= 0x80;
    bytes.splice(head..head, [0; 4]);
    bytes
}

/// The end, as it should be.
pub fn close() -> Vec<u8> {
    frame(8, &1000_u16.to_be_bytes())
}

fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80 | opcode];
    match payload.len() {
        length @ ..126 => bytes.push(length as u8),
        length @ 126..=0xffff => {
            bytes.push(126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            bytes.push(127);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(payload);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_answered_as_the_standard_says() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn messages_are_put_together_however_they_are_cut() {
        let masked = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        let mut sent = masked.to_vec();
        sent.extend([0x02, 0x01, b'a', 0x89, 0x00, 0x80, 0x01, b'b', 0x88, 0x00]);
        let expected = [
            Frame::Message(b"Hello".to_vec()),
            Frame::Reply(vec![0x8a, 0x00]),
            Frame::Message(b"ab".to_vec()),
            Frame::Close,
        ];
        for size in 1..=sent.len() {
            let mut reader = Reader::default();
            let frames: Vec<Frame> = sent.chunks(size).flat_map(|part| reader.feed(part)).collect();
            assert_eq!(frames, expected, "in parts of {size}");
        }
    }

    #[test]
    fn long_messages_come_back_as_they_went() {
        for length in [0, 125, 126, 65_535, 65_536] {
            let payload = vec![7; length];
            assert_eq!(Reader::default().feed(&message(&payload)), [Frame::Message(payload)]);
        }
    }
}
