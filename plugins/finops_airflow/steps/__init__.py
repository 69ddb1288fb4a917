"""What the tasks of the DAGs run, one module for each subject: one call of a pipeline each.

Plain functions, so that they are tested without Airflow. Values that travel between tasks are strings and lists of
them: a billing period is ``YYYY-MM``.
"""
