//! Measures the built page: how soon it answers, what its frames cost with 1,000 Pods on screen,
//! and how long a reload takes. Prints figures; it judges none.
//!
//! `TABERNETES_URL=http://127.0.0.1:8080/ cargo run --package e2e --bin frames`

use e2e::Page;
use serde_json::{Value, json};

/// Workers that are added to the two of a new cluster, for 1,000 Pods at 110 a node.
const NODES: u32 = 8;
const PODS: u32 = 1000;

fn main() {
    let page = Page::open("frames");
    page.one("button", "Apply");
    println!("{:>9} ms  until the page is drawn and answers", start(&page));
    for _ in 0..NODES {
        page.click("button", "Add a node");
    }
    page.exactly(usize::try_from(NODES + 3).unwrap_or(0), "article", "^Node .* Ready$");
    watch(&page);
    let text = format!("kubectl create deployment web --image=nginx --replicas={PODS}");
    enter(&page, &text);
    running(&page, PODS);
    report(&page, "1,000 Pods appear");
    watch(&page);
    enter(&page, "kubectl set image deployment/web nginx=nginx:1.7.9");
    page.until(
        "the rollout",
        "return document.querySelectorAll('.cell.good').length >= arguments[0]
           && document.querySelectorAll('.cell:not(.good)').length === 0
           && (window.changes ??= 0, window.changes += 1) > 30",
        json!([PODS]),
    );
    report(&page, "1,000 Pods roll");
    reload(&page);
}

/// When the first contentful paint happened: the page draws all of itself at once.
fn start(page: &Page) -> u64 {
    let time = page.until(
        "the first paint",
        "return performance.getEntriesByName('first-contentful-paint')[0]?.startTime",
        json!([]),
    );
    time.as_f64().unwrap_or_default() as u64
}

fn enter(page: &Page, line: &str) {
    page.fill("textbox", "kubectl", line);
    page.keys(&page.one("textbox", "kubectl"), "\u{e007}");
}

/// Waits until so many Pods run. Their accessible names would take long to compute; the cells'
/// class says the same.
fn running(page: &Page, count: u32) {
    page.until(
        &format!("{count} running Pods"),
        "return document.querySelectorAll('.cell.good').length >= arguments[0]",
        json!([count]),
    );
}

/// Starts to record what frames cost: from the moment the browser starts a frame until it has been
/// laid out and painted; and the tasks that the browser itself calls long.
fn watch(page: &Page) {
    page.script(
        "window.frames_ = []; window.tasks = [];
         window.observer?.disconnect();
         window.observer = new PerformanceObserver(list =>
           list.getEntries().forEach(entry => window.tasks.push(entry.duration)));
         window.observer.observe({ type: 'longtask' });
         if (window.watching) return;
         window.watching = true;
         const channel = new MessageChannel();
         let begun = 0;
         channel.port1.onmessage = () => window.frames_.push(performance.now() - begun);
         const ask = window.requestAnimationFrame.bind(window);
         window.requestAnimationFrame = callback => ask(time => {
           begun = performance.now();
           channel.port2.postMessage(null);
           callback(time);
         });",
        json!([]),
    );
}

fn report(page: &Page, what: &str) {
    let figures = page.script(
        "const sorted = window.frames_.slice().sort((a, b) => a - b);
         const at = share => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
         const within = sorted.filter(ms => ms <= 16).length / sorted.length;
         return { count: sorted.length, median: at(0.5), p95: at(0.95), p99: at(0.99), most: at(1),
           within: within * 100, long: window.tasks.length, longest: Math.max(0, ...window.tasks) }",
        json!([]),
    );
    let number = |name: &str| figures[name].as_f64().unwrap_or_default();
    println!("{what}: {} frames", number("count"));
    println!("{:>9.1} ms  median of a frame's work", number("median"));
    println!("{:>9.1} ms  95 in 100 take no longer", number("p95"));
    println!("{:>9.1} ms  99 in 100 take no longer", number("p99"));
    println!("{:>9.1} ms  longest frame", number("most"));
    println!("{:>9.1} %   of frames within 16 ms", number("within"));
    println!("{:>9}     tasks over 50 ms; the longest {} ms", number("long"), number("longest"));
}

/// How long a reload takes after ten simulated hours.
fn reload(page: &Page) {
    enter(page, "kubectl delete deployment web");
    page.choose("Speed", "1000x");
    page.until(
        "ten hours",
        "return named('timer', '')[0].innerText.match(/^(\\d+):/)[1] >= 10",
        json!([]),
    );
    page.choose("Speed", "1x");
    // The place of the clock is written down every two seconds.
    page.until(
        "the page to be saved",
        "window.since ??= performance.now(); return performance.now() - window.since > 2500",
        json!([]),
    );
    page.reload();
    let done: Value = page.until(
        "the session to be restored",
        "return named('button', '^Undo$').some(button => !button.disabled) && performance.now()",
        json!([]),
    );
    println!("{:>9.0} ms  to reload after ten hours with 2,000 Pods", done.as_f64().unwrap_or(0.0));
}
