"""A run killed at every point at which something becomes durable or goes over the wire (design §2.5)."""
