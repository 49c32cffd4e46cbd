//! The same seed and the same inputs give the same run: twice, forked in the middle, and replayed.

use std::time::Duration;

use tabernetes::scenario::{Input, Log, Session};

const MANIFEST: &str = include_str!("../lessons/manifests/nginx-deploy.yaml");

fn begin() -> Session {
    let mut session = Session::new(42);
    session.input(Input::Write { name: "web.yaml".to_owned(), text: MANIFEST.to_owned() });
    session.input(Input::Line("kubectl apply -f web.yaml".to_owned()));
    session.run_for(Duration::from_millis(1_234));
    session
}

fn finish(session: &mut Session) -> u64 {
    session.input(Input::Line("kubectl delete pods --all --wait=false".to_owned()));
    session.run_for(Duration::from_secs(120));
    session.cluster().trace().hash()
}

#[test]
fn the_same_run_twice() {
    assert_eq!(finish(&mut begin()), finish(&mut begin()));
}

#[test]
fn a_fork_goes_on_as_the_original_does() {
    let mut session = begin();
    let mut fork = session.cluster().clone();
    session.run_for(Duration::from_secs(60));
    fork.run_for(Duration::from_secs(60));
    assert_eq!(session.cluster().trace().hash(), fork.trace().hash());
    assert_eq!(session.cluster().store().revision(), fork.store().revision());
}

#[test]
fn a_replay_arrives_where_the_session_was() {
    let mut session = begin();
    finish(&mut session);
    session.input(Input::Moment);
    let kept = Log::from_value(&session.log().to_value()).expect("a log survives being kept");
    let replayed = Session::replay(&kept);
    assert_eq!(session.cluster().trace().hash(), replayed.cluster().trace().hash());
    assert_eq!(session.cluster().now(), replayed.cluster().now());
}

#[test]
fn another_seed_gives_another_run() {
    let names = |seed| {
        let mut session = Session::new(seed);
        session.input(Input::Write { name: "web.yaml".to_owned(), text: MANIFEST.to_owned() });
        session.input(Input::Line("kubectl apply -f web.yaml".to_owned()));
        session.run_for(Duration::from_secs(5));
        session.cluster().trace().hash()
    };
    assert_ne!(names(1), names(2));
}
