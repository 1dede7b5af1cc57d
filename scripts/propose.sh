#!/usr/bin/env bash
# Commit what `make generate` has changed: to the branch it was run on, or, from main, to one of its own with a pull
# request. For CI: it needs gh, and GH_TOKEN.
set -euo pipefail
branch=${1:?the branch that this runs on}

if git diff --quiet -- generated && [ -z "$(git ls-files --others --exclude-standard -- generated)" ]; then
    echo "generated/ is what the fragment gives: nothing to commit"
    exit 0
fi
gh auth setup-git
git config user.name "github-actions[bot]"
git config user.email "41898282+github-actions[bot]@users.noreply.github.com"
git add generated
git commit --message "make generate"
if [ "$branch" != main ]; then
    git push origin "HEAD:$branch"
    exit 0
fi
proposed=regenerate/$(git rev-parse --short HEAD)
git push origin "HEAD:$proposed"
gh pr create --head "$proposed" --base main --title "make generate" \
    --body "generated/ was not what openapi/campaigns.yaml gives. What that means for callers is in the run's summary."
