"""Generated histories: people edit both apps, rules change, runs are made, disturbed and killed; and in the end all is in step."""
