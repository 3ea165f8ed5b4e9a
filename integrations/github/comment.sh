#!/usr/bin/env bash
# What a pull request changes, as a comment on it: one comment, which later runs change. Whatever goes wrong here fails no gate.
set -uo pipefail

[ "${COMMENT:-}" = true ] || exit 0
# Of the event of a pull request alone there is a number.
[ -n "${NUMBER:-}" ] || exit 0

warn() {
    local said="$1"
    said="${said//'%'/%25}"
    said="${said//$'\r'/%0D}"
    echo "::warning title=contentcheck comment::${said//$'\n'/%0A}"
    exit 0
}

[ -n "${PREVIOUS:-}" ] || warn "there is nothing to compare with: say \`previous: merge-base\`, and check out with fetch-depth: 0"
command -v gh >/dev/null || warn "gh is not installed on this runner"
body="$(mktemp)"
said="$(mktemp)"
trap 'rm -f "$body" "$said"' EXIT
mark="<!-- contentcheck: what this changes -->"
echo "$mark" >"$body"
contentcheck diff --semantic --skip-errors --format markdown "$PREVIOUS" "$RELEASE" >>"$body" 2>"$said" || warn "no comparison: $(grep -m 1 '^error' "$said" || tail -n 1 "$said")"

comments="repos/$GITHUB_REPOSITORY/issues"
# One that somebody else wrote is not changed.
id="$(gh api --paginate "$comments/$NUMBER/comments" --jq ".[] | select(.user.type == \"Bot\" and (.body | startswith(\"$mark\"))) | .id" 2>"$said" | head -n 1)"
[ ! -s "$said" ] || warn "comments cannot be read: $(head -n 1 "$said")"
if [ -n "$id" ]; then
    gh api -X PATCH "$comments/comments/$id" -F "body=@$body" >/dev/null 2>"$said" || warn "the comment was not changed: $(head -n 1 "$said")"
else
    gh api "$comments/$NUMBER/comments" -F "body=@$body" >/dev/null 2>"$said" || warn "no comment was made (does the job have \`pull-requests: write\`?): $(head -n 1 "$said")"
fi
