//! `log`: what the server says itself before, or instead of, a kubelet.
//! Mirrors `pkg/registry/core/pod/rest/log.go` and `ValidatePodLogOptions`.

use k8s_openapi::api::core::v1::Pod;

use crate::api::{Reply, Request, Server, Status};
use crate::kinds::FieldError;

impl Server {
    /// Whether a pod's log can be asked for in this way.
    ///
    /// # Errors
    /// 404 where there is no such pod, 422 where an option makes no sense.
    pub(in crate::api) fn check_log(&self, request: &Request) -> Result<(), Status> {
        self.current(request)?;
        let number = |name| request.parameter(name).and_then(|text| text.parse::<i64>().ok());
        let mut errors = Vec::new();
        let bounds = [
            ("tailLines", 0, "must be greater than or equal to 0"),
            ("limitBytes", 1, "must be greater than 0"),
            ("sinceSeconds", 1, "must be greater than 0"),
        ];
        for (name, least, text) in bounds {
            if let Some(value) = number(name).filter(|value| *value < least) {
                errors.push(FieldError::invalid(name, value, text));
            }
        }
        if errors.is_empty() {
            return Ok(());
        }
        Err(Status::invalid("PodLogOptions", "", &request.name, &errors))
    }

    /// The log of a pod that no kubelet has: there is none.
    pub(super) fn log(&self, request: &Request) -> Result<Reply, Status> {
        let object = self.current(request)?;
        let spec = object.get::<Pod>().and_then(|pod| pod.spec.as_ref());
        let wanted = request.parameter("container").unwrap_or_default();
        let initial = spec.and_then(|spec| spec.init_containers.as_deref()).unwrap_or_default();
        let main = spec.map(|spec| spec.containers.as_slice()).unwrap_or_default();
        let ephemeral = spec.and_then(|spec| spec.ephemeral_containers.as_deref());
        let mut names = initial.iter().chain(main).map(|container| container.name.as_str());
        let mut others = ephemeral.unwrap_or_default().iter().map(|c| c.name.as_str());
        let is_known = names.any(|name| name == wanted) || others.any(|name| name == wanted);
        if !wanted.is_empty() && !is_known {
            let pod = &request.name;
            let text = format!("container {wanted} is not valid for pod {pod}");
            return Err(Status::bad_request(text));
        }
        Ok(Reply::Nothing)
    }
}
