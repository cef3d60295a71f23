"""Answer the API server: the ASGI application, the reviewer, TLS, probes, metrics and logs."""
