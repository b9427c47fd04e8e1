#!/bin/sh
# Builds the panel for meson: build.sh SOURCE WORK OUT.  The packages of the lock file are fetched
# into WORK when it has changed; none of their own scripts is run.  The source tree stays as it is.
set -eu
source=$1 work=$2
out=$(realpath -m "$3")

mkdir -p "$work"
for name in src test; do
    rm -rf "${work:?}/$name"
    cp -R "$source/$name" "$work/$name"
done
cp "$source"/*.json "$source"/*.mjs "$source/.npmrc" "$work/"
cd "$work"
if ! cmp -s package-lock.json node_modules/.causeway-lock; then
    npm ci --ignore-scripts --no-progress --loglevel=error
    cp package-lock.json node_modules/.causeway-lock
fi
npx --no-install tsc --noEmit
node build.mjs "$out"
touch "$out"
