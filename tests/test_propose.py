"""Run the steps of the workflows on clones of a local origin; `gh` and what installs packages have stand-ins."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from spec_diff.reader import load

ROOT = Path(__file__).parents[1]
COPIED = (
    ".github .gitignore CHANGELOG.md Makefile facade/*/version.py openapi requirements/dev.txt scripts tests/spec_diff"
)

# Every call is noted. A pull request stays open; `race` runs just before the push.
GH = """#!/bin/sh
echo "$*" >>../asked
case $2 in list) cat ../open ;; create) echo pull/1 >../open ;; setup-git) . ../race ;; esac
"""
# One file for each operation, a sync client, and one that is not to be committed. `test` fails for what is new.
MAKE = f"""#!/bin/sh
for target; do
    case $target in
    generate)
        for name in $(sed -n 's/.*operationId: //p' openapi/*.yaml); do echo >generated/$name.py; done
        cksum openapi/*.yaml | tee generated/client.py facade/sendgrid_campaigns/_sync/client.py >other ;;
    lock) echo newer >requirements/dev.txt ;;
    test) ! grep -qE "^newer|: pause" requirements/dev.txt openapi/campaigns.yaml || exit 1 ;;
    check | lint-workflows | public-api | test-* | sbom) ;;
    *) {shutil.which("make")} -s MAKE=make -o .venv/.locked "$target" || exit ;;
    esac
done
"""
PYTHON = f"""#!/bin/sh
case "$*" in
"-m venv"*) mkdir -p .venv-newest/bin && cp "$0" .venv-newest/bin/python ;;
"-m pip"*) echo openapi-python-client ;;
scripts/generate.py*) cp -r generated "$3" && echo newer >"$3/client.py" ;;
*) exec {shlex.quote(sys.executable)} "$@" ;;
esac
"""
FILES = {"bin/gh": GH, "bin/make": MAKE, "python": PYTHON, "open": "", "race": "", "asked": ""}
FILES[".gitconfig"] = "[user]\nname = x\nemail = x@example.com\n[init]\ndefaultBranch = main\n"

NASTY = 'it\'s-"$(>pwned)";>pwned;`>pwned`&$(shell${IFS}>pwned)'
NEW_OPERATION = "echo '# operationId: pause' >>openapi/campaigns.yaml"
RACE = "cd ../dev; git commit -qm new --allow-empty; git push -q origin HEAD"
BREAK = "perl -pi -e 's/operationId: send_campaign/operationId: mail/' openapi/campaigns.yaml"
ANNOUNCE = "perl -pi -e 's/^## .Unreleased.*/$&\\n- Breaks callers: send is mail./' CHANGELOG.md"


class Repository:
    """An origin with the branch main, and what runs the jobs of its workflows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        for name, text in FILES.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        copy = f"(cd {shlex.quote(str(ROOT))}; tar -c --exclude __pycache__ {COPIED}) | tar -x"
        make = "mkdir generated facade/sendgrid_campaigns/_sync; make generate"
        begin = "git add .; git commit -qm begin; git push -q ../origin main"
        self.shell(f"git init -q --bare origin; git init -q dev; cd dev; {copy}; {make}; {begin}")

    def shell(self, script: str, code: int = 0, **variables: str) -> str:
        variables |= {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "HOME": str(self.folder)}
        variables |= {"GIT_CONFIG_NOSYSTEM": "1", "GITHUB_STEP_SUMMARY": str(self.folder / "summary")}
        command = ["bash", "-euc", f"exec 2>&1; {script}"]
        done = subprocess.run(command, cwd=self.folder, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout
        return done.stdout

    def push(self, branch: str, change: str) -> None:
        clone = 'rm -rf dev; git clone -q origin dev; cd dev; git checkout -q "$to" -- || git checkout -qb "$to"'
        self.shell(f"{clone}; {change}; git add .; git commit -qm by-hand; git push -q origin HEAD", to=branch)

    def log(self, branch: str) -> list[str]:
        return self.shell('git -C origin log --format=%s "$branch" --', branch=branch).splitlines()

    def committed(self, branch: str) -> set[str]:
        return set(self.shell('git -C origin show --name-only --format= "$branch" --', branch=branch).split())

    def job(self, name: str, code: int = 0, event: str = "push", sha: str = "origin/main", **github: str) -> str:
        """Run the steps of a job in a clone; return what they print."""
        workflow, job = name.split()
        steps = load((ROOT / f".github/workflows/{workflow}.yml").read_text("utf-8"))["jobs"][job]["steps"]
        script = 'rm -rf work; git clone -q origin work; cd work; git checkout -q "$sha"\n'
        script += "mkdir -p .venv/bin; cp ../python .venv/bin\n"
        for step in steps:
            action = step.get("uses", "").partition("@")[0]
            if action == "actions/upload-artifact" and "generated" in step["with"]["name"]:
                script += f"cp {step['with']['path']} ../artifact\n"
            elif action == "actions/download-artifact":
                script += "cp ../artifact generated.patch\n"
            elif "run" in step and step.get("if") in (None, f"github.event_name == '{event}'"):
                for key, value in step.get("env", {}).items():
                    known = re.sub(r"\$\{\{ github\.(\w+)( \|\| '(\w+)')? \}\}", r"${\1:-\3}", value)
                    script += f'export {key}="{known}"\n'
                script += step["run"] + "\n"
        said = self.shell(script, code, sha=sha, **github)
        assert not [*self.folder.rglob("pwned")]
        return said

    def regenerate(self, branch: str, event: str = "push", meanwhile: str = "", code: int = 0) -> str:
        sha = self.shell('git -C origin rev-parse "refs/heads/$branch"', branch=branch).strip()
        self.job("regenerate generate", 0, event, sha)
        if meanwhile:
            self.push(branch, meanwhile)
        return self.job("regenerate propose", code, event, sha, ref_name=branch)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


@pytest.mark.parametrize("branch", ["feature", NASTY])
def test_a_change_on_a_branch_is_committed_to_the_branch_once(repository: Repository, branch: str) -> None:
    repository.push(branch, NEW_OPERATION)
    repository.regenerate(branch)
    generated = {"generated/client.py", "generated/pause.py", "facade/sendgrid_campaigns/_sync/client.py"}
    assert repository.committed(branch) == generated
    assert repository.regenerate(branch).startswith("nothing to commit: ")
    assert repository.log(branch) == ["Update generated files", "by-hand", "begin"]
    assert "origin has no branch $(a b)" in repository.job("regenerate propose", 2, ref_name="$(a b)")


def test_the_pull_request_of_a_fork_is_checked_and_nothing_is_written(repository: Repository) -> None:
    """GitHub runs the job on the merge of both, with a token that reads. A fork's own pushes run as any branch's."""
    repository.push("feature", NEW_OPERATION)
    said = repository.job("ci check", event="pull_request", sha="origin/feature", base_ref="main")
    assert "base: openapi/campaigns.yaml at" in said
    assert repository.log("feature") == ["by-hand", "begin"]
    assert (repository.folder / "asked").read_text() == ""
    said = repository.job("ci check", 2, "pull_request", "origin/feature", base_ref="gone")
    assert "give a branch or a tag: make check-breaks BASE=main" in said


@pytest.mark.parametrize(
    ("meanwhile", "race", "said", "log"),
    [
        ("touch new", "", "", ["Update generated files", "by-hand", "by-hand", "begin"]),
        (NEW_OPERATION, "", "nothing to commit: a newer push", ["by-hand", "by-hand", "begin"]),
        ("make generate", "", "feature has the same change already", ["by-hand", "by-hand", "begin"]),
        ("echo >generated/client.py", "", "pull it, run `make generate`", ["by-hand", "by-hand", "begin"]),
        ("", RACE, "run this job again", ["new", "by-hand", "begin"]),
    ],
)
def test_a_push_meanwhile_is_kept(repository: Repository, meanwhile: str, race: str, said: str, log: list[str]) -> None:
    repository.push("feature", NEW_OPERATION)
    (repository.folder / "race").write_text(race)
    assert said in repository.regenerate("feature", meanwhile=meanwhile, code=2 if "run" in said else 0)
    assert repository.log("feature") == log


def test_main_gets_one_pull_request_with_the_newest_requirements(repository: Repository) -> None:
    assert "the generated files are up to date" in repository.regenerate("main")
    repository.regenerate("main", "schedule")
    asked = "pr create --head (regenerate/[0-9a-f]+) --base main"
    (proposed,) = re.findall(asked, repository.shell("cat asked"))
    assert repository.committed(proposed) == {"requirements/dev.txt"}
    assert "merge or close this pull request first: pull/1" in repository.regenerate("main", "schedule")
    # As after a run that pushed, and could not open its pull request.
    (repository.folder / "open").write_text("")
    repository.regenerate("main", "schedule")
    assert re.findall(asked, repository.shell("cat asked")) == [proposed, proposed]
    assert repository.shell("git -C origin branch --format='%(refname:short)'").split() == ["main", proposed]


@pytest.mark.parametrize(
    ("before", "change", "code"),
    [(":", ":", 0), (":", BREAK, 2), (ANNOUNCE, BREAK, 2), (":", f"{BREAK}; {ANNOUNCE}", 0)],
)
def test_a_break_that_is_announced_passes(repository: Repository, before: str, change: str, code: int) -> None:
    repository.push(NASTY, f"touch base; {before}")
    repository.shell('git -C origin branch change "$base"', base=NASTY)
    repository.push("change", f"touch new; {change}")
    repository.push(NASTY, "perl -pi -e s/get_campaign_schedule/get_times/ openapi/campaigns.yaml")
    said = repository.job("ci check", code, "pull_request", "origin/change", base_ref=NASTY)
    assert ("CHANGELOG.md below [Unreleased]" in said) == (code != 0)
    assert "Not a word differs." in repository.job("ci check")  # a push to main


@pytest.mark.parametrize(
    ("branch", "tag", "said"),
    [("main", "v0.1.0", ""), ("side", "v0.1.0", "v0.1.0 is not on main"), ("main", NASTY, "version.py says 0.1.0")],
)
def test_a_tag_on_main_is_released(repository: Repository, branch: str, tag: str, said: str) -> None:
    repository.push(branch, "echo '## [0.1.0] - 2026-01-01' >>CHANGELOG.md")
    assert said in repository.job("release build", 2 if said else 0, sha=f"origin/{branch}", ref_name=tag)


@pytest.mark.parametrize(("job", "advice"), [("requirements", "exclude its version"), ("generator", "set its version")])
def test_a_nightly_run_that_fails_says_what_to_do(repository: Repository, job: str, advice: str) -> None:
    said = repository.job(f"nightly {job}", 2)
    summary = (repository.folder / "summary").read_text()
    assert summary in said
    assert advice in summary
    assert "\n+newer\n" in summary
