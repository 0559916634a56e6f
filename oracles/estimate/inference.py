"""Standard errors over time and the enumerated wild cluster bootstrap, by other programs.

    pip install pyfixest==0.60.0 wildboottest==0.3.2
    python inference.py            # writes inference.csv and inference.json beside it

The table is drawn here: 8 units over 12 years, balanced, because programs differ in how they count
lags across a missing year. `se` are standard errors of x1 and x2; `raw` is without any factor.
Driscoll-Kraay and Newey-West come from pyfixest on `y ~ x1 + x2` (default factors count K = 3) and on
the same with unit effects (raw only: pyfixest and R fixest differ in what counts as nested).
The bootstrap is wildboottest's type 11 with the null imposed and all 2^8 sign patterns.
"""
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyfixest as pf
from wildboottest.wildboottest import WildboottestCL

here = Path(__file__).parent
rng = np.random.default_rng(20261123)
units, years = 8, 12
unit = np.repeat(np.arange(units), years)
year = np.tile(np.arange(2000, 2000 + years), units)
shock = rng.normal(size=units)[unit] + np.cumsum(rng.normal(size=years))[year - 2000] * 0.5
x1 = rng.normal(size=units * years) + 0.5 * rng.normal(size=units)[unit]
x2 = rng.normal(size=units * years) + 0.3 * rng.normal(size=years)[year - 2000]
y = 1 + 0.3 * x1 - 0.2 * x2 + shock + rng.normal(size=units * years)
count = rng.poisson(np.exp(0.5 + 0.3 * x1 - 0.1 * x2 + 0.2 * shock))
table = pd.DataFrame({"unit": unit, "year": year, "x1": x1.round(6), "x2": x2.round(6),
                      "y": y.round(6), "count": count})
table.to_csv(here / "inference.csv", index=False)

none = pf.ssc(k_adj=False, G_adj=False)
cases = []
for family, fit in (("gaussian", pf.feols), ("poisson", pf.fepois)):
    for effects in ("", " | unit"):
        if family == "poisson" and not effects:
            continue
        outcome = "y" if family == "gaussian" else "count"
        formula = f"{outcome} ~ x1 + x2{effects}"
        for kind, keys in (("DK", {"time_id": "year"}), ("NW", {"time_id": "year", "panel_id": "unit"})):
            if kind == "DK":
                keys = {**keys, "panel_id": "unit"}
            for lag in (None, 0, 3):
                given = keys if lag is None else {**keys, "lag": lag}
                for ssc in ("raw", "fixest"):
                    if ssc == "fixest" and effects:
                        continue
                    extra = {"ssc": none} if ssc == "raw" else {}
                    if family == "poisson":
                        extra["iwls_tol"] = 1e-12
                    model = fit(formula, table, vcov=kind, vcov_kwargs=given, **extra)
                    tidy = model.tidy()
                    cases.append({
                        "family": family, "effects": effects.strip(" |"), "kind": kind, "lag": lag,
                        "factor": ssc, "coef": [float(tidy.loc[n, "Estimate"]) for n in ("x1", "x2")],
                        "se": [float(tidy.loc[n, "Std. Error"]) for n in ("x1", "x2")],
                        "p": [float(tidy.loc[n, "Pr(>|t|)"]) for n in ("x1", "x2")],
                    })

X = np.column_stack([np.ones(len(table)), table.x1, table.x2])
wild = []
for j, name in ((1, "x1"), (2, "x2")):
    boot = WildboottestCL(X=X, Y=table.y.values, cluster=table.unit.values, R=np.eye(3)[j], B=9999,
                          seed=1, parallel=False)
    boot.r = 0
    boot.get_weights(weights_type="rademacher")
    boot.get_scores(bootstrap_type="11", impose_null=True)
    boot.get_numer()
    boot.get_denom()
    boot.get_tboot()
    boot.get_vcov()
    boot.get_tstat()
    boot.get_pvalue()
    t, draws = float(boot.t_stat), np.asarray(boot.t_boot)
    ties = np.abs(np.abs(draws) - abs(t)) <= 1e-9 * abs(t)
    wild.append({"coefficient": name, "statistic": t, "draws": len(draws),
                 "p_value": float(np.mean((np.abs(draws) > abs(t)) & ~ties)),
                 "ties": float(ties.mean()), "sorted": sorted(draws.tolist())})
(here / "inference.json").write_text(json.dumps({"time": cases, "wild": wild}, indent=1) + "\n")
