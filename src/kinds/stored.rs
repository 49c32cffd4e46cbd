//! Kinds that are kept for those who act on them elsewhere: webhooks and admission policies, signing
//! requests, flow control, runtime classes, storage drivers. A row of a table each: their names,
//! columns, defaults and required fields. Mirrors the `strategy.go` of their `pkg/registry/*`.

mod kept;

pub use self::kept::Kept;

use serde_json::Value;

use super::{Column, FieldError, Names};

const ADMISSION: &str = "admissionregistration.k8s.io";
const FLOW: &str = "flowcontrol.apiserver.k8s.io";
const STORAGE: &str = "storage.k8s.io";
const DEVICES: &str = "resource.k8s.io";

/// What is known of such a kind.
pub struct Stored {
    names: Names,
    api_version: &'static str,
    /// Whether it has a generation, which follows everything but metadata and status.
    counts: bool,
    columns: &'static [Column],
    /// What the cells between name and age show: a pointer; with `#`, how many are there; with `~`,
    /// nothing where it is absent; with `-`, `<none>` then; with `,`, what a list holds; with `?`, the status of a condition;
    /// two pointers joined with `+`; [`HEALTH`] or [`CLAIM_STATE`].
    cells: &'static [&'static str],
    /// The number in the specification by which rows are ordered.
    rank: Option<&'static str>,
    /// What whoever asks for it is told.
    deprecation: Option<&'static str>,
    /// What must be given, as pointers.
    required: &'static [&'static str],
    /// The fields that field selectors may name, beyond name and namespace.
    selectable: &'static [&'static str],
    /// Where defaults stand, and what they are, as JSON; `*` is every item of a list.
    defaults: &'static [(&'static str, &'static str)],
    /// What is wrong with its fields, beyond that.
    check: fn(&Value) -> Vec<FieldError>,
}

/// Nothing is wrong.
fn unchecked(_: &Value) -> Vec<FieldError> {
    Vec::new()
}

#[cfg(target_arch = "wasm32")]
use self::policy as webhook;
/// The checks of admission policies, their bindings and webhooks, where there are any.
#[cfg(not(target_arch = "wasm32"))]
use super::{admission_policy as policy, webhook_configuration as webhook};
#[cfg(target_arch = "wasm32")]
mod policy {
    pub(super) use super::unchecked as validating;
    pub(super) use super::unchecked as validating_binding;
    pub(super) use super::unchecked as mutating;
    pub(super) use super::unchecked as mutating_binding;
}

const fn cluster(
    group: &'static str,
    kind: &'static str,
    plural: &'static str,
    singular: &'static str,
) -> Names {
    Names::cluster(group, &["v1"], kind, plural, singular)
}

/// Whether a part of the control plane is well.
const HEALTH: &str = "health";
/// What a ResourceClaim is about to become.
const CLAIM_STATE: &str = "state";

const EXTENSIONS: &[&str] = &["api-extensions"];
const STATUS: &[&str] = &["status"];
const NAME: Column = Column::new("Name");
const AGE: Column = Column::new("Age");
const WEBHOOKS: &[Column] = &[NAME, Column::number("Webhooks"), AGE];
const BINDING: &[Column] = &[NAME, Column::new("PolicyName"), Column::new("ParamRef"), AGE];

const fn stored(names: Names, api_version: &'static str) -> Stored {
    Stored {
        names,
        api_version,
        counts: false,
        columns: &[NAME, AGE],
        cells: &[],
        rank: None,
        deprecation: None,
        required: &[],
        selectable: &[],
        defaults: &[],
        check: unchecked,
    }
}

const fn admission(kind: &'static str, plural: &'static str, singular: &'static str) -> Stored {
    let names = Names { categories: EXTENSIONS, ..cluster(ADMISSION, kind, plural, singular) };
    Stored { counts: true, ..stored(names, "admissionregistration.k8s.io/v1") }
}

/// ValidatingWebhookConfiguration.
pub const VALIDATING_WEBHOOKS: Stored = Stored {
    check: webhook::validating,
    columns: WEBHOOKS,
    cells: &["#/webhooks"],
    defaults: &[
        ("/webhooks/*/failurePolicy", "\"Fail\""),
        ("/webhooks/*/matchPolicy", "\"Equivalent\""),
        ("/webhooks/*/namespaceSelector", "{}"),
        ("/webhooks/*/objectSelector", "{}"),
        ("/webhooks/*/timeoutSeconds", "10"),
        ("/webhooks/*/rules/*/scope", "\"*\""),
        ("/webhooks/*/clientConfig/service/port", "443"),
    ],
    ..admission(
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        "validatingwebhookconfiguration",
    )
};

/// MutatingWebhookConfiguration.
pub const MUTATING_WEBHOOKS: Stored = Stored {
    check: webhook::mutating,
    columns: WEBHOOKS,
    cells: &["#/webhooks"],
    defaults: &[
        ("/webhooks/*/failurePolicy", "\"Fail\""),
        ("/webhooks/*/matchPolicy", "\"Equivalent\""),
        ("/webhooks/*/namespaceSelector", "{}"),
        ("/webhooks/*/objectSelector", "{}"),
        ("/webhooks/*/timeoutSeconds", "10"),
        ("/webhooks/*/reinvocationPolicy", "\"Never\""),
        ("/webhooks/*/rules/*/scope", "\"*\""),
        ("/webhooks/*/clientConfig/service/port", "443"),
    ],
    ..admission(
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations",
        "mutatingwebhookconfiguration",
    )
};

const POLICY_DEFAULTS: &[(&str, &str)] = &[
    ("/spec/failurePolicy", "\"Fail\""),
    ("/spec/matchConstraints/matchPolicy", "\"Equivalent\""),
    ("/spec/matchConstraints/namespaceSelector", "{}"),
    ("/spec/matchConstraints/objectSelector", "{}"),
    ("/spec/matchConstraints/resourceRules/*/scope", "\"*\""),
];
const BINDING_DEFAULTS: &[(&str, &str)] = &[
    ("/spec/matchResources/matchPolicy", "\"Equivalent\""),
    ("/spec/matchResources/namespaceSelector", "{}"),
    ("/spec/matchResources/objectSelector", "{}"),
];

/// ValidatingAdmissionPolicy.
pub const VALIDATING_POLICIES: Stored = {
    let kept = admission(
        "ValidatingAdmissionPolicy",
        "validatingadmissionpolicies",
        "validatingadmissionpolicy",
    );
    Stored {
        names: Names { subresources: STATUS, ..kept.names },
        check: policy::validating,
        columns: &[NAME, Column::number("Validations"), Column::new("ParamKind"), AGE],
        cells: &["#/spec/validations", "/spec/paramKind/apiVersion+/spec/paramKind/kind"],
        required: &["/spec/matchConstraints"],
        defaults: POLICY_DEFAULTS,
        ..kept
    }
};

/// ValidatingAdmissionPolicyBinding.
pub const VALIDATING_BINDINGS: Stored = Stored {
    check: policy::validating_binding,
    columns: BINDING,
    cells: &["/spec/policyName", "@/spec/paramRef"],
    required: &["/spec/policyName", "/spec/validationActions"],
    defaults: BINDING_DEFAULTS,
    ..admission(
        "ValidatingAdmissionPolicyBinding",
        "validatingadmissionpolicybindings",
        "validatingadmissionpolicybinding",
    )
};

/// MutatingAdmissionPolicy.
pub const MUTATING_POLICIES: Stored = Stored {
    check: policy::mutating,
    columns: &[NAME, Column::number("Mutations"), Column::new("ParamKind"), AGE],
    cells: &["#/spec/mutations", "/spec/paramKind/apiVersion+/spec/paramKind/kind"],
    required: &["/spec/matchConstraints"],
    defaults: POLICY_DEFAULTS,
    ..admission("MutatingAdmissionPolicy", "mutatingadmissionpolicies", "mutatingadmissionpolicy")
};

/// MutatingAdmissionPolicyBinding.
pub const MUTATING_BINDINGS: Stored = Stored {
    check: policy::mutating_binding,
    columns: BINDING,
    cells: &["/spec/policyName", "@/spec/paramRef"],
    required: &["/spec/policyName"],
    defaults: BINDING_DEFAULTS,
    ..admission(
        "MutatingAdmissionPolicyBinding",
        "mutatingadmissionpolicybindings",
        "mutatingadmissionpolicybinding",
    )
};

/// CertificateSigningRequest.
pub const SIGNING_REQUESTS: Stored = Stored {
    columns: &[NAME, AGE, Column::new("SignerName"), Column::new("Requestor")],
    cells: &["/spec/signerName", "/spec/username"],
    required: &["/spec/request", "/spec/signerName", "/spec/usages"],
    selectable: &["spec.signerName"],
    ..stored(
        Names {
            short: &["csr"],
            subresources: &["approval", "status"],
            ..cluster(
                "certificates.k8s.io",
                "CertificateSigningRequest",
                "certificatesigningrequests",
                "certificatesigningrequest",
            )
        },
        "certificates.k8s.io/v1",
    )
};

/// ComponentStatus.
pub const COMPONENTS: Stored = Stored {
    columns: &[NAME, Column::new("Status"), Column::new("Message"), Column::new("Error")],
    cells: &[HEALTH, "~/conditions/0/message", "~/conditions/0/error"],
    deprecation: Some("v1 ComponentStatus is deprecated in v1.19+"),
    ..stored(
        Names {
            short: &["cs"],
            ..cluster("", "ComponentStatus", "componentstatuses", "componentstatus")
        },
        "v1",
    )
};

/// FlowSchema.
pub const FLOW_SCHEMAS: Stored = Stored {
    counts: true,
    columns: &[
        NAME,
        Column::new("PriorityLevel"),
        Column::number("MatchingPrecedence"),
        Column::new("DistinguisherMethod"),
        AGE,
        Column::new("MissingPL"),
    ],
    cells: &[
        "/spec/priorityLevelConfiguration/name",
        "/spec/matchingPrecedence",
        "-/spec/distinguisherMethod/type",
        "?Dangling",
    ],
    rank: Some("matchingPrecedence"),
    required: &["/spec/priorityLevelConfiguration/name"],
    defaults: &[("/spec/matchingPrecedence", "1000")],
    ..stored(
        Names { subresources: STATUS, ..cluster(FLOW, "FlowSchema", "flowschemas", "flowschema") },
        "flowcontrol.apiserver.k8s.io/v1",
    )
};

/// PriorityLevelConfiguration.
pub const PRIORITY_LEVELS: Stored = Stored {
    counts: true,
    columns: &[
        NAME,
        Column::new("Type"),
        Column::new("NominalConcurrencyShares"),
        Column::new("Queues"),
        Column::new("HandSize"),
        Column::new("QueueLengthLimit"),
        AGE,
    ],
    cells: &[
        "/spec/type",
        "-/spec/limited/nominalConcurrencyShares",
        "-/spec/limited/limitResponse/queuing/queues",
        "-/spec/limited/limitResponse/queuing/handSize",
        "-/spec/limited/limitResponse/queuing/queueLengthLimit",
    ],
    required: &["/spec/type"],
    defaults: &[
        ("/spec/limited/nominalConcurrencyShares", "30"),
        ("/spec/limited/lendablePercent", "0"),
        ("/spec/limited/limitResponse/queuing/queues", "64"),
        ("/spec/limited/limitResponse/queuing/handSize", "8"),
        ("/spec/limited/limitResponse/queuing/queueLengthLimit", "50"),
    ],
    ..stored(
        Names {
            subresources: STATUS,
            ..cluster(
                FLOW,
                "PriorityLevelConfiguration",
                "prioritylevelconfigurations",
                "prioritylevelconfiguration",
            )
        },
        "flowcontrol.apiserver.k8s.io/v1",
    )
};

/// RuntimeClass.
pub const RUNTIME_CLASSES: Stored = Stored {
    columns: &[NAME, Column::new("Handler"), AGE],
    cells: &["/handler"],
    required: &["/handler"],
    ..stored(
        cluster("node.k8s.io", "RuntimeClass", "runtimeclasses", "runtimeclass"),
        "node.k8s.io/v1",
    )
};

/// CSIDriver.
pub const CSI_DRIVERS: Stored = Stored {
    columns: &[
        NAME,
        Column::truth("AttachRequired"),
        Column::truth("PodInfoOnMount"),
        Column::truth("StorageCapacity"),
        Column::new("TokenRequests"),
        Column::truth("RequiresRepublish"),
        Column::new("Modes"),
        AGE,
    ],
    cells: &[
        "/spec/attachRequired",
        "/spec/podInfoOnMount",
        "/spec/storageCapacity",
        ",/spec/tokenRequests",
        "/spec/requiresRepublish",
        ",/spec/volumeLifecycleModes",
    ],
    required: &["/spec"],
    defaults: &[
        ("/spec/attachRequired", "true"),
        ("/spec/podInfoOnMount", "false"),
        ("/spec/storageCapacity", "false"),
        ("/spec/requiresRepublish", "false"),
        ("/spec/seLinuxMount", "false"),
        ("/spec/fsGroupPolicy", "\"ReadWriteOnceWithFSType\""),
        ("/spec/volumeLifecycleModes", "[\"Persistent\"]"),
    ],
    ..stored(cluster(STORAGE, "CSIDriver", "csidrivers", "csidriver"), "storage.k8s.io/v1")
};

/// CSINode.
pub const CSI_NODES: Stored = Stored {
    columns: &[NAME, Column::number("Drivers"), AGE],
    cells: &["#/spec/drivers"],
    defaults: &[("/spec/drivers", "[]")],
    ..stored(cluster(STORAGE, "CSINode", "csinodes", "csinode"), "storage.k8s.io/v1")
};

/// CSIStorageCapacity.
pub const CSI_CAPACITIES: Stored = Stored {
    columns: &[NAME, Column::new("StorageClass"), Column::new("Capacity"), AGE],
    cells: &["/storageClassName", "/capacity"],
    required: &["/storageClassName"],
    ..stored(
        Names::namespaced(
            STORAGE,
            &["v1"],
            "CSIStorageCapacity",
            "csistoragecapacities",
            "csistoragecapacity",
        ),
        "storage.k8s.io/v1",
    )
};

/// VolumeAttachment.
pub const VOLUME_ATTACHMENTS: Stored = Stored {
    columns: &[
        NAME,
        Column::new("Attacher"),
        Column::new("PV"),
        Column::new("Node"),
        Column::truth("Attached"),
        AGE,
    ],
    cells: &[
        "/spec/attacher",
        "/spec/source/persistentVolumeName",
        "/spec/nodeName",
        "/status/attached",
    ],
    required: &["/spec/attacher", "/spec/nodeName"],
    ..stored(
        Names {
            subresources: STATUS,
            ..cluster(STORAGE, "VolumeAttachment", "volumeattachments", "volumeattachment")
        },
        "storage.k8s.io/v1",
    )
};

/// VolumeAttributesClass.
pub const VOLUME_CLASSES: Stored = Stored {
    columns: &[NAME, Column::new("DriverName"), AGE],
    cells: &["/driverName"],
    required: &["/driverName"],
    ..stored(
        Names {
            short: &["vac"],
            ..cluster(
                STORAGE,
                "VolumeAttributesClass",
                "volumeattributesclasses",
                "volumeattributesclass",
            )
        },
        "storage.k8s.io/v1",
    )
};

const fn device(kind: &'static str, plural: &'static str, singular: &'static str) -> Names {
    Names::namespaced(DEVICES, &["v1"], kind, plural, singular)
}

/// DeviceClass.
pub const DEVICE_CLASSES: Stored = Stored {
    counts: true,
    ..stored(cluster(DEVICES, "DeviceClass", "deviceclasses", "deviceclass"), "resource.k8s.io/v1")
};

/// ResourceClaim.
pub const RESOURCE_CLAIMS: Stored = Stored {
    columns: &[NAME, Column::new("State"), AGE],
    cells: &[CLAIM_STATE],
    defaults: &[("/spec/devices/requests/*/exactly/allocationMode", "\"ExactCount\"")],
    ..stored(
        Names {
            subresources: STATUS,
            ..device("ResourceClaim", "resourceclaims", "resourceclaim")
        },
        "resource.k8s.io/v1",
    )
};

/// ResourceClaimTemplate.
pub const RESOURCE_CLAIM_TEMPLATES: Stored = stored(
    device("ResourceClaimTemplate", "resourceclaimtemplates", "resourceclaimtemplate"),
    "resource.k8s.io/v1",
);

/// ResourceSlice.
pub const RESOURCE_SLICES: Stored = Stored {
    counts: true,
    columns: &[NAME, Column::new("Node"), Column::new("Driver"), Column::new("Pool"), AGE],
    cells: &["~/spec/nodeName", "/spec/driver", "/spec/pool/name"],
    required: &["/spec/driver", "/spec/pool/name"],
    ..stored(
        cluster(DEVICES, "ResourceSlice", "resourceslices", "resourceslice"),
        "resource.k8s.io/v1",
    )
};
