# /// script
# dependencies = ["scikit-learn"]
#
# [tool.harness]
# issue = "https://scikit-learn.org/stable/model_persistence.html"
#
# [tool.harness.parameters]
# format = ["pickle", "skops"]
#
# [[tool.harness.label]]
# error = "numpy._core"
# label = "dependency"
# note = "NumPy 2 wrote the file, and NumPy 1 does not read it."
# ///
"""Loading a model of another release gives a warning; loading one of the same release gives none."""

# %% tags=["parameters"]
format = "pickle"

# %% define
import warnings

import sklearn
import sklearn.linear_model

with open("version.txt") as stream:
    writer = stream.read()

# %% load
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    if format == "pickle":
        import pickle

        with open("model", "rb") as stream:
            estimator = pickle.load(stream)
    else:
        import skops.io

        unknown = getattr(skops.io, "get_untrusted_types", None)
        estimator = skops.io.load("model", trusted=unknown(file="model") if unknown is not None else True)

# %% compare
said = [each.category.__name__ for each in caught if "LogisticRegression from version" in str(each.message)]
print(said[0] if said else "no warning")
if writer == sklearn.__version__:
    assert not said, "a warning about another release, of the same release"
else:
    assert said, "no warning that another release saved the model"
