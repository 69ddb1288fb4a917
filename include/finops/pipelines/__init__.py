"""The order in which features work, written once: the commands and the tasks of the DAGs call the same steps.

A step is one function. It reads what the step before it left in files and in the state store, so each step can run in a
process of its own, as a task does; a command runs them one after another. What a step passes on by value is small and
can be written as JSON. Steps import their feature when they run, so importing a pipeline is cheap.

- ``landing``: sources → landing folder. ``telemetry``: the same for usage telemetry.
- ``marts``: build → gate → publish → serve.
- ``statements``: plan → render → publish → deliver.

To add the next pipeline (forecast → detect → evaluate → notify): write a module with one function per step, which calls
the ``service`` of its feature; add a thin function per task to ``finops_airflow.steps`` and a DAG that says when; call
the same functions from the command. Airflow is not imported here, and no figure is calculated here.
"""
