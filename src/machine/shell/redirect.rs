//! Redirections: `<`, `>`, `>>`, `2>&1`, here-documents.

use super::World;
use super::filter::open;
use super::process::Process;
use super::syntax::{Redirect, Target, Word};
use super::task::{Descriptors, Stream, Task};
use crate::machine::files::{Node, normalize};
use crate::machine::log::Output;

impl Process {
    /// The task's descriptors with `redirects` applied in order; the error is the complaint.
    pub(super) fn redirected(
        &mut self,
        task: &mut Task,
        redirects: &[Redirect],
        world: &mut World,
    ) -> Result<Descriptors, String> {
        let mut streams = task.descriptors.clone();
        for redirect in redirects {
            let stream = match &redirect.target {
                Target::Text(word) => Stream::Text(task.text_of(word)?.into(), 0),
                Target::Read(word) => {
                    let path = task.text_of(word)?;
                    open(task, &path, world).map_err(|error| {
                        let error = error.replace("No such file or directory", "no such file");
                        format!("can't open {path}: {error}")
                    })?
                }
                Target::Write(word) => create(task, word, false, world)?,
                Target::Append(word) => create(task, word, true, world)?,
                Target::Duplicate(from) => {
                    streams.get(usize::from(*from)).cloned().unwrap_or(Stream::Null)
                }
                Target::Close => Stream::Null,
            };
            match redirect.fd {
                // bash's `&>`
                9 => {
                    streams[1] = stream.clone();
                    streams[2] = stream;
                }
                fd => {
                    if let Some(slot) = streams.get_mut(usize::from(fd)) {
                        *slot = stream;
                    }
                }
            }
        }
        Ok(streams)
    }
}

fn create(task: &mut Task, word: &Word, append: bool, world: &mut World) -> Result<Stream, String> {
    let path = task.text_of(word)?;
    let full = normalize(&task.cwd, &path);
    match full.as_str() {
        "/dev/null" => return Ok(Stream::Null),
        // The first process's outputs are the container's log.
        "/dev/stdout" | "/proc/1/fd/1" => return Ok(Stream::Log(Output::Stdout)),
        "/dev/stderr" | "/proc/1/fd/2" => return Ok(Stream::Log(Output::Stderr)),
        "/dev/tty" => return Ok(Stream::Console),
        _ => {}
    }
    let exists = matches!(world.files.get(&full), Some(Node::File(_) | Node::Zeros(_)));
    if !append || !exists {
        task.trail.unrepeatable = true;
        world
            .files
            .put(&full, Node::File("".into()))
            .map_err(|error| format!("can't create {path}: {error}"))?;
    }
    Ok(Stream::File(full.into()))
}
