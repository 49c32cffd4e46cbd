//! Building blocks without Kubernetes objects and without time.
