# contentcheck in an image:
#   docker build -t contentcheck .
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" contentcheck gate /work --evidence /work/evidence
# --user makes what is written to the mount yours. Without it the user is 65532, which can read what all may read and
# write where all may write.
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo install --locked --path crates/cli --root /out

FROM debian:bookworm-slim
COPY --from=build /out/bin/contentcheck /usr/local/bin/contentcheck
WORKDIR /work
# Nothing that the gate does needs rights.
USER 65532:65532
# Jobs that run a script in it, as those of GitLab do, set `entrypoint: [""]`.
ENTRYPOINT ["contentcheck"]
CMD ["--help"]
