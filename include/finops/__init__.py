"""Cloud Cost Intelligence: native cloud bills to FOCUS, marts, statements and actions. Imports no Airflow."""
