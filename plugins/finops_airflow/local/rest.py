"""The few calls of Airflow's REST API that a run from outside needs. One call costs milliseconds, one command 4 s."""

from __future__ import annotations

from typing import Any

import httpx

ENDED = frozenset({"success", "failed"})


class AirflowRest:
    """A client of one api-server, with a token of its own. Raise httpx.HTTPError when it does not answer or refuses."""

    def __init__(self, url: str, user: str, password: str) -> None:
        # trust_env: a proxy from the environment has nothing to do with loopback. The time-out is longer than SQLite's
        # patience with a lock, so that a busy machine answers late rather than never.
        self._http = httpx.Client(base_url=url, timeout=120, trust_env=False)
        self._login = {"username": user, "password": password}

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def health(self) -> dict[str, str]:
        """Return the status of each component that reports one."""
        answer = self._http.get("/api/v2/monitor/health")
        answer.raise_for_status()
        return {name: part["status"] for name, part in answer.json().items() if part}

    def get(self, path: str, **parameters: Any) -> Any:
        """Return the JSON of ``/api/v2/<path>``."""
        return self._call("GET", path, params=parameters)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Post ``body`` and return the JSON of the answer."""
        return self._call("POST", path, json=body)

    def dags(self) -> list[dict[str, Any]]:
        """Return the DAGs, paused ones too."""
        return self.get("dags", limit=100)["dags"]

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run the DAG."""
        self._call("PATCH", f"dags/{dag_id}", json={"is_paused": False})

    def trigger(self, dag_id: str, *, partition_key: str | None = None, **conf: Any) -> str:
        """Start a run by hand; return its id."""
        body = {"logical_date": None, "conf": conf, "partition_key": partition_key}
        return self.post(f"dags/{dag_id}/dagRuns", body)["dag_run_id"]

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Return the newest hundred runs of a DAG, ``~`` for all DAGs, oldest first."""
        return self.get(f"dags/{dag_id}/dagRuns", limit=100, order_by="-run_after")["dag_runs"][::-1]

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the task instances of a run."""
        return self.get(f"dags/{dag_id}/dagRuns/{run_id}/taskInstances", limit=100)["task_instances"]

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        if "Authorization" not in self._http.headers:
            answer = self._http.post("/auth/token", json=self._login)
            answer.raise_for_status()
            self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        answer = self._http.request(method, f"/api/v2/{path}", **arguments)
        if answer.is_error:
            message = f"{method} {path}: {answer.status_code} {answer.text}"
            raise httpx.HTTPStatusError(message, request=answer.request, response=answer)
        return answer.json() if answer.content else None
