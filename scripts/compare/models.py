#!/usr/bin/env python3
"""Prints how well and how fast our models do beside scikit-learn's and optbinning's, on the same customers.

    pip install scikit-learn pandas optbinning
    cargo test --release --test it rating_data -- --include-ignored --nocapture > ours.txt
    scripts/compare/models.py ours.txt

Rows 0, 1 and 2 of every ten are held back, as in tests/it/rating_data.rs, whose lines beginning with "ours" are read
from the file. The data are read from NETTERMS_TEST_DATA (default ../shared/data). Ends with 1 when an AUC of ours is
more than 0.01 below the best of theirs of its kind. With --speed it also times fits of 100,000 rows.

Both of theirs are given a fair chance: the logistic regression has medians for missing values and standardised
columns, the tree is fitted with its defaults, with limits like ours, and with limits chosen by cross-validation.
"""
import os
import sys
import time
import warnings
from pathlib import Path

import numpy
import pandas
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

DATA = Path(os.environ.get("NETTERMS_TEST_DATA", Path(__file__).parents[2] / "../shared/data"))
POLISH = "fin_polish_bankruptcy_5year.csv.gz"
FILES = {
    "polish": (POLISH, 1),
    "american": ("fin_american_bankruptcy_a.csv.gz", 1),
    "german": ("credit_german.csv", "bad"),
}
LIMITS = {"max_depth": [4, 6, 8, 10], "min_samples_leaf": [20, 50, 100]}
# How far below the best of theirs ours may be; German credit is too small to hold anybody to it.
ALLOWED = {"polish": 0.01, "american": 0.01}


def table(name, bad):
    rows = pandas.read_csv(DATA / name)
    outcome = (rows.iloc[:, -1] == bad).astype(int).to_numpy()
    columns = rows.iloc[:, :-1].drop(columns="year", errors="ignore")
    return pandas.get_dummies(columns).astype(float), outcome


def theirs():
    tree = DecisionTreeClassifier
    return {
        "scorecard": {
            "logistic regression": make_pipeline(
                SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(max_iter=5000)
            )
        },
        "tree": {
            "tree, defaults": tree(random_state=0),
            "tree, limits like ours": tree(random_state=0, max_depth=8, min_samples_leaf=50),
            "tree, cross-validated": GridSearchCV(tree(random_state=0), LIMITS, scoring="roc_auc", cv=5),
        },
    }


def read_ours(path):
    found = {}
    for line in Path(path).read_text().splitlines():
        words = line[max(line.find("ours "), 0) :].split()
        if words[:1] == ["ours"] and "auc" in words[3:4]:
            found[words[1], words[2]] = float(words[4])
        elif words[:2] == ["ours", "100000"]:
            print(" ".join(words))
    return found


def compare(ours):
    worse = 0
    for name, (file, bad) in FILES.items():
        columns, outcome = table(file, bad)
        held_back = numpy.arange(len(outcome)) % 10 < 3
        for kind, models in theirs().items():
            best = 0.0
            for title, model in models.items():
                model.fit(columns[~held_back], outcome[~held_back])
                auc = roc_auc_score(outcome[held_back], model.predict_proba(columns[held_back])[:, 1])
                best = max(best, auc)
                print(f"{name:10} {title:26} AUC {auc:.4f}")
            own = ours[name, kind]
            failed = own < best - ALLOWED.get(name, 1.0)
            worse += failed
            print(f"{name:10} {'ours: ' + kind:26} AUC {own:.4f} {'TOO LOW' if failed else ''}")
    return worse


def speed():
    from optbinning import BinningProcess, Scorecard

    columns, outcome = table(POLISH, 1)
    row = numpy.arange(100_000)
    copy = row // len(outcome)
    columns = columns.iloc[row % len(outcome)].reset_index(drop=True).mul(1 + copy / 1000, axis=0)
    outcome = outcome[row % len(outcome)]
    tree = DecisionTreeClassifier(random_state=0, max_depth=8, min_samples_leaf=50)
    binning = BinningProcess(list(columns.columns), selection_criteria={"iv": {"min": 0.02}})
    scorecard = Scorecard(
        binning_process=binning,
        estimator=LogisticRegression(max_iter=1000),
        scaling_method="pdo_odds",
        scaling_method_params={"pdo": 20, "odds": 50, "scorecard_points": 600},
    )
    for title, model in [("scikit-learn tree", tree), ("optbinning scorecard", scorecard)]:
        start = time.perf_counter()
        model.fit(columns, outcome)
        print(f"{title} 100000 seconds {time.perf_counter() - start:.2f}")


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    arguments = [argument for argument in sys.argv[1:] if argument != "--speed"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    failures = compare(read_ours(arguments[0]))
    if "--speed" in sys.argv:
        speed()
    sys.exit(1 if failures else 0)
