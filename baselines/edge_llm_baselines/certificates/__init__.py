"""Upper bounds on policies that do not know the future: hindsight that pays for what it knows."""
