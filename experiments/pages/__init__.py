"""The README's tables and the documentation's pages."""
