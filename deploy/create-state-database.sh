#!/usr/bin/env bash
# Runs once, when PostgreSQL's data folder is made: the state store has a role and a database of its own.
set -euo pipefail
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set password="$FINOPS_STATE_PASSWORD" <<'SQL'
create role finops login password :'password';
create database finops owner finops;
SQL
