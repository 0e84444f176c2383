"""An epoch of service levels as a problem, and its most valuable choice: by branch and bound, and by HiGHS."""
