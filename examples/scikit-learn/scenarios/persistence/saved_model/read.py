# /// script
# dependencies = ["scikit-learn"]
#
# [tool.harness]
# issue = "https://scikit-learn.org/stable/model_persistence.html"
#
# [tool.harness.parameters]
# model = ["one against the rest", "forest", "imputed", "text"]
# format = ["pickle", "joblib", "skops"]
#
# [[tool.harness.skip]]
# model = "*,!forest"
# format = "joblib"
#
# [[tool.harness.skip]]
# model = "*,!forest,!text"
# format = "skops"
#
# [[tool.harness.label]]
# error = "incompatible dtype|Did not recognise loaded array dytpe"
# label = "by design"
# note = "The nodes of trees have another layout since 1.3: train again, or read the file in the release that wrote it."
#
# [[tool.harness.label]]
# error = "numpy._core"
# label = "dependency"
# note = "NumPy 2 wrote the file, and NumPy 1 does not read it."
#
# [[tool.harness.label]]
# error = "has no attribute 'monotonic_cst'"
# label = "by design"
# note = "An attribute of trees that was added in 1.4 is not in older files."
#
# [[tool.harness.label]]
# error = "scipy.sparse._csr"
# label = "dependency"
# note = "A newer SciPy wrote the file: it has the module at another place."
#
# [[tool.harness.label]]
# error = "probabilities differ"
# label = "by design"
# note = "A silent change: the file loads and predicts something else. scikit-learn supports no files of another release, and only warns."
#
# [[tool.harness.label]]
# error = "_dist_metrics|EuclideanDistance|_fill_dtype|not fitted|multi_class"
# label = "by design"
# note = "What the file names, or lacks, differs in this release. scikit-learn supports no files of another release."
# ///
"""A model that one release saved predicts the same in another release."""

# %% tags=["parameters"]
model = "forest"
format = "pickle"

# %% define
import json
import warnings

import numpy as np
from sklearn.datasets import load_iris

# The scenario `warned` is about warnings.
warnings.simplefilter("ignore")
X, y = load_iris(return_X_y=True)
names = ["setosa", "versicolor", "virginica"]
if model == "text":
    X = [" ".join(names[label] for label in range(int(kind) + 1)) for kind in y]
with open("expected.json") as stream:
    expected = json.load(stream)

# %% load
if format == "pickle":
    import pickle

    with open("model", "rb") as stream:
        estimator = pickle.load(stream)
elif format == "joblib":
    import joblib

    estimator = joblib.load("model")
else:
    import skops.io

    unknown = getattr(skops.io, "get_untrusted_types", None)
    trusted = unknown(file="model") if unknown is not None else True
    estimator = skops.io.load("model", trusted=trusted)

# %% predict
found = np.asarray(estimator.predict_proba(X))

# %% compare
difference = float(np.abs(found - np.asarray(expected["probabilities"])).max())
assert difference < 1e-6, "probabilities differ from those of the writer by up to %.3f" % difference
