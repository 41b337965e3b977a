# leaderd in a container; docs/install.md tells how it is run. docker, podman and buildah build it alike.
FROM docker.io/library/debian:12 AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev make pkg-config openssl \
        libhiredis-dev libjansson-dev libmicrohttpd-dev libsqlite3-dev libssl-dev libuv1-dev libyaml-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
ARG REVISION=unknown
# `-o deps`: everything is installed already.
RUN make -o deps -j"$(nproc)" REVISION="$REVISION" all && strip build/release/leaderd

FROM docker.io/library/debian:12-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
        libhiredis0.14 libjansson4 libmicrohttpd12 libsqlite3-0 libssl3 libuv1 libyaml-0-2 \
    && rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log /var/cache/ldconfig \
    && groupadd --gid 65532 leaderd \
    && useradd --uid 65532 --gid 65532 --no-create-home --home-dir / --shell /usr/sbin/nologin -K UID_MAX=65533 leaderd \
    && install -d -o 65532 -g 65532 /run/leaderd
COPY --from=build /src/build/release/leaderd /usr/bin/leaderd
COPY LICENSE /usr/share/doc/leaderd/copyright

ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="leaderd" \
      org.opencontainers.image.description="Leader election sidecar on Redis" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"

# A number: Kubernetes wants to see that it is not root.
USER 65532:65532
# Control socket, leader flags and what survives a crash: give it a tmpfs.
ENV RUNTIME_DIRECTORY=/run/leaderd
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/usr/bin/leaderd", "healthcheck", "livez"]
ENTRYPOINT ["/usr/bin/leaderd"]
