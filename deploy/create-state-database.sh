#!/usr/bin/env bash
# Runs once, when PostgreSQL's data folder is made: the state store has a role and a database of its own.
set -euo pipefail
# psql takes the password from its environment: a command line can be read by every process of the machine.
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv password FINOPS_STATE_PASSWORD
create role finops login password :'password';
create database finops owner finops;
SQL
