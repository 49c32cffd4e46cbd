//! Clients' connections to containers, on the cluster's thread.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tabernetes::api::http::{Connection, Told};
use tabernetes::cluster::Cluster;
use tokio::sync::mpsc;

/// How many bundles of output may wait for a client; the rest waits in the container's log.
const WAITING: usize = 16;

/// What a client does with its end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// It types.
    Text(String),
    /// It closes the input.
    End,
    /// It is gone.
    Gone,
}

impl Typed {
    /// Does it.
    pub fn carry_out(&self, cluster: &mut Cluster, connection: &mut Connection) -> Told {
        match self {
            Self::Text(text) => connection.type_in(cluster, text),
            Self::End => connection.close_input(cluster),
            Self::Gone => {
                connection.hang_up(cluster);
                Told::default()
            }
        }
    }

    /// As it is kept in a file.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::End => json!(true),
            Self::Gone => json!(false),
        }
    }

    /// What was kept in a file.
    pub fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::String(text) => Self::Text(text.clone()),
            Value::Bool(true) => Self::End,
            Value::Bool(false) => Self::Gone,
            _ => return None,
        })
    }
}

struct Line {
    connection: Connection,
    client: mpsc::Sender<Told>,
    /// What the client could not take yet.
    pending: Told,
}

/// All of them, by the order in which they began.
pub struct Lines {
    lines: BTreeMap<u64, Line>,
    begun: u64,
}

impl Lines {
    /// None yet, after `begun` that were before.
    pub fn after(begun: u64) -> Self {
        Self { lines: BTreeMap::new(), begun }
    }

    /// One more: its number, and what will be told to its client.
    pub fn begin(&mut self, connection: Connection) -> (u64, mpsc::Receiver<Told>) {
        let (client, receiver) = mpsc::channel(WAITING);
        self.begun += 1;
        let pending = Told::default();
        self.lines.insert(self.begun, Line { connection, client, pending });
        (self.begun, receiver)
    }

    /// Whether there is one of that number.
    pub fn has(&self, number: u64) -> bool {
        self.lines.contains_key(&number)
    }

    /// A client has done something.
    pub fn carry_out(&mut self, cluster: &mut Cluster, number: u64, typed: &Typed) {
        let Some(line) = self.lines.get_mut(&number) else { return };
        line.pending.add(typed.carry_out(cluster, &mut line.connection));
        if *typed == Typed::Gone {
            self.lines.remove(&number);
        }
    }

    /// Tells every client what has been printed, as far as it can take it.
    pub fn feed(&mut self, cluster: &mut Cluster) {
        self.lines.retain(|_, line| {
            let Ok(place) = line.client.try_reserve() else { return true };
            if line.pending.end.is_none() {
                let told = line.connection.poll(cluster);
                line.pending.add(told);
            }
            if line.pending.is_empty() {
                return true;
            }
            let told = std::mem::take(&mut line.pending);
            let goes_on = told.end.is_none();
            place.send(told);
            goes_on
        });
    }

    /// The numbers of those that still last.
    pub fn numbers(&self) -> Vec<u64> {
        self.lines.keys().copied().collect()
    }
}
