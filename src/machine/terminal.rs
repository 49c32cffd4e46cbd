//! The shell of a person's terminal: that of the containers, whose further commands somebody
//! outside carries out.

use super::files::{FileSystem, Files};
use super::image::Image;
use super::log::Sink;
use super::shell::{Called, Host, Process, STEP_BUDGET, World};
use super::{Outcome, Reply, User};
use crate::base::shared_map::SharedMap;
use crate::sim::Time;

/// A shell at a prompt.
pub struct Terminal {
    process: Process,
    image: Image,
    host: Host,
}

/// What the shell works with.
pub struct Surroundings<'a> {
    /// The time.
    pub now: Time,
    /// The files.
    pub files: &'a mut Files,
    /// Where outputs go that nothing redirects.
    pub sink: &'a mut dyn Sink,
}

impl Terminal {
    /// A shell in the folder `home`; `host` says which commands it hands over, and which of them
    /// read their input first.
    pub fn new(home: &str, host: Host) -> Self {
        let env = [
            ("HOME", home),
            ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            ("PWD", home),
            ("USER", "root"),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let image = Image { shell: true, ..Image::default() };
        Self { process: Process::prompt(&env, home), image, host }
    }

    fn with<T>(
        &mut self,
        around: &mut Surroundings<'_>,
        act: impl FnOnce(&mut Process, &mut World<'_>) -> T,
    ) -> T {
        let mut world = World {
            now: around.now,
            files: FileSystem {
                own: around.files,
                given: &[],
                mounts: &[],
                volumes: &mut SharedMap::new(),
                read_only_root: false,
            },
            log: around.sink,
            image: &self.image,
            hostname: "localhost",
            user: &User::default(),
            address: "127.0.0.1",
            listening: &[],
            first_command: "sh",
            host: self.host,
        };
        act(&mut self.process, &mut world)
    }

    /// Enters a line.
    pub fn enter(&mut self, line: &str, around: &mut Surroundings<'_>) {
        self.with(around, |process, world| process.enter(line, world));
    }

    /// Lets everything run as far as it can; the commands to be carried out now.
    pub fn run(&mut self, around: &mut Surroundings<'_>) -> Vec<Called> {
        // There is no network here: whoever asks it is told so.
        while let Outcome::Asks { pid, .. } =
            self.with(around, |process, world| process.run(world, STEP_BUDGET))
        {
            self.process.answer(pid, Reply::UnknownName, around.now);
        }
        self.process.calls()
    }

    /// When the shell has something to do by itself.
    pub fn wake(&self, now: Time) -> Option<Time> {
        self.process.wake(now)
    }

    /// The exit code of the last line, once it has ended.
    pub fn ended(&self) -> Option<i32> {
        self.process.ended()
    }

    /// Whether task `pid` still waits for its command.
    pub fn awaits(&mut self, pid: u32) -> bool {
        self.process.awaits(pid)
    }

    /// What the command of task `pid` wrote to its output (1) or its errors (2).
    pub fn say(&mut self, pid: u32, fd: usize, text: &str, around: &mut Surroundings<'_>) {
        self.with(around, |process, world| process.say(pid, fd, text, world));
    }

    /// The command of task `pid` has ended.
    pub fn end(&mut self, pid: u32, status: i32) {
        self.process.end_call(pid, status);
    }

    /// The command of task `pid` runs a script.
    pub fn run_for(&mut self, pid: u32, script: &str) {
        self.process.run_for(pid, script);
    }

    /// How that script ended, once it has.
    pub fn script_ended(&mut self, pid: u32) -> Option<i32> {
        self.process.script_ended(pid)
    }

    /// Ctrl-C.
    pub fn interrupt(&mut self) {
        self.process.interrupt();
    }
}
