"""Write generated/sendgrid_campaigns_api from openapi/campaigns.yaml, or check that it is what the fragment gives.

generate.py            validate the fragment, generate, format, add the header, replace what was there
generate.py --check    do the same beside the repository and fail when a single byte differs
"""

import argparse
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

ROOT = Path(__file__).resolve().parent.parent
FRAGMENT = ROOT / "openapi" / "campaigns.yaml"
SETTINGS = ROOT / "openapi" / "generator.yaml"
TEMPLATES = ROOT / "openapi" / "templates"
GENERATED = ROOT / "generated"
PACKAGE = "sendgrid_campaigns_api"

HEADER = "# Generated from openapi/campaigns.yaml: do not edit; change the fragment and run `make generate`.\n"


def run(*command: str | Path) -> None:
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def validate(fragment: Path) -> None:
    try:
        described = yaml.safe_load(fragment.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        sys.exit(f"{fragment} cannot be read as YAML: {error}")
    errors = list(OpenAPIV31SpecValidator(described).iter_errors())
    if errors:
        found = "\n".join(f"  {'/'.join(map(str, error.absolute_path))}: {error.message}" for error in errors)
        sys.exit(f"{fragment} is not valid OpenAPI 3.1:\n{found}")


def generate(fragment: Path, folder: Path) -> None:
    """Generate the package into an empty folder."""
    validate(fragment)
    package = folder / PACKAGE
    run(
        *("openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"),
        *("--path", fragment, "--config", SETTINGS, "--custom-template-path", TEMPLATES, "--output-path", package),
    )
    # --isolated: what is generated depends on ruff's version and on nothing that this repository configures for itself.
    run("ruff", "check", "--isolated", "--no-cache", "--quiet", "--fix-only", "--extend-select", "I", package)
    run("ruff", "format", "--isolated", "--no-cache", "--quiet", package)
    for module in package.rglob("*.py"):
        module.write_text(HEADER + module.read_text("utf-8"), "utf-8")
    (package / "py.typed").touch()


def contents(folder: Path) -> dict[Path, tuple[str | int | bytes, ...]]:
    """What stands in a folder, path by path: folders, links, and files with what git keeps of them."""
    found: dict[Path, tuple[str | int | bytes, ...]] = {}
    for path in folder.rglob("*"):
        if "__pycache__" in path.relative_to(folder).parts:
            continue
        if path.is_symlink():
            kind: tuple[str | int | bytes, ...] = ("link",)
        elif path.is_dir():
            kind = ("folder",)
        else:
            kind = (path.stat().st_mode & stat.S_IXUSR, path.read_bytes())
        found[path.relative_to(folder)] = kind
    return found


def drift(expected: Path, found: Path) -> list[str]:
    """One line for each path of two folders that differs."""
    wanted, present = contents(expected), contents(found)
    return sorted(
        [f"  missing: {path}" for path in wanted.keys() - present.keys()]
        + [f"  not generated: {path}" for path in present.keys() - wanted.keys()]
        + [f"  differs: {path}" for path in wanted.keys() & present.keys() if wanted[path] != present[path]]
    )


def replace(folder: Path, fresh: Path) -> None:
    """Put what was generated in the place of a folder, whatever stands there."""
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(fresh, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 on drift")
    parser.add_argument("--fragment", type=Path, default=FRAGMENT)
    parser.add_argument("--folder", type=Path, default=GENERATED, help="where the package stands, and nothing else")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch)
        generate(options.fragment, fresh)
        if not options.check:
            replace(options.folder, fresh)
        elif lines := drift(fresh, options.folder):
            sys.exit(
                f"{options.folder.name}/ is not what {options.fragment.name} gives:\n"
                + "\n".join(lines)
                + "\nNever edit generated/: put the change into openapi/campaigns.yaml, run `make generate`,"
                + " and commit both."
            )


if __name__ == "__main__":
    main()
