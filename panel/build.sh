#!/bin/sh
# Builds the panel for meson: build.sh SOURCE WORK OUT DEPFILE enabled|auto.  The packages of the lock
# file are fetched into WORK when it has changed; none of their own scripts is run.  The source tree
# stays as it is.  "auto" builds all the rest where they cannot be fetched: OUT is empty then, and old,
# so that the next build tries again.
set -eu
source=$1 work=$2 depfile=$4 mode=$5
out=$(realpath -m "$3")

# Folders are in the list, too: their time changes when a file comes or goes.
printf '%s:%s\n' "$3" "$(find "$source"/*.json "$source"/*.mjs "$source/.npmrc" "$source/src" \
    "$source/test" | sed 's/[ #]/\\&/g; s/^/ /' | tr -d '\n')" >"$depfile"

mkdir -p "$work"
for name in src test; do
    rm -rf "${work:?}/$name"
    cp -R "$source/$name" "$work/$name"
done
cp "$source"/*.json "$source"/*.mjs "$source/.npmrc" "$work/"
cd "$work"

fetch() {
    cmp -s package-lock.json node_modules/.causeway-lock && return
    npm ci --ignore-scripts --prefer-offline --fetch-timeout=60000 --no-progress --loglevel=error || return
    cp package-lock.json node_modules/.causeway-lock
}

if ! fetch; then
    cat >&2 <<END
The packages of the panel's web application cannot be fetched from $(npm config get registry).
Is it the right registry (npm config set registry URL), and can this machine reach it?
Everything else can be built without them: meson configure -Dpanel=disabled.
END
    [ "$mode" = auto ] || exit 1
    echo "Building without the web application; the API and the command line are there." >&2
    rm -rf "$out"
    mkdir -p "$out"
    touch -d @0 "$out"
    exit 0
fi
npx --no-install tsc --noEmit
node build.mjs "$out"
# For who takes it compressed; the same bytes at each build.
find "$out" -type f \( -name '*.js' -o -name '*.css' -o -name '*.html' -o -name '*.svg' \) \
    -exec gzip -9 -n -k -f {} +
touch "$out"
