# syntax=docker/dockerfile:1.7
# An image of `aegis serve`. docs/deploy.md says how it is built, and that it could not
# be built where it was written: there was no Docker. A test of tools/deploy parses it
# and compares the versions below with those of internal/toolchain.
#
# The base images are pinned by tag. Their digests could not be looked up without a
# registry: pin them with NAME:TAG@sha256:… before you rely on the image.

ARG GO_VERSION=1.26

FROM golang:${GO_VERSION}-bookworm AS build

# Versions of internal/toolchain, which gets the programs; checked after the fact.
ARG PULUMI_VERSION=3.220.0
ARG PULUMI_AWS_VERSION=6.83.0
ARG TERRAFORM_VERSION=1.11.4
ARG TERRAFORM_PROVIDER_AWS_VERSION=5.100.0
# What `aegis version` says; git describe --tags --always.
ARG VERSION=unknown

WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY *.go ./
COPY agent agent
COPY api api
COPY bench bench
COPY client client
COPY cmd cmd
COPY drift drift
COPY internal internal
COPY policies policies
COPY rollout rollout
COPY secops secops
COPY stacks stacks
COPY tools tools
COPY web web
COPY webhooks webhooks
# Static: the final image has no C library.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/bin/aegis ./cmd/aegis

# The project's own set-up gets the Pulumi CLI, its AWS plugin, Terraform and its AWS
# provider, verified by checksum or signature, into the folder where they will be.
# A stand-in that it builds where the official plugin can't be had is for tests: an
# image with one is refused.
ENV AEGIS_TOOLS=/opt/aegis
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 /out/bin/aegis setup --engines-only \
    && /out/bin/aegis doctor --engines-only | tee /tmp/doctor \
    && grep -Eq "^Pulumi CLI +ok +${PULUMI_VERSION} +downloaded" /tmp/doctor \
    && grep -Eq "^Pulumi AWS plugin +ok +${PULUMI_AWS_VERSION} +official" /tmp/doctor \
    && grep -Eq "^Terraform +ok +${TERRAFORM_VERSION} " /tmp/doctor \
    && grep -Eq "^Terraform AWS provider +ok +${TERRAFORM_PROVIDER_AWS_VERSION} " /tmp/doctor \
    && chmod -R a+rX,go-w /opt/aegis \
    && rm /opt/aegis/setup.lock

# One program, since what guards Terraform's processes is a script of a few lines for
# /bin/sh (internal/engine/terraform_place.go).
FROM busybox:1.37.0-musl AS shell

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/bin/aegis /usr/local/bin/aegis
COPY --from=build /opt/aegis /opt/aegis
COPY --from=shell /bin/busybox /bin/sh
COPY docs/deploy.md /usr/share/doc/aegis/deploy.md
ENV AEGIS_TOOLS=/opt/aegis HOME=/tmp
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/aegis"]
CMD ["serve", "--config", "/etc/aegis/aegis.yaml"]
