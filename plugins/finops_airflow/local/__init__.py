"""Airflow on this machine, on loopback only: for ``make demo``, ``make up`` and the end-to-end tests."""
