# contentcheck in an image:
#   docker build -t contentcheck .                            the program alone
#   docker build -t contentcheck-job --target job .           with a shell, for jobs that run a script in it, as those of GitLab do
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" contentcheck gate /work --evidence /work/evidence
# --user makes what is written to the mount yours. Without it the user is 65532, which can read what all may read and
# write where all may write.
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
# Linked with everything that it needs: the image below has no C library. A target that is named keeps the flags from what is run while building.
RUN target="$(rustc --print host-tuple)" && \
    RUSTFLAGS="-C target-feature=+crt-static" cargo build --locked --profile dist --package contentcheck --target "$target" && \
    mkdir /out && cp "target/$target/dist/contentcheck" /out/contentcheck

FROM debian:bookworm-slim AS job
COPY --from=build /out/contentcheck /usr/local/bin/contentcheck
WORKDIR /work
# Nothing that the gate does needs rights.
USER 65532:65532
# Jobs that run a script in it set `entrypoint: [""]`.
ENTRYPOINT ["contentcheck"]
CMD ["--help"]

FROM scratch
COPY --from=build /out/contentcheck /usr/local/bin/contentcheck
COPY --from=build /src/LICENSE /src/LICENSE-APACHE /src/LICENSE-MIT /src/crates/library/NOTICE /usr/share/doc/contentcheck/
WORKDIR /work
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/contentcheck"]
CMD ["--help"]
