//! Kinds that are kept for those who act on them elsewhere: webhooks and admission policies, signing
//! requests, flow control, runtime classes, storage drivers. A row of a table each: their names,
//! columns, defaults and required fields. Mirrors the `strategy.go` of their `pkg/registry/*`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value, json};

use super::claim_state::claim_state;
use super::{Column, FieldError, Kind, Names, cells, prepare};
use crate::base::base64::{self, Alphabet};
use crate::object::{Object, Untyped, codec};
use crate::sim::Time;

const ADMISSION: &str = "admissionregistration.k8s.io";
const FLOW: &str = "flowcontrol.apiserver.k8s.io";
const STORAGE: &str = "storage.k8s.io";
const DEVICES: &str = "resource.k8s.io";

/// A kind of which only the metadata is typed.
pub struct Kept(pub &'static Stored);

/// What is known of such a kind.
pub struct Stored {
    names: Names,
    api_version: &'static str,
    /// Whether it has a generation, which follows everything but metadata and status.
    counts: bool,
    columns: &'static [Column],
    /// What the cells between name and age show: a pointer; with `#`, how many are there; with `~`,
    /// nothing where it is absent; two pointers joined with `+`; or [`CLAIM_STATE`].
    cells: &'static [&'static str],
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

/// FlowSchema.
pub const FLOW_SCHEMAS: Stored = Stored {
    counts: true,
    columns: &[
        NAME,
        Column::new("PriorityLevel"),
        Column::number("MatchingPrecedence"),
        Column::new("DistinguisherMethod"),
        AGE,
    ],
    cells: &[
        "/spec/priorityLevelConfiguration/name",
        "/spec/matchingPrecedence",
        "/spec/distinguisherMethod/type",
    ],
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
    columns: &[NAME, Column::new("Type"), Column::new("NominalConcurrencyShares"), AGE],
    cells: &["/spec/type", "/spec/limited/nominalConcurrencyShares"],
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
        AGE,
    ],
    cells: &["/spec/attachRequired", "/spec/podInfoOnMount", "/spec/storageCapacity"],
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

fn of(object: &Object) -> &Untyped {
    object.get().expect("an object is stored under its own kind")
}

fn of_mut(object: &mut Object) -> &mut Untyped {
    object.edit().expect("an object is stored under its own kind")
}

/// Puts a default where its place is but nothing stands there.
fn fill(value: &mut Value, path: &str, default: &str) {
    let (step, rest) = path.split_once('/').map_or((path, None), |(step, rest)| (step, Some(rest)));
    match (value, rest) {
        (Value::Array(items), Some(rest)) if step == "*" => {
            items.iter_mut().for_each(|item| fill(item, rest, default));
        }
        (Value::Object(map), Some(rest)) => {
            if let Some(inner) = map.get_mut(step) {
                fill(inner, rest, default);
            }
        }
        (Value::Object(map), None) => {
            let place = map.entry(step).or_insert(Value::Null);
            if place.is_null() {
                *place = codec::parse(default).unwrap_or_default();
            }
        }
        _ => {}
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    value.filter(|value| !value.is_null()).map(|value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

impl Stored {
    fn cell(&self, object: &Value, spec: &str) -> String {
        if let Some(path) = spec.strip_prefix('~') {
            return text(object.pointer(path)).unwrap_or_default();
        }
        if let Some(path) = spec.strip_prefix('#') {
            let count = object.pointer(path).and_then(Value::as_array).map_or(0, Vec::len);
            return count.to_string();
        }
        if let Some(path) = spec.strip_prefix('@') {
            return cells::parameters(object.pointer(path).unwrap_or(&Value::Null));
        }
        let parts: Option<Vec<_>> =
            spec.split('+').map(|path| text(object.pointer(path))).collect();
        parts.map_or_else(|| "<unset>".to_owned(), |parts| parts.join("/"))
    }

    /// Whether two say the same but for metadata and status.
    fn same(new: &Untyped, old: &Untyped) -> bool {
        let rest = |object: &Untyped| {
            let mut fields = object.fields.clone();
            fields.remove("status");
            fields
        };
        rest(new) == rest(old)
    }
}

impl Kind for Kept {
    fn names(&self) -> &'static Names {
        &self.0.names
    }

    fn decode(&self, _: &str, value: &Value) -> Result<Object, String> {
        let mut fields = value.as_object().cloned().unwrap_or_default();
        fields.remove("apiVersion");
        fields.remove("kind");
        fields.retain(|_, value| !value.is_null());
        for hook in fields.get("webhooks").and_then(Value::as_array).into_iter().flatten() {
            let bundle = hook["clientConfig"]["caBundle"].as_str().unwrap_or_default();
            base64::decode(bundle, Alphabet::Standard)?;
        }
        let metadata = fields.remove("metadata").unwrap_or_else(|| Value::Object(Map::new()));
        let metadata: ObjectMeta = codec::decode(&metadata)?;
        let (resource, kind) = (self.0.names.resource(), self.0.names.kind);
        Ok(Object::new(Untyped {
            resource,
            api_version: self.0.api_version,
            kind,
            metadata,
            fields,
        }))
    }

    fn encode(&self, _: &str, object: &Object) -> Value {
        object.to_value()
    }

    fn default(&self, object: &mut Object) {
        let mut fields = Value::Object(std::mem::take(&mut of_mut(object).fields));
        for (path, default) in self.0.defaults {
            fill(&mut fields, path.trim_start_matches('/'), default);
        }
        if let Value::Object(fields) = fields {
            of_mut(object).fields = fields;
        }
    }

    fn prepare_create(&self, object: &mut Object) {
        let object = of_mut(object);
        object.fields.remove("status");
        if !self.0.names.subresources.is_empty() {
            object.fields.insert("status".to_owned(), json!({}));
        }
        if self.0.counts {
            prepare::first_generation(&mut object.metadata);
        }
    }

    fn prepare_update(&self, new: &mut Object, old: &Object) {
        let (new, old) = (of_mut(new), of(old));
        match old.fields.get("status") {
            Some(status) => new.fields.insert("status".to_owned(), status.clone()),
            None => new.fields.remove("status"),
        };
        if self.0.counts {
            let changed = !Stored::same(new, old);
            prepare::next_generation(&mut new.metadata, &old.metadata, changed);
        }
    }

    fn prepare_status(&self, new: &mut Object, old: &Object) {
        let (new, old) = (of_mut(new), of(old));
        let status = new.fields.remove("status");
        new.fields.clone_from(&old.fields);
        new.fields.insert("status".to_owned(), status.unwrap_or_else(|| json!({})));
        new.metadata.generation = old.metadata.generation;
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let fields = Value::Object(of(object).fields.clone());
        let is_missing = |path: &&&str| match fields.pointer(path) {
            None | Some(Value::Null) => true,
            Some(Value::String(text)) => text.is_empty(),
            Some(Value::Array(items)) => items.is_empty(),
            Some(_) => false,
        };
        let missing = self.0.required.iter().filter(is_missing);
        let name = |path: &str| path.trim_start_matches('/').replace('/', ".");
        let missing = missing.map(|path| FieldError::required(&name(path), ""));
        missing.chain((self.0.check)(&fields)).collect()
    }

    fn fields(&self, object: &Object) -> Vec<(&'static str, String)> {
        let fields = Value::Object(of(object).fields.clone());
        let at = |path: &str| fields.pointer(&format!("/{}", path.replace('.', "/")));
        let text = |path| at(path).and_then(Value::as_str).unwrap_or_default();
        self.0.selectable.iter().map(|path| (*path, text(path).to_owned())).collect()
    }

    fn columns(&self) -> &'static [Column] {
        self.0.columns
    }

    fn row(&self, object: &Object, now: Time) -> Vec<String> {
        let fields = Value::Object(of(object).fields.clone());
        let mut given = self.0.cells.iter();
        let cells = self.0.columns.iter().map(|column| match column.name {
            "Name" => cells::name(object.meta()),
            "Age" => cells::age(object.meta(), now),
            _ => match given.next() {
                Some(&CLAIM_STATE) => {
                    claim_state(&fields, object.meta().deletion_timestamp.is_some())
                }
                spec => spec.map(|spec| self.0.cell(&fields, spec)).unwrap_or_default(),
            },
        });
        cells.collect()
    }
}
