"""The few calls of Airflow's REST API that a run from outside needs. One call costs milliseconds, one command 4 s."""

from __future__ import annotations

import secrets
import time
from http import HTTPStatus
from typing import Any

import httpx

ENDED = frozenset({"success", "failed"})

# SQLite refuses at once, whatever its time-out, when two writers have both read before they write; the api-server
# answers that with 500, and the same call a moment later is served.
_PAUSES = (0.2, 0.5, 1, 2, 4)


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

    def create(self, path: str, body: dict[str, Any]) -> None:
        """Create what ``body`` names; what is there under that name stays as it is."""
        try:
            self._call("POST", path, json=body)
        except httpx.HTTPStatusError as error:
            if error.response.status_code != HTTPStatus.CONFLICT:
                raise

    def change(self, path: str, body: dict[str, Any]) -> None:
        """Change the fields that ``body`` names of what is at ``/api/v2/<path>``."""
        self._call("PATCH", path, json=body)

    def dags(self) -> list[dict[str, Any]]:
        """Return the DAGs, paused ones too."""
        return self.get("dags", limit=100)["dags"]

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run the DAG."""
        self.change(f"dags/{dag_id}", {"is_paused": False})

    def trigger(self, dag_id: str, *, partition_key: str | None = None, **conf: Any) -> str:
        """Start a run by hand; return its id. The id is ours, so that a repeated call starts no second run."""
        run_id = f"manual__{secrets.token_hex(8)}"
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf, "partition_key": partition_key}
        self.create(f"dags/{dag_id}/dagRuns", body)
        return run_id

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Return the newest hundred runs of a DAG, ``~`` for all DAGs, oldest first."""
        return self.get(f"dags/{dag_id}/dagRuns", limit=100, order_by="-run_after")["dag_runs"][::-1]

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the task instances of a run."""
        return self.get(f"dags/{dag_id}/dagRuns/{run_id}/taskInstances", limit=100)["task_instances"]

    def clear_failed(self, dag_id: str, run_id: str) -> None:
        """Let the tasks of a run that failed, and those that waited for them, run again."""
        body = {"dry_run": False, "dag_run_id": run_id, "only_failed": True}
        self._call("POST", f"dags/{dag_id}/clearTaskInstances", json=body)

    def clear_task(self, dag_id: str, run_id: str, task_id: str, map_index: int | None = None) -> None:
        """Let a task and those after it run again, as *Clear Task Instance* does in the UI unless told otherwise."""
        task = task_id if map_index is None else [task_id, map_index]
        body = {"dry_run": False, "dag_run_id": run_id, "task_ids": [task], "only_failed": False}
        self._call("POST", f"dags/{dag_id}/clearTaskInstances", json={**body, "include_downstream": True})

    def waiting(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the questions of a run that wait for a person: task_id, map_index, subject …"""
        details = self.get(f"dags/{dag_id}/dagRuns/{run_id}/hitlDetails", limit=100, response_received=False)
        return details["hitl_details"]

    def answer(self, dag_id: str, run_id: str, task_id: str, map_index: int, option: str) -> None:
        """Answer a question of a run, as a person does in the UI."""
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/{map_index}/hitlDetails"
        self.change(path, {"chosen_options": [option], "params_input": {}})

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        if "Authorization" not in self._http.headers:
            login = self._http.post("/auth/token", json=self._login)
            login.raise_for_status()
            self._http.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
        answer = self._http.request(method, f"/api/v2/{path}", **arguments)
        for pause in _PAUSES:
            if not answer.is_server_error:
                break
            time.sleep(pause)
            answer = self._http.request(method, f"/api/v2/{path}", **arguments)
        if answer.is_error:
            message = f"{method} {path}: {answer.status_code} {answer.text}"
            raise httpx.HTTPStatusError(message, request=answer.request, response=answer)
        return answer.json() if answer.content else None
