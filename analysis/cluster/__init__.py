"""Running trials on a Dask cluster: on workers that see the workspace's folder, and on workers that do not."""
