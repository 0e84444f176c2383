"""An engine that serves iteration by iteration: requests join and leave a running batch."""
