"""Trade indices of a random table in plain numpy beside those of the program.

Usage: python3 trade_indices.py PATH_OF_EMPORION
Prints the largest relative difference of each index; written from the handbooks' formulas, on a dense array,
without looking at the program's code paths. Needs numpy.
"""
import csv, io, subprocess, sys, tempfile, os
import numpy as np

rng = np.random.default_rng(7)
N, M = 12, 40
x = np.exp(3 * rng.standard_normal((N, N, M))) * (rng.random((N, N, M)) < 0.5)
x[np.arange(N), np.arange(N)] = 0
P = [f"P{i:02}" for i in range(N)]
K = [f"k{k:02}" for k in range(M)]
path = os.path.join(tempfile.mkdtemp(), "random.csv")
with open(path, "w") as out:
    out.write("origin,destination,product,value\n")
    for i, j, k in zip(*np.nonzero(x)):
        out.write(f"{P[i]},{P[j]},{K[k]},{float(x[i, j, k])!r}\n")


def ask(line):
    words = [sys.argv[1], "measure", *line.split(), "--format", "csv"]
    words.insert(3, path)
    text = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return list(csv.DictReader(io.StringIO(text)))


def far(name, pairs):
    worst = max(abs(float(a) - b) / max(abs(b), 1e-300) for a, b in pairs)
    print(f"{name:28} {worst:.1e}")
    assert worst < 1e-10, name


p, k = P.index, K.index
out, into, pair = x.sum(1), x.sum(0), x.sum(2)
s, m = out / out.sum(1, keepdims=True), into / into.sum(1, keepdims=True)
rows = ask("intensity --origin " + ",".join(P))
ti = (pair / pair.sum(1)[:, None]) / (pair.sum(0) / pair.sum())[None]
far("intensity", [(r["intensity"], ti[p(r["origin"]), p(r["destination"])]) for r in rows if float(r["value"])])
rows = ask("complementarity --origin " + ",".join(P))
far("complementarity", [(r["complementarity"], 100 * (1 - abs(m[p(r["destination"])] - s[p(r["origin"])]).sum() / 2)) for r in rows])
rows = ask("similarity --origin " + ",".join(P))
far("similarity", [(r["similarity"], 100 * np.minimum(s[p(r["origin"])], s[p(r["with"])]).sum()) for r in rows])
rows = ask("intra-industry --origin P00")
gl = 1 - abs(out[0] - into[0]) / (out[0] + into[0])
far("Grubel-Lloyd", [(r["grubel_lloyd"], gl[k(r["product"])]) for r in rows if gl[k(r["product"])] > 0])
rows = ask("concentration --lines 100")
for name, index in [
    ("hhi", (s**2).sum(1)),
    ("theil", np.log(100) + np.where(s > 0, s * np.log(np.where(s > 0, s, 1)), 0).sum(1)),
    ("theil_extensive", np.log(100 / (s > 0).sum(1))),
]:
    far(name, [(r[name], index[p(r["origin"])]) for r in rows])
rows = ask("specialisation")
w = out.sum(0) / out.sum()
far("Krugman", [(r["krugman"], abs(s - w).sum(1)[p(r["origin"])]) for r in rows])
far("Hachman", [(r["hachman"], (1 / (s * s / w).sum(1))[p(r["origin"])]) for r in rows])
rows = ask("penetration")
emp = []
for i in range(N):
    sold = out[i] > 0
    others = [j for j in range(N) if j != i]
    emp.append(100 * (x[i][:, sold] > 0).sum() / (into[others][:, sold] > 0).sum())
far("penetration", [(r["penetration"], emp[p(r["origin"])]) for r in rows])
rows = ask("margins --origin " + ",".join(P))
em = np.einsum("ijk,jk->ij", x > 0, into) / into.sum(1)[None]
far("extensive margin", [(r["extensive"], em[p(r["origin"]), p(r["destination"])]) for r in rows])
far("intensive margin", [(r["intensive"], (pair / np.einsum("ijk,jk->ij", x > 0, into))[p(r["origin"]), p(r["destination"])]) for r in rows])
rows = ask("potential --origin " + ",".join(P))
alpha = out / out.sum(0)
v = np.einsum("ik,jk->ijk", alpha, into)
v *= (pair / v.sum(2))[:, :, None]
far("potential", [(r["potential"], v[p(r["origin"]), p(r["destination"]), k(r["product"])]) for r in rows])
un = np.maximum(0, v - x)
un[np.arange(N), np.arange(N)] = 0
far("unrealised, all", [(sum(float(r["unrealised"]) for r in rows), un.sum())])
