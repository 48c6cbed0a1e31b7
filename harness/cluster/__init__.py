"""Run shards on the workers of a Dask cluster. Only `connection.py` imports `distributed`, when it is used."""
