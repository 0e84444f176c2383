"""The clairvoyant who pays for what waiting tells: the episode, and what bounds it from above."""
