"""What only Airflow needs: assets, default arguments, callbacks, steps of the DAGs, connection to SDK client."""
