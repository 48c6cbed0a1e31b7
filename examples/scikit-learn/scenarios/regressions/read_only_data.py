# /// script
# dependencies = ["scikit-learn"]
#
# [tool.harness]
# issue = "https://github.com/scikit-learn/scikit-learn/issues/7981"
#
# [tool.harness.parameters]
# estimator = ["LogisticRegression", "SGDClassifier", "RandomForestClassifier", "KNeighborsClassifier", "SVC", "KMeans", "Lasso"]
# data = ["dense", "sparse"]
#
# [[tool.harness.label]]
# stage = "predict"
# error = "buffer source array is read-only"
# label = "bug"
# note = "KMeans does not predict for sparse data that cannot be written to. Copy it first."
# ///
"""Data that cannot be written to, as joblib's workers get it, can be fitted and used."""

# %% tags=["parameters"]
estimator = "KMeans"
data = "dense"

# %% define
import numpy as np
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import Lasso, LogisticRegression, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

X, y = load_iris(return_X_y=True)
y = y.astype(float) if estimator == "Lasso" else y
if data == "sparse":
    X = sparse.csr_matrix(X)
    for part in (X.data, X.indices, X.indptr):
        part.flags.writeable = False
else:
    X.flags.writeable = False
y.flags.writeable = False

# %% build
model = {
    "LogisticRegression": LogisticRegression(max_iter=1000),
    "SGDClassifier": SGDClassifier(),
    "RandomForestClassifier": RandomForestClassifier(n_estimators=10),
    "KNeighborsClassifier": KNeighborsClassifier(),
    "SVC": SVC(),
    "KMeans": KMeans(n_clusters=3),
    "Lasso": Lasso(),
}[estimator]

# %% train
model.fit(X, y)

# %% predict
model.predict(X)
