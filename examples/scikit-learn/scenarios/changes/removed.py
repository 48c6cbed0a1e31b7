# /// script
# dependencies = ["scikit-learn"]
#
# [tool.harness.parameters]
# use = ["get_feature_names", "load_boston", "sparse argument", "squared argument", "normalize argument", "multi_class"]
#
# [[tool.harness.label]]
# error = "get_feature_names|load_boston|'sparse'|'squared'|'normalize'|'multi_class'"
# label = "removed"
# note = "Deprecated two releases before: get_feature_names_out, fetch_california_housing, sparse_output, root_mean_squared_error, StandardScaler and OneVsRestClassifier replace it."
# link = "https://scikit-learn.org/stable/whats_new.html"
# ///
"""Code of tutorials and old projects still runs."""

# %% tags=["parameters"]
use = "get_feature_names"

# %% define
import numpy as np
import sklearn

X, y = np.arange(12.0).reshape(6, 2) % 5, np.array([0, 1, 2, 0, 1, 2])

# %% predict
if use == "get_feature_names":
    from sklearn.feature_extraction.text import CountVectorizer

    assert list(CountVectorizer().fit(["one two"]).get_feature_names()) == ["one", "two"]
elif use == "load_boston":
    from sklearn.datasets import load_boston

    assert load_boston().data.shape == (506, 13)
elif use == "sparse argument":
    from sklearn.preprocessing import OneHotEncoder

    assert OneHotEncoder(sparse=False).fit_transform([["a"], ["b"]]).tolist() == [[1, 0], [0, 1]]
elif use == "squared argument":
    from sklearn.metrics import mean_squared_error

    assert mean_squared_error([0.0, 0.0], [3.0, 3.0], squared=False) == 3.0
elif use == "normalize argument":
    from sklearn.linear_model import Ridge

    Ridge(normalize=True).fit(X, y)
else:
    from sklearn.linear_model import LogisticRegression

    LogisticRegression(multi_class="ovr", solver="liblinear").fit(X, y).predict(X)
