"""Fit a model, save it, and note what it predicts."""

# %% tags=["parameters"]
model = "forest"
format = "pickle"

# %% define
import json

import numpy as np
import sklearn
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

if model == "one against the rest" and tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 8):
    print("LogisticRegression has no multi_class since scikit-learn 1.8")
    raise SystemExit(125)

X, y = load_iris(return_X_y=True)
names = ["setosa", "versicolor", "virginica"]
X_text = [" ".join(names[label] for label in range(int(kind) + 1)) for kind in y]

# %% build
if model == "one against the rest":
    estimator = LogisticRegression(max_iter=1000, multi_class="ovr")
elif model == "forest":
    estimator = RandomForestClassifier(n_estimators=10, random_state=0)
elif model == "imputed":
    estimator = make_pipeline(SimpleImputer(), MinMaxScaler(), KNeighborsClassifier())
elif model == "text":
    estimator, X = make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000)), X_text
else:
    raise ValueError(model)

# %% train
estimator.fit(X, y)

# %% save
if format == "pickle":
    import pickle

    with open("model", "wb") as stream:
        pickle.dump(estimator, stream)
elif format == "joblib":
    import joblib

    joblib.dump(estimator, "model")
elif format == "skops":
    import skops.io

    skops.io.dump(estimator, "model")
else:
    raise ValueError(format)

with open("expected.json", "w") as stream:
    probabilities = np.asarray(estimator.predict_proba(X))
    json.dump({"version": sklearn.__version__, "probabilities": probabilities.tolist()}, stream)
