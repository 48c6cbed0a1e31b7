"""The published site: a static page, and the results as one file per case and per environment.

`files` is the entry point: values in, texts out. The page is in `page/`: HTML, CSS and scripts without a build step.
"""
