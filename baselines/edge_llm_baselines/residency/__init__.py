"""Where modules load what they host: rules that follow demand or plan ahead of it, and hindsight."""
