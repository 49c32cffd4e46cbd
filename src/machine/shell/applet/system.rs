//! Tools that tell about the container: `date`, `env`, `hostname`, `ps`, `id`, …

use super::text;
use crate::machine::User;
use crate::machine::files::Node;
use crate::machine::shell::World;
use crate::machine::shell::process::Process;
use crate::machine::shell::task::Task;

/// What `mount` lists.
const ROOT_MOUNT: &str = "overlay on / type overlay (rw,relatime)\n";
const CGROUP_MOUNT: &str =
    "cgroup on /sys/fs/cgroup type cgroup2 (ro,nosuid,nodev,noexec,relatime)\n";

impl Process {
    /// Runs a tool that needs no input: exit code, output, complaint.
    pub(super) fn plain_tool(
        &mut self,
        task: &mut Task,
        tool: &str,
        args: &[String],
        world: &World,
    ) -> (i32, String, String) {
        let done = |text: String| (0, text, String::new());
        let judged = |result: Result<String, String>| match result {
            Ok(text) => done(text),
            Err(error) => (1, String::new(), format!("{tool}: {error}\n")),
        };
        match tool {
            "echo" => done(text::echo(args)),
            "printf" => done(text::printf(args)),
            "test" | "[" | "[[" => {
                let inner = match tool {
                    "test" => args,
                    _ => args.strip_suffix(&["]".to_owned()]).or(args.strip_suffix(&["]]".to_owned()])).unwrap_or(args),
                };
                match text::test(inner, task, world) {
                    Ok(verdict) => (i32::from(!verdict), String::new(), String::new()),
                    Err(error) => (2, String::new(), format!("sh: {error}\n")),
                }
            }
            "expr" => match text::expr(args) {
                Ok((value, status)) => (status, value + "\n", String::new()),
                Err(error) => (2, String::new(), format!("expr: {error}\n")),
            },
            "seq" => judged(text::seq(args)),
            "basename" | "dirname" => done(text::path_part(tool, args)),
            "pwd" => done(format!("{}\n", task.cwd)),
            "date" => (0, date(args, world), String::new()),
            "hostname" => done(match args.first().map(String::as_str) {
                Some("-i" | "-I") => format!("{}\n", world.address),
                _ => format!("{}\n", world.hostname),
            }),
            "env" | "printenv" => environment(task, args),
            "whoami" => match world.user.uid {
                0 => done("root\n".into()),
                uid => (1, String::new(), format!("whoami: unknown uid {uid}\n")),
            },
            "id" => done(id(world.user, args)),
            "uname" => done(uname(args, world)),
            "mount" => match args {
                [] => done(format!("{ROOT_MOUNT}{CGROUP_MOUNT}")),
                [flag, kind] if flag == "-t" && kind == "cgroup2" => done(CGROUP_MOUNT.to_owned()),
                _ => done(String::new()),
            },
            "sysctl" => sysctl(args, world),
            "nproc" => done("2\n".into()),
            "ps" => done(self.list(task, world)),
            "free" => done("              total        used        free      shared  buff/cache   available\nMem:        4014080      801224     1204416       10240     2008440     3001024\nSwap:             0           0           0\n".into()),
            "kill" => (0, String::new(), String::new()),
            _ => (127, String::new(), format!("sh: {tool}: not found\n")),
        }
    }

    /// The process list, as busybox prints it.
    fn list(&self, task: &Task, world: &World) -> String {
        let mut text = String::from("PID   USER     TIME  COMMAND\n");
        if self.root != 1 {
            text.push_str(&format!("    1 root      0:00 {}\n", world.first_command));
        }
        for other in self.all().chain([task]).filter(|other| !other.is_done()) {
            text.push_str(&format!("{:5} root      0:00 {}\n", other.pid, other.command));
        }
        text
    }
}

fn date(args: &[String], world: &World) -> String {
    let format = args.iter().find_map(|arg| arg.strip_prefix('+'));
    world.now.format(format.unwrap_or("%a %b %e %H:%M:%S UTC %Y")) + "\n"
}

fn environment(task: &Task, args: &[String]) -> (i32, String, String) {
    if let Some(name) = args.first() {
        return match task.variable(name) {
            Some(value) => (0, format!("{value}\n"), String::new()),
            None => (1, String::new(), String::new()),
        };
    }
    let text = task
        .variables
        .iter()
        .filter(|(_, variable)| variable.exported)
        .map(|(name, variable)| format!("{name}={}\n", variable.value))
        .collect();
    (0, text, String::new())
}

fn uname(args: &[String], world: &World) -> String {
    match args.first().map(String::as_str) {
        Some("-a") => format!("Linux {} 6.12.0 #1 SMP x86_64 GNU/Linux\n", world.hostname),
        Some("-r") => "6.12.0\n".into(),
        Some("-m") => "x86_64\n".into(),
        Some("-n") => format!("{}\n", world.hostname),
        _ => "Linux\n".into(),
    }
}

/// What `id` says of a user: numbers, and the names of those that have one.
fn id(user: &User, args: &[String]) -> String {
    let named = |number: &i64| match number {
        0 => "0(root)".to_owned(),
        10 => "10(wheel)".to_owned(),
        number => number.to_string(),
    };
    // The images' superuser is one of the wheel's.
    let wheel = [10].iter().filter(|_| *user == User::default());
    let groups: Vec<i64> = [user.gid].iter().chain(&user.groups).chain(wheel).copied().collect();
    match args.first().map(String::as_str) {
        Some("-u") => format!("{}\n", user.uid),
        Some("-g") => format!("{}\n", user.gid),
        Some("-G") => {
            format!("{}\n", groups.iter().map(i64::to_string).collect::<Vec<_>>().join(" "))
        }
        _ => format!(
            "uid={} gid={} groups={}\n",
            named(&user.uid),
            named(&user.gid),
            groups.iter().map(named).collect::<Vec<_>>().join(",")
        ),
    }
}

/// `sysctl name …`: what the kernel is set to.
fn sysctl(args: &[String], world: &World<'_>) -> (i32, String, String) {
    let (mut status, mut out, mut errors) = (0, String::new(), String::new());
    for name in args.iter().filter(|arg| !arg.starts_with('-')) {
        match world.files.get(&format!("/proc/sys/{}", name.replace('.', "/"))) {
            Some(Node::File(value)) => {
                out.push_str(&format!("{} = {}\n", name.replace('/', "."), value.trim()));
            }
            _ => {
                status = 1;
                errors.push_str(&format!("sysctl: error: '{name}' is an unknown key\n"));
            }
        }
    }
    (status, out, errors)
}
