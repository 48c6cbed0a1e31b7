"""Compile Python sources to bytecode that is valid wherever a source with this content lies.

    python compile_sources.py LISTING

Run by path, by Python 3.7 or later. Each line of LISTING is a JSON list: the source, and where its bytecode goes. What
does not compile is left out. Standard library only; imports nothing of this project.
"""

import json
import py_compile
import sys

if sys.version_info < (3, 7):
    sys.exit(3)  # bytecode here is always checked against the date of its source


def main(listing: str) -> None:
    """Compile the sources of a listing."""
    with open(listing, encoding="utf-8", errors="surrogateescape") as stream:
        for line in stream:
            source, target = json.loads(line)
            try:
                py_compile.compile(
                    source, cfile=target, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
                )
            except Exception as error:  # a source for another Python, or an unreadable file
                sys.stderr.write(f"{source}: {type(error).__name__}\n")


if __name__ == "__main__":
    main(sys.argv[1])
