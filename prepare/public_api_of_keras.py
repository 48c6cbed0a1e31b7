"""Generates in a copy of Keras's sources the public API that building the wheel would generate. Keras before 3.3.

    python public_api_of_keras.py FOLDER

FOLDER has the package and `pip_build.py` of one commit. Afterwards the package in it is as in a wheel. Keras's own
pip_build.py and namex do the work. Modules that need a backend which is not installed are left out of the API.
"""

import importlib
import importlib.util
import os
import shutil
import sys
import types


def load_pip_build(path):
    """Load pip_build.py, which imports torch only so that it is imported first."""
    missing = "torch" not in sys.modules and importlib.util.find_spec("torch") is None
    if missing:
        sys.modules["torch"] = types.ModuleType("torch")
    spec = importlib.util.spec_from_file_location("pip_build", path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    finally:
        if missing:
            del sys.modules["torch"]
    return module


def leave_out_what_is_missing(namex):
    """Have namex skip the modules of the package that need another package which is not installed."""
    import_module = importlib.import_module

    def imported(name, package=None):
        try:
            return import_module(name, package)
        except ImportError as error:
            if (error.name or "keras").partition(".")[0] == "keras":
                raise
            return types.ModuleType(name)

    generate = sys.modules[namex.generate_api_files.__module__]
    generate.importlib = types.SimpleNamespace(import_module=imported)


def main(folder):
    """Generate the API, and put the package in the place of its sources."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import namex

    os.chdir(folder)
    pip_build = load_pip_build(os.path.join(folder, "pip_build.py"))
    leave_out_what_is_missing(namex)
    pip_build.copy_source_to_build_directory(folder)
    pip_build.run_namex_conversion()
    pip_build.create_legacy_directory()
    from keras.src.version import __version__

    pip_build.export_version_string(__version__)
    os.chdir(folder)
    shutil.rmtree("keras")
    os.rename(os.path.join(pip_build.build_directory, "keras"), "keras")
    shutil.rmtree(pip_build.build_directory)
    for top, folders, _ in os.walk("keras"):
        for name in [each for each in folders if each == "__pycache__"]:
            shutil.rmtree(os.path.join(top, name))
            folders.remove(name)


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]))
