"""Schedulers of engines that people use: in order of arrival."""
