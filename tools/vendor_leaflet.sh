#!/bin/sh
# Fetches Leaflet with `npm pack` and keeps what the report page embeds: the minified script, the style sheet, the licence.
# Run it by hand to move to another version; the files it makes are committed, so that neither building nor running needs npm.
set -eu
version=1.9.4
sha256=84c65a256e50657896f54c33bd857b6849ebe94c817803be818bf32a3dde0b77
target=$(cd "$(dirname "$0")/.." && pwd)/src/pothole/report/assets/vendor
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$work"
npm pack --silent "leaflet@$version" >/dev/null
echo "$sha256  leaflet-$version.tgz" | sha256sum --check --quiet
tar xzf "leaflet-$version.tgz"
# Without the pointer to the source map and without the rules for icon pictures: the page holds neither.
sed '/^\/\/# sourceMappingURL=/d' package/dist/leaflet.js >"$target/leaflet.js"
sed '/url(images\//d' package/dist/leaflet.css >"$target/leaflet.css"
cp package/LICENSE "$target/LICENSE"
echo "$version" >"$target/VERSION"
echo "Leaflet $version in $target"
