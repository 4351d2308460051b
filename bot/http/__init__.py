"""What the web process serves over HTTP: one module for each kind of visitor."""
