//! The controllers, a folder each. They meet only through API objects.

mod apiservice;
mod cronjob;
mod customresourcedefinition;
mod daemon;
mod defaults;
mod deployment;
mod disruption;
mod endpoints;
mod garbagecollector;
/// The revisions of a workload.
pub mod history;
mod horizontalpodautoscaler;
mod job;
mod namespace;
mod nodelifecycle;
mod persistentvolume;
/// Facts about pods that several controllers decide by.
pub mod pod;
/// Creating and deleting pods on an owner's behalf.
pub mod pod_control;
mod protection;
mod provisioner;
mod replicaset;
mod resourcequota;
mod settings;
mod statefulset;
/// Hashes of pod templates.
pub mod template_hash;
mod ttl;
mod ttlafterfinished;

pub use self::settings::Settings;
use crate::runtime::Controller;

/// Every controller, in the order in which they start.
pub fn controllers(settings: Settings) -> Vec<Box<dyn Controller>> {
    let mut controllers: Vec<Box<dyn Controller>> = vec![
        Box::new(namespace::Namespaces),
        Box::new(defaults::DefaultServiceAccounts),
        Box::new(defaults::RootCertificates),
        Box::new(deployment::Deployments),
        Box::new(replicaset::replica_sets()),
        Box::new(replicaset::replication_controllers()),
        Box::new(job::Jobs::default()),
        Box::new(cronjob::CronJobs::default()),
        Box::new(ttlafterfinished::FinishedJobs),
        Box::new(disruption::Disruptions),
        Box::new(resourcequota::Quotas),
        Box::new(statefulset::StatefulSets::default()),
        Box::new(daemon::DaemonSets::default()),
        Box::new(persistentvolume::Binder),
        Box::new(protection::ClaimProtection),
        Box::new(protection::VolumeProtection),
        Box::new(horizontalpodautoscaler::Autoscalers::new(settings)),
        Box::new(endpoints::EndpointsOfServices::default()),
        Box::new(endpoints::SlicesOfServices::default()),
        Box::new(endpoints::MirroredSlices::default()),
        Box::new(nodelifecycle::NodeLifecycle::new(settings)),
        Box::new(nodelifecycle::TaintEviction::default()),
        Box::new(ttl::NodeTtl),
        Box::new(nodelifecycle::OrphanedPods::default()),
        Box::new(apiservice::Registration),
        Box::new(apiservice::Availability),
        Box::new(customresourcedefinition::Naming),
        Box::new(customresourcedefinition::Establishing),
        Box::new(customresourcedefinition::Emptying),
        Box::new(garbagecollector::GarbageCollector),
    ];
    let provisioners = provisioner::provisioners();
    controllers.extend(provisioners.map(|each| Box::new(each) as Box<dyn Controller>));
    controllers
}
