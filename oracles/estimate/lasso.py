"""Lasso of a three-way Poisson model by another road: effects scaled, columns demeaned by sweeps.

    python lasso.py                # numpy, scipy; writes lasso.csv and lasso.json beside it

The table is drawn here: 10 places, 4 years, agreements that come into force and hold some of 8
provisions. Nothing is shared with the program: effects are found by scaling to totals, regressors are
demeaned by alternating projections, the penalised quadratic is solved by coordinate sweeps, and rows
left out are predicted from the scales. `plug_in` has the penalty of Belloni, Chernozhukov, Hansen and
Kozbur (2016) clustered by pair, with residuals of the model on what is selected and of the lasso;
`path` has standard deviations under the fitted weights as loadings; `validation` leaves agreements out.
"""
import json
from pathlib import Path

import numpy as np
from scipy.stats import norm

here = Path(__file__).parent
rng = np.random.default_rng(20261129)
N, T, K = 10, 4, 8
rows = [(i, j, t) for t in range(T) for i in range(N) for j in range(N) if i != j]
i, j, t = (np.array(c) for c in zip(*rows))
lo, hi = np.minimum(i, j), np.maximum(i, j)
# Agreements 1 to 6 hold between members of a club from a year on; 0: none.
club = rng.integers(0, 4, N)
agreement = np.zeros(len(rows), int)
start = rng.integers(1, T, 7)
number = (lo * 3 + hi * 5 + lo * hi) % 7
agreement = np.where((number > 0) & (t >= start[number]), number, 0)
has = rng.random((7, K)) < 0.45
has[0] = False
assert all(0 < has[1:, k].sum() < 6 for k in range(K))
x = has[agreement].astype(float)
# A few pairs opt out of single provisions, so that no two are always equal.
x *= rng.random((N, N, K))[lo, hi] < 0.85
size = rng.normal(0, 1, N)
mean = np.exp(size[i] + size[j] + 0.7 * x[:, 0] + 0.4 * x[:, 3] + 0.3 * rng.normal(size=(N, N))[i, j])
y = np.round(mean * rng.gamma(2.0, 0.5, len(rows)) * (rng.random(len(rows)) > 0.08), 6)
names = [f"provision_{k}" for k in range(K)]
with open(here / "lasso.csv", "w") as f:
    f.write("origin,destination,year,agreement,value," + ",".join(names) + "\n")
    for r in range(len(rows)):
        cells = [f"P{i[r]}", f"P{j[r]}", str(2000 + t[r]), str(agreement[r]), repr(float(y[r]))]
        f.write(",".join(cells + [str(int(v)) for v in x[r]]) + "\n")
groups = [i * T + t, j * T + t, i * N + j]
pair = groups[2]


np.seterr(all="raise", under="ignore")


def scales(y, xb, groups, keep):
    """Multipliers of the effects at a given index, from the rows kept; nan: no row, 0: zeros only."""
    a = [np.ones(g.max() + 1) for g in groups]
    mu = np.exp(xb) * keep
    for _ in range(5000):
        worst = 0.0
        for q, g in enumerate(groups):
            want, have = np.bincount(g, y * keep, len(a[q])), np.bincount(g, mu, len(a[q]))
            ratio = np.where(want > 0, want / np.where(have > 0, have, 1), 0.0)
            worst = max(worst, np.abs(np.log(ratio[want > 0])).max())
            a[q] *= ratio
            mu = mu * ratio[g]
        if worst < 1e-13:
            break
    for q, g in enumerate(groups):
        a[q][np.bincount(g, keep, len(a[q])) == 0] = np.nan
    return a, mu


def demean(v, w, groups):
    v = v.copy()
    totals = [np.bincount(g, w) for g in groups]
    for _ in range(5000):
        before = v.copy()
        for g, total in zip(groups, totals):
            for c in range(v.shape[1]):
                v[:, c] -= (np.bincount(g, w * v[:, c]) / np.where(total > 0, total, 1))[g]
        if np.abs(v - before).max() < 1e-14:
            break
    return v


def sample(keep):
    """Rows of levels with something positive."""
    keep = keep.copy()
    while True:
        n = keep.sum()
        for g in groups:
            keep &= (np.bincount(g, y * keep) > 0)[g]
        if keep.sum() == n:
            return keep


def fit(rows, loadings):
    """Coefficients at penalties; `loadings` gives them from the absorbed columns and the weights."""
    Y, X = y[rows], x[rows]
    G = [np.unique(g[rows], return_inverse=True)[1] for g in groups]
    b = np.zeros(K)
    _, mu = scales(Y, X @ b, G, np.ones(len(Y)))
    for _ in range(200):
        z = demean(np.c_[X, (Y - mu) / mu], mu, G)
        xt, r = z[:, :-1], z[:, -1]
        p = loadings(xt, mu)
        gram, c = xt.T @ (mu[:, None] * xt), xt.T @ (mu * r)
        new = b.copy()
        for _ in range(5000):
            old = new.copy()
            for k in range(K):
                # A provision of the agreement left out only.
                if gram[k, k] == 0:
                    continue
                q = c[k] - gram[k] @ (new - b) + gram[k, k] * new[k]
                new[k] = np.sign(q) * max(abs(q) - p[k], 0) / gram[k, k]
            if np.abs(new - old).max() < 1e-15:
                break
        step = np.abs(new - b).max()
        b = new
        _, mu = scales(Y, X @ b, G, np.ones(len(Y)))
        if step < 1e-12:
            break
    return b, mu, G


def phi(rows, mu, G):
    xt = demean(x[rows], mu, G)
    e = y[rows] - mu
    sums = np.array([np.bincount(G[2], xt[:, k] * e) for k in range(K)])
    return np.sqrt((sums**2).sum(1) / rows.sum())


everything = np.ones(len(y), bool)
# Rows alone in a level do not count, and leave others with zeros only.
while True:
    n = everything.sum()
    everything = sample(everything)
    for g in groups:
        everything &= (np.bincount(g, everything) > 1)[g]
    if everything.sum() == n:
        break
total = y[everything].sum()
n = int(everything.sum())


def plug_in(residuals, gamma=None):
    gamma = 0.1 / np.log(n) if gamma is None else gamma
    lam = 1.1 * np.sqrt(n) * norm.ppf(1 - gamma / (2 * K))
    infinite = np.full(K, 1e300)
    _, mu, G = fit(everything, lambda *_: infinite)
    loading, rounds = phi(everything, mu, G), 0
    for rounds in range(1, 200):
        b, mu, G = fit(everything, lambda *_: lam * loading)
        if residuals == "post_lasso":
            free = np.where(b != 0, 0.0, 1e300)
            _, mu, G = fit(everything, lambda *_: free)
        new = phi(everything, mu, G)
        change = np.abs(new / loading - 1).max()
        if change < 1e-11:
            break
        loading = new
    free = np.where(b != 0, 0.0, 1e300)
    post, _, _ = fit(everything, lambda *_: free)
    return {"residuals": residuals, "gamma": gamma, "lambda": lam / total, "loadings": loading.tolist(),
            "lasso": b.tolist(), "post_lasso": post.tolist()}


def standardised(lam, rows):
    return lambda xt, mu: lam * y[rows].sum() * np.sqrt((mu[:, None] * xt**2).sum(0) / mu.sum())


def validation(lambdas):
    scores = []
    for lam in lambdas:
        squares = deviance = count = unpredicted = 0.0
        for fold in range(1, 7):
            inside = agreement == fold
            if not inside.any():
                continue
            rows = sample(~inside)
            b, _, _ = fit(rows, standardised(lam, rows))
            a, _ = scales(y, x @ b, groups, (~inside).astype(float))
            mu = np.exp(x @ b) * a[0][groups[0]] * a[1][groups[1]] * a[2][groups[2]]
            known = inside & ~np.isnan(mu)
            unpredicted += (inside & np.isnan(mu)).sum()
            count += known.sum()
            squares += ((y - mu)[known] ** 2).sum()
            some = known & (mu > 0)
            ratio = np.where(y[some] > 0, y[some] / mu[some], 1)
            deviance += 2 * (y[some] * np.log(ratio) - y[some] + mu[some]).sum()
        scores.append({"lambda": lam, "rmse": (squares / count) ** 0.5, "deviance_sum": deviance})
    return {"rows": int(count), "unpredicted": int(unpredicted), "scores": scores}


lambdas = [0.03, 0.01, 0.003, 0.0]
path = []
for lam in lambdas:
    b, mu, _ = fit(everything, standardised(lam, everything))
    Y = y[everything]
    deviance = 2 * (Y * np.log(np.where(Y > 0, Y / mu, 1)) - Y + mu).sum()
    path.append({"lambda": lam, "lasso": b.tolist(), "deviance": deviance})
out = {"names": names, "n": n, "total": total,
       "plug_in": [plug_in("post_lasso"), plug_in("lasso"), plug_in("post_lasso", 0.5)],
       "path": path, "validation": validation(lambdas),
       "versions": {"numpy": np.__version__}}
(here / "lasso.json").write_text(json.dumps(out, indent=1) + "\n")
