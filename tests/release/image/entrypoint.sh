#!/usr/bin/env bash
# What our image relies on in the official image's entrypoint, as documented: a new data directory is initialised once,
# its init scripts run in the order of their names while the server answers on the socket alone, then the server starts.
set -euo pipefail
if [ "${1:-}" != postgres ]; then
    exec "$@"
fi
if [ "$(id -u)" = 0 ]; then
    install -d -o postgres -g postgres -m 700 "$PGDATA"
    exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
fi
if grep -q ' /var/lib/postgresql/data ' /proc/self/mountinfo; then
    echo "a volume is mounted at /var/lib/postgresql/data: since 18 it belongs at /var/lib/postgresql" >&2
    exit 1
fi
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    : "${POSTGRES_PASSWORD:?must be set for a new database}"
    read -r -a options <<< "${POSTGRES_INITDB_ARGS:-}"
    initdb --username="$user" --pwfile=<(echo "$POSTGRES_PASSWORD") "${options[@]}"
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    pg_ctl -D "$PGDATA" -w -o "-c listen_addresses=''" start
    if [ "$database" != postgres ]; then
        psql -X -v ON_ERROR_STOP=1 -U "$user" -d postgres -v name="$database" <<< 'CREATE DATABASE :"name"'
    fi
    for script in /docker-entrypoint-initdb.d/*; do
        case "$script" in
            *.sh) bash "$script" ;;
            *.sql) psql -X -v ON_ERROR_STOP=1 -U "$user" -d "$database" -f "$script" ;;
        esac
    done
    pg_ctl -D "$PGDATA" -m fast -w stop
fi
exec "$@"
