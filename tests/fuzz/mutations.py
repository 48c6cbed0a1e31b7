"""Real texts, changed at random: what people and broken disks make of them."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

# What parsers trip over: ends of lines, quotes and brackets of every format, numbers that are none, other tongues.
PIECES = [
    b"\n", b"\r", b"\r\n", b"\0", b"\x0c", b"\x1b[31m", b"\xff", b"\xef\xbb\xbf", "\u2028".encode(), "\u0661".encode(),
    b'"', b"'", b'"""', b"[", b"]", b"{", b"}", b"(" * 300, b"[" * 3000, b"{'a':" * 300, b"-" * 3000, b"#", b"# ///\n", b"# /// script\n",
    b"# /// lock\n", b"# %%\n", b" = ", b"==", b"@", b",", b"\\", b"{version}", b"{version.x}", b"{0}", b"{version:>99}",
    b"NaN", b"Infinity", b"1e999", b"-0.0", b"9" * 30, b"9" * 5000, b"0x" + b"f" * 5000, b"null", b"true", b"[]", b"{}", b"{[]: 1}",
    b"\\ud800", b"0001-01-01T00:00:00+23:59", b"9999-12-31T23:59:59-23:59", b"999999999 days after release", b"a" * 3000,
]  # fmt: skip


@st.composite
def mutations(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """Return a seed with a few parts cut out, doubled, moved, overwritten or put in."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 60)))
        piece = draw(st.sampled_from(PIECES) | st.binary(max_size=8))
        match draw(st.sampled_from(["cut", "double", "overwrite", "insert", "end"])):
            case "cut":
                data = data[:start] + data[end:]
            case "double":
                data = data[:end] + data[start:]
            case "overwrite":
                data = data[:start] + piece + data[start + len(piece) :]
            case "insert":
                data = data[:start] + piece + data[start:]
            case "end":
                data = data[:start]
    return data
