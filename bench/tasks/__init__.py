"""Make the measuring tasks from the data folder: ``python -m bench.tasks --data DIR --out DIR`` (or ``YIJU_DATA``)."""
