"""What is measured, and under which id the log tells of it."""
