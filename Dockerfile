FROM rust:1.95-bookworm AS build
WORKDIR /build

# The dependencies first, below an empty program, so that a change of ours does not build them again.
COPY Cargo.toml Cargo.lock ./
COPY crates/kernel/Cargo.toml crates/kernel/
COPY crates/letters/Cargo.toml crates/letters/
COPY crates/methods/Cargo.toml crates/methods/
COPY crates/platform/Cargo.toml crates/platform/
COPY crates/book/Cargo.toml crates/book/
COPY crates/rating/Cargo.toml crates/rating/
COPY crates/collect/Cargo.toml crates/collect/
COPY crates/decide/Cargo.toml crates/decide/
COPY .cargo .cargo
RUN mkdir -p src tests/it \
 && echo 'fn main() {}' | tee src/main.rs tests/it/main.rs >/dev/null \
 && for crate in . crates/*; do mkdir -p "$crate/src" && touch "$crate/src/lib.rs"; done \
 && cargo build --release --locked --features postgres-tls

# Cargo goes by the files' times, and these may be older than the empty program.
COPY . .
RUN touch src/main.rs src/lib.rs crates/*/src/lib.rs \
 && cargo build --release --locked --features postgres-tls

FROM debian:bookworm-slim
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /build/target/release/netterms /usr/local/bin/

# A place for the SQLite database of a single-machine start; with PostgreSQL nothing is written.
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/netterms netterms
USER 10001
WORKDIR /var/lib/netterms
VOLUME /var/lib/netterms

ENV NETTERMS_LISTEN=0.0.0.0:8080 NETTERMS_LOG_FORMAT=json
EXPOSE 8080

# No HEALTHCHECK: the image has no HTTP client. Let the orchestrator probe GET /healthz (alive) and /readyz (ready).
ENTRYPOINT ["netterms"]
CMD ["serve"]
