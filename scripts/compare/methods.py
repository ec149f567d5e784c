#!/usr/bin/env python3
"""Times TOPSIS and the cut-offs of netterms beside pymcdm, scikit-learn and kmeans1d, in one run on one machine.

    python3 -m venv /tmp/compare
    /tmp/compare/bin/pip install numpy==2.4.6 pymcdm==1.4.0 scikit-learn kmeans1d==0.5.0
    /tmp/compare/bin/python scripts/compare/methods.py

netterms is timed by its ignored tests in a release build, which print "<what>: <milliseconds> ms"; `--ours FILE` reads
such lines from a file instead. Every figure is the best of several rounds over numbers of the same size and
distribution: 100,000 customers x 12 criteria from 0 to 100, and 100,000 scores from 0 to 1 into 7 classes.

What is compared does not do quite the same. netterms checks every number, and gives ranks and both distances;
`TOPSIS` of pymcdm gives closeness, and ranks by a second call. netterms and kmeans1d find the best cut there is, and
netterms also the fit and the silhouette; `KMeans` of scikit-learn finds a good one from one random start.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIMED = ["cargo", "test", "--release", "--lib", "--", "--ignored", "--nocapture", "--test-threads=1", "::tests::time_"]
ROUNDS = 5


def best_ms(work, rounds=ROUNDS):
    """The shortest of several rounds, in milliseconds."""
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds) * 1e3


def ours(path):
    """What netterms takes, by the first word of what was timed."""
    if path:
        text = Path(path).read_text()
    else:
        run = subprocess.run(TIMED, cwd=ROOT, capture_output=True, text=True, env=os.environ)
        if run.returncode != 0:
            sys.exit(f"netterms could not be timed:\n{run.stderr}")
        text = run.stdout
    return {what: float(ms) for what, ms in re.findall(r"(topsis|cut-offs),.*: ([0-9.]+) ms", text)}


def pymcdm_topsis(random):
    """Closeness alone, and with ranks as netterms gives them."""
    import numpy
    from pymcdm.methods import TOPSIS
    from pymcdm.normalizations import vector_normalization

    values = random.random((100_000, 12)) * 100
    weights = numpy.full(12, 1 / 12)
    directions = numpy.array([1, -1] * 6)
    method = TOPSIS(vector_normalization)
    yield "pymcdm, closeness", best_ms(lambda: method(values, weights, directions))
    yield "pymcdm, closeness and ranks", best_ms(lambda: method.rank(method(values, weights, directions)))


def clusterings(random):
    """One random start, and the exact one by another library."""
    import kmeans1d
    from sklearn.cluster import KMeans

    scores = random.random(100_000)
    column = scores.reshape(-1, 1)
    yield "scikit-learn KMeans, one start", best_ms(lambda: KMeans(7, n_init=1, random_state=7).fit(column))
    yield "kmeans1d, exact", best_ms(lambda: kmeans1d.cluster(scores, 7))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--ours", metavar="FILE", help="lines that the ignored tests printed in this run")
    figures = ours(options.parse_args().ours)

    import numpy

    random = numpy.random.default_rng(7)
    print("| netterms | ms | peer | ms | times as fast |")
    print("|---|--:|---|--:|--:|")
    for what, peers in [("topsis", pymcdm_topsis), ("cut-offs", clusterings)]:
        for peer, ms in peers(random):
            own = figures[what]
            print(f"| {what} | {own:.1f} | {peer} | {ms:.1f} | {ms / own:.1f} |")


if __name__ == "__main__":
    main()
