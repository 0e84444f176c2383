"""Records of results: workload sets, hashes, cells and files."""
