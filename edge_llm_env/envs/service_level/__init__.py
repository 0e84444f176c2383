"""`EdgeLLM/ServiceLevel-v0`: how well each request is served, and which variants the modules hold."""
