# The targets that need a real Kubernetes: Linux, root, Go and npm; the rest is installed, built once, and cached.
.PHONY: cluster-ready
cluster-ready: .venv/ready
	@$(BIN)/python -m tests.cluster.lab build

.PHONY: test-cluster
test-cluster: cluster-ready ## the tests that need a real Kubernetes (root, Go)
	$(BIN)/pytest -m "cluster and not extended" tests/cluster

.PHONY: test-cluster-extended
test-cluster-extended: cluster-ready ## the rest of them: variants that .ci/run has no time for
	$(BIN)/pytest -m "cluster and extended" tests/cluster

.PHONY: cluster-demo
cluster-demo: cluster-ready ## a rolling update before and after, on a real Kubernetes (root, Go)
	@$(BIN)/python -m tests.cluster.demo
