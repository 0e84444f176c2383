"""Build a release and try it: python scripts/release.py writes the wheel and the source distribution to dist/.

It checks their metadata, versions and files, then installs each into a new virtual environment in a folder outside the
checkout and runs tests against what is installed. It publishes nothing.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from packaging.metadata import Metadata

ROOT = Path(__file__).resolve().parents[1]

PACKAGES = {"edge_llm_env": "", "edge_llm_baselines": "baselines/", "edge_llm_agents": "agents/"}
"""What is released, and the folder of the checkout that it stands in."""

TRIED = ("edge_llm_env/envs/test_batching.py", "edge_llm_env/scenarios/test_presets.py",
         "edge_llm_agents/pretrained")  # fmt: skip
"""Tests that each distribution must pass once installed: environments, data files, shipped policies."""

BUILD = """
import sys
from setuptools import build_meta
folder = sys.argv[1]  # building changes sys.argv
build_meta.build_wheel(folder)
build_meta.build_sdist(folder)
"""


def run(command: list[str], cwd: Path, **environment: str) -> None:
    """Run a command, with more environment variables. Raises SystemExit with its output if it fails."""
    everything = os.environ | environment
    done = subprocess.run(command, cwd=cwd, env=everything, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"error: {' '.join(command)}\n{done.stdout}{done.stderr}")


def tracked(*folders: str) -> list[str]:
    """The files of folders of the checkout that git knows."""
    listing = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True)
    return listing.stdout.splitlines()


def build(out: Path) -> tuple[Path, Path]:
    """The wheel and the source distribution of the files that git knows, in a folder that had none."""
    out.mkdir(parents=True, exist_ok=True)
    for old in [*out.glob("*.whl"), *out.glob("*.tar.gz")]:
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        for name in tracked():
            (copy := Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy)
        run([sys.executable, "-c", BUILD, str(out.resolve())], Path(folder))
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return wheel, sdist


def held(wheel: Path, sdist: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The files of both, by their paths in the wheel and below the source distribution's folder."""
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    with tarfile.open(sdist) as packed:
        members = [(member.name.partition("/")[2], packed.extractfile(member)) for member in packed if member.isfile()]
        in_sdist = {name: file.read() for name, file in members if file is not None}
    return in_wheel, in_sdist


def problems(in_wheel: dict[str, bytes], in_sdist: dict[str, bytes]) -> list[str]:
    """What is wrong with the files of a wheel and of a source distribution; empty if they can be released."""
    (info,) = {name.split("/")[0] for name in in_wheel if ".dist-info/" in name}
    found = []
    try:
        metadata = Metadata.from_email(in_wheel[f"{info}/METADATA"], validate=True)
    except ExceptionGroup as errors:
        return [f"metadata: {error}" for error in errors.exceptions]
    citation = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)
    newest = re.search(r"^## (\d\S*)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    for place, match in (("CITATION.cff", citation), ("CHANGELOG.md", newest)):
        if match is None or match[1] != str(metadata.version):
            found.append(f"{place}: its version is {match and match[1]}, the package's {metadata.version}")
    tops = {name.split("/")[0] for name in in_wheel} - {info}
    if tops != PACKAGES.keys():
        found.append(f"wheel: holds {', '.join(sorted(tops))}; must hold {', '.join(PACKAGES)}")
    found += [f"source distribution: holds {name}" for name in sorted(in_sdist) if name.startswith("experiments/")]
    for package, root in PACKAGES.items():
        for name in tracked(f"{root}{package}"):
            found += [f"wheel: lacks {name}"] if name.removeprefix(root) not in in_wheel else []
            found += [f"source distribution: lacks {name}"] if name not in in_sdist else []
    return found


def try_out(*distributions: Path) -> None:
    """Install each in turn into one new environment, and run tests there against it. Raises SystemExit if any fails."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
        run([sys.executable, "-m", "venv", "venv"], folder)
        commands = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
        python = str(commands / "python")
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        pinned = ["-c", str(ROOT / "constraints.txt"), "pytest", "hypothesis"]
        run([*install, *pinned, f"{distributions[0].resolve()}[agents,viewer]"], folder)
        for distribution in distributions:
            print(f"trying {distribution.name}", flush=True)
            run([*install, "--no-deps", "--force-reinstall", str(distribution.resolve())], folder)
            place = "import edge_llm_env, sys; sys.exit(not edge_llm_env.__file__.startswith(sys.prefix))"
            run([python, "-c", place], folder)
            run([str(commands / "edge-llm"), "list"], folder)
            tests = [f"tests/{one}" for one in TRIED]
            # Both have the same kernels, which take minutes to compile.
            kernels = str(folder / "kernels")
            run([python, "-m", "pytest", "-q", "-W", "error", *tests], folder, NUMBA_CACHE_DIR=kernels)


def main() -> int:
    """Build, check and try; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder of both (default: dist)")
    parser.add_argument("--no-trial", action="store_true", help="only build and check")
    options = parser.parse_args()
    wheel, sdist = build(options.out)
    if found := problems(*held(wheel, sdist)):
        print("\n".join(f"error: {one}" for one in found), file=sys.stderr)
        return 1
    if not options.no_trial:
        try_out(wheel, sdist)
    print(f"{'built and checked' if options.no_trial else 'built, checked and tried'}: {wheel.name}, {sdist.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
