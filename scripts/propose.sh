#!/usr/bin/env bash
# Commit generated.patch, which `make patch` wrote: to BRANCH or, from main, to a new branch with a pull request. CI runs
# this with a token that writes: so it needs only git, gh and GH_TOKEN, and takes only generated files from the patch.
set -euo pipefail
sources=(openapi requirements/dev.txt scripts/fragment.py scripts/generate.py scripts/unasync.py tests/spec_diff/reader.py)
generated=('generated/*' 'facade/sendgrid_campaigns/_sync/*' 'requirements/*.txt' scripts/package-lock.json)

stop() {
    echo "$2"
    exit "$1"
}

[ -s generated.patch ] || stop 0 "nothing to commit: the generated files are up to date"
git fetch --quiet origin "refs/heads/$BRANCH" || stop 1 "nothing to commit to: origin has no branch $BRANCH"
git diff --quiet HEAD FETCH_HEAD -- "${sources[@]}" ||
    stop 0 "nothing to commit: a newer push to $BRANCH changed what the files are generated from, and has its own run"
git checkout --quiet --detach FETCH_HEAD
git apply --3way "${generated[@]/#/--include=}" generated.patch ||
    stop 1 "not committed: a newer push to $BRANCH changed the same files: pull it, run \`make generate\`, and commit"
! git diff --cached --quiet || stop 0 "nothing to commit: $BRANCH has the same change already"
git config user.name "github-actions[bot]"
git config user.email "41898282+github-actions[bot]@users.noreply.github.com"
# With the date of the commit before, the same change is the same commit: a run can be repeated.
date=$(git log -1 --format=%cI)
GIT_COMMITTER_DATE=$date git commit --quiet --date "$date" --message "Update generated files"
to=$BRANCH
if [ "$BRANCH" = main ]; then
    to=regenerate/$(git rev-parse --short HEAD)
    open=$(gh pr list --limit 1000 --json url,headRefName,isCrossRepository \
        --jq '.[] | select((.headRefName | startswith("regenerate/")) and (.isCrossRepository | not)) | .url')
    [ -z "$open" ] || stop 0 "not proposed: merge or close this pull request first: $open"
fi
gh auth setup-git
git push --quiet origin "HEAD:refs/heads/$to" || stop 1 "not pushed: somebody pushed to $to just now: run this job again"
[ "$BRANCH" != main ] || gh pr create --head "$to" --base main --title "Update generated files" \
    --body "The run's summary says what changes for callers. For CI, press \"Approve workflows to run\" below."
