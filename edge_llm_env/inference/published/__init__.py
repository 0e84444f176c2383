"""Published measurements of mechanisms beside what the model predicts of them; a file per mechanism."""
