"""What every process is made of: logs, signals, work that goes on beside the rest."""
