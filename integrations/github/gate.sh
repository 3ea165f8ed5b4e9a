#!/usr/bin/env bash
# The last step of the action: runs the gate, shows annotations and the summary, and ends as the gate ends.
set -uo pipefail

# `merge-base`: the release as it was where this change began, in a worktree outside of the release.
if [ "${PREVIOUS:-}" = merge-base ]; then
    before="${RUNNER_TEMP:?}/contentcheck-previous"
    if ! said="$({
        [ -n "${GITHUB_BASE_REF:-}" ] || { echo "this run is of no pull request" && exit 1; }
        case "$RELEASE" in /*) echo "path is not relative" && exit 1 ;; esac
        commit="$(git merge-base "origin/$GITHUB_BASE_REF" HEAD)" || { echo "no merge base; check out with fetch-depth: 0" && exit 1; }
        rm -rf "$before" && git worktree prune && git worktree add --quiet --detach "$before" "$commit"
    } 2>&1)"; then
        said="${said//'%'/%25}"
        said="${said//$'\r'/%0D}"
        echo "::error title=contentcheck gate::previous: merge-base: ${said//$'\n'/%0A}"
        printf 'evidence=%s\nexit=2\n' "$EVIDENCE" >>"$GITHUB_OUTPUT"
        exit 2
    fi
    PREVIOUS="$before/$RELEASE"
    change=(--change)
fi

# An empty one is no key, and would be refused as one.
if [ -n "${SIGNING_KEY:-}" ]; then
    export CONTENTCHECK_SIGNING_KEY="$SIGNING_KEY"
fi

arguments=(gate "$RELEASE" --evidence "$EVIDENCE" --format github ${change[@]+"${change[@]}"})
if [ -n "${PREVIOUS:-}" ]; then
    arguments+=(--previous "$PREVIOUS")
fi
# Words of the further arguments, as they are written, on as many lines as they are. The end of the text ends the reading.
read -r -d '' -a more <<<"${ARGUMENTS:-}" || true
talk="$(mktemp)"
# A pipeline ends when its last writer has: the copy of what was said is whole then.
{
    contentcheck "${arguments[@]}" ${more[@]+"${more[@]}"} 2>&1 >&3 | tee "$talk" >&2
    code=${PIPESTATUS[0]}
} 3>&1
case "$code" in
    0 | 1) ;;
    # Nothing was found out about the release, so there is no annotation yet.
    *)
        case "$code" in
            2) why="the command line, the configuration or an input is wrong" ;;
            3) why="the gate is at fault" ;;
            *) why="contentcheck ended with $code" ;;
        esac
        said="$(grep -m 1 '^error' "$talk" || true)"
        said="${said//'%'/%25}"
        said="${said//$'\r'/%0D}"
        echo "::error title=contentcheck gate::$why: ${said:-it said nothing}"
        ;;
esac
rm -f "$talk"
{
    echo "evidence=$EVIDENCE"
    echo "previous=${PREVIOUS:-}"
    echo "exit=$code"
} >>"$GITHUB_OUTPUT"
# A run that did not come to its checks left no summary: one that lies there is of an earlier run.
case "$code" in
    0 | 1 | 3)
        if [ -f "$EVIDENCE/summary.md" ]; then
            cat "$EVIDENCE/summary.md" >>"$GITHUB_STEP_SUMMARY"
        fi
        ;;
esac
exit "$code"
