//! Processes in containers: what the door answers poll by poll comes through a connection of many
//! channels. Mirrors `k8s.io/client-go/tools/remotecommand`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Received, read};
use crate::api::http::Call;
use crate::api::{Reply, Request, Status};
use crate::object::codec;

/// The channels of `v5.channel.k8s.io`.
const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const ERROR: u8 = 3;
/// What says that a channel is at its end.
const CLOSE: u8 = 255;
/// What a terminal sends for Ctrl-C.
const INTERRUPT: &[u8] = &[3];

/// A connection with channels.
pub trait Duplex {
    /// Sends a message: a channel's number, and what goes through it.
    fn send(&mut self, message: &[u8]);

    /// What has come since the last time.
    fn receive(&mut self) -> Heard;
}

/// What came through a connection.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// The messages: a channel's number, and what came through it.
    pub messages: Vec<Vec<u8>>,
    /// Whether no more will come.
    pub has_ended: bool,
}

/// The connections that are open.
#[derive(Default)]
pub(super) struct Sessions {
    open: BTreeMap<String, Box<dyn Duplex>>,
    opened: u32,
}

impl Sessions {
    /// Opens a connection, or passes on and tells what came through one that is open.
    pub(super) fn answer(
        &mut self,
        request: &Request,
        begins: Option<Call>,
        open: impl FnOnce(&Call) -> Result<Box<dyn Duplex>, Received>,
    ) -> Result<Reply, Status> {
        let name = match begins {
            Some(call) => {
                let duplex = open(&call).map_err(|refused| {
                    read::refusal(refused.code, &String::from_utf8_lossy(&refused.body))
                })?;
                self.opened += 1;
                let name = self.opened.to_string();
                self.open.insert(name.clone(), duplex);
                name
            }
            None => request.parameter("session").unwrap_or_default().to_owned(),
        };
        let Some(duplex) = self.open.get_mut(&name) else {
            return Err(Status::internal("the connection is gone"));
        };
        if let Some(text) = request.parameter("stdin").filter(|text| !text.is_empty()) {
            duplex.send(&[&[STDIN], text.as_bytes()].concat());
        }
        if request.parameter("interrupt").is_some() {
            duplex.send(&[&[STDIN], INTERRUPT].concat());
        }
        if request.parameter("eof").is_some() {
            duplex.send(&[CLOSE, STDIN]);
        }
        let answer = told(&duplex.receive(), &name);
        if !answer["exitCode"].is_null() {
            self.open.remove(&name);
        }
        Ok(Reply::Json(answer))
    }
}

/// What was heard, as the door tells it.
fn told(heard: &Heard, session: &str) -> Value {
    let (mut out, mut err, mut code) = (String::new(), String::new(), None);
    for message in &heard.messages {
        let Some((channel, bytes)) = message.split_first() else { continue };
        let text = String::from_utf8_lossy(bytes);
        match *channel {
            STDOUT => out.push_str(&text),
            STDERR => err.push_str(&text),
            ERROR => code = Some(exit_code(&text)),
            _ => {}
        }
    }
    if heard.has_ended && code.is_none() {
        code = Some(0);
    }
    let mut answer = json!({"session": session, "stdout": out, "stderr": err});
    if let Some(code) = code {
        answer["exitCode"] = json!(code);
    }
    answer
}

/// How a process ended. Mirrors `errorDecoderV4`.
fn exit_code(text: &str) -> i64 {
    let status = codec::parse(text).unwrap_or_default();
    if status["status"] == "Success" {
        return 0;
    }
    let mut causes = status["details"]["causes"].as_array().into_iter().flatten();
    let cause = causes.find(|cause| cause["reason"] == "ExitCode");
    cause.and_then(|cause| cause["message"].as_str()?.parse().ok()).unwrap_or(1)
}
