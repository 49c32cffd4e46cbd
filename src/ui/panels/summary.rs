use std::rc::Rc;

use yew::prelude::*;

use super::cluster::{bytes, cores};
use super::events::age;
use super::{Panel, Place, Scene, clock};
use crate::kubectl::COMMANDS;
use crate::ui::act::Act;
use crate::ui::messages::t;
use crate::ui::view::{Facts, Item, NodeFacts, Ref, Tone};
use crate::ui::widgets::icon::{tone_class, tone_icon};
use crate::ui::widgets::link::link;
use crate::ui::widgets::load::LoadSliders;

/// The selected object at a glance.
pub const PANEL: Panel = Panel {
    id: "summary",
    place: Place::Inspector,
    title: |words| words.summary,
    count: |_| None,
    epoch: |scene| scene.view.paced(|| scene.view.revision) ^ clock(&scene.view),
    render: |scene| html! { <Summary ..scene /> },
};

/// More owned objects than this are left out.
const OWNED_MAX: usize = 30;

type Row = (&'static str, Html);

#[component]
fn Summary(scene: &Scene) -> Html {
    let Some(item) = scene.selected() else { return Html::default() };
    let mut rows = rows(scene, item);
    rows.push((t().created, text(age(scene.view.now, item.created))));
    if !item.reference.namespace.is_empty() {
        rows.push((t().namespace, text(&*item.reference.namespace)));
    }
    if let Some(owner) = scene.view.owner(item) {
        rows.push((t().owner, link(&owner.reference, &scene.act)));
    }
    if !item.labels.is_empty() {
        let labels = item.labels.iter().map(|label| html! { <code class="tag">{ label }</code> });
        rows.push((t().labels, html! { <span class="wrap">{ for labels }</span> }));
    }
    let owned = scene.view.children(item);
    let row = |(name, value): Row| html! { <><dt>{ name }</dt><dd>{ value }</dd></> };
    html! {
        <>
            <dl class="rows">{ for rows.into_iter().map(row) }</dl>
            { actions(scene, item) }
            if !owned.is_empty() {
                <h3 class="section">{ t().owned }<span class="badge">{ owned.len() }</span></h3>
                <ul class="links">
                    { for owned.iter().take(OWNED_MAX).map(|c| html! { <li>{ link(&c.reference, &scene.act) }</li> }) }
                    if owned.len() > OWNED_MAX { <li class="muted">{ format!("+{}", owned.len() - OWNED_MAX) }</li> }
                </ul>
            }
        </>
    }
}

fn text(text: impl ToString) -> Html {
    html! { <span>{ text.to_string() }</span> }
}

fn phase(tone: Tone, word: &str) -> Html {
    html! { <span class={classes!("phase", tone_class(tone))}>{ tone_icon(tone) }{ word }</span> }
}

fn list(items: &[String]) -> Html {
    if items.is_empty() {
        return text("<none>");
    }
    html! { <span class="wrap">{ for items.iter().map(|i| html! { <code>{ i }</code> }) }</span> }
}

fn rows(scene: &Scene, item: &Rc<Item>) -> Vec<Row> {
    let refer = |kind: &str, name: &str| link(&Ref::new(kind, "", name), &scene.act);
    match &item.facts {
        Facts::Pod(pod) => vec![
            (t().status, phase(pod.tone, &pod.status)),
            (t().ready, text(format!("{}/{}", pod.ready.0, pod.ready.1))),
            (t().restarts, text(pod.restarts)),
            (t().node, pod.node.as_ref().map_or_else(|| text("<none>"), |n| refer("Node", n))),
            (t().address, text(pod.ip.as_deref().unwrap_or("<none>"))),
            (t().images, list(&pod.images)),
            (t().requests, text(format!("{} CPU, {}", cores(pod.cpu), bytes(pod.memory)))),
        ],
        Facts::Node(node) => vec![
            (t().status, phase(node.tone, &node.status)),
            (t().roles, text(&node.roles)),
            (t().cpu, text(cores(node.cpu))),
            (t().memory, text(bytes(node.memory))),
            (t().pods, text(node.pods)),
            (t().taints, list(&node.taints)),
        ],
        Facts::Workload(work) => {
            let mut rows = vec![
                (t().desired, text(work.desired)),
                (t().current, text(work.current)),
                (t().updated, text(work.updated)),
                (t().ready, text(work.ready)),
                (t().available, text(work.available)),
                (t().images, list(&work.images)),
            ];
            rows.extend(work.strategy.as_ref().map(|s| (t().strategy, text(s))));
            rows.extend(work.revision.as_ref().map(|r| (t().revision, text(r))));
            rows
        }
        Facts::Claim(claim) => {
            let volume = claim.volume.as_ref();
            let volume = volume.map_or_else(|| text("<none>"), |v| refer("PersistentVolume", v));
            vec![
                (t().status, text(&claim.phase)),
                (t().volume, volume),
                (t().requests, text(&claim.request)),
                (t().access_modes, text(&claim.modes)),
                (t().class, text(&claim.class)),
            ]
        }
        Facts::Volume(volume) => {
            let claim = volume.claim.as_ref().map_or_else(
                || text("<none>"),
                |(namespace, name)| {
                    link(&Ref::new("PersistentVolumeClaim", namespace, name), &scene.act)
                },
            );
            vec![
                (t().status, text(&volume.phase)),
                (t().claim, claim),
                (t().capacity, text(&volume.capacity)),
                (t().access_modes, text(&volume.modes)),
                (t().class, text(&volume.class)),
                (t().reclaim, text(&volume.reclaim)),
            ]
        }
        Facts::Autoscaler(hpa) => {
            let metric = |m: &crate::ui::view::Metric| {
                html! { <span>{ format!("{}: {} / {}", m.name, m.current, m.target) }</span> }
            };
            vec![
                (t().target, link(&hpa.target, &scene.act)),
                (
                    t().metric,
                    html! { <span class="wrap">{ for hpa.metrics.iter().map(metric) }</span> },
                ),
                (t().bounds, text(format!("{} – {}", hpa.min, hpa.max))),
                (t().current, text(hpa.current)),
                (t().desired, text(hpa.desired)),
            ]
        }
        Facts::Event(event) => vec![
            (t().kind_of, text(&event.level)),
            (t().reason, text(&event.reason)),
            (t().object, link(&event.about, &scene.act)),
            (t().message, text(&event.message)),
            (t().count, text(event.count)),
        ],
        Facts::Other => Vec::new(),
    }
}

/// What can be done to an object: a button's label and the command it equals.
type Action = (&'static str, String);

/// What kubectl can do to an object of this kind.
fn commands(item: &Item) -> Vec<Action> {
    let name = item.reference.kubectl();
    let mut actions = Vec::new();
    match (&*item.reference.kind, &item.facts) {
        (kind, Facts::Workload(work)) => {
            if matches!(kind, "Deployment" | "ReplicaSet" | "StatefulSet" | "ReplicationController")
            {
                let up = work.desired + 1;
                let down = work.desired.saturating_sub(1);
                actions.push((t().more, format!("kubectl scale {name} --replicas={up}")));
                actions.push((t().less, format!("kubectl scale {name} --replicas={down}")));
            }
            if matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet") {
                actions.push((t().restart, format!("kubectl rollout restart {name}")));
                actions.push((t().rollback, format!("kubectl rollout undo {name}")));
            }
            if kind == "Deployment" {
                let (label, verb) =
                    if work.paused { (t().resume, "resume") } else { (t().hold, "pause") };
                actions.push((label, format!("kubectl rollout {verb} {name}")));
            }
        }
        (_, Facts::Pod(_)) => actions.push((t().logs, format!("kubectl logs {}", logs(item)))),
        (_, Facts::Node(node)) => {
            let node_name = &item.reference.name;
            let closed = node.status.contains("SchedulingDisabled");
            actions.push(match closed {
                true => (t().uncordon, format!("kubectl uncordon {node_name}")),
                false => (t().cordon, format!("kubectl cordon {node_name}")),
            });
            let drain = format!("kubectl drain {node_name} --ignore-daemonsets --force");
            actions.push((t().drain, drain));
        }
        _ => {}
    }
    if !matches!(item.facts, Facts::Event(_)) {
        actions.push((t().delete, format!("kubectl delete {name}")));
    }
    actions.retain(|(_, command)| is_offered(command));
    actions
}

fn logs(item: &Item) -> String {
    item.reference.kubectl().trim_start_matches("pod/").to_owned()
}

/// Whether kubectl has the verb of a command line.
fn is_offered(command: &str) -> bool {
    let words = command.trim_start_matches("kubectl ");
    COMMANDS
        .iter()
        .any(|known| words.strip_prefix(known.name()).is_some_and(|rest| rest.starts_with(' ')))
}

fn actions(scene: &Scene, item: &Item) -> Html {
    let button = |(label, command): Action| {
        let (act, line) = (scene.act.clone(), command.clone());
        html! {
            <li>
                <button type="button" class="button" onclick={move |_| act.emit(Act::Run(line.clone()))}>
                    { label }
                </button>
                <code class="command" title={command.clone()}>{ command }</code>
            </li>
        }
    };
    let load = scene.view.load.get(&item.reference).copied().unwrap_or_default();
    let is_loaded = matches!(
        &*item.reference.kind,
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "ReplicationController"
    );
    html! {
        <>
            if is_loaded {
                <div class="inspector-load">
                    <LoadSliders workload={item.reference.clone()} {load} act={scene.act.clone()} />
                </div>
            }
            <ul class="actions" aria-label={t().equals}>
                { for commands(item).into_iter().map(button) }
                if let Facts::Node(node) = &item.facts { { silence(scene, item, node) } }
            </ul>
        </>
    }
}

/// Cutting a node off from the network has no kubectl command: it happens to the machine.
fn silence(scene: &Scene, item: &Item, node: &NodeFacts) -> Html {
    let silent = !node.status.starts_with("Ready");
    let (label, hint) =
        if silent { (t().unsilence, t().unsilence_hint) } else { (t().silence, t().silence_hint) };
    let onclick = {
        let (act, name) = (scene.act.clone(), item.reference.name.clone());
        move |_: MouseEvent| act.emit(Act::Silence(name.clone(), !silent))
    };
    html! {
        <li>
            <button type="button" class="button" {onclick}>{ label }</button>
            <span class="muted">{ hint }</span>
        </li>
    }
}
