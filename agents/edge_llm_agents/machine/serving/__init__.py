"""A server of completions by OpenAI's protocol, whose scheduler is a policy of this suite: an example of use."""
