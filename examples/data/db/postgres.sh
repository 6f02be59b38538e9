#!/bin/sh
# A PostgreSQL server in MSX_DATA_DIR, made with the first start. The server refuses to be run by root: then user
# "postgres" runs it. Ends fast, because clients keep their connections.
set -eu

bin=$(dirname "$(readlink -f "$(command -v postgres)")")
cluster=$MSX_DATA_DIR/cluster

as=
if [ "$(id -u)" = 0 ]; then
  as="setpriv --reuid=postgres --regid=postgres --init-groups"
  mkdir -p "$cluster"
  chown postgres "$cluster"
fi

if [ ! -e "$cluster/PG_VERSION" ]; then
  (umask 077 && printf '%s' "$POSTGRES_PASSWORD" >"$MSX_DATA_DIR/password")
  [ -z "$as" ] || chown postgres "$MSX_DATA_DIR/password"
  $as "$bin/initdb" --pgdata="$cluster" --username="$POSTGRES_USER" --pwfile="$MSX_DATA_DIR/password" \
    --auth=scram-sha-256 --encoding=UTF8 --no-locale --no-sync >/dev/null
  rm -f "$MSX_DATA_DIR/password"
fi

# A changed declaration starts this program beside its predecessor, and a cluster has one server.
if [ -e "$cluster/postmaster.pid" ]; then
  $as "$bin/pg_ctl" stop --pgdata="$cluster" --mode=fast --silent 2>/dev/null || true
fi

$as "$bin/postgres" -D "$cluster" -p "$PORT" -c listen_addresses=127.0.0.1 -c unix_socket_directories= &
server=$!
trap 'kill -INT "$server" 2>/dev/null' TERM INT
wait "$server" || wait "$server"
