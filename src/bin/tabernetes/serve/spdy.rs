//! SPDY/3.1 frames, which older clients of containers speak, as a server reads and writes them. No
//! socket is touched here. Mirrors `moby/spdystream`.

use std::collections::BTreeMap;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

/// What every block of headers is compressed with in mind.
const DICTIONARY: &[u8] = include_bytes!("spdy_dictionary.bin");
/// How far back compressed text may refer.
const WINDOW: usize = 32 << 10;
const FRAME_MAX: usize = 4 << 20;
const FIN: u8 = 1;

/// What a client has sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A stream begins.
    Open(u32, BTreeMap<String, String>),
    /// More of a stream.
    Data(u32, Vec<u8>),
    /// The client's end of a stream.
    Fin(u32),
    /// Something to be answered with these bytes.
    Reply(Vec<u8>),
    /// The end.
    Close,
}

/// Reads frames.
pub struct Reader {
    bytes: Vec<u8>,
    headers: Inflate,
    /// Whether a stream has been answered.
    has_replied: bool,
}

impl Default for Reader {
    fn default() -> Self {
        Self { bytes: Vec::new(), headers: Inflate::new(), has_replied: false }
    }
}

impl Reader {
    /// Reads on; what breaks the rules ends the connection.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Frame> {
        self.bytes.extend_from_slice(bytes);
        let mut frames = Vec::new();
        while let Some(head) = self.bytes.get(..8) {
            let length =
                usize::from(head[5]) << 16 | usize::from(head[6]) << 8 | usize::from(head[7]);
            if self.bytes.len() < 8 + length {
                break;
            }
            let frame: Vec<u8> = self.bytes.drain(..8 + length).collect();
            if self.read(&frame, &mut frames).is_none() {
                frames.push(Frame::Close);
            }
        }
        if self.bytes.len() > FRAME_MAX {
            frames.push(Frame::Close);
        }
        frames
    }

    fn read(&mut self, frame: &[u8], frames: &mut Vec<Frame>) -> Option<()> {
        let (head, payload) = frame.split_at_checked(8)?;
        let flags = head[4];
        if head[0] & 0x80 == 0 {
            let stream = number(head)?;
            if !payload.is_empty() {
                frames.push(Frame::Data(stream, payload.to_vec()));
            }
            if flags & FIN != 0 {
                frames.push(Frame::Fin(stream));
            }
            return Some(());
        }
        match u16::from_be_bytes([head[2], head[3]]) {
            1 => {
                let stream = number(payload)?;
                let headers =
                    self.headers.read(payload.get(10..)?).and_then(|text| pairs(&text))?;
                // The answer carries no headers.
                let is_first = !std::mem::replace(&mut self.has_replied, true);
                frames.push(Frame::Reply(control(2, &reply(stream, is_first))));
                frames.push(Frame::Open(stream, headers));
                if flags & FIN != 0 {
                    frames.push(Frame::Fin(stream));
                }
            }
            3 => frames.push(Frame::Fin(number(payload)?)),
            6 => frames.push(Frame::Reply(frame.to_vec())),
            7 => frames.push(Frame::Close),
            8 => {
                self.headers.read(payload.get(4..)?)?;
            }
            _ => {}
        }
        Some(())
    }
}

fn number(bytes: &[u8]) -> Option<u32> {
    let bytes = bytes.get(..4)?.try_into().ok()?;
    Some(u32::from_be_bytes(bytes) & 0x7fff_ffff)
}

/// Names and values, with their numbers and lengths before them.
fn pairs(text: &[u8]) -> Option<BTreeMap<String, String>> {
    let mut rest = text.get(4..)?;
    let mut word = || {
        let length = usize::try_from(number(rest)?).ok()?;
        let word = String::from_utf8_lossy(rest.get(4..4 + length)?).into_owned();
        rest = rest.get(4 + length..)?;
        Some(word)
    };
    let mut pairs = BTreeMap::new();
    for _ in 0..number(text)? {
        let name = word()?;
        pairs.insert(name.to_ascii_lowercase(), word()?);
    }
    Some(pairs)
}

/// The stream, and a block that says there are no headers: stored, not compressed.
fn reply(stream: u32, is_first: bool) -> Vec<u8> {
    let mut bytes = stream.to_be_bytes().to_vec();
    // Each answer's block goes on where the one before ended: only the first has zlib's head.
    if is_first {
        bytes.extend([0x78, 0x01]);
    }
    bytes.extend([0, 4, 0, 0xfb, 0xff, 0, 0, 0, 0]);
    // An empty block has the reader hand out what it has, rather than look for more.
    bytes.extend([0, 0, 0, 0xff, 0xff]);
    bytes
}

fn control(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80, 3, 0, kind, 0];
    bytes.extend_from_slice(&(payload.len() as u32).to_be_bytes()[1..]);
    bytes.extend_from_slice(payload);
    bytes
}

/// More of a stream.
pub fn data(stream: u32, bytes: &[u8]) -> Vec<u8> {
    // A frame is shorter than 16 MiB.
    bytes.chunks(1 << 20).flat_map(|part| data_frame(stream, 0, part)).collect()
}

/// The server's end of a stream.
pub fn fin(stream: u32) -> Vec<u8> {
    data_frame(stream, FIN, &[])
}

fn data_frame(stream: u32, flags: u8, bytes: &[u8]) -> Vec<u8> {
    let mut frame = stream.to_be_bytes().to_vec();
    frame.push(flags);
    frame.extend_from_slice(&(bytes.len() as u32).to_be_bytes()[1..]);
    frame.extend_from_slice(bytes);
    frame
}

/// The blocks of headers: one compressed text, cut into frames.
struct Inflate {
    inner: Box<DecompressorOxide>,
    window: Box<[u8]>,
    at: usize,
    begun: bool,
}

impl Inflate {
    fn new() -> Self {
        let mut window = vec![0; WINDOW].into_boxed_slice();
        window[..DICTIONARY.len()].copy_from_slice(DICTIONARY);
        Self { inner: Box::default(), window, at: DICTIONARY.len(), begun: false }
    }

    fn read(&mut self, mut input: &[u8]) -> Option<Vec<u8>> {
        if !std::mem::replace(&mut self.begun, true) {
            // zlib's head: two bytes, and the dictionary's sum where one is used.
            let skip = if input.get(1)? & 0x20 != 0 { 6 } else { 2 };
            input = input.get(skip..)?;
        }
        let mut text = Vec::new();
        loop {
            let flags = inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
            let (status, read, written) =
                decompress(&mut self.inner, input, &mut self.window, self.at, flags);
            text.extend_from_slice(self.window.get(self.at..self.at + written)?);
            self.at = (self.at + written) % WINDOW;
            input = input.get(read..)?;
            match status {
                TINFLStatus::HasMoreOutput if text.len() < FRAME_MAX => {}
                TINFLStatus::NeedsMoreInput if input.is_empty() => return Some(text),
                TINFLStatus::Done => return Some(text),
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two streams, of which the second's headers refer to the first's, data with an end, a ping:
    /// compressed by zlib with the dictionary.
    const SENT: &str = "80030001000000280000000100000000000078f9e3c6a7c202a62346703a2b294a4dcc851625aca9a08006000000ffff80030001000000220000000300000000000002651c4ca9e21260768194d845a0d4cd646100000000ffff00000003010000026869800300060000000400000009";

    #[test]
    fn frames_are_read_however_they_are_cut() {
        let digits = SENT.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        let sent: Vec<u8> = digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
        for size in [1, 5, 64, sent.len()] {
            let mut reader = Reader::default();
            let frames: Vec<Frame> = sent.chunks(size).flat_map(|part| reader.feed(part)).collect();
            let told: Vec<String> = frames
                .iter()
                .map(|frame| match frame {
                    Frame::Open(stream, headers) => format!("open {stream} {headers:?}"),
                    Frame::Data(stream, bytes) => format!("data {stream} {}", bytes.len()),
                    Frame::Fin(stream) => format!("fin {stream}"),
                    Frame::Reply(bytes) => format!("reply {}", bytes.len()),
                    Frame::Close => "close".to_owned(),
                })
                .collect();
            let expected = [
                "reply 28",
                "open 1 {\"streamtype\": \"error\"}",
                "reply 26",
                "open 3 {\"port\": \"80\", \"streamtype\": \"stdin\"}",
                "data 3 2",
                "fin 3",
                "reply 12",
            ];
            assert_eq!(told, expected, "in parts of {size}");
        }
    }

    #[test]
    fn nonsense_ends_the_connection() {
        let mut reader = Reader::default();
        let frames = reader.feed(&[0x80, 3, 0, 1, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 9, 9]);
        assert_eq!(frames.last(), Some(&Frame::Close));
    }
}
