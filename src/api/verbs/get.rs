//! Reading one object.

use crate::api::{Reply, Request, Server, Status};

impl Server {
    pub(in crate::api) fn get(&self, request: &Request) -> Result<Reply, Status> {
        self.current(request).cloned().map(Reply::Object)
    }
}
