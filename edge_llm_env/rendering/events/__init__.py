"""An episode as Chromium trace events, which Perfetto's viewer and chrome://tracing open."""
