# contentcheck in an image: docker build -t contentcheck . && docker run --rm -v "$PWD:/work" contentcheck gate /work
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo install --locked --path crates/cli --root /out

FROM debian:bookworm-slim
COPY --from=build /out/bin/contentcheck /usr/local/bin/contentcheck
# Nothing that the gate does needs rights.
USER nobody
WORKDIR /work
ENTRYPOINT ["contentcheck"]
