#!/usr/bin/env bash
# Commit generated code that has changed: to the given branch or, from main, to a new branch with a pull request. Needs
# gh and GH_TOKEN, as CI has them.
set -euo pipefail
branch=${1:?the current branch}

if git diff --quiet -- generated && [ -z "$(git ls-files --others --exclude-standard -- generated)" ]; then
    echo "generated/ is up to date: nothing to commit"
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
    --body "generated/ differed from what openapi/ gives. What changes for callers is in the run's summary."
