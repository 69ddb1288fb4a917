# The one image of the platform: Airflow, dbt, Great Expectations and finops, hash-locked, running as nobody in particular.
FROM python:3.12.11-slim-bookworm@sha256:519591d6871b7bc437060736b9f7456b8731f1499a57e22e6c285135ae657bf7

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    DO_NOT_TRACK=1 \
    AIRFLOW_HOME=/var/lib/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/finops/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/finops/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    FINOPS_HOME=/var/lib/finops

WORKDIR /opt/finops
COPY requirements.txt ./
RUN pip install --require-hashes -r requirements.txt
COPY pyproject.toml README.md ./
COPY include include
COPY plugins plugins
COPY dags dags
COPY dbt_project dbt_project
RUN pip install --no-deps --no-build-isolation --editable . \
 && groupadd --gid 50000 finops \
 && useradd --uid 50000 --gid 50000 --no-create-home --home-dir /var/lib/finops --shell /usr/sbin/nologin finops \
 && install --directory --owner 50000 --group 50000 /var/lib/airflow /var/lib/finops

USER 50000:50000
