.PHONY: bench
bench: .venv/ready ## compare lastcall with a controller-runtime webhook, and bursts of new clients (needs go; 5 minutes)
	$(BIN)/python -m bench.compare --bursts 16,64,256

.PHONY: bench-regression
bench-regression: .venv/ready ## CPU per review as a ratio to a bare ASGI echo in the same run (needs go; a minute)
	$(BIN)/python -m bench.regression

.PHONY: bench-api-server
bench-api-server: cluster-ready ## latency of a Pod's creation without a mutator, with CEL and with webhooks (needs root, go)
	$(BIN)/python -m bench.api_server

.PHONY: bench-memory
bench-memory: .venv/ready ## 1,000 reviews a second for a minute: no failure, memory grows by less than 5 % (needs go)
	$(BIN)/python -m bench.memory

.PHONY: check-monitoring
check-monitoring: .venv/ready ## test every alert with promtool (apt-get install prometheus)
	$(BIN)/python -m bench.monitoring

.PHONY: bench-audit
bench-audit: .venv/ready ## CPU and memory of `lastcall audit` on 100,000 Pods, beside kube-score (needs go)
	$(BIN)/python -m bench.audit
