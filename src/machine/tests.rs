//! Machines with containers on them: starting, stopping, limits, probes, usage.

use std::time::Duration;

use super::*;
use crate::sim::Time;

const START: Time = Time::from_seconds(1_700_000_000);

fn machine() -> Machine {
    let capacity =
        Capacity { cpu_milli: 4000, memory_bytes: 8 << 30, pods: 110, disk_bytes: 40 << 30 };
    Machine::new("node1", capacity)
}

fn spec(image: &str, command: &[&str]) -> ContainerSpec {
    ContainerSpec {
        image: image.into(),
        command: command.iter().map(|&word| word.into()).collect(),
        hostname: "web-0".into(),
        address: "10.244.1.3".into(),
        ..ContainerSpec::default()
    }
}

/// Advances to every wake until `end`; requests are refused.
fn run(machine: &mut Machine, id: ContainerId, end: Time) -> ContainerState {
    let mut now = START;
    loop {
        match machine.advance(id, now) {
            ContainerState::Running { ask: Some(ask), .. } => {
                machine.answer(id, ask.asker, Reply::Refused { address: "10.0.0.1".into() }, now);
            }
            ContainerState::Running { wake: Some(at), ask: None } if at <= end => now = now.max(at),
            ContainerState::Running { .. } if now < end => now = end,
            state => return state,
        }
    }
}

fn after(seconds: u64) -> Time {
    START + Duration::from_secs(seconds)
}

fn log(machine: &Machine, id: ContainerId) -> Vec<String> {
    machine.logs(id).iter().map(|line| line.text.to_string()).collect()
}

/// Image, command, environment variable, exit code and reason (0 and empty: still running after a minute).
const ENDS: &[(&str, &[&str], &str, i32, &str)] = &[
    ("nginx:1.7.9", &[], "", 0, ""),
    ("busybox", &[], "", 0, "Completed"),
    ("busybox", &["sh", "-c", "exit 7"], "", 7, "Error"),
    ("busybox", &["sleep", "3600"], "", 0, ""),
    ("mysql:8", &[], "", 1, "Error"),
    ("mysql:8", &[], "MYSQL_ROOT_PASSWORD", 0, ""),
    ("postgres", &[], "", 1, "Error"),
    ("perl", &["perl", "-Mbignum=bpi", "-wle", "print bpi(2000)"], "", 0, "Completed"),
    ("registry.k8s.io/pause:3.10", &[], "", 0, ""),
    ("example.com/some/app:1", &["serve", "--fast"], "", 0, ""),
    ("nginx", &["sh", "-c", "nginx -t && exec nginx -g 'daemon off;'"], "", 0, ""),
    ("busybox", &["sh", "-c", "wget -q -O- http://nowhere:80 || exit 4"], "", 4, "Error"),
    ("polinux/stress", &["stress", "--cpu", "1", "--timeout", "5s"], "", 0, "Completed"),
];

#[test]
fn containers_end_as_their_images_do() {
    for (image, command, variable, code, reason) in ENDS {
        let mut machine = machine();
        let mut spec = spec(image, command);
        if !variable.is_empty() {
            spec.env.push(((*variable).into(), "secret".into()));
        }
        let id = machine.start(spec, START).expect("starts");
        match run(&mut machine, id, after(60)) {
            ContainerState::Running { .. } => assert_eq!(*reason, "", "{image} {command:?} runs"),
            ContainerState::Exited(exit) => {
                assert_eq!((exit.code, exit.reason), (*code, *reason), "{image} {command:?}");
            }
        }
    }
}

#[test]
fn commands_that_cannot_be_executed_are_start_errors() {
    let error = machine().start(spec("busybox", &["echo123", "x"]), START).err();
    let message = "failed to create containerd task: failed to create shim task: OCI runtime create failed: \
                   runc create failed: unable to start container process: error during container init: \
                   exec: \"echo123\": executable file not found in $PATH: unknown";
    assert_eq!(
        error,
        Some(StartError { exit_code: 128, reason: "StartError", message: message.into() })
    );
}

#[test]
fn pulls_take_time_once() {
    let mut machine = machine();
    let pull = machine.pull("nginx", START).expect("exists");
    assert_eq!(pull.ready_at, START + Duration::from_millis(500 + 1440));
    assert!(!machine.has_image("nginx:latest", START));
    assert!(machine.has_image("docker.io/library/nginx", pull.ready_at));
    assert!(machine.pull("nginx", pull.ready_at).is_ok_and(|again| again.present));
}

/// Image, command, seconds until SIGTERM with a grace period of 30 s ends it, exit code.
const STOPS: &[(&str, &[&str], u64, i32)] = &[
    ("nginx", &[], 0, 0),
    ("busybox", &["sleep", "3600"], 30, 137),
    ("busybox", &["sh", "-c", "while true; do echo hi; sleep 5; done"], 30, 137),
    ("busybox", &["sh", "-c", "trap 'echo bye; exit 3' TERM; while true; do sleep 4; done"], 4, 3),
    ("busybox", &["sh", "-c", "trap 'exit 0' TERM; sleep 1000 & wait $!"], 0, 0),
    ("busybox", &["tail", "-f", "/dev/null"], 30, 137),
];

#[test]
fn sigterm_ends_what_handles_it_and_the_grace_period_the_rest() {
    for (image, command, seconds, code) in STOPS {
        let mut machine = machine();
        let id = machine.start(spec(image, command), START).expect("starts");
        machine.advance(id, START);
        let mut now = START;
        let mut state = machine.stop(id, now, Duration::from_secs(30));
        while let ContainerState::Running { wake, .. } = state {
            now = wake.expect("the kill at the latest");
            state = machine.advance(id, now);
        }
        let ContainerState::Exited(exit) = state else { unreachable!() };
        let took = exit.at.since(START).as_secs();
        assert_eq!((took, exit.code), (*seconds, *code), "{image} {command:?}");
    }
}

#[test]
fn memory_over_the_limit_kills() {
    for (image, command) in [
        ("polinux/stress", &["stress", "--vm", "1", "--vm-bytes", "250M", "--vm-hang", "1"][..]),
        ("busybox", &["tail", "/dev/zero"]),
        ("busybox", &["sh", "-c", "dd if=/dev/zero of=/dev/shm/x bs=1M count=200; sleep 60"]),
    ] {
        let mut machine = machine();
        let mut spec = spec(image, command);
        spec.memory_limit_bytes = Some(100 << 20);
        let id = machine.start(spec, START).expect("starts");
        let ContainerState::Exited(exit) = run(&mut machine, id, after(30)) else {
            panic!("{command:?} lives")
        };
        assert_eq!((exit.code, exit.reason), (137, "OOMKilled"));
    }
}

#[test]
fn a_web_server_serves_its_files_and_logs() {
    let mut machine = machine();
    let id = machine.start(spec("nginx", &[]), START).expect("starts");
    run(&mut machine, id, after(1));
    let request = Asked { method: "GET", path: "/", agent: "curl/8", body: "" };
    let reply = machine.request(id, 80, request, after(1)).expect("listens");
    assert!(reply.status == 200 && reply.body.contains("Welcome to nginx!"));
    assert_eq!(
        log(&machine, id).last().map(String::as_str),
        Some(
            "10.244.0.1 - - [14/Nov/2023:22:13:21 +0000] \"GET / HTTP/1.1\" 200 615 \"-\" \"curl/8\" \"-\""
        )
    );
    let argv = ["sh", "-c", "echo hello $(hostname) > /usr/share/nginx/html/index.html"]
        .map(str::to_owned);
    let session = machine.exec(id, &argv, false, false).expect("runs");
    machine.advance(id, after(2));
    assert_eq!(machine.session(id, session).exit_code, Some(0));
    let reply = machine.request(id, 80, request, after(2)).expect("listens");
    assert_eq!(&*reply.body, "hello web-0\n");
}

#[test]
fn probes_fail_in_the_words_of_kubelet() {
    let mut machines = Machines::default();
    machines.add("node1", machine().capacity());
    machines.join("10.244.1.3", "node1");
    let machine = machines.get_mut("node1").expect("was added");
    let id = machine.start(spec("nginx", &[]), START).expect("starts");
    run(machine, id, after(1));
    machines.attach("10.244.1.3", id);
    let host = || "10.244.1.3".to_owned();
    let http = |port, path: &str| Probe::Http { host: host(), port, path: path.into(), tls: false };
    for (probe, result) in [
        (http(80, "/"), Ok(())),
        (http(80, "/nope"), Err("HTTP probe failed with statuscode: 404".to_owned())),
        (http(81, "/"), Err("Get \"http://10.244.1.3:81/\": dial tcp 10.244.1.3:81: connect: connection refused".into())),
        (Probe::Tcp { host: host(), port: 80 }, Ok(())),
        (Probe::Tcp { host: host(), port: 81 }, Err("dial tcp 10.244.1.3:81: connect: connection refused".into())),
    ] {
        assert_eq!(machines.probe(&probe, after(1)), result);
    }
    let machine = machines.get_mut("node1").expect("was added");
    let session =
        machine.exec(id, &["cat".into(), "/tmp/healthy".into()], false, false).expect("runs");
    machine.advance(id, after(1));
    let expected = SessionState {
        exit_code: Some(1),
        output: "cat: can't open '/tmp/healthy': No such file or directory\n".into(),
    };
    assert_eq!(machine.session(id, session), expected);
}

#[test]
fn usage_counts_idle_load_requests_and_limits() {
    let mut machine = machine();
    let mut spec = spec("registry.k8s.io/hpa-example", &[]);
    spec.cpu_limit_milli = Some(500);
    let id = machine.start(spec, START).expect("starts");
    run(&mut machine, id, after(1));
    assert_eq!(machine.usage(id, after(1)).cpu_milli, 1);
    assert_eq!(machine.usage(id, after(1)).memory_bytes >> 20, 10);
    machine.set_request_rate(id, 10_000, after(1));
    assert_eq!(machine.usage(id, after(1)).cpu_milli, 191);
    machine.set_request_rate(id, 60_000, after(11));
    assert_eq!(machine.usage(id, after(11)).cpu_milli, 500);
    let average = |from: u64, to: u64| {
        let total = |at| machine.usage(id, after(at)).cpu_total_micros;
        (total(to) - total(from)) / (to - from) / 1000
    };
    assert_eq!(average(11, 21), 500);
    let mut forked = machine.clone();
    forked.set_load(id, 0, 50 << 20, after(21));
    assert_eq!(forked.usage(id, after(21)).memory_bytes >> 20, 60);
    assert_eq!(machine.usage(id, after(21)).memory_bytes >> 20, 10);
}

#[test]
fn a_terminal_session_prompts_runs_loops_and_is_interrupted() {
    let mut machine = machine();
    let mut spec = spec("busybox", &["/bin/sh"]);
    (spec.stdin, spec.tty) = (true, true);
    let id = machine.start(spec, START).expect("starts");
    machine.advance(id, START);
    machine.type_in(
        id,
        None,
        "echo hi\nwhile true; do wget -q -O- http://10.244.1.11; done\n",
        START,
    );
    let mut now = START;
    while machine.request_rates(id).is_empty() && now < after(2) {
        match machine.advance(id, now) {
            ContainerState::Running { ask: Some(ask), .. } => {
                let reply = HttpReply {
                    status: 200,
                    body: "page\n".into(),
                    location: "".into(),
                    took_micros: 3000,
                };
                machine.answer(id, ask.asker, Reply::Http(reply), now);
            }
            ContainerState::Running { wake: Some(at), .. } => now = now.max(at),
            state => panic!("{state:?}"),
        }
    }
    let rate = RequestRate { url: "http://10.244.1.11:80/".into(), per_kilosecond: 200_000 };
    assert_eq!(machine.request_rates(id), vec![rate]);
    machine.interrupt(id, None, now);
    machine.type_in(id, None, "echo over; exit\n", now);
    assert!(matches!(machine.advance(id, now), ContainerState::Exited(Exit { code: 0, .. })));
    let lines = log(&machine, id);
    // The terminal shows what is typed, here before the shell has read it.
    assert_eq!(lines[0], "/ # echo hi");
    assert_eq!(lines[2], "hi");
    assert_eq!(lines.last().map(String::as_str), Some("/ # over"));
    assert!(machine.request_rates(id).is_empty());
}
