use std::rc::Rc;

use yew::prelude::*;

use super::cluster::{bytes, cores};
use super::events::age;
use super::{Panel, Place, Scene};
use crate::ui::act::Act;
use crate::ui::messages::t;
use crate::ui::view::{Facts, Item, Ref};
use crate::ui::widgets::link::link;

/// The selected object at a glance.
pub const PANEL: Panel = Panel {
    id: "summary",
    place: Place::Inspector,
    title: |words| words.summary,
    count: |_| None,
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

fn list(items: &[String]) -> Html {
    html! { <span class="wrap">{ for items.iter().map(|i| html! { <code>{ i }</code> }) }</span> }
}

fn rows(scene: &Scene, item: &Rc<Item>) -> Vec<Row> {
    let refer = |kind: &str, name: &str| link(&Ref::new(kind, "", name), &scene.act);
    match &item.facts {
        Facts::Pod(pod) => vec![
            (t().status, text(&pod.status)),
            (t().ready, text(format!("{}/{}", pod.ready.0, pod.ready.1))),
            (t().restarts, text(pod.restarts)),
            (t().node, pod.node.as_ref().map_or_else(|| text("<none>"), |n| refer("Node", n))),
            (t().address, text(pod.ip.as_deref().unwrap_or("<none>"))),
            (t().images, list(&pod.images)),
            (t().requests, text(format!("{} CPU, {}", cores(pod.cpu), bytes(pod.memory)))),
        ],
        Facts::Node(node) => vec![
            (t().status, text(&node.status)),
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

fn actions(scene: &Scene, item: &Item) -> Html {
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
        }
        (_, Facts::Node(node)) => {
            let node_name = &item.reference.name;
            let closed = node.status.contains("SchedulingDisabled");
            actions.push(match closed {
                true => (t().uncordon, format!("kubectl uncordon {node_name}")),
                false => (t().cordon, format!("kubectl cordon {node_name}")),
            });
            actions.push((
                t().drain,
                format!("kubectl drain {node_name} --ignore-daemonsets --force"),
            ));
        }
        _ => {}
    }
    if !matches!(item.facts, Facts::Event(_)) {
        actions.push((t().delete, format!("kubectl delete {name}")));
    }
    let button = |(label, command): (&'static str, String)| {
        let (act, line) = (scene.act.clone(), command.clone());
        html! {
            <li>
                <button type="button" class="button" onclick={move |_| act.emit(Act::Run(line.clone()))}>
                    { label }
                </button>
                <code class="command">{ command }</code>
            </li>
        }
    };
    html! { <ul class="actions" aria-label={t().equals}>{ for actions.into_iter().map(button) }</ul> }
}
