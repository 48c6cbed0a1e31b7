# /// script
# dependencies = ["scikit-learn"]
#
# [tool.harness]
# issue = "https://github.com/scikit-learn/scikit-learn/issues/30479"
#
# [[tool.harness.label]]
# error = "__sklearn_tags__"
# environments = "sklearn1.6.0"
# label = "bug"
# note = "scikit-learn 1.6.0 asks estimators for tags that only BaseEstimator has; 1.6.1 gives a warning instead."
# link = "https://scikit-learn.org/stable/whats_new/v1.6.html"
#
# [[tool.harness.label]]
# error = "__sklearn_tags__"
# label = "by design"
# note = "An estimator must inherit from BaseEstimator. scikit-learn 1.6.1 warned about it."
# link = "https://scikit-learn.org/stable/whats_new/v1.7.html"
# ///
"""An estimator of another library that has a mixin, but not BaseEstimator, works in a pipeline."""

# %% define
import numpy as np
from sklearn.base import RegressorMixin
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


class Mean(RegressorMixin):
    def fit(self, X, y):
        self.mean_ = float(np.mean(y))
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


# %% train
pipeline = make_pipeline(StandardScaler(), Mean())
pipeline.fit(np.arange(12.0).reshape(6, 2), np.arange(6.0))

# %% predict
assert np.allclose(pipeline.predict(np.zeros((2, 2))), 2.5)
