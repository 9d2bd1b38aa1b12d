"""Road networks: read, check, and cut from other formats into directed stretches of at most 50 m."""
