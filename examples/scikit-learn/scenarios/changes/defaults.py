# /// script
# dependencies = ["scikit-learn"]
#
# [tool.harness]
# watch = "output"
#
# [tool.harness.parameters]
# estimator = ["KMeans", "LogisticRegression", "RandomForestClassifier", "SVC", "GradientBoostingClassifier"]
# ///
"""The same call, without settings, gives a model with the same settings."""

# %% tags=["parameters"]
estimator = "KMeans"

# %% define
from sklearn.cluster import KMeans
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

# %% build
models = [KMeans(), LogisticRegression(), RandomForestClassifier(), SVC(), GradientBoostingClassifier()]
model = next(each for each in models if type(each).__name__ == estimator)

# %% compare
for name, value in sorted(model.get_params().items()):
    print(name, "=", repr(value))
