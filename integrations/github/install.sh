#!/usr/bin/env bash
# The first step of the action: puts `contentcheck` on the PATH of the steps after it. A version that is named is downloaded
# and held against its digest; without one, what is there is used, or else the sources of the action are built.
set -euo pipefail

fail() {
    # Nothing of a value may end the command.
    local text="${1//'%'/%25}"
    text="${text//$'\r'/%0D}"
    echo "::error title=contentcheck::${text//$'\n'/%0A}"
    exit 2
}

version="${VERSION:-}"
if [ -z "$version" ]; then
    if command -v contentcheck >/dev/null; then
        echo "using $(command -v contentcheck)"
    else
        cargo install --locked --path "$GITHUB_ACTION_PATH/../../crates/cli" || fail "contentcheck could not be built; name a version"
    fi
    exit 0
fi

[[ "$version" =~ ^[0-9]+\.[0-9]+\.[0-9]+([.+-][0-9A-Za-z.+-]*)?$ ]] || fail "version '$version' is not a version such as 0.1.0"
[[ "${SHA256:-}" =~ ^[0-9A-Fa-f]{64}$ ]] || fail "version needs sha256, the SHA-256 of the archive: 64 hexadecimal digits"
[[ "${REPOSITORY:-}" =~ ^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$ ]] || fail "repository '${REPOSITORY:-}' is not OWNER/NAME"
case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) target=x86_64-unknown-linux-gnu ;;
    Linux-aarch64) target=aarch64-unknown-linux-gnu ;;
    Darwin-arm64) target=aarch64-apple-darwin ;;
    Darwin-x86_64) target=x86_64-apple-darwin ;;
    *) fail "there is no archive for $(uname -s) on $(uname -m); leave version out to build from source" ;;
esac

directory="${RUNNER_TEMP:?}/contentcheck-$version"
mkdir -p "$directory"
archive="$directory/contentcheck-$version-$target.tar.gz"
url="https://github.com/$REPOSITORY/releases/download/v$version/contentcheck-$version-$target.tar.gz"
curl --fail --silent --show-error --location --retry 3 --proto '=https' --output "$archive" "$url" ||
    fail "$url cannot be downloaded"
if command -v sha256sum >/dev/null; then
    found="$(sha256sum "$archive")"
else
    found="$(shasum -a 256 "$archive")"
fi
found="${found%% *}"
wanted="$(tr 'A-F' 'a-f' <<<"$SHA256")"
[ "$found" = "$wanted" ] || fail "$url has the SHA-256 $found, not $wanted; it was not unpacked"
tar -xzf "$archive" -C "$directory" contentcheck || fail "$url holds no contentcheck"
chmod 0755 "$directory/contentcheck"
echo "$directory" >>"$GITHUB_PATH"
