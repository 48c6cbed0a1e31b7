"""Tricks that make attempts cheaper. They change how long an attempt takes, never its outcome.

One method per trick. HARNESS_FORK_TUNING switches tricks off by name: the harness passes the names in its messages and
requests. Measurements: benchmark/results/measurements.json. Loaded by path: standard library only, Python 3.6 or newer.
"""

import atexit
import gc
import os
import platform
import sys
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Collection, Dict, Iterator, List, Tuple

    Version = Tuple[str, types.ModuleType, Any, int]

TRICKS = (
    "batch-scheduling",
    "direct-clone",
    "freeze",
    "held-references",
    "huge-pages",
    "kept-modules",
    "postponed-collection",
)
MADV_COLLAPSE = 25
HUGE_PAGE = 2 << 20  # bytes


class ForkTuning:
    """The tricks, without those that are switched off."""

    def __init__(self, off: "Collection[str]") -> None:
        self._off = frozenset(off)
        self._unchanged: "List[Version]" = []
        self._held: "List[Any]" = []

    def is_on(self, trick: str) -> bool:
        """Return whether a trick is used."""
        return trick not in self._off

    def use_batch_scheduling(self) -> None:
        """batch-scheduling: have Linux interrupt this process and its children less often, at the same share of CPU.

        Three environments with three attempts at a time on two cores: 101.6 and 96.5 s before, 97.0 and 94.0 s with it.
        A policy that the user has chosen, such as SCHED_IDLE, stays.
        """
        if not self.is_on("batch-scheduling") or not hasattr(os, "SCHED_BATCH"):
            return
        try:
            if os.sched_getscheduler(0) == os.SCHED_OTHER:
                os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        except OSError:
            pass  # not allowed here

    def clones_directly(self) -> bool:
        """direct-clone: return whether to fork a child directly into its namespaces, without a process that waits.

        150 empty attempts of keras3.5.0: 13.6 and 14.1 s of CPU before, 12.2 and 12.9 s with it.
        """
        return self.is_on("direct-clone")

    def freeze_objects(self) -> None:
        """freeze: collect garbage once, then hide all objects of the imports from the garbage collector.

        In a child the collector would look at each object at least once, when the child ends, and copy every page.
        End of a child: 0.60 s of CPU before, 0.11 s with it (tf2.10.1); 0.78 s and 0.13 to 0.36 s (keras3.5.0).
        """
        if self.is_on("freeze"):
            gc.collect()
            if hasattr(gc, "freeze"):  # since Python 3.7
                gc.freeze()

    def hold_references(self) -> None:
        """held-references: hold what is in the modules, so that a child does not free it object by object at its end.

        End of an empty child of keras3.5.0: 0.16 s and 32,000 page faults before, 0.09 s and 20,000 with it.
        The list holds itself, so it outlives this object. `freeze_objects` must follow, or the collector frees it. What
        a script creates is freed as usual.
        """
        if not self.is_on("held-references"):
            return
        modules = [module for module in sys.modules.values() if issubclass(type(module), types.ModuleType)]
        # `vars()` would start the import of a lazy module.
        self._held += [list(object.__getattribute__(module, "__dict__").values()) for module in modules]
        # The modules, too: the interpreter clears a module that is still alive, and so frees what a script put there.
        self._held += [modules, self._held]

    def keep_modules_at_exit(self) -> None:
        """kept-modules: at the end of a child, skip the modules that its script has not changed. Call it first of all.

        The interpreter would clear each module, and so copy the pages of all objects that the module names.
        End of an empty child: 86 ms of CPU before, 45 ms with it (keras3.5.0); 74 and 39 ms (tf2.10.1).
        """
        if self.is_on("kept-modules"):
            # What is registered first runs last.
            atexit.register(remove_unchanged, self._unchanged, sys.modules)

    def note_versions(self, others: "Collection[str]") -> None:
        """kept-modules: note the versions of all modules but `others`, to compare them at the end of a child."""
        if self.is_on("kept-modules"):
            self._unchanged.extend(each for each in module_versions() if each[0] not in others)

    def postpone_collection(self) -> None:
        """postponed-collection: during imports, let the garbage collector find nothing to look at when it starts.

        One script in 76 environments: 93 and 87 s before, 73 and 71 s with it. The collector stays switched on and its
        thresholds stay: modules can read and change both.
        """
        if self.is_on("postponed-collection") and hasattr(gc, "freeze"):
            gc.callbacks.append(freeze_at_start)

    def resume_collection(self) -> None:
        """postponed-collection: let the collector look at all objects again."""
        if freeze_at_start in gc.callbacks:
            gc.callbacks.remove(freeze_at_start)
        if hasattr(gc, "unfreeze"):
            gc.unfreeze()

    def stop_collection(self) -> bool:
        """postponed-collection: switch the collector off for a prepare script. Return whether it was on.

        Nothing that exists by then is garbage. Gain not measured. All objects are visible to the script.
        """
        enabled = gc.isenabled()
        if hasattr(gc, "unfreeze"):
            gc.unfreeze()
        if self.is_on("postponed-collection"):
            gc.disable()
        return enabled

    def start_collection(self, enabled: bool) -> None:
        """postponed-collection: switch the collector on again if it was on before."""
        if enabled and self.is_on("postponed-collection"):
            gc.enable()

    def collapse_pages(self) -> None:
        """huge-pages: move memory into huge pages where Linux can (since 6.1): a fork copies fewer page tables.

        Empty fork of a process with the imports of keras3.5.0: 6.9 ms before, 3.7 ms with it.
        80 cells of tf2.16.2: 31.9 and 31.3 s of CPU before, 30.0 and 28.3 s with it.
        """
        if not self.is_on("huge-pages"):
            return
        import ctypes

        madvise = ctypes.CDLL(None).madvise
        for start, end in filled_memory():
            # A failure costs time only.
            madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), MADV_COLLAPSE)


def freeze_at_start(phase: str, info: "Dict[str, int]") -> None:
    """Hide all objects from the garbage collector just before it collects."""
    if phase == "start":
        gc.freeze()


def filled_memory() -> "Iterator[Tuple[int, int]]":
    """Yield (start, end) of anonymous memory that is mostly in use and can become huge pages."""
    try:
        with open("/proc/self/smaps", "rb") as stream:
            lines = [line.split() for line in stream]
    except OSError:
        return
    start = end = kib = 0
    own = False
    for line in lines:
        if not line[0].endswith(b":"):
            start, end = (int(each, 16) for each in line[0].split(b"-"))
            kib = (end - start) >> 10
            own = line[1].startswith(b"rw") and line[5:] in ([], [b"[heap]"])
        elif line[0] == b"Anonymous:" and own and int(line[1]) >= 0.7 * kib:
            start, end = -(-start // HUGE_PAGE) * HUGE_PAGE, end // HUGE_PAGE * HUGE_PAGE
            if start < end:
                yield start, end


def module_versions() -> "List[Version]":
    """Return (name, module, address of the version of its dictionary, that version) of each module.

    CPython up to 3.12 changes the version of a dictionary with each change (PEP 509). Elsewhere the list is empty.
    """
    if platform.python_implementation() != "CPython" or sys.version_info > (3, 13) or sys.maxsize <= 1 << 32:
        return []
    import ctypes

    def version_of(dictionary: "Dict[str, Any]") -> "Any":
        return ctypes.c_uint64.from_address(id(dictionary) + 24)

    some: "Dict[str, Any]" = {}
    before = version_of(some).value
    some["changed"] = True
    if version_of(some).value == before:
        return []
    modules = [(name, module) for name, module in sys.modules.items() if issubclass(type(module), types.ModuleType)]
    versions = [version_of(object.__getattribute__(module, "__dict__")) for _, module in modules]
    return [(name, module, version, version.value) for (name, module), version in zip(modules, versions)]


def remove_unchanged(unchanged: "List[Version]", modules: "Dict[str, types.ModuleType]") -> None:
    """Remove unchanged modules from the list of modules, so that the interpreter does not clear them.

    A module into which the script put something is cleared as usual.
    """
    for name, module, address, version in unchanged:
        if address.value == version and modules.get(name) is module:
            del modules[name]
