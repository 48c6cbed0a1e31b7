"""Fit a model and save it."""

# %% tags=["parameters"]
format = "pickle"

# %% define
import sklearn
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

# %% train
X, y = load_iris(return_X_y=True)
estimator = LogisticRegression(max_iter=1000).fit(X, y)

# %% save
if format == "pickle":
    import pickle

    with open("model", "wb") as stream:
        pickle.dump(estimator, stream)
else:
    import skops.io

    skops.io.dump(estimator, "model")
with open("version.txt", "w") as stream:
    stream.write(sklearn.__version__)
