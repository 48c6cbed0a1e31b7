# /// script
# dependencies = ["scikit-learn"]
#
# [tool.harness]
# issue = "https://scikit-learn.org/stable/whats_new/v1.3.html"
#
# [[tool.harness.label]]
# error = "the coefficients of PLSRegression"
# label = "by design"
# note = "Since scikit-learn 1.3, coef_ has the shape (n_targets, n_features), as in other linear models."
# link = "https://scikit-learn.org/stable/whats_new/v1.3.html"
# ///
"""The coefficients of PLSRegression have one row for each feature."""

# %% define
import numpy as np
from sklearn.cross_decomposition import PLSRegression

X = np.array([[0.0, 1.0, 2.0], [1.0, 0.0, 4.0], [2.0, 2.0, 1.0], [3.0, 5.0, 4.0]])
y = np.array([1.0, 2.0, 3.0, 5.0])

# %% train
model = PLSRegression(n_components=2).fit(X, y)

# %% compare
assert model.coef_.shape == (3, 1), "the coefficients of PLSRegression have the shape %s" % (model.coef_.shape,)
