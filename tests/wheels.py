"""Throw-away wheels of made-up packages, and a package index on the loopback interface that serves them."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def make_wheel(
    folder: Path,
    name: str,
    version: str,
    modules: Mapping[str, str],
    requires: Sequence[str] = (),
    *,
    tag: str = "py3-none-any",
    requires_python: str = "",
    home: str = "",
) -> Path:
    """Write a wheel with these modules (name of the file -> text), and give its path."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {each}\n" for each in requires)
    metadata += f"Requires-Python: {requires_python}\n" if requires_python else ""
    metadata += f"Home-page: {home}\n" if home else ""
    files = {
        **modules,
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = "".join(f"{path},sha256={_sum(text)},{len(text.encode())}\n" for path, text in files.items())
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for each, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            # A fixed date, so that the same wheel has the same sum each time.
            archive.writestr(zipfile.ZipInfo(each, (2020, 1, 1, 0, 0, 0)), text)
    return path


def make_sdist(
    folder: Path, name: str, version: str, *, does: str = "", requires: Sequence[str] = (), tools: Sequence[str] = ()
) -> Path:
    """Write a source distribution that builds with its own backend, which is in it.

    What it `does` as it is built are lines of Python; what they put into the list `found` is in the module afterwards.
    """
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {each}\n" for each in requires)
    backend = (
        "import sys, pathlib\n"
        f"NAME, VERSION = {name!r}, {version!r}\n"
        f"METADATA, DOES = {metadata!r}, {does!r}\n"
        "WHEEL = 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n'\n"
        "def build_wheel(folder, *ignored, **ignored_too):\n"
        "    import zipfile\n"
        "    found = []\n"
        "    exec(DOES, {'found': found, 'folder': folder})\n"
        "    info = f'{NAME}-{VERSION}.dist-info'\n"
        "    file = f'{NAME}-{VERSION}-py3-none-any.whl'\n"
        "    with zipfile.ZipFile(pathlib.Path(folder) / file, 'w') as archive:\n"
        "        archive.writestr(f'{NAME}.py', f'built = True\\nfound = {found!r}\\n')\n"
        "        archive.writestr(f'{info}/METADATA', METADATA)\n"
        "        archive.writestr(f'{info}/WHEEL', WHEEL)\n"
        "        archive.writestr(f'{info}/RECORD', '')\n"
        "    return file\n"
    )
    files = {
        "pyproject.toml": f"[build-system]\nrequires = {json.dumps(tools)}\n"
        'build-backend = "backend"\nbackend-path = ["."]\n',
        "PKG-INFO": metadata,
        "backend.py": backend,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for each, text in files.items():
            entry = tarfile.TarInfo(f"{name}-{version}/{each}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return path


def _another(wheel: bytes) -> bytes:
    """Make a wheel that has one file more, and is a wheel nevertheless."""
    stream = io.BytesIO(wheel)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("smuggled.py", "")
    return stream.getvalue()


def _sum(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


class LoopbackIndex:
    """A package index (PEP 691 and 700): `address` is what UV_DEFAULT_INDEX wants. It can be told to misbehave."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        self.yanked: set[str] = set()
        self.fails_with: int | None = None
        """A status that everything is answered with."""
        self.cuts_off = False
        """Whether files end in the middle."""
        self.delay_s = 0.0
        """How long a file takes."""
        self.alters = False
        """Whether files are others than the page says."""
        self.error_page = b""
        """What everything is answered with, if it is not empty, as if all were well."""
        self._dates: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._server.server_port}/simple/"

    def add(self, name: str, version: str, date: str, text: str = "", **more: object) -> Path:
        """Publish a wheel with one module of the package's name; `date` is its upload, such as 2024-01-01."""
        modules = {f"{name}.py": text or f"version = {version!r}\n"}
        return self.publish(make_wheel(self.folder, name, version, modules, **more), date)  # type: ignore[arg-type]

    def publish(self, path: Path, date: str) -> Path:
        """Publish a file that was made before."""
        self._dates[path.name] = f"{date}T12:00:00Z"
        return path

    def _page(self, package: str) -> bytes | None:
        files = []
        for path in sorted(self.folder.iterdir()):
            if path.name in self._dates and path.name.partition("-")[0].replace("_", "-") == package:
                content = path.read_bytes()
                files.append(
                    {
                        "filename": path.name,
                        "url": f"/files/{path.name}",
                        "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
                        "size": len(content),
                        "upload-time": self._dates[path.name],
                        "yanked": path.name in self.yanked,
                    }
                )
        versions = sorted({each["filename"].split("-")[1].removesuffix(".tar.gz") for each in files})
        page = {"meta": {"api-version": "1.1"}, "name": package, "versions": versions, "files": files}
        return json.dumps(page).encode() if files else None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.asked.append(self.path)
                kind, _, name = self.path.strip("/").partition("/")
                content = index._page(name) if kind == "simple" else None
                if kind == "files" and (index.folder / name).is_file():
                    content = (index.folder / name).read_bytes()
                    time.sleep(index.delay_s)
                    content = _another(content) if index.alters else content
                if index.error_page:
                    kind, content = "error", index.error_page
                if index.fails_with or content is None:
                    self.send_error(index.fails_with or 404)
                    return
                self.send_response(200)
                types = {"simple": "application/vnd.pypi.simple.v1+json", "error": "text/html"}
                self.send_header("Content-Type", types.get(kind, "application/octet-stream"))
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                half = kind == "files" and index.cuts_off
                if self.command == "HEAD":
                    return
                with contextlib.suppress(OSError):
                    self.wfile.write(content[: len(content) // 2] if half else content)

            do_HEAD = do_GET

            def log_message(self, *ignored: object) -> None:
                """Log nothing."""

        return Handler

    @contextlib.contextmanager
    def serving(self) -> Iterator[LoopbackIndex]:
        """Serve until the end of the block."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()
