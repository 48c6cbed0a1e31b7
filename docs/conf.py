"""Configuration of the documentation site: `nox -s docs`."""

project = "repro-matrix"
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "repro-matrix"


myst_heading_anchors = 3
