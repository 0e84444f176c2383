"""Where uploads carry over: the rules of the field, a predictive one, and an episode in hindsight."""
