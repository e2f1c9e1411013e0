# The whole program in one image: web pods and workers differ by ROLE only.
FROM rust:1.90-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin contoso-shop && cp target/release/contoso-shop /contoso-shop

FROM debian:bookworm-slim
# CA certificates: tiberius and the identity provider's client check servers against them.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
COPY --from=build /contoso-shop /usr/local/bin/contoso-shop
# By number, so that Kubernetes' runAsNonRoot can tell.
USER 10001:10001
WORKDIR /tmp
EXPOSE 8080 9090
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["contoso-shop", "healthcheck"]
ENTRYPOINT ["contoso-shop"]
