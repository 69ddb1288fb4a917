"""The SQL of models, without dbt: their own files, rendered by Jinja alone.

dbt takes seconds to compile a model; a law that is tried on many rules needs it in milliseconds. What dbt itself makes
of the same files is tested where the sample is built.
"""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import yaml

DBT = Path(__file__).resolve().parents[1] / "dbt_project"
MACROS = (
    *("allocation_balances", "allocation_columns", "allocation_entry", "allocation_pool", "allocation_weights"),
    *("is_of_rule", "next_billing_period", "one_or_several", "quotient", "text_literal"),
    *("folded_tag_key", "hash_of", "json_entries", "list_of_text", "matches_any", "tag_dimensions"),
    *("parents_of", "placed_sums", "rule_eras"),
    *("aws_account_id", "azure_cost_columns", "gcp_tags", "is_of_billing_period", "json_from_entries"),
    *("json_from_text", "json_text_of", "moment_of", "money", "staged_lines"),
)
RETURNING = ("allocation_columns", "azure_cost_columns", "tag_dimensions")
"""Those that return a list or a mapping, without arguments."""


class Adapter:
    """The two things of dbt's adapter that these macros use."""

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = names

    def quote(self, name: str) -> str:
        return f'"{name}"'

    def dispatch(self, name: str, _package: str) -> Callable[..., str]:
        return self._names[f"default__{name}"]


class Dbt:
    """dbt's own macros for text, as its default adapter has them."""

    string_literal = staticmethod(lambda value: f"'{value}'")
    escape_single_quotes = staticmethod(lambda value: value.replace("'", "''"))


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False)
    names = environment.globals
    names |= {"adapter": Adapter(names), "dbt": Dbt, "return": lambda value: value, "is_in_scope": lambda *_: "true"}
    names |= {"ref": lambda name: name, "config": lambda **_: ""}
    # As a build that has rules about resources.
    names |= {"execute": True, "load_relation": str, "run_query": lambda _: SimpleNamespace(rows=[1])}
    names |= {"modules": SimpleNamespace(re=re), "source": lambda *name: name[-1]}
    names["var"] = yaml.safe_load((DBT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"].get
    texts = [_text(name) for name in MACROS]
    modules: dict[str, Any] = {}
    for name in re.findall(r"{%-? macro (\w+)", "\n".join(texts)):
        names[name] = lambda *args, _name=name, **kwargs: modules[_name](*args, **kwargs)
    for text in texts:
        module = environment.from_string(text).module
        modules |= {name: getattr(module, name) for name in re.findall(r"{%-? macro (\w+)", text)}
    listed = {name: literal_eval(str(modules[name]()).strip()) for name in RETURNING}
    names |= {name: lambda _name=name: listed[_name] for name in listed}
    names["columns_asked_for"] = lambda rules: literal_eval(str(modules["columns_asked_for"](rules)).strip())
    names["allocation_rules"] = lambda: {"prices": [], "pools": [], "bases": []}
    return environment


def _text(name: str) -> str:
    (path,) = (path for folder in ("macros", "models", "tests") for path in (DBT / folder).rglob(f"{name}.sql"))
    return path.read_text(encoding="utf-8")


def model_sql(name: str, **given: Any) -> str:
    """Return the SELECT of a model or a data test over tables named as the models it refers to.

    ``given`` stands in for macros that ask the database.
    """
    return _environment().from_string(_text(name)).render(**given)


def staging_sql(name: str, warehouse: Path) -> str:
    """Return the SELECT of a staging model over the files below ``warehouse``, as its sources name them."""
    environment = jinja2.Environment(autoescape=False)
    locations = {
        table["name"]: environment.from_string(table["config"]["external_location"]).render(env_var=lambda _: warehouse)
        for path in (DBT / "models" / "staging").glob("*/_sources*.yml")
        for found in yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]
        for table in found["tables"]
    }
    return _environment().from_string(_text(name)).render(source=lambda _, table: locations[table])


def allocation_sql(document: dict[str, Any]) -> str:
    """Return the model's SELECT over the tables ``fct_daily_costs`` and ``allocation_drivers``."""
    allocated = _environment().from_string(_text("mart_allocated_costs")).render(allocation_rules=lambda: document)
    sources = f"with mart_allocation_sources as materialized ({sources_sql(document)})"
    return sources + allocated.strip().replace("with", ",", 1)


def sources_sql(document: dict[str, Any]) -> str:
    """Return the SELECT of ``mart_allocation_sources`` over the table ``fct_daily_costs``."""
    text = _text("mart_allocation_sources")
    return _environment().from_string(text).render(allocation_rules=lambda: document)


def macro_names(name: str) -> Any:
    """Return the list or the mapping that a macro returns."""
    return _environment().globals[name]()


def macro_sql(name: str, *arguments: str) -> str:
    """Return what one of ``MACROS`` writes for these arguments."""
    return str(_environment().globals[name](*arguments))
