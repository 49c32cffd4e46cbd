//! Scripts, what they print, and how they end.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::base::shared_map::SharedMap;

use super::*;
use crate::machine::files::Files;
use crate::machine::log::Log;
use crate::machine::network::{HttpReply, Reply, RequestRate};

struct Ran {
    text: String,
    outcome: Outcome,
    steps: u32,
    process: Process,
    at: Time,
}

/// Runs `argv` until it ends or `limit` has passed, answering every request after 2 ms.
fn run(argv: &[&str], input: Option<&str>, limit: Duration) -> Ran {
    let argv: Vec<String> = argv.iter().map(|&word| word.to_owned()).collect();
    let env = [("HOME".to_owned(), "/root".to_owned()), ("A".to_owned(), "one two".to_owned())];
    let start =
        Start { pid: 1, argv: &argv, env: &env, cwd: "/", stdin: input.is_some(), tty: false };
    let mut process = Process::new(&start);
    process.type_in(input.unwrap_or_default());
    process.close_input();
    let image = Image { shell: true, programs: BTreeMap::new(), ..Image::default() };
    let mut own = Files::from_texts([("/tmp/keep", ""), ("/etc/hosts", "127.0.0.1\tlocalhost\n")]);
    let mut log = Log::default();
    let mut volumes = SharedMap::new();
    let mut now = Time::from_seconds(1_700_000_000);
    let end = now + limit;
    let mut steps = 0;
    loop {
        let files = FileSystem {
            own: &mut own,
            given: &[],
            mounts: &[],
            volumes: &mut volumes,
            read_only_root: false,
        };
        let user = User::default();
        let mut world = World {
            user: &user,
            now,
            files,
            log: &mut log,
            image: &image,
            hostname: "box",
            address: "10.244.0.5",
            listening: &[],
            first_command: "",
            host: |_| None,
        };
        steps += 1;
        let outcome = process.run(&mut world, STEP_BUDGET);
        match outcome {
            Outcome::Idle { wake: Some(at) } if at <= end => now = at.max(now),
            Outcome::Asks { pid, effect } => {
                let reply = match effect {
                    Effect::Http(request) if &*request.host == "web" => Reply::Http(HttpReply {
                        status: if &*request.path == "/" { 200 } else { 404 },
                        body: "hello\n".into(),
                        location: "".into(),
                        took_micros: 0,
                    }),
                    Effect::Lookup { name } if &*name == "web" => Reply::Addresses {
                        name: "web.default.svc.cluster.local".into(),
                        addresses: vec!["10.96.0.7".into()],
                    },
                    _ => Reply::UnknownName,
                };
                process.answer(pid, reply, now + Duration::from_millis(2));
            }
            outcome => return Ran { text: log.text(), outcome, steps, process, at: now },
        }
    }
}

fn script(text: &str) -> (String, Outcome) {
    let ran = run(&["sh", "-c", text], None, Duration::from_secs(3600));
    (ran.text, ran.outcome)
}

/// Script, output, exit code.
const SCRIPTS: &[(&str, &str, i32)] = &[
    ("echo hi", "hi\n", 0),
    ("echo a  'b  c' \"d  $A\" $A", "a b  c d  one two one two\n", 0),
    ("echo $((1 + 2 * 3)) $(( (1+2)*3 % 4 )) $((2 > 1 && 0))", "7 1 0\n", 0),
    ("i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); done", "0\n1\n2\n", 0),
    ("for i in 9 8 7; do echo $i; done", "9\n8\n7\n", 0),
    ("for i in $(seq 1 3); do echo -n $i; done; echo", "123\n", 0),
    ("until false; do echo once; break; done", "once\n", 0),
    ("for i in 1 2 3; do if [ $i = 2 ]; then continue; fi; echo $i; done", "1\n3\n", 0),
    (
        "for i in 1 2; do for j in a b; do [ $j = b ] && continue 2; echo $i$j; done; done",
        "1a\n2a\n",
        0,
    ),
    ("case foo.txt in *.sh) echo sh;; *.txt|*.md) echo text;; *) echo other;; esac", "text\n", 0),
    ("case x in a) echo a;; b) echo b;; esac; echo $?", "0\n", 0),
    ("case x in a) echo a;; x) echo x1;; *) echo other;; esac; echo end", "x1\nend\n", 0),
    ("if false; then echo a; elif true; then echo b; else echo c; fi", "b\n", 0),
    ("false && echo no || echo yes", "yes\n", 0),
    ("true || echo no; ! false; echo $?", "0\n", 0),
    ("exit 3", "", 3),
    ("false", "", 1),
    ("set -e; false; echo unreached", "", 1),
    ("set -e; false || true; if false; then :; fi; echo reached", "reached\n", 0),
    ("nosuch", "sh: nosuch: not found\n", 127),
    ("f() { echo $1-$#; return 4; }; f a b; echo $?", "a-2\n4\n", 0),
    ("f() { local x=in; echo $x; }; x=out; f; echo $x", "in\nout\n", 0),
    ("x=5; (x=6; echo $x); echo $x", "6\n5\n", 0),
    ("echo ${B:-none} ${A:+set} ${#A} ${A%two} ${A#one }", "none set 7 one two\n", 0),
    ("p=/a/b/c.tar.gz; echo ${p##*/} ${p%%.*} ${p%.*}", "c.tar.gz /a/b/c /a/b/c.tar\n", 0),
    (": ${X:?must be set}; echo unreached", "sh: X: must be set\n", 2),
    ("echo `echo back` \"$(echo 'in quotes')\"", "back in quotes\n", 0),
    ("echo one > /tmp/f; echo two >> /tmp/f; cat /tmp/f; wc -l < /tmp/f", "one\ntwo\n2\n", 0),
    ("cat /tmp/healthy", "cat: can't open '/tmp/healthy': No such file or directory\n", 1),
    ("cat <<EOF\nhi $A\nEOF\ncat <<'E'\n$A\nE", "hi one two\n$A\n", 0),
    ("printf '%s=%d\\n' a 1 b 2; printf '%03d|%-4s|%4s\\n' 7 x y", "a=1\nb=2\n007|x   |   y\n", 0),
    ("printf 'c\\nb\\na\\n' | sort | head -n 2", "a\nb\n", 0),
    ("echo 'a b c' | cut -d' ' -f2; echo hello | tr a-z A-Z", "b\nHELLO\n", 0),
    ("echo foo bar | sed 's/o\\+/0/; s/\\(b\\)ar/\\1AR/'", "f0 bAR\n", 0),
    ("printf '1\\n2\\n3\\n' | sed -n '2,3p' | tail -n 1", "3\n", 0),
    ("printf 'x\\nx\\ny\\n' | uniq -c", "      2 x\n      1 y\n", 0),
    ("printf 'ab\\ncd\\n' | grep -c . ; echo abc | grep -q b && echo found", "2\nfound\n", 0),
    ("echo text | grep nothing; echo $?", "1\n", 0),
    ("yes | head -n 2", "y\ny\n", 0),
    ("echo a b c | xargs -n 1 echo got", "got a b c\n", 0),
    ("while read a b; do echo \"$b-$a\"; done <<E\n1 2\n3 4 5\nE", "2-1\n4 5-3\n", 0),
    ("echo x | while read l; do echo got $l; done", "got x\n", 0),
    (
        "ls /tmp; mkdir -p /tmp/d/e; touch /tmp/d/f; ls /tmp/d; echo /tmp/*",
        "keep\ne\nf\n/tmp/d /tmp/keep\n",
        0,
    ),
    ("cp /etc/hosts /tmp/h && mv /tmp/h /tmp/i && rm /tmp/keep && ls /tmp", "i\n", 0),
    ("[ -f /etc/hosts ] && [ ! -d /nope ] && [ 1 -lt 2 -a a = a ] && echo yes", "yes\n", 0),
    ("expr 2 + 3 \\* 4; expr abcd : 'ab\\(c\\)'", "14\nc\n", 0),
    ("date +%Y-%m-%d; hostname; pwd; cd /tmp; pwd", "2023-11-14\nbox\n/\n/tmp\n", 0),
    ("sleep 2 & wait; echo waited", "waited\n", 0),
    ("(sleep 1; exit 7) & wait $!; echo $?", "7\n", 0),
    ("trap 'echo bye' EXIT; echo hi; exit 5", "hi\nbye\n", 5),
    ("echo err >&2; echo out 2>/dev/null; nosuch 2>/dev/null; echo $?", "err\nout\n127\n", 0),
    ("eval 'x=1; echo $x'; set -- a b; echo $2; shift; echo $1", "1\nb\nb\n", 0),
    ("A=override env | grep ^A=; echo $A", "A=override\none two\n", 0),
    ("export Q=7; sh -c 'echo $Q $0 $1' name arg", "7 name arg\n", 0),
    ("timeout 2 sleep 10; echo $?", "143\n", 0),
    ("if then", "sh: syntax error: unexpected \"then\"\n", 2),
    ("echo 'open", "sh: syntax error: unexpected end of file\n", 2),
    (
        "wget -q -O- http://web; wget -q -O- http://web/x; wget -qO- http://no",
        "hello\nwget: server returned error: HTTP/1.1 404 Not Found\nwget: bad address 'no'\n",
        1,
    ),
    (
        "curl -s -o /dev/null -w '%{http_code}\\n' http://web/; curl http://no",
        "200\ncurl: (6) Could not resolve host: no\n",
        6,
    ),
    (
        "until nslookup web; do sleep 2; done",
        "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\nName:\tweb.default.svc.cluster.local\nAddress: 10.96.0.7\n\n",
        0,
    ),
    ("i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; echo $i", "30000\n", 0),
    ("echo $((1/0)); echo unreached", "sh: divide by zero\n", 2),
];

#[test]
fn scripts_print_and_exit_as_in_busybox() {
    for (text, printed, code) in SCRIPTS {
        let (out, outcome) = script(text);
        assert_eq!((out.as_str(), outcome), (*printed, Outcome::Exited(*code)), "{text}");
    }
}

#[test]
fn tools_run_without_a_shell() {
    for (argv, printed, code) in [
        (&["echo", "test paralle job!"][..], "test paralle job!\n", 0),
        (&["bin/sh", "-c", "echo x"], "x\n", 0),
        (&["/bin/false"], "", 1),
        (&["sleep", "100"], "", 0),
    ] {
        let ran = run(argv, None, Duration::from_secs(3600));
        assert_eq!((ran.text.as_str(), ran.outcome), (printed, Outcome::Exited(code)));
    }
}

#[test]
fn a_shell_reads_its_script_from_standard_input() {
    let ran =
        run(&["sh"], Some("for i in 1 2\ndo echo $i\ndone\nexit 4\n"), Duration::from_secs(1));
    assert_eq!((ran.text.as_str(), ran.outcome), ("1\n2\n", Outcome::Exited(4)));
}

#[test]
fn a_sleeping_loop_wakes_at_its_pace() {
    let ran =
        run(&["sh", "-c", "while true; do echo hi; sleep 5; done"], None, Duration::from_secs(60));
    assert_eq!(ran.text.lines().count(), 13);
    assert!(ran.steps < 20);
    assert!(matches!(ran.outcome, Outcome::Idle { wake: Some(_) }));
}

#[test]
fn endless_loops_are_cheap() {
    let minute = Duration::from_secs(60);
    for text in [
        "while true; do :; done",
        "i=0; while true; do i=$((i+1)); done",
        "while true; do echo x; done",
        "yes > /dev/null",
    ] {
        let ran = run(&["sh", "-c", text], None, minute);
        assert!(ran.steps < 400, "{text}: {} steps", ran.steps);
        assert_eq!(ran.process.cpu_milli(), 1000, "{text}");
    }
}

#[test]
fn a_request_loop_becomes_a_rate() {
    let ran = run(
        &["sh", "-c", "while true; do wget -q -O- http://web; done"],
        None,
        Duration::from_secs(60),
    );
    let rate = RequestRate { url: "http://web:80/".into(), per_kilosecond: 500_000 };
    assert_eq!(ran.process.request_rates(), vec![rate]);
    assert!(ran.steps < 300, "{} steps", ran.steps);
    let ran = run(
        &["sh", "-c", "while sleep 0.008; do wget -q -O- http://web; done"],
        None,
        Duration::from_secs(60),
    );
    assert_eq!(ran.process.request_rates()[0].per_kilosecond, 100_000);
}

#[test]
fn signals_reach_what_handles_them() {
    for (text, handled) in [
        ("sleep 1000", false),
        ("trap 'echo bye; exit 0' TERM; while true; do sleep 1; done", true),
        ("trap 'exit 9' TERM; sleep 1000 & wait $!", true),
    ] {
        let mut ran = run(&["sh", "-c", text], None, Duration::from_secs(10));
        assert_eq!(ran.process.signal("TERM", ran.at), handled, "{text}");
    }
}
