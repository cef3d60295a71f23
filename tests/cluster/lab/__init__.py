"""A real single-node Kubernetes for tests, as plain processes inside one network namespace."""
