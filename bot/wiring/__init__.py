"""The composition roots: here, and only here, it is chosen what stands behind each Protocol, and what a process is."""
