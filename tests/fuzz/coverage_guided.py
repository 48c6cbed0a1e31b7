"""Looks for texts that break a parser's promise, guided by coverage: `nox -s fuzz -- TARGET --seconds N`.

Needs atheris, which is there for Python 3.12 and up only, so the ordinary tests do without. What it finds is written to
`--findings` and goes, once mended, to tests/fuzz/cases under a name that says what was wrong.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

# What no parser may take longer for, on a busy machine, or need more memory for.
LONGEST_S = 30
MEMORY_MIB = 2048
LONGEST_INPUT = 1 << 14


def main() -> int:
    """Search in one target; exit status 1 if something was found, whose path is printed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--findings", type=Path, default=Path(".fuzz"), help="where what is found goes, and the corpus")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments, options = parser.parse_known_args()
    if arguments.child:
        return _search(arguments.target, options)
    corpus = arguments.findings / "corpus" / arguments.target
    corpus.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable, "-m", "tests.fuzz.coverage_guided", arguments.target, "--child", str(corpus),
        f"-max_total_time={arguments.seconds}", f"-timeout={LONGEST_S}", f"-rss_limit_mb={MEMORY_MIB}",
        f"-max_len={LONGEST_INPUT}", f"-artifact_prefix={arguments.findings}/{arguments.target}-",
        f"-dict={_dictionary(arguments.findings)}", "-print_final_stats=1",
    ]  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as run:
        assert run.stdout is not None
        executions = 0
        for line in run.stdout:
            if line.startswith("stat::number_of_executed_units:"):
                executions = int(line.split()[-1])
            if not line.startswith("#") or "DONE" in line:
                print(line, end="", flush=True)
    found = "nothing was found" if run.returncode == 0 else "something was found, see above"
    print(f"{arguments.target}: {executions} executions in {arguments.seconds} s, {found}")
    return 1 if run.returncode else 0


def _dictionary(folder: Path) -> Path:
    """Write the pieces that parsers trip over as libFuzzer wants them."""
    from tests.fuzz.mutations import PIECES

    path = folder / "dictionary"
    short = [piece for piece in PIECES if len(piece) <= 40]
    path.write_text("".join(f'"{"".join(f"{chr(92)}x{byte:02x}" for byte in piece)}"\n' for piece in short))
    return path


def _search(name: str, options: list[str]) -> int:
    import atheris

    with atheris.instrument_imports(include=["harness", "packaging", "tomllib"]):
        from tests.fuzz.targets import TARGETS, committed_cases
    target = TARGETS[name]
    corpus = Path(options[0])
    for number, seed in enumerate([*target.seeds(), *(path.read_bytes() for path in committed_cases(name))]):
        if len(seed) <= LONGEST_INPUT:
            (corpus / f"seed-{number}").write_bytes(seed)
    folder = corpus.parents[1] / "work" / name
    folder.mkdir(parents=True, exist_ok=True)
    atheris.Setup([sys.argv[0], *options], lambda data: target.check(data, folder))
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
