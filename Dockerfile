# Two images:  docker build --target certs -t lastcall-certs .     (certs/: the certificate controller)
#              docker build -t lastcall .                          (webhook/: what the API server asks)
# Packages are installed where pip is and copied to where it is not; the locks name every file by its hash.
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_ONLY_BINARY=:all:
COPY requirements/webhook.txt requirements/certs.txt /tmp/

FROM packages AS webhook-packages
RUN python3 -m pip install --quiet --require-hashes --no-deps --target=/app -r /tmp/webhook.txt && rm -rf /app/bin
COPY webhook /app/webhook
RUN python3 -m compileall -q /app

FROM packages AS certs-packages
RUN python3 -m pip install --quiet --require-hashes --no-deps --target=/app -r /tmp/certs.txt && rm -rf /app/bin
COPY certs /app/certs
RUN python3 -m compileall -q /app

# What is in an image, as CycloneDX, read from the packages installed in it, offline. The tool has a stage of its own: it
# looks at /app and hands over one file. -S, and a Python that knows /app alone, keep what else is here out of the list.
FROM packages AS sbom
COPY requirements/sbom.txt pyproject.toml /tmp/
RUN python3 -m pip install --quiet --require-hashes --no-deps --target=/sbom -r /tmp/sbom.txt
RUN printf '#!/bin/sh\nPYTHONPATH=/app exec python3 "$@"\n' > /tmp/python-of-app && chmod +x /tmp/python-of-app
ENV SBOM="-m cyclonedx_py environment -S --output-reproducible --pyproject=/tmp/pyproject.toml /tmp/python-of-app"

FROM sbom AS webhook-sbom
COPY --from=webhook-packages /app /app
RUN PYTHONPATH=/sbom python3 $SBOM --output-file=/sbom.cdx.json

FROM sbom AS certs-sbom
COPY --from=certs-packages /app /app
RUN PYTHONPATH=/sbom python3 $SBOM --output-file=/sbom.cdx.json

FROM ${PYTHON_IMAGE} AS runtime
RUN find / -xdev -depth -regextype posix-extended \
    -regex '.*/(pip[0-9.]*|(pip|setuptools|wheel)-[0-9].*|ensurepip|setuptools|wheel|pkg_resources|python-wheels)' \
    -exec rm -rf {} +
ARG VERSION=0.1.0
LABEL org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.licenses=Apache-2.0
ENV PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /app
USER 65532:65532

FROM runtime AS certs
LABEL org.opencontainers.image.title=lastcall-certs \
      org.opencontainers.image.description="Issues and renews the certificate that lastcall serves with"
COPY --from=certs-packages /app /app
COPY --from=certs-sbom /sbom.cdx.json /sbom.cdx.json
ENTRYPOINT ["python3", "-m", "certs"]
CMD ["run"]

FROM runtime AS webhook
LABEL org.opencontainers.image.title=lastcall \
      org.opencontainers.image.description="A mutating admission webhook that lets Pods end without losing a request"
COPY --from=webhook-packages /app /app
COPY --from=webhook-sbom /sbom.cdx.json /sbom.cdx.json
EXPOSE 10250
ENTRYPOINT ["python3", "-m", "webhook.cli", "serve"]
CMD ["--host=0.0.0.0", "--port=10250", "--cert=/tls/tls.crt", "--key=/tls/tls.key", "--ca=/tls/ca.crt"]
