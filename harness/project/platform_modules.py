"""Modules that exist on one operating system only."""

from __future__ import annotations

WINDOWS_MODULES = frozenset(
    {"winreg", "_winreg", "msvcrt", "_winapi", "winsound", "win32api", "win32com", "win32con", "win32gui", "pywintypes"}
)
MACOS_MODULES = frozenset({"AppKit", "Foundation", "CoreFoundation", "Quartz", "objc"})
