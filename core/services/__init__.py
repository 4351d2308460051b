"""What is done, through the Protocols that each service is given."""
