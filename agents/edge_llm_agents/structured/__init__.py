"""Networks over the requests of an epoch, trained through the exact search that decodes their values."""
