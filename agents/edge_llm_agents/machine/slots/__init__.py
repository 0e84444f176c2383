"""A continuous loop: sequences that join and leave the slots of a decoder between its passes."""
