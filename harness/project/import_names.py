"""The packages of import names that differ from the package; see docs/decisions/0023-import-names.md."""

from __future__ import annotations

import sys

PACKAGES = {
    "absl": "absl-py",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "caffe2": "torch",
    "cairo": "pycairo",
    "Crypto": "pycryptodome",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "pymupdf",
    "git": "gitpython",
    "grpc": "grpcio",
    "haiku": "dm-haiku",
    "kerastuner": "keras-tuner",
    "mpl_toolkits": "matplotlib",
    "MySQLdb": "mysqlclient",
    "OpenGL": "pyopengl",
    "PIL": "pillow",
    "pkg_resources": "setuptools",
    "psycopg2": "psycopg2-binary",
    "pylab": "matplotlib",
    "pywt": "pywavelets",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "sonnet": "dm-sonnet",
    "talib": "ta-lib",
    "tree": "dm-tree",
    "umap": "umap-learn",
    "xgb": "xgboost",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
# Modules of the standard library of some Python since 3.6 that not all Pythons of the harness have.
_REMOVED = frozenset({
    "_bootlocale", "aifc", "asynchat", "asyncore", "audioop", "binhex", "cgi", "cgitb", "chunk", "crypt", "distutils",
    "dummy_threading", "formatter", "fpectl", "imghdr", "imp", "lib2to3", "macpath", "macurl2path", "mailcap", "msilib",
    "nis", "nntplib", "ossaudiodev", "parser", "pipes", "smtpd", "sndhdr", "spwd", "sunau", "symbol", "telnetlib", "uu",
    "xdrlib",
})  # fmt: skip
_ADDED = frozenset({"annotationlib", "compression", "concurrent.interpreters", "graphlib", "tomllib", "zoneinfo"})


def package_of(module: str) -> str:
    """Return the package that most likely has a module: a guess, good enough for a message."""
    return (
        PACKAGES.get(module)
        or PACKAGES.get(module.partition(".")[0])
        or module.replace("_", "-").replace(".", "-").lower()
    )


def is_standard(module: str) -> bool:
    """Return whether a top-level module is in the standard library of some Python since 3.6."""
    return module in sys.stdlib_module_names or module in _REMOVED or module in _ADDED
