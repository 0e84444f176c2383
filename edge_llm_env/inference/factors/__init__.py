"""Factors between what there is to do at datasheet speed and what is measured, fitted by device, engine and format."""
