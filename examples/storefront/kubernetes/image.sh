#!/usr/bin/env sh
# image.sh FOLDER: lays out in FOLDER what an image of the storefront holds beside Node 24: /app with all of its programs.
# The Blueprints beside this file call the image kubebox.local/storefront:1 and say which program a pod runs.
set -eu
folder=${1:?FOLDER}
root=$(cd "$(dirname "$0")/../../.." && pwd)
app=$folder/app
mkdir -p "$app/examples/storefront" "$app/libs/propagate" "$app/node_modules/@microstax"
for part in cart catalog checkout lib payments pricing shipping store web; do
  cp -R "$root/examples/storefront/$part" "$app/examples/storefront/"
done
cp -R "$root/libs/propagate/package.json" "$root/libs/propagate/src" "$app/libs/propagate/"
# A link, because Node runs no TypeScript inside of node_modules.
ln -sfn ../../libs/propagate "$app/node_modules/@microstax/propagate"
printf '{ "type": "module", "private": true }\n' >"$app/package.json"
chmod -R a+rX "$folder"
