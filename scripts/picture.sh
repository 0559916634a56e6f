#!/usr/bin/env bash
# Draws docs/picture.png: the first screen of one bundled brief beside a map of the other.
# Needs chromium and a release build.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
cargo build --release --quiet
./target/release/emporion brief world-2022 --out "$folder/left.html" > /dev/null
./target/release/emporion brief belarus-russian-regions --out "$folder/right.html" > /dev/null
cat > "$folder/index.html" <<'HTML'
<!doctype html><meta charset="utf-8"><style>
body { margin: 0; display: flex; gap: 24px; padding: 24px; background: #e9e5dc; }
iframe { width: 788px; height: 900px; border: 0; background: #fffdfa; box-shadow: 0 2px 14px rgb(0 0 0 / .18); }
</style><iframe src="left.html"></iframe><iframe src="right.html#part-6"></iframe>
HTML
chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --allow-file-access-from-files \
  --user-data-dir="$folder/profile" --window-size=1648,948 --screenshot="$PWD/docs/picture.png" \
  "file://$folder/index.html" 2> /dev/null
rm -r "$folder"
