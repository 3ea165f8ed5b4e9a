#!/usr/bin/env bash
# The step of the action: runs the gate, shows annotations and the summary, and ends as the gate ends.
set -uo pipefail

arguments=(gate "$RELEASE" --evidence "$EVIDENCE" --format github)
if [ -n "${PREVIOUS:-}" ]; then
    arguments+=(--previous "$PREVIOUS")
fi
# Words of the further arguments, as they are written.
read -r -a more <<<"${ARGUMENTS:-}"
contentcheck "${arguments[@]}" "${more[@]}"
code=$?
echo "evidence=$EVIDENCE" >>"$GITHUB_OUTPUT"
if [ -f "$EVIDENCE/summary.md" ]; then
    cat "$EVIDENCE/summary.md" >>"$GITHUB_STEP_SUMMARY"
fi
exit "$code"
