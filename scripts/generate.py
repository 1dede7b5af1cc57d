"""Write generated/sendgrid_campaigns_api from openapi/campaigns.yaml, or check that it is what the fragment gives.

generate.py            validate the fragment, generate, format, add the header, replace what was there
generate.py --check    do the same beside the repository and fail when a single byte differs
"""

import argparse
import filecmp
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

ROOT = Path(__file__).resolve().parent.parent
FRAGMENT = ROOT / "openapi" / "campaigns.yaml"
SETTINGS = ROOT / "openapi" / "generator.yaml"
PACKAGE = ROOT / "generated" / "sendgrid_campaigns_api"

HEADER = "# Generated from openapi/campaigns.yaml: do not edit; change the fragment and run `make generate`.\n"


def run(*command: str | Path) -> None:
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def validate(fragment: Path) -> None:
    errors = list(OpenAPIV31SpecValidator(yaml.safe_load(fragment.read_text("utf-8"))).iter_errors())
    if errors:
        found = "\n".join(f"  {'/'.join(map(str, error.absolute_path))}: {error.message}" for error in errors)
        sys.exit(f"{fragment} is not valid OpenAPI 3.1:\n{found}")


def generate(fragment: Path, target: Path) -> None:
    """Generate the package `target`, which must not exist yet, from `fragment`."""
    validate(fragment)
    run(
        *("openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"),
        *("--path", fragment, "--config", SETTINGS, "--output-path", target),
    )
    # --isolated: what is generated depends on ruff's version and on nothing that this repository configures for itself.
    run("ruff", "check", "--isolated", "--no-cache", "--quiet", "--fix-only", "--extend-select", "I", target)
    run("ruff", "format", "--isolated", "--no-cache", "--quiet", target)
    for module in target.rglob("*.py"):
        module.write_text(HEADER + module.read_text("utf-8"), "utf-8")
    (target / "py.typed").touch()


def files(package: Path) -> set[Path]:
    return {
        path.relative_to(package) for path in package.rglob("*") if path.is_file() and path.parent.name != "__pycache__"
    }


def drift(expected: Path, found: Path) -> list[str]:
    """One line for each file of the two packages that differs."""
    wanted, present = files(expected), files(found)
    changed = {path for path in wanted & present if not filecmp.cmp(expected / path, found / path, shallow=False)}
    return sorted(
        [f"  missing: {path}" for path in wanted - present]
        + [f"  not generated: {path}" for path in present - wanted]
        + [f"  differs: {path}" for path in changed]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 on drift")
    parser.add_argument("--fragment", type=Path, default=FRAGMENT)
    parser.add_argument("--package", type=Path, default=PACKAGE)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        # The generator writes the folder's name into what it generates, so it must be the package's.
        fresh = Path(scratch) / PACKAGE.name
        generate(options.fragment, fresh)
        if options.check:
            if lines := drift(fresh, options.package):
                sys.exit(
                    f"{options.package.name} is not what {options.fragment.name} gives:\n"
                    + "\n".join(lines)
                    + "\nNever edit generated/: put the change into openapi/campaigns.yaml, run `make generate`,"
                    + " and commit both."
                )
        else:
            shutil.rmtree(options.package, ignore_errors=True)
            shutil.copytree(fresh, options.package)


if __name__ == "__main__":
    main()
