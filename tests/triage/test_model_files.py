"""Reports about model files without the code that wrote them: each file is asked about by itself."""

import pytest

from tests.pinpoint.conftest import MATRIX
from tests.triage.test_triage import BASE

pytestmark = pytest.mark.slow

LOADS = """\
def load(path):
    with open(path) as stream:
        kind = stream.read(1)
    if kind not in '{reads}':
        raise {error}
    return kind
"""
UNKNOWN, LOST = "OSError('unknown format of %r' % path)", "ValueError('no weights for layer ' + kind)"
RELEASES = {
    "9.0.0": LOADS.format(reads="", error=UNKNOWN),
    "9.1.0": LOADS.format(reads="ab", error=UNKNOWN),
    "9.2.0": LOADS.format(reads="a", error=LOST),
    "9.3.0": LOADS.format(reads="", error=LOST),
}
SCRIPT = """\
import os
import sys
import keras

here = os.path.dirname(os.path.abspath(__file__))
for file in sys.argv[1:] or [os.path.join(here, "models", name) for name in ("one.keras", "two.keras")]:
    print(os.path.basename(file), keras.load(file))
"""
REPORT = """\
# My files do not load

I have two files of a colleague, `models/one.keras` and `models/two.keras`.

### keras 9.0.0

```
>>> keras.load("models/one.keras")
OSError: unknown format of 'models/one.keras'
```

### keras 9.2.0

```
>>> keras.load("models/two.keras")
ValueError: no weights for layer b
```

They work in keras 9.1.0. Which version reads all?
"""


@pytest.fixture
def framework(playground):
    playground.releases("keras", RELEASES)
    text = MATRIX.replace("framework", "keras").replace("\n[tiers.all]", f"{BASE}\n[tiers.all]")
    (playground.root / "matrix.toml").write_text(text)
    playground.harness("lock")
    return playground


def shown(ranges):
    return [(each["first"], each["last"], each["shows"]) for each in ranges]


def test_each_file_has_its_own_answer(framework):
    folder = framework.folder / "old-files"
    (folder / "models").mkdir(parents=True)
    (folder / "report.md").write_text(REPORT)
    (folder / "repro.py").write_text(SCRIPT)
    (folder / "models" / "one.keras").write_text("a")
    (folder / "models" / "two.keras").write_text("b")
    document = framework.json("triage", folder)
    one, two = document["files"]
    assert (one["file"], two["file"]) == ("models/one.keras", "models/two.keras")
    assert shown(one["ranges"]) == [
        ("9.0.0", "9.0.0", "this bug"), ("9.1.0", "9.2.0", "passes"), ("9.3.0", "9.3.0", "this bug"),
    ]  # fmt: skip
    assert shown(two["ranges"]) == [
        ("9.0.0", "9.0.0", "this bug"), ("9.1.0", "9.1.0", "passes"), ("9.2.0", "9.3.0", "this bug"),
    ]  # fmt: skip
    assert shown(document["ranges"]) == [
        ("9.0.0", "9.0.0", "this bug"), ("9.1.0", "9.1.0", "passes"), ("9.2.0", "9.3.0", "this bug"),
    ]  # fmt: skip
    assert (one["introduced"]["first"], two["introduced"]["first"]) == ("9.3.0", "9.2.0")
    assert document["verdict"].startswith("keras 9.1.0 is the only version that was run which reads all files.")
    assert document["responsible"] == "keras"
    results = {(each["version"], each["says"]): each["result"] for each in document["claims"]}
    assert results[("9.1.0", "works")] == "confirmed"
    assert results[("9.2.0", "fails")] == "confirmed"
    reply = framework.harness("answer", "old-files")
    assert "`models/two.keras`:" in reply
    assert all(len(line) <= 80 for line in reply.splitlines() if line.startswith("|"))
