#!/usr/bin/env bash
# The coordinator's journal on a real PostgreSQL server: Debian's, in a temporary folder, on the loopback and a free port. Exit code 0 when it held.
set -uo pipefail
cd "$(dirname "$0")/.."
find_bin() { find /usr/lib/postgresql -maxdepth 3 -path '*/bin/initdb' 2>/dev/null | sort -V | tail -1 | xargs -r dirname; }
bin=$(find_bin)
if [ -z "$bin" ] && [ "$(id -u)" -eq 0 ]; then
    apt-get install -y -q postgresql || exit 1
    bin=$(find_bin)
fi
[ -n "$bin" ] || { echo "no PostgreSQL server: install Debian's package postgresql" >&2; exit 1; }

data=$(mktemp -d /tmp/emulator-postgres-XXXXXX)
# The server refuses to run as root.
as_owner() { "$@"; }
if [ "$(id -u)" -eq 0 ]; then
    chown postgres "$data"
    as_owner() { runuser -u postgres -- "$@"; }
fi
stop() {
    [ -f "$data/db/postmaster.pid" ] && kill -INT "$(head -1 "$data/db/postmaster.pid")"
    while [ -f "$data/db/postmaster.pid" ]; do sleep 0.1; done
    rm -rf "$data"
}
trap stop EXIT
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
as_owner "$bin/initdb" -D "$data/db" -U emulator -A trust >"$data/initdb.log" 2>&1 || { cat "$data/initdb.log" >&2; exit 1; }
as_owner "$bin/pg_ctl" -D "$data/db" -w -l "$data/db/server.log" -o "-p $port -k $data -c listen_addresses=127.0.0.1" start >/dev/null || { cat "$data/db/server.log" >&2; exit 1; }
as_owner "$bin/createdb" -h "$data" -p "$port" -U emulator emulator || exit 1

dotnet build tests/Emulator.Actors.Tests -c Release -v q || exit 1
# A run that skips or finds nothing must not count as one that held.
EMULATOR_POSTGRES="Host=127.0.0.1;Port=$port;Username=emulator;Database=emulator" \
    dotnet test tests/Emulator.Actors.Tests -c Release --no-build --filter 'FullyQualifiedName~PostgreSQL' | tee "$data/test.log"
grep -q 'Passed: *1, Skipped: *0' "$data/test.log"
