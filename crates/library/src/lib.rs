//! Template types and sensor manifests of public log sources, embedded in the binary.
